"""The separate mark: who may set it on what ground, its end, the list of a day, exports, the API."""

import io
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import openpyxl
import pytest
from sqlalchemy import select

from services.ledger import workflow as ledger
from services.ledger.marking import queries, workflow
from services.ledger.points import Point
from shared.audit.tables import audit_entry
from shared.db.records import decision, outbox
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from tests.services.ledger.rights.test_right_pages import recorded
from tests.services.ledger.test_api import account
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

__all__ = ["account"]
LEDGER, HOME = "/institution/ledger", "/institution/assets"
DAY = date(2026, 3, 12)


async def marked(world: World, name: str = "一种高原湖泊蓝藻原位絮凝装置", **more: Any) -> UUID:
    row_id = await recorded(world, name)
    async with world.acting(world.university, "finance") as tx:
        done = await workflow.mark(tx, row_id, marked_on=DAY, asset_number="W2026-001", **more)
        assert isinstance(done, UUID), done
    return row_id


@pytest.mark.requirement("R078", "R076")
async def test_a_granted_right_is_marked_with_the_hint_that_the_article_gives(world: World) -> None:
    row_id = await marked(world, booked_value=Decimal("12000.00"))
    async with world.acting(world.university, "finance") as tx:
        (one,) = await queries.marked(tx, Point())
        assert (one.achievement_id, one.asset_number, one.booked_value) == (row_id, "W2026-001", Decimal("12000.00"))
        assert one.hint["code"] == "institution_right_fees"
        assert one.hint["article"] == "第十条"
        assert (one.marked_by, one.marked_on) == (tx.actor.person_id, DAY)
        (asked,) = await tx.rows(
            select(decision).where(decision.c.tenant_id == tx.tenant_id, decision.c.case_id == one.id)
        )
        assert (asked.question, asked.verdict) == ("asset.mark", "allowed")
        twice = await workflow.mark(tx, row_id, marked_on=DAY)
        assert isinstance(twice, Refusal)
        assert twice.status == 409
    async with world.working(world.university) as tx:
        news = await tx.rows(
            select(outbox.c.payload).where(outbox.c.tenant_id == tx.tenant_id, outbox.c.kind == "push")
        )
        assert [one.payload["event"] for one in news] == ["asset_mark.marked"]
        assert "絮凝" not in str(news[0].payload), "no free text leaves the house by itself"


@pytest.mark.requirement("R075", "R078")
async def test_what_the_article_expenses_is_marked_on_finances_own_ground_alone(world: World) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
    async with world.acting(world.university, "finance") as tx:
        refused = await workflow.mark(tx, row_id, marked_on=DAY)
        assert isinstance(refused, Refusal)
        assert (refused.code, refused.status) == ("asset_mark.not_formed", 422)
        assert refused.citation is not None
        assert (refused.citation.article, bool(refused.citation.quote)) == ("第十条", True)
        assert refused.inputs["situations"] == ["research"]
        assert await queries.marks_of(tx, row_id) == []
        done = await workflow.mark(tx, row_id, marked_on=DAY, ground="审计确认形成无形资产")
        assert isinstance(done, UUID)
        (one,) = await queries.marks_of(tx, row_id)
        assert (one.hint, one.ground) == (None, "审计确认形成无形资产")


async def test_a_day_out_of_its_life_and_what_is_not_the_tenants(world: World) -> None:
    row_id = await marked(world)
    async with world.acting(world.university, "finance") as tx:
        for day in (date(2026, 3, 11), date(2026, 3, 17)):
            refused = await workflow.unmark(tx, row_id, unmarked_on=day, reason="x")
            assert isinstance(refused, Refusal), day
        assert await workflow.unmark(tx, row_id, unmarked_on=date(2026, 3, 14), reason="编号有误") is None
        again = await workflow.unmark(tx, row_id, unmarked_on=date(2026, 3, 14), reason="x")
        assert isinstance(again, Refusal)
        early = await workflow.mark(tx, row_id, marked_on=date(2026, 3, 13))
        assert isinstance(early, Refusal)
        assert "2026-03-14" in early.message
        assert isinstance(await workflow.mark(tx, row_id, marked_on=date(2026, 3, 14), asset_number="W2"), UUID)
        assert isinstance(await workflow.mark(tx, row_id, marked_on=date(2026, 3, 17)), Refusal)
        with pytest.raises(NotFound):
            await workflow.mark(tx, new_id(), marked_on=DAY)
    async with world.acting(world.institute, "finance") as tx:
        with pytest.raises(NotFound):
            await workflow.unmark(tx, row_id, unmarked_on=DAY, reason="x")
        assert await queries.marked(tx, Point()) == []


