"""What the authorities do with yearly reports: return, aggregate, pass on, look; deadlines that they set."""

from datetime import date, datetime
from uuid import UUID

import pytest
from sqlalchemy import select

from services.annual_report import queries, workflow
from services.annual_report.reviewing import queries as reviewing
from services.annual_report.reviewing import workflow as review
from services.annual_report.standing import standing
from services.home.delivering.workflow import deliver
from services.home.models import message
from shared.audit.tables import audit_entry
from shared.clock import SHANGHAI
from shared.errors import NotFound, Refusal
from tests.services.annual_report.arranging import (
    REPORT,
    YEAR,
    handed_over,
    small_ledger,
    submitted,
    under_pack,
)
from tests.world import World


async def test_a_return_names_its_fields_and_the_next_edition_says_what_changed(world: World) -> None:
    await small_ledger(world)
    first = await submitted(world)
    async with world.acting(world.department, "department_officer", "department") as tx:
        refused = await review.return_for_correction(tx, first, {"part:problems": " ", "part:unknown": "x"})
        assert isinstance(refused, Refusal)
        assert refused.code == "report.no_reason"
        reasons = {"part:problems": "请写具体。", "type:patent_right": "与上年不衔接。"}
        assert await review.return_for_correction(tx, first, reasons) is None
        again = await review.return_for_correction(tx, first, reasons)
        assert isinstance(again, Refusal)
        assert again.status == 409
    async with world.acting(world.university) as tx:
        row = await queries.own_report(tx, REPORT, YEAR)
        assert row is not None
        assert row.state == "returned"
        labels = [(one.field, one.label, one.reason) for one in await queries.returns_of(tx, row.id)]
        assert labels == [
            ("part:problems", "存在的突出问题", "请写具体。"),
            ("type:patent_right", "成果类型：专利权", "与上年不衔接。"),
        ]
        assert await workflow.save_narrative(tx, REPORT, YEAR, {"problems": "专业人员仅三名。"}) is None
    second = await handed_over(world)
    async with world.acting(world.department, "department_officer", "department") as tx:
        found = await reviewing.submission(tx, second)
        assert found is not None
        assert found.edition == 2
        assert [(one["label"], one["before"], one["after"]) for one in found.payload["changes"]] == [
            ("存在的突出问题", "专业人员不足。", "专业人员仅三名。")
        ]
        assert isinstance(await review.accept(tx, first), Refusal)
        assert await review.accept(tx, second) is None
    async with world.acting(world.university) as tx:
        row = await queries.own_report(tx, REPORT, YEAR)
        assert row is not None
        assert row.state == "accepted"
        assert [one.state for one in await queries.own_submissions(tx, row.id)] == ["accepted", "superseded"]


@pytest.mark.requirement("R193")
async def test_unit_and_authority_tell_each_other_on_the_report_itself(world: World) -> None:
    """The authority's words stand at the field, a message leads the unit there; its answer comes with the next edition."""
    await small_ledger(world)
    first = await submitted(world)
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert await review.return_for_correction(tx, first, {"part:problems": "请写具体。"}) is None
    for tenant, number in ((world.university, 1), (world.institute, 0), (world.department, 0)):
        async with world.working(tenant) as tx:
            await deliver(tx, None)
        async with world.acting(tenant) as tx:
            rows = await tx.rows(select(message.c.title, message.c.href).where(message.c.tenant_id == tenant))
        returned = [row.href for row in rows if "退回" in row.title]
        assert returned == [f"/institution/reports/{YEAR}/{REPORT}"] * number
    async with world.acting(world.university) as tx:
        row = await queries.own_report(tx, REPORT, YEAR)
        assert row is not None
        assert [(one.label, one.reason) for one in await queries.returns_of(tx, row.id)] == [
            ("存在的突出问题", "请写具体。")
        ]
        assert await workflow.save_narrative(tx, REPORT, YEAR, {"problems": "专业人员仅三名。"}) is None
    second = await handed_over(world)
    async with world.acting(world.department, "department_officer", "department") as tx:
        found = await reviewing.submission(tx, second)
        assert found is not None
        assert [one["after"] for one in found.payload["changes"]] == ["专业人员仅三名。"]


@pytest.mark.requirement("R083")
async def test_a_department_asking_for_a_unit_not_its_own_finds_nothing(world: World) -> None:
    """Rule 55."""
    await small_ledger(world)
    first = await submitted(world)
    for verb in (review.accept, review.look):
        async with world.acting(world.other_department, "department_officer", "department") as tx:
            with pytest.raises(NotFound):
                await verb(tx, first)
    async with world.acting(world.other_department, "department_officer", "department") as tx:
        with pytest.raises(NotFound):
            await review.return_for_correction(tx, first, {"part:problems": "无权"})


async def accepted(world: World, tenant: UUID) -> UUID:
    await small_ledger(world, tenant)
    first = await submitted(world, tenant)
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert await review.accept(tx, first) is None
    return first


