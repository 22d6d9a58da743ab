"""Classified rows of an upload are stored nowhere: not in the object store, the database, the queue, the log or the search."""

import io
import zipfile
from uuid import UUID

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from services.ledger.entry import grams_of, name_key
from services.ledger.importing import undoing, workflow
from services.ledger.importing.queries import held_rows
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import AS_OF, DATA, HEAD, SAMPLE, plain_rows, read_through, workbook
from tests.services.ledger.importing.test_importing_pages import EXPECTED, text_of, upload
from tests.web import Site
from tests.world import World


def secret_texts() -> list[str]:
    """Every text of the sample's classified rows that stands in no other row."""
    secret = {(row["sheet"], row["row"]) for row in EXPECTED["classified_rows"]}
    mine: set[str] = set()
    others: set[str] = set()
    with CalamineWorkbook.from_path(DATA / "yunnan_university.xlsx") as book:
        for sheet in book.sheet_names:
            for number, row in enumerate(book.get_sheet_by_name(sheet).iter_rows(), 1):
                texts = {cell.strip() for cell in row if isinstance(cell, str) and len(cell.strip()) > 4}
                (mine if (sheet, number) in secret else others).update(texts)
    # "机密★5年" and the like: what the level's own words are, anybody may know
    return sorted(one for one in mine - others if "★" not in one)


async def everything_stored(configuration: Settings) -> dict[str, str]:
    """Every row of every table, sessions and the queue included, as text."""
    url = configuration.database_admin_url
    assert url is not None
    found: dict[str, str] = {}
    async with await psycopg.AsyncConnection.connect(url.get_secret_value()) as connection:
        tables = await connection.execute("select table_name from information_schema.tables where table_schema = 'app'")
        for (table,) in await tables.fetchall():
            rows = await connection.execute(SQL("select t::text from app.{} t").format(Identifier(table)))
            found[table] = "\n".join(row[0] for row in await rows.fetchall())
    return found


def everything_kept(objects: ObjectStore, world: World) -> list[bytes]:
    """Every object of the tenant, and what is packed in it."""
    listed = objects._client.list_objects_v2(Bucket=objects._bucket, Prefix=str(world.university))
    found = []
    for one in listed.get("Contents", []):
        content = objects.get_now(world.university, one["Key"].split("/")[1])
        found.append(content)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found += [archive.read(name) for name in archive.namelist()]
    return found


def test_the_sample_has_texts_to_look_for() -> None:
    assert len(secret_texts()) >= 4


