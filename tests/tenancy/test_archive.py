"""A tenant's archive: everything of one tenant and nothing of another, the same in another installation byte by byte."""

import io
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.embedded.postgres import EmbeddedPostgres
from services.models import metadata
from shared.db.engine import make_engine
from shared.keys.keyring import Keyring
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tenants.archive.bringing import Checked, bring, check, compare
from tenants.archive.contents import OUT, TABLES, parts
from tenants.archive.reading import NotArchived, snapshot
from tenants.archive.writing import write_archive
from tests.tenancy.conftest import FILLED
from tests.tenancy.filling import PLACES, Filling

A, B, *_ = PLACES
TENANT, NEIGHBOUR = UUID(A.scope["tenant_id"]), UUID(B.scope["tenant_id"])
# what the made-up rows lack to be an institution of a province
FIT = (
    "update app.tenant_directory set kind = 'institution'",
    "update app.achievement set state = 'registered'",
    *(
        f"update app.{name} set published_at = now() where published_at is null"
        for name in ("list_item", "list_wording")
    ),
    "update app.list_version set state = 'published', published_at = now(), decided_on = '2026-01-01', "
    "effective_on = '2026-01-01', content = coalesce(content, '{}'), hash = coalesce(hash, 'made up') "
    "where published_at is null",
)


@dataclass(frozen=True, slots=True)
class Installation:
    """One database with its own bucket and keys."""

    engine: AsyncEngine
    tasks: AsyncEngine
    objects: ObjectStore
    keyring: Keyring

    async def archive(self, *, worker: bool = False, tenant: UUID = TENANT) -> bytes:
        target = io.BytesIO()
        async with snapshot(self.tasks if worker else self.engine, tenant, worker=worker) as moment:
            await write_archive(moment, self.objects, self.keyring, target)
        return target.getvalue()


@pytest.fixture
async def installation(
    server: EmbeddedPostgres, configuration: Settings, tmp_path: Path
) -> AsyncIterator[Callable[[str, str], Installation]]:
    made: list[tuple[str, Installation]] = []

    def make(name: str, template: str) -> Installation:
        server.create_database(name, template=template)
        objects = ObjectStore(configuration.model_copy(update={"object_store_bucket": name.replace("_", "-")}))
        objects.prepare()
        engine, tasks = (make_engine(server.dsn(login, name), pool_size=2) for login in ("maintenance", "tasks"))
        found = Installation(engine, tasks, objects, Keyring.create(tmp_path / name))
        made.append((name, found))
        return found

    yield make
    for name, one in made:
        for tenant in (TENANT, NEIGHBOUR):
            one.objects.clear_now(tenant)
        await one.engine.dispose()
        await one.tasks.dispose()
        server.drop_database(name)


@pytest.fixture
async def source(
    server: EmbeddedPostgres, filling: Filling, installation: Callable[[str, str], Installation]
) -> Installation:
    """An installation in which every table holds rows of several tenants, and two of them have files."""
    made = installation("archive_source", FILLED)
    listed = [
        f"update app.tenant_directory set id = '{place.scope['tenant_id']}' "
        f"where id = '{filling.rows['tenant_directory', place][0]['id']}'"
        for place in (A, B)
    ]
    server.execute(*FIT, *listed, database="archive_source")
    for tenant in (TENANT, NEIGHBOUR):
        made.objects.put_now(tenant, f"marker of {tenant}".encode())
    return made


@pytest.fixture
def target(template: str, installation: Callable[[str, str], Installation]) -> Installation:
    """Another installation, with nothing in it."""
    return installation("archive_target", template)


def contents(archive: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(archive)) as found:
        return {name: found.read(name) for name in found.namelist()}


def saved(folder: Path, archive: bytes) -> Path:
    file = folder / "unit.zip"
    file.write_bytes(archive)
    return file


async def rows_of(one: Installation, tenant: UUID) -> int:
    async with one.engine.connect() as connection:
        return int(
            await connection.scalar(text("select count(*) from app.organisation where id = :id"), {"id": tenant}) or 0
        )


def test_every_tenant_table_is_in_the_archive_or_out_of_it_with_a_reason() -> None:
    tenants = {table.name for table in metadata.tables.values() if table.info["scope"] == "tenant"}
    assert set(TABLES) | OUT.keys() == tenants
    assert not set(TABLES) & OUT.keys()
    assert all(OUT.values())
    assert set(TABLES) <= {part.table.name for part in parts()}


@pytest.mark.requirement("R190")
async def test_an_archive_holds_everything_of_its_tenant_and_nothing_of_another(
    source: Installation, filling: Filling
) -> None:
    archive = await source.archive()
    assert archive == await source.archive()
    held = contents(archive)
    assert held == contents(await source.archive(worker=True)), "the worker, confined to the tenant, makes the same"
    manifest = msgspec.json.decode(held["manifest.json"])
    counted = {one["name"]: one.get("rows") for one in manifest["members"]}
    for name in TABLES:
        assert counted[f"data/{name}.jsonl"], f"{name}: nothing of it in the archive"
    assert [name for name in held if name.startswith("files/")] == [
        f"files/{digest}" for digest in source.objects.list_now(TENANT)
    ]
    everything = b"\n".join(held.values())
    assert A.scope["tenant_id"].encode() in everything
    for other in PLACES[1:]:
        strangers = {
            str(row["id"])
            for table in filling.tables.values()
            if table.scope == "tenant" and table.has("id")
            for row in filling.rows[table.name, other]
        }
        for canary in (other.scope["tenant_id"], f"marker of {other.scope['tenant_id']}", *sorted(strangers)):
            assert canary.encode() not in everything, canary
    # what is quarantined is read by the secrecy office alone
    async with source.engine.begin() as connection:
        await connection.execute(
            text("update app.achievement set state = 'quarantined' where tenant_id = :tenant"), {"tenant": TENANT}
        )
    with pytest.raises(NotArchived, match="保密工作机构"):
        await source.archive()


