"""A ledger whose header is not known by its words: a person names it by hand, once for the institution."""

import re
from typing import Any
from uuid import UUID

import pytest

from services.ledger.importing import workflow
from shared.documents.uploads import Upload
from shared.documents.workbook_writing import WrittenSheet, write_workbook
from shared.errors import Refusal
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import (
    AS_OF,
    checked,
    plain_rows,
    read_through,
    send,
    state_of,
    workbook,
)
from tests.services.ledger.importing.test_importing_pages import HOME, text_of
from tests.services.ledger.importing.test_remapping import traces
from tests.web import Site, Visitor
from tests.world import World

# What no list of words knows: a clerk's own names for his columns.
OWN = ("东西叫什么", "谁做的", "算哪一种", "号", "卖了没有", "怎么卖的", "多少钱")
MEANT = {"A": "name", "B": "completers", "C": "type", "D": "number", "E": "status", "F": "method", "G": "value"}


def unknown(count: int = 2, first: int = 1, head: tuple[str, ...] = OWN, *, title: str = "本年度清单") -> Upload:
    return Upload("清单.xlsx", workbook(plain_rows(count, first), head, title=title))


async def clerk_of(world: World, site: Site, tenant: UUID | None = None) -> Visitor:
    return await site.signed_in(world, tenant or world.university)


def chosen(rows: str = "2", height: str = "1", sheet: int = 0, **columns: str) -> dict[str, str]:
    """The page's form with these meanings of columns."""
    meant = MEANT | columns
    return {
        "sheet": str(sheet), "first": rows, "height": height, "unit": "万元",
        **{f"c-{sheet}-{letter}": field for letter, field in meant.items()},
    }  # fmt: skip


async def uploaded(clerk: Visitor, upload: Upload) -> str:
    file = {"file": (upload.file_name, upload.content, "application/octet-stream")}
    answer = await clerk.upload(HOME, file, {"by_hand": "yes"})
    assert answer.status_code == 303, text_of(answer)
    return str(answer.headers["location"]).partition("?")[0]


async def test_without_being_asked_for_nothing_of_such_a_file_is_kept(
    world: World, site: Site, objects: ObjectStore, configuration: Settings
) -> None:
    clerk = await clerk_of(world, site)
    content = workbook([["没有留下的那一项", "甘棠", "非专利技术", "", "未转化", "", ""]] * 2, OWN)
    answer = await clerk.upload(HOME, {"file": ("清单.xlsx", content, "application/octet-stream")})
    assert answer.status_code == 422
    assert "勾选“由我指定表头”" in text_of(answer)
    assert re.search(r'name="by_hand"[^>]*checked', answer.text)
    assert "没有留下的那一项" not in await traces(world, objects, configuration)


@pytest.mark.requirement("R170")
async def test_a_header_is_named_by_hand_and_known_the_next_time(
    world: World, site: Site, objects: ObjectStore
) -> None:
    clerk = await clerk_of(world, site)
    address = await uploaded(clerk, unknown())
    assert address.endswith("/header")
    first = await clerk.get(address)
    assert "没有找到台账的表头" in text_of(first)
    assert "东西叫什么" in text_of(first)
    second = await clerk.get(f"{address}?sheet=0&first=2&height=1")
    assert "第1号示例工艺；第2号示例工艺" in text_of(second)
    home = address.removesuffix("/header")
    import_id = UUID(home.rpartition("/")[2])
    assert (await state_of(world, world.university, import_id)).state == "mapping"
    assert "指定表头" in text_of(await clerk.get(home))
    assert "指定《清单.xlsx》的表头" in text_of(await clerk.get("/institution"))

    assert (await clerk.post(address, chosen(), page=HOME)).status_code == 303
    await read_through(world, world.university, objects, import_id)
    row = await state_of(world, world.university, import_id)
    assert (row.state, row.valid, row.questions, row.rows_total) == ("checked", 2, 0, 4)
    # what was chosen stands there when one comes back
    again = await clerk.get(f"{address}?sheet=0&first=2&height=1")
    assert '<option value="completers" selected>' in again.text
    async with world.acting(world.university) as tx:
        assert await workflow.confirm(tx, import_id, AS_OF) is None
    async with world.working(world.university) as tx:
        await workflow.apply(tx, import_id)

    # the same headings further down, in another file
    next_one = Upload("新清单.xlsx", workbook([list(OWN), *plain_rows(3, 10)], ("填表",), title="另一个标题"))
    known = await checked(world, world.university, objects, next_one)
    row = await state_of(world, world.university, known)
    assert (row.state, row.valid) == ("checked", 3)
    async with world.acting(world.institute) as tx:
        theirs = await workflow.receive(tx, objects, unknown(first=40))
    assert isinstance(theirs, Refusal)
    assert theirs.code == "ledger_no_known_header"