@pytest.mark.requirement("R078")
async def test_the_list_of_any_day_and_as_it_was_known(world: World) -> None:
    row_id = await marked(world)
    async with world.acting(world.university, "finance") as tx:
        before_end = await tx.recorded_now()
        assert await workflow.unmark(tx, row_id, unmarked_on=date(2026, 3, 14), reason="编号有误") is None
        for day, count in ((11, 0), (12, 1), (13, 1), (14, 0), (16, 0)):
            point = Point(date(2026, 3, day))
            assert len(await queries.marked(tx, point)) == await queries.count_marked(tx, point) == count, day
        known_then = Point(date(2026, 3, 14), before_end)
        assert len(await queries.marked(tx, known_then)) == 1, "the end was recorded later"
        (one,) = await queries.marks_of(tx, row_id, known_then)
        assert one.unmark_reason is None
        (one,) = await queries.marks_of(tx, row_id)
        assert one.unmark_reason == "编号有误"
    async with world.acting(world.university) as tx:
        await ledger.quarantine(tx, row_id, "疑似涉密")
        assert await queries.marked(tx, Point(DAY)) == [], "out of former days too"


async def test_the_pages_of_finance(site: Site, world: World) -> None:
    row_id = await recorded(world)
    page = f"{LEDGER}/{row_id}/mark"
    finance = await site.signed_in(world, world.university, "finance")
    clerk = await site.signed_in(world, world.university)
    assert "可能形成无形资产、还没有标识" in (await finance.get(HOME)).text
    assert "第十一条" in (await finance.get(page)).text
    wrong = await finance.post(page, {"marked_on": "", "booked_value": "-1"})
    for field in ("marked_on", "booked_value"):
        assert f'href="#f-{field}"' in wrong.text, field
    form = {"marked_on": "2026-03-12", "asset_number": "W2026-001", "booked_value": "12,000"}
    assert (await clerk.post(page, form, key=await clerk.form_key("/institution/claims"))).status_code == 403
    assert (await finance.post(page, form)).status_code == 303
    assert "职务科技成果单列" in (await clerk.get(page)).text
    assert "W2026-001" in (await clerk.get(HOME)).text
    assert "该日没有标识的成果" not in (await clerk.get(HOME)).text
    assert "正在查看历史时点" in (await clerk.get(HOME, as_of="2026-03-10")).text
    assert (await finance.post(f"{page}/end", {"unmarked_on": "", "reason": ""}, page=page)).status_code == 422
    ending = {"unmarked_on": "2026-03-16", "reason": "编号有误"}
    assert (await finance.post(f"{page}/end", ending, page=page)).status_code == 303
    assert "编号有误" in (await finance.get(page)).text
    assert (await finance.get(page, as_of="2026-03-01")).status_code == 200
    refused = await finance.post(f"{page}/end", ending, page=page)
    assert refused.status_code == 409
    assert (await site.anonymous().get(page)).headers["location"].startswith("/sign-in")
    assert (await (await site.signed_in(world, world.institute)).get(page)).status_code == 404


@pytest.mark.requirement("R078")
async def test_exports_carry_the_day_and_no_formula(site: Site, world: World) -> None:
    await marked(world, "=cmd|' /C calc'!A0")
    clerk = await site.signed_in(world, world.university)
    answer = await clerk.get(f"{HOME}/export", format="xlsx", as_of="2026-03-16")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert "截至 2026-03-16" in str(sheet["A1"].value)
    assert "示例格式" in str(sheet["A1"].value)
    assert sheet["A3"].value == "职务科技成果单列"
    assert str(sheet["C3"].value).startswith("'="), "no spreadsheet takes it for a formula"
    text = (await clerk.get(f"{HOME}/export", format="csv", as_of="2026-03-12")).content.decode("utf-8-sig")
    assert "截至 2026-03-12" in text
    assert ",'=cmd" in text
    async with world.acting(world.university) as tx:
        logged = await tx.rows(
            select(audit_entry.c.details).where(
                audit_entry.c.tenant_id == tx.tenant_id, audit_entry.c.action == "asset_mark.export"
            )
        )
        assert {one.details["format"] for one in logged} == {"xlsx", "csv"}


@pytest.mark.requirement("R078", "R201")
async def test_the_asset_system_reads_the_marks_page_by_page(site: Site, world: World, account: dict[str, Any]) -> None:
    account["tenant"] = world.university
    for n in range(3):
        async with world.acting(world.university) as tx:
            row_id = await registered(tx, f"成果{n}")
        async with world.acting(world.university, "asset") as tx:
            assert isinstance(await workflow.mark(tx, row_id, marked_on=DAY, ground="审计"), UUID)

    async def ask(address: str, **headers: str) -> httpx.Response:
        return await site.anonymous().client.get(address, headers={"authorization": "Bearer token", **headers})

    first = await ask("/api/asset-marks?limit=2")
    assert [one["name"] for one in first.json()["items"]] == ["成果0", "成果1"]
    assert first.json()["items"][0]["booked_value"] is None
    rest = (await ask(f"/api/asset-marks?limit=2&after={first.json()['next']}")).json()
    assert ([one["name"] for one in rest["items"]], rest["next"]) == (["成果2"], None)
    same = await ask("/api/asset-marks?limit=2", **{"if-none-match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert (await ask("/api/asset-marks?as_of=2026-03-11")).json()["items"] == []
    account["tenant"] = world.institute
    assert (await ask("/api/asset-marks")).json()["items"] == []
