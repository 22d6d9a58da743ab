"""The list of what leaves the management of state assets: by decision, exported, sent to the authorities of the text."""

import io
import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import text

from services.ledger import workflow as ledger
from services.ledger.entry import Deal
from services.ledger.exits import queries, workflow
from services.ledger.ownership.rules import Owner
from services.ledger.ownership.workflow import record_ownership
from services.ledger.queries import find_achievement
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from tenants.packs import store_pack
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

HOME = "/institution/exits"
DECIDED = date(2026, 3, 10)


@pytest.fixture
async def jilin(world: World) -> World:
    """The world under the text that knows the list."""
    async with world.acting(world.operator, "operator", "operator") as tx:
        world.pack_version_id = await store_pack(tx, "cn-22")
        await tx.execute(
            text("select app.put_pack_in_force(:province, :day, :version)"),
            {"province": world.province_id, "day": date(2026, 1, 1), "version": world.pack_version_id},
        )
    return world


async def listed(world: World, name: str) -> UUID:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx, name, obtained_on=DECIDED)
        done = await workflow.list_exit(tx, row_id, "", "作价投资，股权由单位自主处置", DECIDED, "领导小组纪要 3 号")
        assert isinstance(done, UUID), done
        return done


@pytest.mark.requirement("R146")
async def test_the_list_goes_to_the_authorities_of_the_text_and_a_sheet_stays_as_it_was_sent(jilin: World) -> None:
    world = jilin
    first = await listed(world, "甲")
    async with world.acting(world.university, "department_head") as tx:
        sheet = await workflow.send_sheet(tx, date(2026, 3, 12), "校科〔2026〕8号")
        assert isinstance(sheet, UUID), sheet
        row = await queries.find_sheet(tx, sheet)
        assert row is not None
        assert (row.number, row.recipients) == (1, ["主管部门", "省科技厅"])
        assert [one["name"] for one in row.payload["rows"]] == ["甲"]
    await listed(world, "乙")
    async with world.acting(world.university) as tx:
        assert await workflow.take_off(tx, first, "协议解除") is None
        assert isinstance(await workflow.take_off(tx, first, "x"), Refusal)
        (left,) = await queries.entries(tx)
        assert (left.name, left.sheet_id) == ("乙", None)
        again = await workflow.list_exit(tx, left.achievement_id, "CS-0002", "x", DECIDED, "x")
        assert isinstance(again, Refusal)
        assert again.status == 409
        kept = await queries.find_sheet(tx, sheet)
        assert kept is not None
        assert kept.payload == row.payload
    async with world.acting(world.institute) as tx:
        assert await queries.entries(tx) == []
        assert await queries.find_sheet(tx, sheet) is None
        with pytest.raises(NotFound):
            await workflow.take_off(tx, first, "x")
    async with world.acting(world.institute, "department_head") as tx:
        empty = await workflow.send_sheet(tx, date(2026, 3, 12), "x")
        assert isinstance(empty, Refusal)
        assert empty.status == 409


