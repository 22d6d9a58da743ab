"""Screening against the list in force, and the feasibility review."""

from datetime import date

import pytest
from sqlalchemy import func, select, update

from services.empowerment import queries
from services.empowerment.models import screening
from services.empowerment.reviewing.workflow import record_feasibility, screen
from services.empowerment.rules import Screened
from shared.db.records import decision
from tenants.people import person
from tests.services.empowerment.arranging import (
    ANSWERS,
    DIMENSIONS,
    announced,
    applied,
    is_refused,
    list_hash,
    prepare,
    put_list_in_force,
    screened,
    sign,
    state_of,
)
from tests.services.notices.arranging import at
from tests.world import World


async def test_an_incomplete_screening_is_refused_and_changes_nothing(world: World) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    async with world.acting(ready.tenant, "clerk", at=at("2026-02-24")) as tx:
        partly = {code: one for code, one in ANSWERS.items() if code != "ethics"}
        is_refused(
            await screen(tx, application_id, ready.list_version_id, Screened(partly, {"A-1": "no"})),
            "screening.unanswered.ethics",
        )
        is_refused(
            await screen(tx, application_id, ready.list_version_id, Screened(ANSWERS)), "screening.unanswered_items"
        )
    assert await state_of(world, ready.tenant, application_id) == "submitted"


@pytest.mark.parametrize(
    ("answers", "item", "state", "article"),
    [
        ({**ANSWERS, "major_interest": {"answer": "yes"}}, "no", "rejected", "第五条1"),
        ({**ANSWERS, "ethics": {"answer": "no", "complaint": True}}, "no", "screening", "第五条3"),
        (ANSWERS, "yes", "rejected", "第八条(二)"),
    ],
)
async def test_a_complete_screening_passes_holds_or_excludes(
    world: World, answers: dict[str, dict[str, object]], item: str, state: str, article: str
) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    async with world.acting(ready.tenant, "clerk", at=at("2026-02-24")) as tx:
        outcome = await screen(tx, application_id, ready.list_version_id, Screened(answers, {"A-1": item}))
        assert outcome is None
        kept = await tx.row(select(decision.c.answer).where(decision.c.question == "screening.result"))
    assert await state_of(world, ready.tenant, application_id) == state
    assert kept is not None
    assert article in [finding["citation"]["article"] for finding in kept.answer["findings"]]


async def test_screening_keeps_the_list_version_and_a_new_version_is_screened_again_before_signing(
    world: World,
) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    newer = await put_list_in_force(world, 2, date(2026, 3, 10))
    refusal = is_refused(await sign(world, ready.tenant, application_id, "2026-03-18"), "screening.other_list_version")
    assert refusal.citation is not None
    async with world.acting(ready.tenant, "clerk", at=at("2026-03-18", 11)) as tx:
        old = await screen(tx, application_id, ready.list_version_id, Screened(ANSWERS, {"A-1": "no"}))
        is_refused(old, "screening.other_list_version")
        assert await screen(tx, application_id, newer, Screened(ANSWERS, {"A-2": "no"})) is None
        kept = await tx.rows(
            select(screening.c.list_number, screening.c.list_hash)
            .where(screening.c.tenant_id == tx.tenant_id)
            .order_by(screening.c.recorded_at)
        )
    assert [tuple(row) for row in kept] == [(1, list_hash(1)), (2, list_hash(2))]
    assert await sign(world, ready.tenant, application_id, "2026-03-18", 12) is None


async def test_screening_again_may_exclude_and_takes_the_notice_back(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    newer = await put_list_in_force(world, 2, date(2026, 3, 10))
    async with world.acting(ready.tenant, "clerk", at=at("2026-03-11")) as tx:
        assert await screen(tx, application_id, newer, Screened(ANSWERS, {"A-2": "yes"})) is None
    assert await state_of(world, ready.tenant, application_id) == "rejected"
    async with world.acting(ready.tenant) as tx:
        from services.notices.queries import find_notice

        found = await find_notice(tx, (await queries.notice_ids_of(tx, application_id))[0])
    assert found is not None
    assert found.state == "withdrawn"


async def test_without_a_list_nothing_is_screened(world: World) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    async with world.maintenance.begin() as connection:
        from services.negative_list.models import list_version

        await connection.execute(
            update(list_version)
            .where(list_version.c.province_id == world.province_id)
            .values(ended_on=date(2026, 2, 1))
        )
    async with world.acting(ready.tenant, "clerk", at=at("2026-02-24")) as tx:
        is_refused(
            await screen(tx, application_id, ready.list_version_id, Screened(ANSWERS, {"A-1": "no"})),
            "screening.no_list",
        )


async def test_a_feasibility_review_needs_every_dimension_and_a_reviewer_and_leaves_no_name_when_refused(
    world: World,
) -> None:
    ready = await prepare(world)
    application_id = await screened(world, ready)
    async with world.acting(ready.tenant, "clerk", at=at("2026-02-26")) as tx:
        partly = {**DIMENSIONS, "market_prospect": " "}
        is_refused(
            await record_feasibility(tx, application_id, partly, ["丙专家"], "feasible"),
            "feasibility.missing.market_prospect",
        )
        is_refused(await record_feasibility(tx, application_id, DIMENSIONS, [], "feasible"), "feasibility.no_reviewer")
        named = await tx.scalar(
            select(func.count())
            .select_from(person)
            .where(person.c.tenant_id == tx.tenant_id, person.c.name == "丙专家")
        )
    assert named == 0


async def test_an_infeasible_achievement_ends_the_application(world: World) -> None:
    ready = await prepare(world)
    application_id = await screened(world, ready)
    async with world.acting(ready.tenant, "clerk", at=at("2026-02-26")) as tx:
        assert await record_feasibility(tx, application_id, DIMENSIONS, ["丙专家"], "not_feasible") is None
    assert await state_of(world, ready.tenant, application_id) == "rejected"
