"""A record that was suspected and wiped is nowhere: not in the database, the store, the queue, the copies, the exports."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import select, update

from services.administration.archiving.tasks import make_archive
from services.administration.archiving.workflow import request_archive
from services.dossier import queries as dossier
from services.dossier.verifier import report
from services.dossier.workflow import make_dossier
from services.home.delivering.workflow import deliver
from services.home.erasing import queries
from services.home.erasing.commands import carry_out_all
from services.home.erasing.workflow import order_wipe
from services.ledger import export
from services.ledger.forms import filters_of
from services.ledger.models import achievement, achievement_version
from services.ledger.papers.workflow import Paper, keep_paper
from services.ledger.queries import achievement_for_update
from services.ledger.workflow import correct, quarantine, release
from shared.audit.sealing import seal
from shared.audit.tables import audit_entry
from shared.audit.verification import verify_chain
from shared.clock import real_now
from shared.documents.uploads import Upload
from shared.errors import FormInvalid, Refusal
from shared.keys.keyring import Keyring
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from shared.workflow import send
from tests.services.ledger.disclosure.test_pages import FORM, begun
from tests.services.ledger.importing.arranging import applied, workbook
from tests.web import Site
from tests.world import World

NAME = "曜石七号某型示例部件的制备方法"
RENAMED = "曜石七号某型示例部件的制备工艺"
PROSPECT = "可用于曜石场景的示例用途"
PAPER = b"%PDF-1.7 obsidian seven"


@pytest.fixture
def objects(configuration: Settings) -> ObjectStore:
    return ObjectStore(configuration)


@pytest.fixture
def keyring(configuration: Settings) -> Keyring:
    assert configuration.key_directory is not None
    return Keyring(Path(configuration.key_directory))


async def stored(configuration: Settings) -> str:
    """Every row of every table, the queue and sessions included."""
    url = configuration.database_admin_url
    assert url is not None
    found = []
    async with await psycopg.AsyncConnection.connect(url.get_secret_value()) as connection:
        tables = await connection.execute("select table_name from information_schema.tables where table_schema = 'app'")
        for (table,) in await tables.fetchall():
            rows = await connection.execute(SQL("select t::text from app.{} t").format(Identifier(table)))
            found += [f"{table}: {row[0]}" for row in await rows.fetchall()]
    return "\n".join(found)


def kept(objects: ObjectStore, tenant: UUID) -> str:
    """Every object of the tenant, and what is packed in it."""
    listed = objects._client.list_objects_v2(Bucket=objects._bucket, Prefix=str(tenant))
    found = []
    for one in listed.get("Contents", []):
        content = objects.get_now(tenant, one["Key"].split("/")[1])
        found.append(content)
        if content.startswith(b"PK"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                found += [archive.read(name) for name in archive.namelist()]
    return "\n".join(one.decode("utf-8", "replace") for one in found)


def saying(text: str, *words: str) -> list[str]:
    return [line[:200] for line in text.splitlines() if any(word in line for word in words)]


async def sealed(world: World, keyring: Keyring) -> None:
    async with world.working(world.university) as tx:
        await seal(tx, keyring, sweep=True)


async def registered(site: Site, world: World, objects: ObjectStore) -> UUID:
    """A disclosure that became a record, was corrected, proved, exported, told about and imported once more."""
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    await researcher.post(edit, {**FORM, "name": NAME, "market_prospect": PROSPECT})
    clerk = await site.signed_in(world, world.university, "clerk")
    case = edit.removesuffix("/edit")
    done = await clerk.post(f"{case}/register", page=case)
    assert done.status_code == 303, done.text
    row_id = UUID(done.headers["location"].partition("?")[0].rsplit("/", 1)[1])
    async with world.acting(world.university, at=real_now()) as tx:
        changed = await correct(tx, row_id, {"name": RENAMED}, since=tx.today, reason=f"“{NAME}”改了名")
        assert not isinstance(changed, Refusal), changed
        await achievement_for_update(tx, row_id)
        paper = await keep_paper(tx, objects, row_id, Upload(f"{NAME}.pdf", PAPER), Paper("stage", "technical_report"))
        assert isinstance(paper, UUID)
        await send(tx, "message", {"to_permission": "institution:ledger:read", "title": f"“{RENAMED}”已更正"})
        job = await export.request_export(tx, filters_of({}, tx.today), "-number")
    async with world.working(world.university) as tx:
        await deliver(tx, None)
        await export.write_export(tx, job, objects, filters_of({}, tx.today), "-number")
    async with world.acting(world.university, "leadership") as tx:
        archive, asked_by = await request_archive(tx), tx.actor
    worker = replace(world.scope(world.university), role="worker")
    await make_archive.run(world.tasks, worker, asked_by, archive_id=str(archive))
    again = [RENAMED, "甘棠", "非专利技术", "", "未转化", "", ""]
    other = ["另一项示例工艺", "甘棠", "非专利技术", "", "未转化", "", ""]
    await applied(
        world, world.university, objects, Upload("台账.xlsx", workbook([again, other], title="截至2025年12月31日"))
    )
    return row_id


async def dossier_of(world: World, keyring: Keyring, row_id: UUID) -> bytes:
    async with world.acting(world.university, "discipline") as tx:
        case = await dossier.find_case(tx, "achievement", row_id)
        assert case is not None
        made = await make_dossier(tx, case, keyring)
    assert isinstance(made, bytes), made
    return made


@pytest.mark.requirement("R213")
async def test_a_wiped_record_is_nowhere_and_what_was_proved_stays_proved(
    site: Site, world: World, objects: ObjectStore, configuration: Settings, keyring: Keyring
) -> None:
    row_id = await registered(site, world, objects)
    await sealed(world, keyring)
    before = await dossier_of(world, keyring, row_id)
    assert saying(await stored(configuration), NAME), "the test looks at what it should"
    assert "obsidian seven" in kept(objects, world.university)
    assert RENAMED in kept(objects, world.university)
    async with world.acting(world.university) as tx:
        assert await quarantine(tx, row_id, "疑似涉密") is None
    async with world.acting(world.university, "secrecy") as tx:
        assert await order_wipe(tx, row_id, "经认定涉密") is None
        refused = await release(tx, row_id, "又不涉密")
        assert isinstance(refused, Refusal)
    assert (await carry_out_all(world.maintenance, objects, keyring))[0] >= 1
    assert saying(await stored(configuration), NAME, RENAMED, PROSPECT, "曜石") == []
    left = kept(objects, world.university)
    assert "曜石" not in left
    assert "obsidian seven" not in left
    assert "另一项示例工艺" in left, "the rest of the import's copy stays"
    async with world.acting(world.university) as tx:
        row = await tx.row(
            select(achievement).where(achievement.c.tenant_id == tx.tenant_id, achievement.c.id == row_id)
        )
        assert row is not None
        assert (row.state, row.number, row.name) == ("revoked", 1, "（已清除）")
        done = await queries.order_of(tx, row_id)
        assert done is not None
        assert done.words is None
        assert keyring.verify("audit", done.key_id, bytes.fromhex(done.signature), done.statement.encode())
        assert "achievement_version" in done.statement
    async with world.working(world.university) as tx:
        chain = await verify_chain(tx, keyring)
    assert chain.faults == []
    assert chain.erased > 0
    keys = list(keyring.public_keys("audit").values())
    assert report(before, keys)[1] == []
    after = await dossier_of(world, keyring, row_id)
    told, faults = report(after, keys)
    assert faults == []
    assert any("已依命令清除" in line for line in told)
    assert "曜石" not in after.decode("utf-8", "replace")


async def test_run_twice_it_changes_nothing_more(
    site: Site, world: World, objects: ObjectStore, configuration: Settings, keyring: Keyring
) -> None:
    row_id = await registered(site, world, objects)
    async with world.acting(world.university) as tx:
        await quarantine(tx, row_id, "疑似涉密")
    async with world.acting(world.university, "secrecy") as tx:
        with pytest.raises(FormInvalid):
            await order_wipe(tx, row_id, f"{RENAMED}涉密")
        await order_wipe(tx, row_id, "经认定涉密")
    await carry_out_all(world.maintenance, objects, keyring)
    first = await stored(configuration)
    assert await carry_out_all(world.maintenance, objects, keyring) == (0, 0)
    assert await stored(configuration) == first
    async with world.acting(world.university, "secrecy") as tx:
        again = await order_wipe(tx, row_id, "再次")
        assert isinstance(again, Refusal)


@pytest.mark.parametrize("what", ["an entry", "the rest of an erased one", "the witness"])
async def test_what_no_order_erased_is_still_found_to_be_altered(
    site: Site, world: World, objects: ObjectStore, keyring: Keyring, what: str
) -> None:
    row_id = await registered(site, world, objects)
    async with world.acting(world.university) as tx:
        await quarantine(tx, row_id, "疑似涉密")
    async with world.acting(world.university, "secrecy") as tx:
        await order_wipe(tx, row_id, "经认定涉密")
    await carry_out_all(world.maintenance, objects, keyring)
    table = audit_entry.c
    action = {"an entry": "ledger_import.confirm", "the rest of an erased one": "achievement.correct"}.get(
        what, "content.erase"
    )
    async with world.maintenance.begin() as connection:
        hit = (
            select(table.id)
            .where(table.tenant_id == world.university, table.action == action)
            .order_by(table.position.desc())
            .limit(1)
        )
        done = await connection.execute(update(audit_entry).where(table.id.in_(hit)).values(outcome="read"))
        assert done.rowcount == 1
    async with world.working(world.university) as tx:
        assert (await verify_chain(tx, keyring)).faults


async def test_no_version_of_the_past_says_it(site: Site, world: World, objects: ObjectStore, keyring: Keyring) -> None:
    row_id = await registered(site, world, objects)
    async with world.acting(world.university) as tx:
        await quarantine(tx, row_id, "疑似涉密")
    async with world.acting(world.university, "secrecy") as tx:
        await order_wipe(tx, row_id, "经认定涉密")
    await carry_out_all(world.maintenance, objects, keyring)
    async with world.acting(world.university) as tx:
        versions = await tx.rows(
            select(achievement_version.c.name, achievement_version.c.team).where(
                achievement_version.c.tenant_id == tx.tenant_id, achievement_version.c.id == row_id
            )
        )
    assert len(versions) > 2
    assert {row.name for row in versions} == {"（已清除）"}


async def test_another_record_of_the_same_name_is_to_be_judged_first(
    site: Site, world: World, objects: ObjectStore
) -> None:
    row_id = await registered(site, world, objects)
    twin = [NAME, "甘棠", "非专利技术", "", "未转化", "", ""]
    await applied(world, world.university, objects, Upload("二.xlsx", workbook([twin], title="截至2025年12月31日")))
    async with world.acting(world.university) as tx:
        await quarantine(tx, row_id, "疑似涉密")
    async with world.acting(world.university, "secrecy") as tx:
        refused = await order_wipe(tx, row_id, "经认定涉密")
        assert isinstance(refused, Refusal)
        assert refused.code == "secrecy.said_elsewhere"
        assert "CS-" in refused.message