async def test_a_text_without_the_list_refuses_with_what_it_says(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
        done = await workflow.list_exit(tx, row_id, "CS-0001", "x", DECIDED, "x")
        assert isinstance(done, Refusal)
        assert (done.code, done.status) == ("report.not_a_recipient", 422)
        assert done.inputs["report"] == "exit_list"
        assert await queries.entries(tx) == []


async def test_the_menu_has_no_list_that_the_text_does_not_know(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.university)
    assert HOME not in (await clerk.get("/institution")).text


@pytest.mark.requirement("R141")
async def test_management_apart_and_a_conversion_take_nothing_out_of_the_state_assets(site: Site, jilin: World) -> None:
    world = jilin
    async with world.acting(world.university) as tx:
        row_id = await registered(tx, obtained_on=DECIDED)
        await record_ownership(tx, row_id, (Owner("滇池示例大学", Fraction(1)),), since=DECIDED, reason="登记权属")
        deal = Deal(mode="assignment", signed_on=DECIDED, amount=Decimal(100_000))
        assert isinstance(await ledger.record_conversion(tx, row_id, deal), UUID)
        row = await find_achievement(tx, row_id)
        assert row is not None
        assert (row.state, [one["name"] for one in row.owners]) == ("registered", ["滇池示例大学"])
        assert await queries.entries(tx) == [], "it leaves by a decision of the leading group alone"
    clerk = await site.signed_in(world, world.university)
    shown = (await clerk.get(f"/institution/ledger/{row_id}/accounting")).text
    assert "不改变职务科技成果的国有资产属性，确保不造成重大违法违纪和资产损失风险" in shown
    assert "第三条" in shown
    undecided = {"code": "CS-0001", "ground": "转让", "decided_on": "", "decision": ""}
    refused = await clerk.post(HOME, undecided, page=HOME)
    assert refused.status_code == 422
    assert {"decided_on", "decision"} <= set(re.findall(r'href="#f-(\w+)"', refused.text))


@pytest.mark.requirement("R146")
async def test_the_pages_from_the_entry_to_the_sheet(site: Site, jilin: World) -> None:
    world = jilin
    async with world.acting(world.university) as tx:
        await registered(tx, "=一种催化剂", obtained_on=DECIDED)
    clerk = await site.signed_in(world, world.university)
    head = await site.signed_in(world, world.university, "department_head")
    shown = (await clerk.get(HOME)).text
    assert f'href="{HOME}"' in (await clerk.get("/institution")).text, "the text asks for the list, so the menu has it"
    assert "第六条" in shown
    assert "报主管部门、省科技厅" in shown
    wrong = await clerk.post(HOME, {}, page=HOME)
    for field in ("code", "ground", "decided_on", "decision"):
        assert f'href="#f-{field}"' in wrong.text, field
    form = {"code": "CS-0009", "ground": "作价投资", "decided_on": "2026-03-10", "decision": "纪要 3 号"}
    assert "台账中没有这个编号" in (await clerk.post(HOME, form, page=HOME)).text
    assert (await clerk.post(HOME, form | {"code": "CS-0001"}, page=HOME)).status_code == 303
    refused = await clerk.post(HOME, form | {"code": "CS-0001"}, page=HOME)
    assert refused.status_code == 409
    book = openpyxl.load_workbook(io.BytesIO((await clerk.get(f"{HOME}/export")).content)).active
    assert book is not None
    assert "示例格式" in str(book["A1"].value)
    assert str(book["B3"].value).startswith("'=")
    sheets = f"{HOME}/sheets"
    sent = {"sent_on": "2026-03-12", "reference": "校科〔2026〕8号"}
    assert (await clerk.post(sheets, sent, page=HOME)).status_code == 403
    assert (await head.post(sheets, {}, page="/institution/sessions")).status_code == 422
    assert (await head.post(sheets, sent, page="/institution/sessions")).status_code == 303
    assert "校科〔2026〕8号" in (await clerk.get(HOME)).text
    async with world.acting(world.university) as tx:
        (sheet,) = await queries.sheets(tx)
        (entry,) = await queries.entries(tx)
    first = await clerk.get(f"{sheets}/{sheet.id}")
    assert first.status_code == 200
    assert first.content == (await clerk.get(f"{sheets}/{sheet.id}")).content
    assert (await clerk.get(f"{sheets}/{new_id()}")).status_code == 404
    async with world.acting(world.university) as tx:
        await ledger.quarantine(tx, entry.achievement_id, "疑似涉密")
    hidden = openpyxl.load_workbook(io.BytesIO((await clerk.get(f"{sheets}/{sheet.id}")).content)).active
    assert hidden is not None
    assert hidden["B3"].value is None
    async with world.acting(world.university, "secrecy") as tx:
        await ledger.release(tx, entry.achievement_id, "核实不涉密")
    assert (await clerk.post(f"{HOME}/{entry.id}/remove", {"reason": ""}, page=HOME)).status_code == 422
    assert (await clerk.post(f"{HOME}/{entry.id}/remove", {"reason": "误列"}, page=HOME)).status_code == 303
    assert "清单是空的" in (await clerk.get(HOME)).text
    assert (await site.anonymous().get(HOME)).headers["location"].startswith("/sign-in")
    stranger = await site.signed_in(world, world.institute)
    assert (await stranger.get(f"{sheets}/{sheet.id}")).status_code == 404
