"""The yearly report within the unit: its day, what is frozen, the correction, the receipt, what is called to mind."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import openpyxl
import pytest
from sqlalchemy import func, select

from services.annual_report import workflow as reports
from services.annual_report.figures import COLUMNS
from services.annual_report.internal import queries, workflow
from services.annual_report.internal.models import STATES
from services.annual_report.models import report_figure
from services.ledger.points import Point
from shared.db.records import outbox
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from tests.services.annual_report.arranging import REPORT, YEAR, entered, small_ledger
from tests.web import Site
from tests.world import World

HOME = queries.HOME
CODE = "asset_report"


async def planned(world: World, month: int = 3, day: int = 20) -> None:
    async with world.acting(world.university, "department_head") as tx:
        await workflow.set_plan(tx, month, day, 14, "单列管理办法第十二条")


async def sent(world: World, reason: str = "") -> UUID:
    async with world.acting(world.university) as tx:
        done = await workflow.send_report(tx, CODE, YEAR, reason=reason)
        assert isinstance(done, UUID), done
        return done


async def titles(world: World, permission: str) -> list[str]:
    async with world.working(world.university) as tx:
        rows = await tx.rows(
            select(outbox.c.payload).where(outbox.c.tenant_id == tx.tenant_id, outbox.c.kind == "message")
        )
    return [one.payload["title"] for one in rows if one.payload.get("to_permission") == permission]


async def follow(world: World, day: date) -> None:
    async with world.working(world.university, at=datetime(day.year, day.month, day.day, 1, tzinfo=UTC)) as tx:
        await workflow.follow_plan(tx)


@pytest.mark.requirement("R080")
async def test_the_day_is_called_to_mind_and_on_it_the_report_goes_by_itself(world: World) -> None:
    await small_ledger(world)
    await follow(world, date(2026, 3, 16))
    async with world.acting(world.university) as tx:
        assert await queries.versions(tx) == [], "the unit has set no day"
        (todo,) = await queries.todos(tx)
        assert "还没有设定报送日期" in todo.basis
    await planned(world)
    for day in (5, 6, 18, 19):
        await follow(world, date(2026, 3, day))
    told = await titles(world, queries.SEND)
    assert sum("2026-03-20 自动冻结并报送" in one for one in told) == 2, "14 days and a day before"
    async with world.acting(world.university) as tx:
        (todo,) = await queries.todos(tx)
        assert todo.due_on == date(2026, 3, 20)
        assert await queries.versions(tx) == []
    await follow(world, date(2026, 3, 20))
    await follow(world, date(2026, 3, 21))
    async with world.acting(world.university) as tx:
        (row,) = await queries.versions(tx)
        assert (row.year, row.version, row.sent_by, row.as_of) == (2025, 1, None, date(2025, 12, 31))
        (todo,) = await queries.todos(tx)
        assert todo.permission == queries.RECEIVE
    assert len(await titles(world, queries.RECEIVE)) == 1
    for day in (26, 27):
        await follow(world, date(2026, 3, day))
    told = await titles(world, queries.RECEIVE)
    assert sum("尚未确认接收" in one for one in told) == 1, "weekly"


@pytest.mark.requirement("R081")
async def test_what_is_frozen_is_what_the_yearly_report_counts(world: World) -> None:
    await small_ledger(world)
    version_id = await sent(world)
    async with world.acting(world.university) as tx:
        row = await queries.find_version(tx, version_id)
        assert row is not None
        figures = {(one["dimension"], one["value"]): one for one in row.payload["figures"]}
        assert {part["code"] for part in row.payload["parts"]} == {"quantity", "types", "stages", "conversion"}
        assert {dimension for dimension, _ in figures} >= {"all", "type", "stage", "status"}
        other = await reports.freeze(tx, REPORT, YEAR)
        assert isinstance(other, UUID)
        table = report_figure
        counted = await tx.rows(select(table).where(table.c.tenant_id == tx.tenant_id, table.c.report_id == other))
        assert len(counted) == len(figures)
        for one in counted:
            mine = figures[one.dimension, one.value]
            assert {name: mine[name] for name in COLUMNS} == {name: getattr(one, name) for name in COLUMNS}
            assert (mine["declared"], mine["n_valued"], Decimal(mine["amount"])) == (
                one.declared,
                one.n_valued,
                one.amount,
            )


@pytest.mark.requirement("R080", "R081")
async def test_a_version_never_changes_and_a_correction_says_why(world: World) -> None:
    await small_ledger(world)
    first = await sent(world)
    async with world.acting(world.university) as tx:
        before = await queries.find_version(tx, first)
        assert before is not None
        known = await tx.recorded_now()
        await entered(tx, "补登", date(2025, 11, 1))
        refused = await workflow.send_report(tx, CODE, YEAR)
        assert isinstance(refused, Refusal)
        assert refused.code == "report.correction_reason"
        assert refused.citation is not None
        assert refused.citation.article == "第十三条"
        running = await workflow.send_report(tx, CODE, 2026)
        assert isinstance(running, Refusal)
        assert running.code == "report.year_running"
        with pytest.raises(NotFound):
            await workflow.send_report(tx, REPORT, YEAR)
    second = await sent(world, "补登一项漏报的成果")
    async with world.acting(world.university) as tx:
        after = await queries.find_version(tx, first)
        assert after is not None
        assert (after.payload, after.known_at) == (before.payload, before.known_at)
        assert [(one.id, one.version, one.state) for one in await queries.versions(tx)] == [
            (second, 2, "sent"),
            (first, 1, "superseded"),
        ]
        then = await queries.versions(tx, Point(None, known))
        assert [(one.id, one.state) for one in then] == [(first, "sent")], "as it was known"
        assert await queries.versions(tx, Point(date(2026, 3, 15))) == []
        newest = await queries.find_version(tx, second)
        assert newest is not None
        totals = [
            next(one["closing"] for one in row.payload["figures"] if one["dimension"] == "all")
            for row in (after, newest)
        ]
        assert totals[1] == totals[0] + 1
    async with world.working(world.university) as tx:
        (news,) = await tx.rows(
            select(func.count().label("n")).where(outbox.c.tenant_id == tx.tenant_id, outbox.c.kind == "push")
        )
        assert news.n == 2


@pytest.mark.parametrize("state", STATES)
async def test_every_state_of_a_version_is_received_or_refused(world: World, state: str) -> None:
    version_id = await sent(world)
    if state == "superseded":
        await sent(world, "更正")
    async with world.acting(world.university, "finance") as tx:
        if state == "received":
            assert await workflow.receive(tx, version_id, "") is None
        done = await workflow.receive(tx, version_id, "已登记")
        assert (done is None) == (state == "sent")
        if done is not None:
            assert done.code == "state.stale"
        with pytest.raises(NotFound):
            await workflow.receive(tx, new_id(), "")
    async with world.acting(world.institute, "finance") as tx:
        with pytest.raises(NotFound):
            await workflow.receive(tx, version_id, "")


async def test_the_pages_from_the_day_to_the_receipt(site: Site, world: World) -> None:
    await small_ledger(world)
    head = await site.signed_in(world, world.university, "department_head")
    clerk = await site.signed_in(world, world.university)
    finance = await site.signed_in(world, world.university, "finance")
    shown = (await clerk.get(HOME)).text
    assert "还没有设定报送日期" in shown
    assert "第十三条" in shown
    wrong = await head.post(f"{HOME}/plan", {"month": "13", "day": "x"}, page=HOME)
    for field in ("month", "day", "ahead_days", "basis"):
        assert f'href="#f-{field}"' in wrong.text, field
    plan = {"month": "3", "day": "31", "ahead_days": "14", "basis": "单列管理办法"}
    assert (await head.post(f"{HOME}/plan", plan, page=HOME)).status_code == 303
    assert (await finance.post(HOME, {}, key=await finance.form_key("/institution/sessions"))).status_code == 403
    assert (await clerk.post(HOME, {"year": "", "report": ""}, page=HOME)).status_code == 422
    made = await clerk.post(HOME, {"year": "2025", "report": CODE}, page=HOME)
    assert made.status_code == 303, made.text
    address = made.headers["location"].partition("?")[0]
    page = (await clerk.get(address)).text
    assert "截至 2025-12-31 的状态" in page
    assert "确认接收</button>" not in page
    assert "确认接收</button>" in (await finance.get(address)).text
    book = openpyxl.load_workbook(io.BytesIO((await finance.get(f"{address}/workbook")).content))
    assert "2025" in str(book.worksheets[0]["A1"].value)
    assert "2025-12-31" in str(book.worksheets[0]["A2"].value)
    done = await finance.post(f"{address}/receipt", {"receipt": "与资产账核对一致"}, page=address)
    assert done.status_code == 303
    assert "与资产账核对一致" in (await clerk.get(HOME)).text
    assert (await finance.post(f"{address}/receipt", {}, page="/institution/sessions")).status_code == 409
    assert "正在查看历史时点" in (await clerk.get(HOME, as_of="2026-01-01")).text
    refused = await clerk.post(HOME, {"year": "2025", "report": CODE}, page=HOME)
    assert refused.status_code == 422
    assert (await site.anonymous().get(HOME)).headers["location"].startswith("/sign-in")
    assert (await (await site.signed_in(world, world.institute)).get(address)).status_code == 404