async def test_a_wrong_choice_is_told_and_what_was_chosen_is_kept(
    world: World, site: Site, objects: ObjectStore
) -> None:
    clerk = await clerk_of(world, site)
    address = await uploaded(clerk, unknown())
    wrong = await clerk.post(address, chosen(A="remark", B="name", C="name"), page=HOME)
    assert wrong.status_code == 422
    assert "都选了“成果名称”" in text_of(wrong)
    assert wrong.text.count('<option value="name" selected>') == 2
    nameless = await clerk.post(address, chosen(A=""), page=HOME)
    assert "必须有一列是成果名称" in text_of(nameless)
    beyond = await clerk.post(address, chosen(rows="39"), page=HOME)
    assert beyond.status_code == 422
    assert "这张工作表没有这一行" in text_of(beyond)
    import_id = UUID(address.split("/")[3])
    assert (await state_of(world, world.university, import_id)).state == "mapping"
    other = await clerk_of(world, site, world.institute)
    assert (await other.get(address)).status_code == 404
    assert (await other.post(address, chosen(), page=HOME)).status_code == 404
    assert (await clerk.post(f"{address.removesuffix('/header')}/cancel", page=HOME)).status_code == 303
    late = await clerk.get(address)
    assert late.status_code == 409
    assert "第九条" in text_of(late)
    assert "当前状态已取消" in text_of(late)


@pytest.mark.parametrize(
    ("lines", "rows", "height"),
    [
        ([["", "", "甲", "", "乙", "", ""], list(OWN), *plain_rows(2)], "1", "2"),
        (plain_rows(2), "0", "1"),
        ([["东西叫什么", "谁做的", "", "", "卖了没有", "", ""], *plain_rows(2)], "1", "1"),
    ],
)
async def test_two_rows_no_row_and_columns_without_a_heading(
    world: World, site: Site, objects: ObjectStore, lines: list[list[Any]], rows: str, height: str
) -> None:
    clerk = await clerk_of(world, site)
    address = await uploaded(clerk, Upload("清单.xlsx", workbook(lines[1:], lines[0])))
    assert (await clerk.post(address, chosen(rows, height), page=HOME)).status_code == 303
    import_id = UUID(address.split("/")[3])
    await read_through(world, world.university, objects, import_id)
    row = await state_of(world, world.university, import_id)
    assert (row.state, row.valid, row.questions) == ("checked", 2, 0)


async def test_another_sheet_and_a_hidden_one_can_be_chosen(world: World, site: Site, objects: ObjectStore) -> None:
    sheets = [
        WrittenSheet("封面", [(1, ["2025 年"])]),
        WrittenSheet("丙", [(1, list(OWN)), *enumerate(plain_rows(2), start=2)], state="hidden"),
    ]
    clerk = await clerk_of(world, site)
    address = await uploaded(clerk, Upload("清单.xlsx", write_workbook(sheets)))
    page = await clerk.get(f"{address}?sheet=1&first=1")
    assert "第1号示例工艺" in text_of(page)
    assert (await clerk.post(address, chosen("1", sheet=1), page=HOME)).status_code == 303
    import_id = UUID(address.split("/")[3])
    await read_through(world, world.university, objects, import_id)
    assert (await state_of(world, world.university, import_id)).valid == 2