async def test_the_classified_rows_of_the_sample_are_stored_nowhere(
    world: World,
    site: Site,
    objects: ObjectStore,
    configuration: Settings,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    clerk = await site.signed_in(world, world.university)
    address = (await upload(clerk, SAMPLE.read_bytes(), SAMPLE.name)).headers["location"]
    import_id = UUID(address.rsplit("/", 1)[1])
    stored_at_once = everything_kept(objects, world)
    await read_through(world, world.university, objects, import_id)
    pages = [await clerk.get(address), await clerk.get(f"{address}/rows", kind="refused")]
    file = await clerk.get(f"{address}/returned")
    with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
        returned = b"".join(archive.read(name) for name in archive.namelist()).decode()
    await clerk.post(f"{address}/confirm", {"as_of": AS_OF.isoformat()}, page=address)
    async with world.working(world.university) as tx:
        await workflow.apply(tx, import_id)
    logged = capsys.readouterr()
    places = {
        **await everything_stored(configuration),
        **{f"object {n}": content.decode("utf-8", "ignore") for n, content in enumerate(stored_at_once)},
        **{
            f"object afterwards {n}": c.decode("utf-8", "ignore") for n, c in enumerate(everything_kept(objects, world))
        },
        "log": logged.out + logged.err + caplog.text,
        "pages": "".join(page.text for page in pages),
        "returned rows": returned,
    }
    assert "ledger_import_row" in places
    assert "task_queue" in places
    # the search itself finds what is there
    assert "一种古树茶产地溯源的同位素鉴别方法" in places["achievement"]
    assert "一种古树茶产地溯源的同位素鉴别方法" in "".join(
        places[place] for place in places if place.startswith("object")
    )
    for words in secret_texts():
        assert [place for place, content in places.items() if words in content] == []
    named = [words for words in secret_texts() if len(words) > 8]
    async with world.acting(world.university) as tx:
        for words in named:
            grams = grams_of(name_key(words))
            full = await tx.scalar(
                text(
                    "select max(n) from (select count(distinct gram) as n from app.achievement_gram where tenant_id = :t "
                    "and gram = any(:grams) group by achievement_id) as hits"
                ),
                {"t": tx.tenant_id, "grams": grams},
            )
            assert (full or 0) < len(grams)


async def test_a_suspected_row_is_not_kept_either(
    world: World, site: Site, objects: ObjectStore, configuration: Settings
) -> None:
    rows = [[*row, ""] for row in plain_rows(2)]
    rows[1][0], rows[1][7] = "某型装备的减振支座", "该成果涉密，请勿外传"
    clerk = await site.signed_in(world, world.university)
    address = (await upload(clerk, workbook(rows, (*HEAD, "备注")))).headers["location"]
    await read_through(world, world.university, objects, UUID(address.rsplit("/", 1)[1]))
    stored = "".join((await everything_stored(configuration)).values())
    kept = b"".join(everything_kept(objects, world)).decode("utf-8", "ignore")
    assert "第1号示例工艺" in stored
    assert "第1号示例工艺" in kept
    assert "某型装备的减振支座" not in stored + kept
    refused = await clerk.get(f"{address}/rows", kind="refused")
    assert "该行自述涉密，内容未保存" in text_of(refused)
    assert "某型装备" not in refused.text


async def test_nor_after_other_columns_answers_and_undoing(
    world: World,
    site: Site,
    objects: ObjectStore,
    configuration: Settings,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    clerk = await site.signed_in(world, world.university)
    address = (await upload(clerk, SAMPLE.read_bytes(), SAMPLE.name)).headers["location"]
    import_id = UUID(address.rsplit("/", 1)[1])
    await read_through(world, world.university, objects, import_id)
    seen = [await clerk.get(address)]
    assert (await clerk.post(f"{address}/columns", {"c-0-A": ""}, page=address)).status_code == 303
    await read_through(world, world.university, objects, import_id)
    seen += [await clerk.get(f"{address}/questions"), await clerk.get(f"{address}/rows", kind="refused")]
    async with world.acting(world.university) as tx:
        rows = await held_rows(tx, import_id, "question", limit=100)
    for row in rows[:5]:
        form = {"revision": str(row.revision), "reason": "另行办理"}
        await clerk.post(f"{address}/rows/{row.ordinal}/leave-out", form, page=address)
    await clerk.post(f"{address}/confirm", {"as_of": AS_OF.isoformat()}, page=address)
    async with world.working(world.university) as tx:
        await workflow.apply(tx, import_id)
    form = {"reason": "某型装备属于国家秘密，撤销"}
    assert (await clerk.post(f"{address}/undo", form, page=address)).status_code == 422
    assert (await clerk.post(f"{address}/undo", {"reason": "导错了年份"}, page=address)).status_code == 303
    async with world.working(world.university) as tx:
        await undoing.carry_out(tx, import_id)
    async with world.working(world.university) as tx:
        await workflow.tidy(tx, import_id)
    seen.append(await clerk.get(address))
    logged = capsys.readouterr()
    places = {
        **await everything_stored(configuration),
        "objects": b"".join(everything_kept(objects, world)).decode("utf-8", "ignore"),
        "log": logged.out + logged.err + caplog.text,
        "pages": "".join(page.text for page in seen),
    }
    for words in [*secret_texts(), "某型装备属于"]:
        assert [place for place, content in places.items() if words in content] == []
