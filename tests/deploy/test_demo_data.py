"""The demo's data: made once, believable, and the same on every machine."""

import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.demo.data import seed
from deploy.demo.ledgers import SIZES, entries
from deploy.demo.organisations import BY_KEY, INSTITUTIONS
from deploy.embedded.postgres import EmbeddedPostgres
from services.ledger.entry import name_key
from services.ledger.rules import complete
from shared.db.engine import make_engine
from shared.policy.loader import load_pack
from shared.settings import Settings, SettingsError
from tests.conftest import Database

DATABASE = "demo_data"


@pytest.fixture(scope="module")
def demo_settings(server: EmbeddedPostgres, template: str, configuration: Settings) -> Settings:
    server.create_database(DATABASE, template=template)
    database = Database(server, DATABASE)
    return configuration.model_copy(
        update={
            "mode": "demo",
            "database_web_url": SecretStr(database.url("web")),
            "database_maintenance_url": SecretStr(database.url("maintenance")),
        }
    )


@pytest.fixture(scope="module")
async def seeded(demo_settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The seeded database, read with the maintenance login."""
    await seed(demo_settings)
    assert demo_settings.database_maintenance_url is not None
    engine = make_engine(demo_settings.database_maintenance_url.get_secret_value(), pool_size=2)
    yield engine
    await engine.dispose()


async def counts(engine: AsyncEngine, statement: str) -> dict[object, int]:
    async with engine.connect() as connection:
        return {row[0]: row[1] for row in await connection.execute(text(statement))}


async def test_six_institutions_of_all_four_kinds_have_three_thousand_achievements(seeded: AsyncEngine) -> None:
    found = await counts(
        seeded,
        "select o.name, count(a.id) from app.organisation o left join app.achievement a on a.tenant_id = o.id "
        "where o.kind = 'institution' group by o.name",
    )
    assert found == {BY_KEY[key].name: size for key, size in SIZES.items()}
    assert sum(found.values()) == 3_000
    assert {one.unit_kind for one in INSTITUTIONS} == {"university", "institute", "hospital", "enterprise"}


async def test_the_to_do_list_is_alive(seeded: AsyncEngine) -> None:
    states = await counts(seeded, "select state, count(*) from app.empowerment_application group by state")
    assert {"draft", "submitted", "feasibility", "approved", "noticed", "agreed", "formalised", "returned"} <= set(
        states
    )
    running = await counts(seeded, "select state, count(*) from app.notice group by state")
    assert running.get("running", 0) >= 4
    assert await counts(seeded, "select state, count(*) from app.notice_objection group by state") == {"open": 1}


async def test_lists_pilots_pack_and_clock_stand(seeded: AsyncEngine) -> None:
    assert await counts(
        seeded, "select number, count(*) from app.list_version where published_at is not null group by 1"
    ) == {
        1: 1,
        2: 1,
    }
    pilots = await counts(seeded, "select guideline, count(*) from app.pilot_membership group by guideline")
    assert pilots == {"ledger": 6, "empowerment": 4}
    async with seeded.connect() as connection:
        clock = await connection.scalar(text("select at at time zone 'Asia/Shanghai' from app.legal_clock"))
    assert str(clock) == "2026-03-16 09:00:00"


async def test_some_rows_have_a_history(seeded: AsyncEngine) -> None:
    async with seeded.connect() as connection:
        corrected = await connection.scalar(text("select count(*) from app.achievement where revision > 1"))
    assert corrected >= 40


async def test_seeding_again_changes_nothing_and_is_quick(seeded: AsyncEngine, demo_settings: Settings) -> None:
    tables = ("achievement_version", "empowerment_application", "notice", "list_version", "pilot_membership", "person",
              "audit_entry", "workflow_event", "pack_activation")  # fmt: skip
    statement = " union all ".join(f"select '{table}', count(*) from app.{table}" for table in tables)
    before = await counts(seeded, statement)
    started = time.monotonic()
    await seed(demo_settings)
    assert time.monotonic() - started < 5
    assert await counts(seeded, statement) == before


def test_ledgers_are_the_same_in_every_run_and_obey_the_pack() -> None:
    pack = load_pack("cn-53")
    for one in INSTITUTIONS:
        made = entries(one, [])
        assert made == entries(one, [])
        assert len({name_key(entry.name) for entry in made}) == len(made)
        for entry in made:
            assert entry.obtained_on is not None
            assert complete(entry, pack, entry.obtained_on).refusal is None
        assert len(Counter(entry.status for entry in made)) == 4
        assert any(entry.value is None for entry in made)


async def test_never_outside_a_demo(demo_settings: Settings) -> None:
    with pytest.raises(SettingsError):
        await seed(demo_settings.model_copy(update={"mode": "production"}))
