"""Who may apply for what: pilots, completers, shares, terms, drafts, one live application for an achievement."""

import asyncio
from dataclasses import replace
from datetime import date
from fractions import Fraction
from uuid import UUID

import pytest
from sqlalchemy import func, select

from services.empowerment import queries
from services.empowerment.applying.workflow import apply, begin, save_draft, submit
from services.empowerment.models import application
from services.empowerment.reviewing.workflow import screen
from services.empowerment.rules import Screened, TeamMember
from services.empowerment.workflow import return_for_correction, withdraw
from shared.errors import Forbidden, FormInvalid, NotFound, Refusal
from tests.services.empowerment.arranging import (
    ANSWERS,
    announced,
    applied,
    is_refused,
    prepare,
    select_for_pilot,
    state_of,
    submission,
)
from tests.services.notices.arranging import add_achievement, add_person, at
from tests.world import World


async def test_an_institution_in_no_pilot_is_refused_with_article_3(world: World) -> None:
    ready = await prepare(world, selected=False)
    async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
        begun = is_refused(await begin(tx, ready.achievement_id, "ownership"), "pilot.not_selected")
        entered = is_refused(await apply(tx, ready.achievement_id, submission(ready)), "pilot.not_selected")
        left = await tx.scalar(
            select(func.count()).select_from(application).where(application.c.tenant_id == tx.tenant_id)
        )
    for refusal in (begun, entered):
        assert refusal.citation is not None
        assert refusal.citation.article == "第三条"
    assert left == 0


async def test_the_pilot_of_the_other_guideline_does_not_count(world: World) -> None:
    ready = await prepare(world, selected=False)
    await select_for_pilot(world, ready.tenant, guideline="ledger")
    await select_for_pilot(world, ready.tenant, date(2026, 6, 1))
    async with world.acting(ready.tenant, "completer", at=at("2026-05-31")) as tx:
        is_refused(await begin(tx, ready.achievement_id, "ownership"), "pilot.not_selected")
    async with world.acting(ready.tenant, "completer", at=at("2026-06-01")) as tx:
        assert isinstance(await begin(tx, ready.achievement_id, "ownership"), UUID)


@pytest.mark.parametrize(
    ("day", "code"),
    [("2025-11-08", "pilot.not_yet_in_force"), ("2028-11-09", "pilot.disputed_day"), ("2028-11-10", "pilot.expired")],
)
async def test_outside_its_validity_the_guideline_is_not_applied(world: World, day: str, code: str) -> None:
    ready = await prepare(world, selected=False)
    await select_for_pilot(world, ready.tenant, date(2025, 11, 1))
    async with world.acting(ready.tenant, "completer", at=at(day)) as tx:
        refusal = is_refused(await begin(tx, ready.achievement_id, "ownership"), code)
    assert refusal.citation is not None
    assert refusal.citation.article == "第十三条"
    async with world.acting(ready.tenant, "completer", at=at("2028-11-08", 23)) as tx:
        assert isinstance(await begin(tx, ready.achievement_id, "ownership"), UUID)


async def test_a_state_owned_enterprise_is_opened_by_a_selection_document_alone(world: World) -> None:
    ready = await prepare(world, world.enterprise, selected=False)
    async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
        refusal = is_refused(await begin(tx, ready.achievement_id, "ownership"), "pilot.unit_kind")
        assert refusal.citation is not None
        assert refusal.citation.article == "第三条"
    await select_for_pilot(world, ready.tenant)
    async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
        assert isinstance(await begin(tx, ready.achievement_id, "ownership"), UUID)


async def test_every_completer_of_the_ledger_must_have_confirmed(world: World) -> None:
    ready = await prepare(world)
    one = (TeamMember(ready.team[0], confirmed=True),)
    async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
        is_refused(await apply(tx, ready.achievement_id, submission(ready, members=one)), "team.no_consensus")


async def test_shares_are_exact(world: World) -> None:
    ready = await prepare(world)
    rounded = tuple(TeamMember(one, confirmed=True, share=Fraction("0.3333")) for one in ready.team)
    async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
        is_refused(await apply(tx, ready.achievement_id, submission(ready, members=rounded)), "shares.not_whole")


async def test_the_team_is_nobody_but_the_ledgers_completers(world: World) -> None:
    ready = await prepare(world)
    stranger = TeamMember(await add_person(world, ready.tenant, "外人"), confirmed=True)
    with pytest.raises(FormInvalid):
        async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
            await apply(tx, ready.achievement_id, submission(ready, members=(stranger,)))