@pytest.mark.requirement("R083")
@pytest.mark.requirement("R086")
async def test_a_department_adds_up_and_passes_on_to_science_and_finance(world: World) -> None:
    await accepted(world, world.university)
    await accepted(world, world.institute)
    async with world.acting(world.department, "department_officer", "department") as tx:
        aggregate_id = await review.aggregate(tx, REPORT, YEAR)
        assert isinstance(aggregate_id, UUID)
        assert await review.aggregate(tx, REPORT, YEAR) == aggregate_id
        done = await review.forward(tx, aggregate_id)
        assert not isinstance(done, Refusal)
        assert len(done) == 2
        again = await review.forward(tx, aggregate_id)
        assert isinstance(again, Refusal)
        nothing = await review.aggregate(tx, REPORT, YEAR)
        assert isinstance(nothing, Refusal)
        assert nothing.code == "report.nothing_accepted"
    for tenant, kind in ((world.science, "science"), (world.finance, "finance")):
        async with world.acting(tenant, f"{kind}_officer", kind) as tx:
            rows = await reviewing.received(tx, YEAR)
            assert [row.sender for row in rows] == ["测试省教育厅"]
            found = await reviewing.submission(tx, rows[0].id)
            assert found is not None
            whole = next(one for one in found.payload["figures"] if one["dimension"] == "all")
            assert (whole["opening"], whole["first_entry"], whole["closing"]) == (8, 4, 14)
            assert [one["name"] for one in found.payload["members"]] == ["滇池示例大学", "示例研究院"]
    async with world.acting(world.university) as tx:
        row = await queries.own_report(tx, REPORT, YEAR)
        assert row is not None
        assert row.state == "forwarded"


async def test_the_tallies_are_what_the_list_of_units_adds_up_to(world: World) -> None:
    for unit in (world.university, world.institute):
        await small_ledger(world, unit)
    sent_back = await submitted(world)
    await submitted(world, world.institute)
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert await review.return_for_correction(tx, sent_back, {"part:problems": "请写具体。"}) is None
    asked = (
        (world.science, "science_officer", "science", 4),
        (world.department, "department_officer", "department", 3),
    )
    for authority, role, kind, units in asked:
        async with world.acting(authority, role, kind) as tx:
            tallies = await reviewing.tallies(tx, YEAR)
            listed = [row for row in await reviewing.progress(tx, YEAR) if row.report == REPORT]
        assert tallies.units == len(listed) == units
        assert tallies.filed.get(REPORT) == sum(row.state in reviewing.FILED for row in listed) == 1
        assert tallies.returned.get(REPORT) == sum(row.state == "returned" for row in listed) == 1
    async with world.acting(world.finance, "finance_officer", "finance") as tx:
        assert (await reviewing.tallies(tx, YEAR)).units == 0


async def test_what_was_returned_after_the_sum_is_not_passed_on(world: World) -> None:
    first = await accepted(world, world.university)
    async with world.acting(world.department, "department_officer", "department") as tx:
        aggregate_id = await review.aggregate(tx, REPORT, YEAR)
        assert isinstance(aggregate_id, UUID)
        assert await review.return_for_correction(tx, first, {"part:problems": "请补充。"}) is None
        refused = await review.forward(tx, aggregate_id)
        assert isinstance(refused, Refusal)
        assert refused.status == 409
    async with world.acting(world.science, "science_officer", "science") as tx:
        assert await reviewing.received(tx, YEAR) == []


@pytest.mark.requirement("R130", "R165")
async def test_two_reports_with_recipients_of_their_own(world: World) -> None:
    """Rule 29: filing only the first leaves the second open."""
    await small_ledger(world)
    await under_pack(world, "cn-22")
    await submitted(world, report="work_report", texts={"work": "上一年度工作已完成。"})
    received: dict[str, list[str]] = {}
    for kind, tenant in (("science", world.science), ("department", world.department), ("finance", world.finance)):
        async with world.acting(tenant, f"{kind}_officer", kind) as tx:
            received[kind] = [row.report for row in await reviewing.received(tx, YEAR)]
    assert received == {"science": ["work_report"], "department": ["work_report"], "finance": []}
    async with world.acting(world.university) as tx:
        assert await queries.own_report(tx, "conversion_report", YEAR) is None
    texts = dict.fromkeys(("ledger", "assets", "problems", "suggestions"), "内容。")
    await submitted(world, report="conversion_report", texts=texts)
    async with world.acting(world.finance, "finance_officer", "finance") as tx:
        assert [row.report for row in await reviewing.received(tx, YEAR)] == ["conversion_report"]
    async with world.acting(world.department, "department_officer", "department") as tx:
        refused = await review.aggregate(tx, "conversion_report", YEAR)
        assert isinstance(refused, Refusal)
        assert refused.code == "report.no_aggregate"


async def test_every_look_of_an_authority_is_in_the_institutions_log(world: World) -> None:
    await small_ledger(world)
    first = await submitted(world)
    async with world.acting(world.department, "department_officer", "department") as tx:
        await review.look(tx, first)
    async with world.acting(world.university) as tx:
        row = await queries.own_report(tx, REPORT, YEAR)
        assert row is not None
        assert [look.organisation for look in await queries.looks_at(tx, row.id)] == ["测试省教育厅"]
        looks = await tx.rows(
            select(audit_entry).where(audit_entry.c.tenant_id == tx.tenant_id, audit_entry.c.outcome == "read")
        )
        assert [one.actor_organisation_id for one in looks] == [world.department]


@pytest.mark.requirement("R088")
async def test_the_province_sets_the_day_where_the_text_has_none(world: World) -> None:
    async with world.acting(world.science, "science_officer", "science") as tx:
        early = await review.set_deadline(tx, REPORT, "unit", YEAR, date(2025, 12, 31), "通知")
        assert isinstance(early, Refusal)
        assert await review.set_deadline(tx, REPORT, "unit", YEAR, date(2026, 4, 30), "关于报送年度报告的通知") is None
    async with world.acting(world.university) as tx:
        stage = (await standing(tx, REPORT, YEAR)).form.unit_stage
        assert stage.due == date(2026, 4, 30)
        assert "2026-04-30" in stage.counted
    await small_ledger(world)
    late = await submitted(world, at=datetime(2026, 5, 1, 0, 0, tzinfo=SHANGHAI))
    async with world.acting(world.department, "department_officer", "department") as tx:
        found = await reviewing.submission(tx, late)
        assert found is not None
        assert found.payload["late"] is True
