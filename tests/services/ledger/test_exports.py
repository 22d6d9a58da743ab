"""Exports of the ledger's lists: as of the day in their head, in the province's order, no formula, only what may be seen."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from services.ledger import export, sheets, tasks, workflow
from services.ledger.entry import Deal
from services.ledger.forms import filters_of
from services.ledger.listing import Filters
from services.ledger.losses import workflow as losses
from services.ledger.models import export_job
from services.ledger.rules import vocabulary
from shared.clock import real_now
from shared.policy import load_pack
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tenants.masking import NAMES
from tenants.permissions import ROLES
from tests.services.ledger.disclosure.test_pages import FORM, begun
from tests.services.ledger.losses.test_losses import CHECKS, LOST
from tests.services.ledger.rights.test_right_pages import NUMBER, recorded
from tests.services.ledger.test_facets import HOME
from tests.services.ledger.test_workflow import registered
from tests.web import Site, Visitor
from tests.world import World


async def exported(
    world: World, visitor: Visitor, configuration: Settings, wanted: str, **form: str
) -> list[tuple[Any, ...]]:
    """The rows of the file that was asked for."""
    asked = await visitor.post(f"{HOME}/exports", {"list": wanted, **form}, page=HOME)
    assert asked.status_code == 303, asked.text
    async with world.working(world.university) as tx:
        own = (export_job.c.tenant_id == world.university, export_job.c.state == "queued")
        (job,) = await tx.rows(select(export_job).where(*own))
        filters = filters_of(job.filters, tx.today)
        assert await export.write_export(tx, job.id, ObjectStore(configuration), filters, "-number") is None
    file = await visitor.get(f"{asked.headers['location']}/file")
    assert file.status_code == 200
    return list(openpyxl.load_workbook(io.BytesIO(file.content)).active.values)


@pytest.mark.requirement("R062", "R149", "R171")
@pytest.mark.parametrize(
    ("region", "first"),
    [
        (
            "cn-53",
            [
                "成果名称",
                "完成人（团队）",
                "成果类型",
                "认定阶段",
                "填报阶段",
                "转化状态",
                "转化方式",
                "转化价值（元）",
            ],
        ),
        ("cn-22", ["成果名称", "成果类型", "完成人（团队）", "取得时间", "转化状态", "转化方式", "转化价值（元）"]),
    ],
)
def test_the_ledger_is_written_in_the_order_of_the_provinces_article(region: str, first: list[str]) -> None:
    words = vocabulary(load_pack(region))
    labels = [export.COLUMNS[place][0] for place in export.order_of(words)]
    assert labels[0] == "编号"
    assert labels[1 : len(first) + 1] == first
    assert ("认定阶段" in labels) == bool(words.stages)


@pytest.mark.requirement("R171", "R205")
async def test_conversions_and_rights_as_of_a_day(site: Site, world: World, configuration: Settings) -> None:
    row_id = await recorded(world)
    known = real_now().isoformat()
    async with world.acting(world.university) as tx:
        deal = Deal(mode="licence", counterparty="=乙公司", signed_on=date(2026, 3, 13), amount=Decimal("70000.50"))
        assert not hasattr(await workflow.record_conversion(tx, row_id, deal), "code")
        await losses.record_loss(tx, row_id, NUMBER, "assigned", LOST, CHECKS)
        hidden = await registered(tx, "疑似")
        await workflow.record_conversion(tx, hidden, Deal(mode="licence", amount=Decimal(1)))
        await workflow.quarantine(tx, hidden, "疑似")
    clerk = await site.signed_in(world, world.university)
    rows = await exported(world, clerk, configuration, "conversions")
    assert "转化清单" in rows[0][0]
    assert "示例格式" in rows[0][0]
    assert [(row[0], row[5 - 1], row[7], row[8]) for row in rows[2:]] == [
        ("CS-0001", "'=乙公司", "2026-03-13", 70000.5)
    ]
    before = await exported(world, clerk, configuration, "conversions", as_of="2026-03-12")
    assert "截至 2026-03-12" in before[0][0]
    assert before[2:] == []
    assert (await exported(world, clerk, configuration, "conversions", known_at=known))[2:] == []
    assert [row[5] for row in (await exported(world, clerk, configuration, "rights"))[2:]] == ["已转移"]
    then = await exported(world, clerk, configuration, "rights", as_of="2026-03-11")
    assert [(row[2], row[5]) for row in then[2:]] == [(NUMBER, "有效")]
    assert (await clerk.post(f"{HOME}/exports", {"list": "people"}, page=HOME)).status_code == 404


async def test_portions_follow_each_other_without_a_gap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.acting(world.university) as tx:
        for number in range(3):
            row_id = await registered(tx, f"成果{number}")
            for _ in range(2):
                await workflow.record_conversion(tx, row_id, Deal(mode="licence", amount=Decimal(1)))
        monkeypatch.setattr(sheets, "_PORTION", 2)
        for filters in (Filters(), Filters(as_of=date(2026, 3, 15)), Filters(q="成果1")):
            found = [
                row["place"]
                async for rows in sheets.portions(tx, sheets.SHEETS["conversions"], filters)
                for row in rows
            ]
            assert found == sorted(map(list, {tuple(one) for one in found}))
            assert len(found) == (2 if filters.q else 0 if filters.as_of else 6)


async def test_disclosures_are_listed_by_their_state_on_the_day_for_those_who_verify(
    site: Site, world: World, configuration: Settings
) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    assert (await researcher.post(edit, FORM)).status_code == 303
    await begun(researcher)
    submitted = real_now().isoformat()
    clerk = await site.signed_in(world, world.university)
    case = edit.removesuffix("/edit")
    assert (await clerk.post(f"{case}/register", page=case)).status_code == 303
    now = await exported(world, clerk, configuration, "disclosures")
    assert [(row[0], row[2], row[4], row[6]) for row in now[2:]] == [
        (FORM["name"], "测试completer", "已登记", "CS-0001")
    ]
    then = await exported(world, clerk, configuration, "disclosures", known_at=submitted)
    assert [(row[4], row[6]) for row in then[2:]] == [("待核实", None)]


@pytest.mark.requirement("R192", "R200")
@pytest.mark.parametrize(("hidden", "discloser"), [(True, "测＊＊＊＊＊＊＊＊＊＊"), (False, "测试completer")])
async def test_other_lists_tell_names_as_their_asker_sees_them(
    site: Site, world: World, configuration: Settings, monkeypatch: pytest.MonkeyPatch, hidden: bool, discloser: str
) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    assert (await researcher.post(await begun(researcher), FORM)).status_code == 303
    if hidden:
        roles = {"clerk": ROLES["clerk"].permissions - {NAMES}}
        monkeypatch.setitem(ROLES, "clerk", replace(ROLES["clerk"], permissions=frozenset(roles["clerk"])))
    async with world.acting(world.university, "clerk") as tx:
        export_id = await export.request_export(tx, Filters(), "-number", "disclosures")
    async with world.working(world.university) as tx:
        await tasks.write_export.function(tx, export_id=str(export_id))
        digest = await tx.scalar(select(export_job.c.object_hash).where(export_job.c.id == export_id))
    content = await ObjectStore(configuration).get(world.university, digest)
    rows = list(openpyxl.load_workbook(io.BytesIO(content)).active.values)
    assert [row[2] for row in rows[2:]] == [discloser]


@pytest.mark.requirement("R171")
async def test_what_waits_is_a_workbook_too(site: Site, world: World) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    assert (await researcher.post(await begun(researcher), FORM)).status_code == 303
    clerk = await site.signed_in(world, world.university)
    file = await clerk.get("/institution/todo/workbook")
    rows = list(openpyxl.load_workbook(io.BytesIO(file.content)).active.values)
    assert "截至" in rows[0][0]
    assert any("披露" in str(row) for row in rows[2:])
    assert (await site.anonymous().get("/institution/todo/workbook")).status_code == 303
    log = await (await site.signed_in(world, world.university, "department_head")).get("/institution/audit/export")
    assert "示例格式" in next(openpyxl.load_workbook(io.BytesIO(log.content)).active.values)[0]