async def test_a_use_right_needs_ten_years_or_the_remaining_protection(world: World) -> None:
    ready = await prepare(world)
    short = submission(
        ready,
        grant_type="use_right",
        unit_share=None,
        team_share=None,
        term_first_day=date(2026, 3, 1),
        term_last_day=date(2032, 2, 28),
        protection_last_day=date(2032, 2, 29),
    )
    async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
        refusal = is_refused(await apply(tx, ready.achievement_id, short), "term.too_short")
        assert refusal.citation is not None
        assert refusal.citation.article == "第七条(一)2"
        enough = replace(short, term_last_day=date(2032, 2, 29))
        assert isinstance(await apply(tx, ready.achievement_id, enough), UUID)


async def test_a_draft_is_saved_submitted_returned_and_submitted_again(world: World) -> None:
    ready = await prepare(world)
    async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
        application_id = await begin(tx, ready.achievement_id, "ownership")
        assert isinstance(application_id, UUID)
        assert await save_draft(tx, application_id, {"plan": "写到一半"}) is None
    async with world.acting(ready.tenant, "completer", at=at("2026-02-21")) as tx:
        saved = await queries.find_application(tx, application_id)
        assert saved is not None
        assert saved.draft == {"plan": "写到一半"}
        assert await submit(tx, application_id, submission(ready)) is None
    async with world.acting(ready.tenant, "clerk", at=at("2026-02-22")) as tx:
        assert await return_for_correction(tx, application_id, "plan", "请补充承接企业") is None
    async with world.acting(ready.tenant, "completer", at=at("2026-02-23")) as tx:
        assert await submit(tx, application_id, submission(ready, plan="与示例企业合作")) is None
        events = await queries.events_of(tx, application_id)
    assert events[0].details["changed"] == ["plan"]
    assert await state_of(world, ready.tenant, application_id) == "submitted"


async def test_nobody_submits_or_withdraws_somebody_elses_application(world: World) -> None:
    ready = await prepare(world)
    async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
        application_id = await begin(tx, ready.achievement_id, "ownership")
        assert isinstance(application_id, UUID)
    with pytest.raises(Forbidden):
        async with world.acting(ready.tenant, "clerk", at=at("2026-02-20")) as tx:
            await submit(tx, application_id, submission(ready))
    with pytest.raises(Forbidden):
        async with world.acting(ready.tenant, "clerk", at=at("2026-02-20")) as tx:
            await withdraw(tx, application_id, "不办了")


async def test_another_institution_finds_no_application(world: World) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    with pytest.raises(NotFound):
        async with world.acting(world.institute, "clerk") as tx:
            await screen(tx, application_id, ready.list_version_id, Screened(ANSWERS))


async def test_an_applicant_sees_no_other_teams_application(world: World) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    other = await add_person(world, ready.tenant, "别的完成人")
    async with world.acting(ready.tenant, "completer") as tx:
        tx.actor = replace(tx.actor, person_id=other)
        assert await queries.find_application(tx, application_id) is None
    async with world.acting(ready.tenant, "completer") as tx:
        tx.actor = replace(tx.actor, person_id=ready.team[1])
        assert await queries.find_application(tx, application_id) is not None


async def test_an_achievement_has_one_live_application(world: World) -> None:
    ready = await prepare(world)
    await applied(world, ready)
    async with world.acting(ready.tenant, "completer", at=at("2026-02-21")) as tx:
        again = await apply(tx, ready.achievement_id, submission(ready))
    assert is_refused(again, "state.stale").status == 409


async def test_two_who_apply_for_one_achievement_at_once_leave_one_application(world: World) -> None:
    ready = await prepare(world)
    await world.person(ready.tenant, "completer")

    async def enter() -> UUID | Refusal:
        async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
            return await apply(tx, ready.achievement_id, submission(ready))

    outcomes = await asyncio.gather(enter(), enter())
    assert sorted(isinstance(outcome, Refusal) for outcome in outcomes) == [False, True]


async def test_the_achievement_may_be_applied_for_again_after_a_withdrawal(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    async with world.acting(ready.tenant, "completer", at=at("2026-03-05")) as tx:
        assert await withdraw(tx, application_id, "团队另有打算") is None
        assert isinstance(await apply(tx, ready.achievement_id, submission(ready)), UUID)


async def test_a_revoked_achievement_cannot_be_applied_for(world: World) -> None:
    ready = await prepare(world)
    other = await add_achievement(world, world.institute, number=7)
    with pytest.raises(NotFound):
        async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
            await begin(tx, other, "ownership")
