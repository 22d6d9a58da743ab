"""What an import asks, answered by machine; columns read otherwise; cancelled and undone: the verbs of the pages."""

import io
from typing import Any
from uuid import UUID, uuid4

import openpyxl
import pytest

from services.ledger.importing import undoing, workflow
from shared.documents.uploads import Upload
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import (
    HEAD,
    applied,
    checked,
    counted,
    ledger,
    plain_rows,
    read_through,
    sample,
    send,
    state_of,
    workbook,
)
from tests.web import Site
from tests.world import World

pytestmark = pytest.mark.usefixtures("account")
_LIVE = "select count(*) from app.achievement where tenant_id = :t and state = 'registered'"


def asking(*statuses: str) -> Upload:
    """A ledger whose rows say these statuses, behind two that are right."""
    rows = [
        *plain_rows(2),
        *([f"第{n}号待问工艺", "甘棠", "非专利技术", "", status, "", ""] for n, status in enumerate(statuses)),
    ]
    return Upload("台账.xlsx", workbook(rows, title="截至2025年12月31日"))


async def pages_of(site: Site, address: str, **asked: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found: list[dict[str, Any]] = []
    after = None
    for _ in range(200):
        page = (await send(site, "GET", address, params=asked | ({"after": after} if after is not None else {}))).json()
        found += page["items"]
        after = page["next"]
        if after is None:
            return found
    raise AssertionError("the pages do not end")


@pytest.mark.requirement("R172")
async def test_every_question_is_reached_by_pages_and_one_answer_settles_all_rows_that_ask_it(
    world: World, site: Site, objects: ObjectStore
) -> None:
    import_id = await checked(world, world.university, objects, asking("待定", "待定", "部分转化", "再议"))
    base = f"/api/imports/{import_id}"
    whole = await pages_of(site, f"{base}/questions", limit=200)
    by_one = await pages_of(site, f"{base}/questions", limit=1)
    assert by_one == whole
    assert [(one["code"], one["said"], one["rows"]) for one in whole] == [
        ("status_unknown", "待定", 2), ("status_unknown", "部分转化", 1), ("status_unknown", "再议", 1),
    ]  # fmt: skip
    question = whole[0]
    assert {"value": "set:未转化", "label": "未转化", "proposed": False} in question["choices"]
    chosen = {name: question[name] for name in ("code", "field", "said")} | {"choice": "set:未转化"}
    key = uuid4().hex
    answer = await send(site, "POST", f"{base}/questions", json=chosen, key=key)
    assert (answer.status_code, answer.json()) == (200, {"rows": 2, "waiting": False})
    again = await send(site, "POST", f"{base}/questions", json=chosen, key=key)
    assert again.status_code < 300
    late = await send(site, "POST", f"{base}/questions", json=chosen)
    assert late.status_code == 409
    found = (await send(site, "GET", base)).json()
    assert (found["valid"], found["questions"]) == (4, 2)


async def test_pages_by_place_go_on_though_the_first_page_was_answered(
    world: World, site: Site, objects: ObjectStore
) -> None:
    import_id = await checked(world, world.university, objects, asking("甲定", "乙定", "丙定"))
    base = f"/api/imports/{import_id}"
    first = (await send(site, "GET", f"{base}/questions", params={"limit": 1})).json()
    question = first["items"][0]
    chosen = {name: question[name] for name in ("code", "field", "said")} | {"choice": "set:未转化"}
    assert (await send(site, "POST", f"{base}/questions", json=chosen)).status_code == 200
    rest = await send(site, "GET", f"{base}/questions", params={"limit": 2, "after": first["next"]})
    assert [one["said"] for one in rest.json()["items"]] == ["乙定", "丙定"]


async def test_one_row_is_answered_left_out_or_wiped(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, asking("甲定", "乙定", "丙定"))
    base = f"/api/imports/{import_id}"
    rows = await pages_of(site, f"{base}/rows", limit=2)
    assert [one["rows"] for one in rows] == ["第5行", "第6行", "第7行"]
    assert "转化状态" in rows[0]["reasons"][0]
    one = (await send(site, "GET", f"{base}/rows/{rows[0]['ordinal']}")).json()
    status = next(cell for cell in one["cells"] if cell["subject"] == "status")
    assert (status["raw"], status["asked"], one["revision"]) == ("甲定", True, rows[0]["revision"])
    said = {"revision": one["revision"], "values": {"status": "意向转化"}}
    answer = await send(site, "POST", f"{base}/rows/{one['ordinal']}/answer", json=said)
    assert (answer.status_code, answer.json()["rows"]) == (200, 1)
    overtaken = await send(site, "POST", f"{base}/rows/{one['ordinal']}/answer", json=said)
    assert overtaken.status_code in (404, 409)
    out = {"revision": rows[1]["revision"], "reason": "重复申报"}
    assert (await send(site, "POST", f"{base}/rows/{rows[1]['ordinal']}/leave-out", json=out)).status_code == 200
    wiped = await send(site, "POST", f"{base}/rows/{rows[2]['ordinal']}/wipe", json={"revision": rows[2]["revision"]})
    assert (wiped.status_code, wiped.json()) == (200, {"rows": 1})
    assert (await send(site, "GET", f"{base}/rows/{rows[2]['ordinal']}")).status_code == 404
    found = (await send(site, "GET", base)).json()
    assert [found[name] for name in ("valid", "questions", "refused", "left_out")] == [3, 0, 1, 1]
    refused = await pages_of(site, f"{base}/rows", kind="refused")
    assert refused[0]["reasons"][0].startswith("该行标有密级")
    assert refused[0]["cells"] == []


async def test_an_answer_that_cannot_be_is_told_field_by_field(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, asking("甲定"))
    base = f"/api/imports/{import_id}"
    wrong = await send(
        site, "POST", f"{base}/rows/2/answer", json={"revision": 0, "values": {"colour": "红"}, "accept": ["duplicate"]}
    )
    assert wrong.status_code == 422
    assert set(wrong.json()["errors"]) == {"values.colour", "accept.duplicate"}
    empty = await send(site, "POST", f"{base}/questions", json={"code": "x", "field": "y", "choice": ""})
    assert empty.status_code == 422
    unknown = await send(site, "POST", f"{base}/questions", json={"code": "x", "field": "y", "choice": "set:z"})
    assert unknown.status_code == 409
    secret = await send(
        site, "POST", f"{base}/rows/2/answer", json={"revision": 0, "values": {"name": "某装置（绝密）"}}
    )
    assert (secret.status_code, secret.json()["code"]) == (422, "import.answer_secret")
    assert "某装置" not in secret.text
    for address in (f"{base}/rows/{2**40}", f"/api/imports/{uuid4()}/rows", f"/api/imports/{uuid4()}/questions"):
        assert (await send(site, "GET", address)).status_code == 404


@pytest.mark.requirement("R172")
async def test_columns_are_read_and_said_otherwise(world: World, site: Site, objects: ObjectStore) -> None:
    head = [*HEAD[:-1], "备用一"]
    rows = [[*row[:-2], "转让", "12"] for row in plain_rows(1)]
    rows[0][4] = "已转化"
    upload = Upload("台账.xlsx", workbook(rows, head, title="截至2025年12月31日"))
    import_id = await checked(world, world.university, objects, upload)
    base = f"/api/imports/{import_id}"
    assert (await send(site, "GET", base)).json()["questions"] == 1
    known = (await send(site, "GET", f"{base}/columns")).json()
    column = known["sheets"][0]["columns"][-1]
    assert (column["heading"], column["field"], column["said"]) == ("备用一", None, False)
    assert {"code": "value", "label": "转化价值"} in known["fields"]
    wrong = await send(
        site, "POST", f"{base}/columns",
        json={"sheets": [{"name": "台账", "columns": {"G": "name", "Z": "value"}}, {"name": "别的"}]},
    )  # fmt: skip
    assert wrong.status_code == 422
    assert {"sheets.别的", "sheets.台账.Z"} <= set(wrong.json()["errors"])
    assert any("成果名称" in message for message in wrong.json()["errors"].values())
    said = {"sheets": [{"name": "台账", "columns": {"G": "value"}, "unit": "万元"}]}
    changed = await send(site, "POST", f"{base}/columns", json=said)
    assert (changed.status_code, changed.headers["location"]) == (202, base)
    await read_through(world, world.university, objects, import_id)
    assert (await send(site, "GET", base)).json()["valid"] == 1
    column = (await send(site, "GET", f"{base}/columns")).json()["sheets"][0]["columns"][-1]
    assert (column["field"], column["said"]) == ("value", True)


@pytest.mark.requirement("R170")
async def test_an_import_is_undone_by_machine_and_the_list_of_imports_tells_it(
    world: World, site: Site, objects: ObjectStore, account: dict[str, Any]
) -> None:
    import_id = await applied(world, world.university, objects, ledger(3))
    base = f"/api/imports/{import_id}"
    rows = await pages_of(site, f"{base}/rows", kind="valid", limit=2)
    assert len({one["achievement_id"] for one in rows}) == 3
    refused = await send(site, "POST", f"{base}/undo", json={"reason": ""})
    assert refused.status_code == 422
    undone = await send(site, "POST", f"{base}/undo", json={"reason": "导错了"})
    assert (undone.status_code, undone.json()["state"]) == (202, "undoing")
    async with world.working(world.university) as tx:
        await undoing.carry_out(tx, import_id)
    assert await counted(world, _LIVE, t=world.university) == 0
    assert (await send(site, "POST", f"{base}/undo", json={"reason": "再来"})).status_code == 409

    other = await checked(world, world.university, objects, ledger(2, first=10))
    assert (await send(site, "POST", f"/api/imports/{other}/cancel")).status_code == 200
    assert (await state_of(world, world.university, other)).state == "cancelled"
    listed = await pages_of(site, "/api/imports", limit=1)
    assert [(UUID(one["id"]), one["state"]) for one in listed] == [(other, "cancelled"), (import_id, "undone")]
    account["tenant"] = world.institute
    assert await pages_of(site, "/api/imports") == []
    for verb, body in (("undo", {"reason": "别家的"}), ("cancel", None), ("columns", {"sheets": []})):
        assert (await send(site, "POST", f"{base}/{verb}", json=body)).status_code == 404


async def test_the_rows_that_are_not_imported_and_the_template_come_as_workbooks(
    world: World, site: Site, objects: ObjectStore
) -> None:
    import_id = await checked(world, world.university, objects, sample())
    back = await send(site, "GET", f"/api/imports/{import_id}/returned")
    assert back.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(back.content))
    assert any("错误原因" in [cell.value for cell in row] for sheet in book for row in sheet.iter_rows(max_row=3))
    blank = await send(site, "GET", "/api/imports/template")
    assert "填写说明" in openpyxl.load_workbook(io.BytesIO(blank.content)).sheetnames


async def test_a_confirmed_import_cannot_be_cancelled(world: World, site: Site, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, ledger(1))
    async with world.acting(world.university) as tx:
        assert (
            await workflow.confirm(tx, import_id, (await state_of(world, world.university, import_id)).as_of_proposed)
            is None
        )
    assert (await send(site, "POST", f"/api/imports/{import_id}/cancel")).status_code == 409
