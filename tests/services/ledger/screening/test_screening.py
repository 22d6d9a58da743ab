"""The unit's own screening: its cycle, what stands in a round and why, results, the end, what is refused with its article."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from services.ledger import workflow as ledger
from services.ledger.entry import Right
from services.ledger.rights import workflow as rights
from services.ledger.screening import queries, workflow
from services.ledger.screening.rules import months_after, next_due
from shared.db.records import decision, outbox, workflow_event
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

HOME = "/institution/screening"
PLAN = {"every_months": 6, "first_due_on": date(2026, 4, 10), "ahead_days": 30, "basis": "单列管理办法第九条"}
ALL = ["development", "unconverted", "expiring"]


async def planned(world: World, reasons: list[str] | None = None) -> None:
    async with world.acting(world.university, "department_head") as tx:
        await workflow.set_plan(tx, **PLAN, reasons=reasons or ALL)  # type: ignore[arg-type]


async def begun(world: World) -> UUID:
    async with world.acting(world.university) as tx:
        done = await workflow.begin_round(tx)
        assert isinstance(done, UUID), done
        return done


@pytest.mark.parametrize(
    ("done", "due"),
    [
        (None, date(2026, 1, 31)),
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 2, 28), date(2026, 3, 31)),
        (date(2026, 3, 5), date(2026, 3, 31)),
    ],
)
def test_the_cycle_goes_on_from_its_first_day_however_late_a_round_was(done: date | None, due: date) -> None:
    assert next_due(date(2026, 1, 31), 1, done) == due
    assert months_after(date(2027, 12, 31), 2) == date(2028, 2, 29)


@pytest.mark.requirement("R056", "R143")
async def test_the_daily_task_begins_each_round_before_its_day_and_calls_it_to_mind(world: World) -> None:
    async with world.working(world.university) as tx:
        await workflow.follow_plan(tx)
        assert await queries.rounds(tx) == [], "the unit has set no cycle"
    await planned(world)
    async with world.working(world.university, at=datetime(2026, 3, 10, 1, tzinfo=UTC)) as tx:
        await workflow.follow_plan(tx)
        assert await queries.rounds(tx) == [], "31 days before"
    async with world.working(world.university, at=datetime(2026, 3, 11, 1, tzinfo=UTC)) as tx:
        await workflow.follow_plan(tx)
        (turn,) = await queries.rounds(tx)
        assert (turn.number, turn.due_on, turn.opened_by) == (1, date(2026, 4, 10), None)
    for day in (3, 4):
        async with world.working(world.university, at=datetime(2026, 4, day, 1, tzinfo=UTC)) as tx:
            await workflow.follow_plan(tx)
            assert len(await queries.rounds(tx)) == 1
            told = await tx.rows(select(outbox.c.payload).where(outbox.c.tenant_id == world.university))
            titles = [one.payload["title"] for one in told if one.payload.get("to_permission") == queries.JUDGE]
            assert sum("还有 7 天到期" in title for title in titles) == 1, "once, seven days before"


@pytest.mark.requirement("R056")
async def test_a_round_holds_what_the_cycle_chooses_and_says_why(world: World) -> None:
    await planned(world, ["expiring", "unconverted"])
    async with world.acting(world.university) as tx:
        ending = await registered(tx, "甲", status="converted", value=100)
        right = Right("201810862228.X", "patent_right", expires_on=date(2026, 6, 1), granted_on=date(2021, 3, 11))
        assert not isinstance(
            await rights.record_right(tx, ending, right, since=date(2026, 3, 10), reason="补充"), Refusal
        )
        idle = await registered(tx, "乙")
        sold = await registered(tx, "丙", status="converted", value=100)
        handed = await workflow.hand_to_screening(tx, [sold, sold, new_id()], "看看能否再许可")
        assert (handed.added, handed.known, handed.round_id) == (1, 0, None), "waits for the next round, once"
        gone = await registered(tx, "丁")
        await ledger.revoke(tx, gone, "重复")
    round_id = await begun(world)
    async with world.acting(world.university) as tx:
        found = {one.achievement_id: one for one in await queries.items(tx, round_id)}
        assert {row_id: one.reasons for row_id, one in found.items()} == {
            ending: ["expiring"],
            idle: ["unconverted"],
            sold: ["handed"],
        }
        assert found[sold].asked == "看看能否再许可"
        late = await registered(tx, "戊")
        assert (await workflow.hand_to_screening(tx, [late, idle])).added == 1
        assert late in {one.achievement_id for one in await queries.items(tx, round_id)}
        assert isinstance(await workflow.begin_round(tx), Refusal), "one at a time"


@pytest.mark.requirement("R056", "R143")
async def test_a_round_ends_with_a_result_for_each_and_a_summary_or_is_refused_with_the_article(world: World) -> None:
    await planned(world)
    async with world.acting(world.university) as tx:
        first, second = await registered(tx, "甲"), await registered(tx, "乙")
    round_id = await begun(world)
    async with world.acting(world.university) as tx:
        items = {one.achievement_id: one.id for one in await queries.items(tx, round_id)}
        assert await workflow.judge(tx, round_id, [items[first]], "promote", "有两家企业询价") == 1
        refused = await workflow.close_round(tx, round_id, "已筛查")
        assert isinstance(refused, Refusal)
        assert (refused.code, refused.citation and refused.citation.article) == ("duty.not_done", "第七条")
        assert "还有 1 项没有结论" in refused.message
        assert refused.inputs["missing"]
        assert await workflow.judge(tx, round_id, [items[second]], "release", "技术已过时") == 1
        empty = await workflow.close_round(tx, round_id, "")
        assert isinstance(empty, Refusal)
        assert "小结" in empty.message
        assert await workflow.close_round(tx, round_id, "两项都有结论") is None
        turn = await queries.find_round(tx, round_id)
        assert turn is not None
        assert (turn.state, turn.counts) == ("closed", {"promote": 1, "release": 1})
        for late in (
            await workflow.close_round(tx, round_id, "再来"),
            await workflow.judge(tx, round_id, [items[first]], "nurture", "改主意"),
        ):
            assert isinstance(late, Refusal)
            assert late.status == 409
        asked = await tx.rows(select(decision.c.verdict).where(decision.c.case_id == round_id))
        assert sorted(one.verdict for one in asked) == ["allowed", "refused", "refused"]
        events = await tx.rows(select(workflow_event.c.event).where(workflow_event.c.case_id == first))
        assert "self_assessed" in {one.event for one in events}
        (result,) = await queries.results_of(tx, first)
        assert (result.result, result.number) == ("promote", 1)
    async with world.acting(world.institute) as tx:
        with pytest.raises(NotFound):
            await workflow.judge(tx, round_id, [items[first]], "promote", "x")
        with pytest.raises(NotFound):
            await workflow.close_round(tx, round_id, "x")


async def test_the_pages_from_the_cycle_to_the_end(site: Site, world: World) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx, "一种高原湖泊蓝藻原位絮凝装置")
    head = await site.signed_in(world, world.university, "department_head")
    clerk = await site.signed_in(world, world.university)
    assert "还没有设定筛查周期" in (await clerk.get(HOME)).text
    form = {**PLAN, "first_due_on": "2026-04-10", "reasons": ["unconverted"]}
    wrong = await head.post(f"{HOME}/plan", {"every_months": "0", "ahead_days": "x"}, page=HOME)
    assert wrong.status_code == 422
    for field in ("every_months", "first_due_on", "ahead_days", "reasons", "basis"):
        assert f'href="#f-{field}"' in wrong.text, field
    assert (await clerk.post(f"{HOME}/plan", form, key=await clerk.form_key("/institution/claims"))).status_code == 403
    assert (await head.post(f"{HOME}/plan", form, page=HOME)).status_code == 303
    past = await clerk.post(f"{HOME}/rounds", {"due_on": "2020-01-01"}, page=HOME)
    assert "完成日期不能早于今天" in past.text
    begun_ = await clerk.post(f"{HOME}/rounds", {"due_on": "2027-04-10"}, page=HOME)
    assert begun_.status_code == 303, begun_.text
    page = begun_.headers["location"].partition("?")[0]
    shown = await clerk.get(page)
    assert "尚未转化" in shown.text
    nothing = await clerk.post(f"{page}/results", {"result": "", "finding": ""}, page=page)
    for field in ("id", "result", "finding"):
        assert f'href="#f-{field}"' in nothing.text, field
    refused = await clerk.post(f"{page}/close", {"summary": "完"}, page=page)
    assert refused.status_code == 422
    assert "第七条" in refused.text
    async with world.acting(world.university) as tx:
        (item,) = await queries.items(tx, UUID(page.rpartition("/")[2]))
    done = await clerk.post(
        f"{page}/results", {"id": str(item.id), "result": "custody", "finding": "拟托管"}, page=page
    )
    assert done.status_code == 303
    assert "集中托管运营" in (await clerk.get(page)).text
    assert "各项都有结论" in (await clerk.get(page, open="1")).text
    assert (await clerk.post(f"{page}/close", {"summary": "完"}, page=page)).status_code == 303
    assert (await clerk.get(page)).status_code == 200
    assert "集中托管运营 1 项" in (await clerk.get(HOME)).text
    assert (await site.anonymous().get(page)).headers["location"].startswith("/sign-in")
    assert (await (await site.signed_in(world, world.institute)).get(page)).status_code == 404
