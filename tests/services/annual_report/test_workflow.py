"""Yearly reports of an institution on a real database: freezing, texts, sums, submission."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from services.annual_report import queries, workflow
from services.annual_report.reviewing import queries as reviewing
from services.annual_report.reviewing import workflow as review
from services.annual_report.standing import standing
from services.ledger import workflow as ledger
from shared.db.records import decision
from shared.errors import Refusal
from tests.services.annual_report.arranging import (
    REPORT,
    YEAR,
    deal,
    frozen,
    imported,
    small_ledger,
    submitted,
    under_pack,
    written,
)
from tests.world import World


async def figures(world: World, dimension: str = "type", tenant: UUID | None = None) -> dict[str, tuple[int, ...]]:
    async with world.acting(tenant or world.university) as tx:
        found = await standing(tx, REPORT, YEAR)
    return {line.value: tuple(line.figures.values()) for line in found.lines if line.dimension == dimension}


async def test_a_freeze_counts_the_year_with_imported_ledgers_on_a_line_of_their_own(world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    # opening, first entry, added, removed, closing
    assert await figures(world, "all") == {"": (4, 2, 1, 0, 7)}
    assert await figures(world, "type") == {"patent_right": (4, 0, 1, 0, 5), "software_copyright": (0, 2, 0, 0, 2)}
    assert await figures(world, "status") == {"not_converted": (4, 2, 1, 1, 6), "converted": (0, 0, 1, 0, 1)}
    assert await figures(world, "deal") == {"licence": (0, 0, 1, 0, 1)}


async def test_the_stage_that_is_proven_counts_and_the_declared_one_stands_beside_it(world: World) -> None:
    async with world.acting(world.university) as tx:
        await imported(tx, ["甲", "乙"], date(2025, 6, 30), stage_declared="development")
        await imported(tx, ["丙"], date(2025, 6, 30))
    await frozen(world)
    async with world.acting(world.university) as tx:
        lines = {one.value: one for one in (await standing(tx, REPORT, YEAR)).lines if one.dimension == "stage"}
    assert (lines["research"].closing, lines["research"].declared) == (3, 1)
    assert (lines["development"].closing, lines["development"].declared) == (0, 2)


@pytest.mark.requirement("R205")
async def test_what_is_entered_after_the_freeze_is_a_correction_with_a_reason(world: World) -> None:
    """Rule 32: signed on 2025-12-30 and entered before the freeze it counts, entered later it makes version 2."""
    ids = await small_ledger(world)
    report_id = await frozen(world)
    async with world.acting(world.university) as tx:
        done = await ledger.record_conversion(tx, ids["new"], deal(date(2025, 12, 30)))
        assert isinstance(done, UUID)
    assert (await figures(world, "deal"))["licence"][-1] == 1
    async with world.acting(world.university) as tx:
        refused = await workflow.freeze(tx, REPORT, YEAR)
        assert isinstance(refused, Refusal)
        assert refused.code == "report.correction_reason"
        assert await workflow.freeze(tx, REPORT, YEAR, reason="补登一份合同") == report_id
    assert (await figures(world, "deal"))["licence"][-1] == 2
    async with world.acting(world.university) as tx:
        first = await queries.counted_lines(tx, report_id, 1, (await standing(tx, REPORT, YEAR)).governed.pack)
        assert next(one.closing for one in first if one.dimension == "deal") == 1


async def test_a_year_that_is_not_over_is_not_frozen(world: World) -> None:
    async with world.acting(world.university) as tx:
        refused = await workflow.freeze(tx, REPORT, 2026)
    assert isinstance(refused, Refusal)
    assert refused.code == "report.year_running"
    assert refused.citation is not None
    assert refused.citation.article == "第十七条"


async def test_every_figure_shows_the_achievements_it_consists_of(world: World) -> None:
    ids = await small_ledger(world)
    report_id = await frozen(world)
    async with world.acting(world.university) as tx:
        found = await standing(tx, REPORT, YEAR)
        assert found.frozen is not None
        for line in found.lines:
            for column, count in line.figures.items():
                if queries.is_figure(line.dimension, column):
                    rows = await queries.rows_behind(
                        tx, report_id, 1, line.dimension, line.value, column, frozen=found.frozen
                    )
                    assert len(rows) == count, (line, column)
        added = await queries.rows_behind(tx, report_id, 1, "type", "patent_right", "added", frozen=found.frozen)
        assert [row.id for row in added] == [ids["new"]]


async def test_a_later_correction_does_not_move_frozen_rows(world: World) -> None:
    ids = await small_ledger(world)
    report_id = await frozen(world)
    async with world.acting(world.university) as tx:
        done = await ledger.correct(
            tx, ids["new"], {"type": "software_copyright"}, since=date(2025, 9, 1), reason="类型有误"
        )
        assert not isinstance(done, Refusal)
    async with world.acting(world.university) as tx:
        found = await standing(tx, REPORT, YEAR)
        assert found.frozen is not None
        rows = await queries.rows_behind(tx, report_id, 1, "type", "patent_right", "added", frozen=found.frozen)
        assert [(row.id, row.type) for row in rows] == [(ids["new"], "patent_right")]
        assert (await queries.changed_since(tx, found.frozen.as_of, found.frozen.known_at))[0] == 1


async def test_sums_that_do_not_add_up_are_each_named_with_the_figure_expected(world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    await written(world)
    wrong = {
        "type:patent_right": {"opening": 4, "first_entry": 0, "added": 1, "removed": 0, "closing": 9},
        "type:software_copyright": {"opening": 0, "first_entry": 2, "added": 3, "removed": 0, "closing": 2},
        "status:converted": {"opening": 0, "first_entry": 0, "added": 1, "removed": 0, "closing": 4},
    }
    async with world.acting(world.university) as tx:
        assert await workflow.state_figures(tx, REPORT, YEAR, wrong, "上年度纸质台账") is None
        refused = await workflow.submit(tx, REPORT, YEAR)
    assert isinstance(refused, Refusal)
    messages = [one.message for one in refused.findings]
    assert any("专利权" in one and "应为5" in one and "9" in one for one in messages)
    assert any("应为5" in one and "2" in one and "软件著作权" in one for one in messages)
    assert any("转化状态" in one and "应为1" in one for one in messages)
    async with world.acting(world.university) as tx:
        row = await queries.own_report(tx, REPORT, YEAR)
        assert row is not None
        assert row.state == "draft"
        assert await queries.own_submissions(tx, row.id) == []


async def test_stated_figures_need_a_reason_and_stand_beside_the_counted_ones(world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    even = {"type:patent_right": {"opening": 5, "first_entry": 0, "added": 1, "removed": 0, "closing": 6}}
    async with world.acting(world.university) as tx:
        refused = await workflow.state_figures(tx, REPORT, YEAR, even, " ")
        assert isinstance(refused, Refusal)
        assert await workflow.state_figures(tx, REPORT, YEAR, even, "一项未登记") is None
    async with world.acting(world.university) as tx:
        lines = {line.key: line for line in (await standing(tx, REPORT, YEAR)).lines}
    assert (lines["type:patent_right"].closing, lines["type:patent_right"].counted["closing"]) == (6, 5)  # type: ignore[index]
    assert lines["all:"].closing == 8


@pytest.mark.requirement("R086")
async def test_a_unit_files_to_its_department_alone_and_not_to_the_science_department(world: World) -> None:
    """Rule 31."""
    await small_ledger(world)
    await frozen(world)
    await written(world)
    async with world.acting(world.university, "department_head") as tx:
        refused = await workflow.submit(tx, REPORT, YEAR, ["science"])
        assert isinstance(refused, Refusal)
        assert refused.code == "report.not_a_recipient"
        done = await workflow.submit(tx, REPORT, YEAR)
    assert isinstance(done, list)
    assert len(done) == 1
    async with world.acting(world.science, "science_officer", "science") as tx:
        assert await reviewing.received(tx, YEAR) == []
        assert await reviewing.submission(tx, done[0]) is None
    async with world.acting(world.other_department, "department_officer", "department") as tx:
        assert await reviewing.submission(tx, done[0]) is None
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert [row.id for row in await reviewing.received(tx, YEAR)] == done


async def test_a_second_submission_of_the_same_year_is_refused(world: World) -> None:
    await small_ledger(world)
    await submitted(world)
    async with world.acting(world.university, "department_head") as tx:
        refused = await workflow.submit(tx, REPORT, YEAR)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.status) == ("report.already_submitted", 409)
    async with world.acting(world.university) as tx:
        assert isinstance(await workflow.freeze(tx, REPORT, YEAR, reason="再冻结"), Refusal)
        assert isinstance(await workflow.save_narrative(tx, REPORT, YEAR, {"problems": "改"}), Refusal)


async def test_two_people_submit_at_once_and_one_edition_stands(world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    await written(world)

    async def once() -> Any:
        async with world.acting(world.university, "department_head") as tx:
            return await workflow.submit(tx, REPORT, YEAR)

    outcomes = await asyncio.gather(once(), once())
    assert sorted(isinstance(one, Refusal) for one in outcomes) == [False, True]
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert [row.edition for row in await reviewing.received(tx, YEAR)] == [1]


@pytest.mark.requirement("R087")
async def test_missing_texts_are_named(world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    await written(world, texts={"problems": "专业人员不足。"})
    async with world.acting(world.university, "department_head") as tx:
        refused = await workflow.submit(tx, REPORT, YEAR)
    assert isinstance(refused, Refusal)
    assert refused.inputs["missing"] == ["rewards", "implementation", "suggestions"]
    assert "奖励报酬分配情况" in refused.message


async def test_decisions_keep_question_facts_and_pack(world: World) -> None:
    await small_ledger(world)
    first = await submitted(world)
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert await review.accept(tx, first) is None
    async with world.acting(world.university) as tx:
        row = await queries.own_report(tx, REPORT, YEAR)
        assert row is not None
        rows = await tx.rows(select(decision).where(decision.c.tenant_id == tx.tenant_id, decision.c.case_id == row.id))
        events = [one.event for one in await queries.events_of(tx, row.id)]
    assert {one.question for one in rows} == {"report.stages", "report.recipient", "report.due", "report.balance"}
    assert all(one.pack_version_id == world.pack_version_id for one in rows)
    assert events == ["accepted", "submitted", "narrative_saved", "frozen"]


@pytest.mark.requirement("R197")
async def test_old_years_keep_their_form_under_a_new_pack(world: World) -> None:
    await small_ledger(world)
    await frozen(world)
    await under_pack(world, "cn-22")
    async with world.acting(world.university) as tx:
        found = await standing(tx, REPORT, YEAR)
    assert [one.code for one in found.form.contents][-1] == "suggestions"
    assert found.row is not None
    assert found.form.version == found.row.form_version