@pytest.mark.requirement("R190")
async def test_an_archive_stands_in_another_installation_byte_by_byte(
    source: Installation, target: Installation, tmp_path: Path
) -> None:
    archive = await source.archive()
    checked = check(saved(tmp_path, archive))
    assert await bring(target.engine, target.objects, target.keyring, checked)
    assert await compare(target.engine, target.objects, target.keyring, checked) == []
    again, first = contents(await target.archive()), contents(archive)
    assert {n: v for n, v in again.items() if n != "manifest.json"} == {
        n: v for n, v in first.items() if n != "manifest.json"
    }
    assert await target.archive() == archive
    # a second run changes nothing, and a change is seen
    assert not await bring(target.engine, target.objects, target.keyring, checked)
    assert await target.archive() == archive
    async with target.engine.begin() as connection:
        await connection.execute(
            text("update app.person set unit = 'another' where tenant_id = :tenant"), {"tenant": TENANT}
        )
    assert await compare(target.engine, target.objects, target.keyring, checked) == ["data/person.jsonl"]
    with pytest.raises(NotArchived, match="内容与档案不同"):
        await bring(target.engine, target.objects, target.keyring, checked)


async def test_an_import_that_broke_off_is_taken_up_again(
    source: Installation, target: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed with its files put and its rows not committed: nothing stands, and the next run brings everything."""
    archive = await source.archive()
    checked = check(saved(tmp_path, archive))

    class Killed(BaseException):
        pass

    def kill(*_: Any) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Keyring, "admit", kill)
        with pytest.raises(Killed):
            await bring(target.engine, target.objects, target.keyring, _signed(checked))
    assert await rows_of(target, TENANT) == 0
    assert await bring(target.engine, target.objects, target.keyring, checked)
    assert await target.archive() == archive


def _signed(checked: Checked) -> Checked:
    """The same archive, with a key to admit as the last thing before the commit."""
    keys = {"audit": {"0" * 16: "0" * 64}}
    return Checked(checked.file, {**checked.manifest, "keys": keys})


Change = Callable[[dict[str, bytes]], dict[str, bytes]]


def _row_changed(held: dict[str, bytes]) -> dict[str, bytes]:
    return {**held, "data/person.jsonl": held["data/person.jsonl"].replace(b'"', b"'", 1)}


def _file_changed(held: dict[str, bytes]) -> dict[str, bytes]:
    name = next(name for name in held if name.startswith("files/"))
    return {**held, name: b"another"}


def _member_lost(held: dict[str, bytes]) -> dict[str, bytes]:
    return {name: value for name, value in held.items() if name != "data/decision.jsonl"}


def _member_added(held: dict[str, bytes]) -> dict[str, bytes]:
    return {**held, "../outside": b"x"}


def _no_manifest(held: dict[str, bytes]) -> dict[str, bytes]:
    return {name: value for name, value in held.items() if name != "manifest.json"}


def _total_changed(held: dict[str, bytes]) -> dict[str, bytes]:
    manifest = msgspec.json.decode(held["manifest.json"])
    manifest["total"]["sha256"] = "0" * 64
    return {**held, "manifest.json": msgspec.json.encode(manifest)}


def packed(held: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, value in held.items():
            archive.writestr(name, value)
    return out.getvalue()


async def test_a_changed_or_foreign_archive_is_refused_with_words_and_leaves_nothing(
    source: Installation, target: Installation, tmp_path: Path
) -> None:
    archive = await source.archive()
    held = contents(archive)
    faults: Iterator[tuple[bytes, str]] = iter(
        [
            *(
                (packed(change(held)), words)
                for change, words in (
                    (_row_changed, "校验和不符：data/person.jsonl"),
                    (_file_changed, "校验和不符：files/"),
                    (_member_lost, "与清单不一致"),
                    (_member_added, "与清单不一致"),
                    (_no_manifest, "缺少 manifest.json"),
                    (_total_changed, "总校验和不符"),
                )
            ),
            (archive[: len(archive) // 2], "已损坏"),
            (b"no zip at all", "已损坏"),
        ]
    )
    for spoiled, words in faults:
        with pytest.raises(NotArchived, match=words):
            check(saved(tmp_path, spoiled))
    checked = check(saved(tmp_path, archive))
    foreign = Checked(checked.file, {**checked.manifest, "schema": "0001"})
    with pytest.raises(NotArchived, match="数据库结构是 0001"):
        await bring(target.engine, target.objects, target.keyring, foreign)
    assert await rows_of(target, TENANT) == 0
    assert target.objects.list_now(TENANT) == []
