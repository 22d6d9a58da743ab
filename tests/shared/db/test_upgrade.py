"""An upgrade keeps what is there: a filled database of the first release migrates to the newest schema."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select

from deploy.embedded.postgres import EmbeddedPostgres
from shared.audit.sealing import seal
from shared.audit.verification import verify_chain
from shared.audit.writing import write_audit
from shared.db.engine import make_engine
from shared.db.migrating import migrate, newest_revision, present_revision
from shared.keys.keyring import Keyring
from shared.workflow import record_event, send
from tenants.registry import organisation
from tests.world import World, make_world

FIRST = "0001"
NAME = "upgrade"
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def url(server: EmbeddedPostgres) -> Iterator[str]:
    server.drop_database(NAME)
    server.create_database(NAME)
    migrate(server.dsn("postgres", NAME), FIRST)
    yield server.dsn("postgres", NAME)
    server.drop_database(NAME)


def rows(url: str) -> Rows:
    """Every row of every table of the product, as JSON."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select relname from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r' order by 1"
        ).fetchall()
        return {
            str(table): [
                row
                for (row,) in connection.execute(
                    sql.SQL("select to_jsonb(t) from app.{} t order by to_jsonb(t)::text").format(sql.Identifier(table))
                )
            ]
            for (table,) in tables
        }


async def fill(world: World, keyring: Keyring) -> None:
    """Something in every stream that the first release has."""
    async with world.acting(world.university) as tx:
        await write_audit(tx, "organisation.seen", "organisation", world.university, details={"前": "甲", "后": None})
        await record_event(tx, "organisation", world.university, "seen", reason="升级之前")
        await send(tx, "message", {"title": "升级之前", "to_permission": "institution:home:read"})
    async with world.working(world.university) as tx:
        assert await seal(tx, keyring, sweep=True) == 1


async def test_rows_and_proofs_of_the_first_release_survive_every_migration(
    server: EmbeddedPostgres, url: str, tmp_path: Any
) -> None:
    keyring = Keyring.create(tmp_path / "keys")
    engines = [make_engine(server.dsn(login, NAME), pool_size=2) for login in ("maintenance", "web", "tasks")]
    world = await make_world(*engines)
    await fill(world, keyring)
    before = rows(url)
    assert {table for table, found in before.items() if found} >= {
        "organisation", "person", "audit_entry", "audit_seal", "workflow_event", "outbox", "pack_version", "task_queue",
    }  # fmt: skip
    for engine in engines:
        await engine.dispose()

    migrate(url)

    assert present_revision(url) == newest_revision()
    after = rows(url)
    assert set(before) <= set(after)
    for table, old in before.items():
        kept = [{column: row[column] for column in old[0]} for row in after[table]] if old else []
        assert sorted(map(_text, kept)) == sorted(map(_text, old)), table
    engines = [make_engine(server.dsn(login, NAME), pool_size=2) for login in ("maintenance", "web", "tasks")]
    world.maintenance, world.web, world.tasks = engines
    async with world.working(world.university) as tx:
        report = await verify_chain(tx, keyring)
        assert (report.sealed, report.checkpoints, report.faults) == (1, 1, [])
    async with world.acting(world.university) as tx:
        assert await tx.scalar(select(organisation.c.name).where(organisation.c.id == world.university))
        await write_audit(tx, "organisation.seen", "organisation", world.university)
    for engine in engines:
        await engine.dispose()


def test_migrating_again_changes_nothing(url: str) -> None:
    migrate(url)
    before = rows(url)
    migrate(url)
    assert rows(url) == before


def _text(row: dict[str, Any]) -> str:
    return json.dumps(row, sort_keys=True, ensure_ascii=False)