async def test_a_header_taken_wrongly_can_be_named_anew_after_the_check(
    world: World, site: Site, objects: ObjectStore
) -> None:
    head = ("成果名称", "完成人", "状态说明", "转化状态", "备用")
    lines = [[f"{name}法", "王二", "非专利技术", "未转化", ""] for name in "甲乙"]
    lines.insert(1, ["成果名称", "完成人", "成果类型", "转化状态", "备注"])
    import_id = await checked(world, world.university, objects, Upload("清单.xlsx", workbook(lines, head)))
    clerk = await clerk_of(world, site)
    address = f"{HOME}/{import_id}/header"
    meant = {"A": "name", "B": "completers", "C": "type", "D": "status", "E": "", "F": "", "G": ""}
    assert (await clerk.post(address, chosen("1", "1", 0, **meant), page=HOME)).status_code == 303
    await read_through(world, world.university, objects, import_id)
    assert (await state_of(world, world.university, import_id)).valid == 2


@pytest.mark.requirement("R010")
async def test_what_is_classified_is_not_kept_though_no_column_is_known_yet(
    world: World, site: Site, objects: ObjectStore, configuration: Settings
) -> None:
    head = (*OWN, "密级", "随便写写")
    rows = [[*row, "公开", ""] for row in plain_rows(5)]
    rows[1][0], rows[1][7] = "某型装备的隔舱支座及其制造", "机密"
    rows[2][0] = "某型装备的隔舱支座 及其制造"
    rows[3][0], rows[3][8] = "声学隐身涂层的配比", "本项目涉密，勿外传"
    clerk = await clerk_of(world, site)
    address = await uploaded(clerk, Upload("清单.xlsx", workbook(rows, head)))
    left = await traces(world, objects, configuration)
    assert "第1号示例工艺" in left
    for mark in ("隔舱支座", "声学隐身涂层", "勿外传"):
        assert mark not in left
    assert "隔舱支座" not in (await clerk.get(f"{address}?sheet=0&first=1")).text
    dropped = await clerk.post(address, chosen("1", H="", I="remark"), page=HOME)
    assert "H 列是密级" in text_of(dropped)
    assert (await clerk.post(address, chosen("1", H="secrecy", I="remark"), page=HOME)).status_code == 303
    import_id = UUID(address.split("/")[3])
    await read_through(world, world.university, objects, import_id)
    row = await state_of(world, world.university, import_id)
    assert (row.valid, row.refused) == (2, 3)


@pytest.mark.requirement("R172")
@pytest.mark.usefixtures("account")
async def test_a_machine_names_the_header_with_the_columns(world: World, site: Site, objects: ObjectStore) -> None:
    content = unknown().content
    sent = await send(site, "POST", "/api/imports", params={"filename": "清单.xlsx", "by_hand": True}, content=content)
    assert (sent.status_code, sent.json()["state"]) == (202, "mapping")
    base = sent.headers["location"]
    dry = await send(site, "POST", "/api/imports", params={"dry_run": True}, content=content)
    assert (dry.status_code, dry.json()["code"]) == (422, "ledger_no_known_header")
    for rows in ([2, 3, 4], [3, 2], [41]):
        wrong = await send(
            site, "POST", f"{base}/columns", json={"sheets": [{"name": "台账", "header_rows": rows, "columns": MEANT}]}
        )
        assert wrong.status_code == 422, rows
    early = await send(site, "POST", f"{base}/columns", json={"sheets": []})
    assert (early.status_code, early.json()["code"]) == (422, "import.no_header")
    said = {"sheets": [{"name": "台账", "header_rows": [2], "columns": MEANT, "unit": "万元"}]}
    assert (await send(site, "POST", f"{base}/columns", json=said)).status_code == 202
    await read_through(world, world.university, objects, UUID(sent.json()["id"]))
    found = (await send(site, "GET", base)).json()
    assert (found["state"], found["valid"]) == ("checked", 2)
