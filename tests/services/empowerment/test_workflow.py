"""The way to an agreement against a real database: exact instants, refusals with their articles, one winner."""

import asyncio
from dataclasses import replace
from datetime import date
from fractions import Fraction
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from services.empowerment import queries
from services.empowerment.applying.workflow import apply, begin, save_draft, submit
from services.empowerment.models import STATES, agreement, application, screening
from services.empowerment.reviewing.workflow import publish, record_feasibility, screen
from services.empowerment.rules import Screened, TeamMember
from services.empowerment.signing.workflow import Handled, record_formality, sign_agreement
from services.empowerment.workflow import MOVES, reject, return_for_correction, withdraw
from services.notices.queries import objections_to
from services.notices.workflow import answer_objection, raise_objection, withdraw_notice
from shared.audit.tables import audit_entry
from shared.db.records import decision
from shared.errors import Forbidden, FormInvalid, NotFound, Refusal
from tenants.people import person
from tests.services.empowerment.arranging import (
    ANSWERS,
    DIMENSIONS,
    announced,
    applied,
    approved,
    is_refused,
    prepare,
    put_list_in_force,
    screened,
    select_for_pilot,
    state_of,
    submission,
)
from tests.services.empowerment.arranging import (
    agreement as paper,
)
from tests.services.notices.arranging import add_achievement, add_person, at
from tests.world import World


async def sign(world: World, tenant: UUID, application_id: UUID, day: str, hour: int = 10) -> Refusal | None:
    moment = at(day, hour)
    async with world.acting(tenant, "department_head", at=moment) as tx:
        return await sign_agreement(tx, application_id, paper(moment.date()))


async def notice_of(world: World, tenant: UUID, application_id: UUID) -> UUID:
    async with world.acting(tenant) as tx:
        return (await queries.notice_ids_of(tx, application_id))[0]


@pytest.mark.requirement("R035")
async def test_the_walk_from_application_to_formalities(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready, "2026-03-02")
    notice_id = await notice_of(world, ready.tenant, application_id)

    async with world.acting(ready.tenant, "leadership", at=at("2026-03-10")) as tx:
        objection_id = await raise_objection(tx, notice_id, "权属比例不妥")
    assert isinstance(objection_id, UUID)

    day_15 = is_refused(await sign(world, ready.tenant, application_id, "2026-03-17", 16), "notice.running")
    assert day_15.citation is not None
    assert day_15.citation.article == "第八条(三)"
    assert day_15.citation.quote.startswith("公示期满且无异议后")

    day_16 = is_refused(await sign(world, ready.tenant, application_id, "2026-03-18", 0), "objection.open")
    assert day_16.citation is not None
    assert day_16.citation.article == "第八条(三)"

    async with world.acting(ready.tenant, "clerk", at=at("2026-03-18", 9)) as tx:
        assert await answer_objection(tx, objection_id, "比例经全体确认", upheld=False, result_published=True) is None
    assert await sign(world, ready.tenant, application_id, "2026-03-18", 10) is None
    assert await state_of(world, ready.tenant, application_id) == "agreed"

    async with world.acting(ready.tenant, "clerk", at=at("2026-04-01")) as tx:
        missing = await record_formality(tx, application_id, [])
        is_refused(missing, "formality.co_ownership_registration")
        done = await record_formality(
            tx, application_id, [Handled("co_ownership_registration", "变更登记通知书", date(2026, 3, 30))]
        )
    assert done is None
    assert await state_of(world, ready.tenant, application_id) == "formalised"


async def test_a_refused_signing_leaves_its_decision_and_audit_row_and_nothing_else(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    await sign(world, ready.tenant, application_id, "2026-03-17", 16)
    assert await state_of(world, ready.tenant, application_id) == "noticed"
    async with world.acting(ready.tenant) as tx:
        kept = await tx.row(
            select(decision.c.verdict, decision.c.facts, decision.c.list_hash).where(
                decision.c.tenant_id == tx.tenant_id, decision.c.question == "agreement.may_sign"
            )
        )
        seen = await tx.row(
            select(audit_entry.c.outcome, audit_entry.c.details).where(
                audit_entry.c.tenant_id == tx.tenant_id, audit_entry.c.action == "empowerment.sign_agreement"
            )
        )
        signed = await tx.scalar(
            select(func.count()).select_from(agreement).where(agreement.c.tenant_id == tx.tenant_id)
        )
    assert kept is not None
    assert (kept.verdict, kept.list_hash) == ("refused", f"{1:064d}")
    assert kept.facts["notice"]["days"] == 15
    assert seen is not None
    assert (seen.outcome, seen.details["article"]) == ("refused", "第八条(三)")
    assert signed == 0


@pytest.mark.requirement("R035")
async def test_signing_is_recorded_from_the_first_minute_of_day_16(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    assert await sign(world, ready.tenant, application_id, "2026-03-18", 0) is None


async def test_an_agreement_dated_within_the_notice_is_refused_afterwards_too(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    async with world.acting(ready.tenant, "department_head", at=at("2026-03-25")) as tx:
        is_refused(await sign_agreement(tx, application_id, paper(date(2026, 3, 17))), "notice.running")
        assert await sign_agreement(tx, application_id, paper(date(2026, 3, 18))) is None


async def test_a_late_objection_is_recorded_and_does_not_block(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    notice_id = await notice_of(world, ready.tenant, application_id)
    async with world.acting(ready.tenant, "leadership", at=at("2026-03-18", 0, 10)) as tx:
        assert isinstance(await raise_objection(tx, notice_id, "迟来的异议"), UUID)
    assert await sign(world, ready.tenant, application_id, "2026-03-18") is None
    async with world.acting(ready.tenant) as tx:
        (late,) = await objections_to(tx, notice_id)
    assert late.state == "late"


async def test_an_objection_that_is_upheld_blocks_for_good(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    notice_id = await notice_of(world, ready.tenant, application_id)
    async with world.acting(ready.tenant, "leadership", at=at("2026-03-10")) as tx:
        objection_id = await raise_objection(tx, notice_id, "成果有权属争议")
    assert isinstance(objection_id, UUID)
    async with world.acting(ready.tenant, "clerk", at=at("2026-03-12")) as tx:
        await answer_objection(tx, objection_id, "属实", upheld=True, result_published=True)
    is_refused(await sign(world, ready.tenant, application_id, "2026-03-20"), "objection.upheld")


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


async def test_two_who_sign_at_once_leave_one_agreement(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    await world.person(ready.tenant, "department_head")
    outcomes = await asyncio.gather(
        sign(world, ready.tenant, application_id, "2026-03-18"), sign(world, ready.tenant, application_id, "2026-03-18")
    )
    (lost,) = [outcome for outcome in outcomes if outcome is not None]
    assert lost.code == "state.stale"


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
    assert [tuple(row) for row in kept] == [(1, f"{1:064d}"), (2, f"{2:064d}")]
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


@pytest.mark.requirement("R036")
@pytest.mark.parametrize("missing", ["scope", "shares", "income", "costs", "improvements", "breach"])
async def test_an_ownership_agreement_needs_its_six_clauses(world: World, missing: str) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    async with world.acting(ready.tenant, "department_head", at=at("2026-03-18")) as tx:
        partly = paper(date(2026, 3, 18))
        partly = replace(partly, clauses={**partly.clauses, missing: "  "})
        refusal = is_refused(await sign_agreement(tx, application_id, partly), f"clause.{missing}")
    assert refusal.citation is not None
    assert refusal.citation.article == "第八条(三)1"


async def test_a_withdrawn_notice_is_published_anew_and_counts_from_then(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready, "2026-03-02")
    async with world.acting(ready.tenant, "clerk", at=at("2026-03-09")) as tx:
        assert isinstance(await publish(tx, application_id), Refusal)
        await withdraw_notice(tx, (await queries.notice_ids_of(tx, application_id))[0], "附件有误")
    is_refused(await sign(world, ready.tenant, application_id, "2026-03-20"), "notice.missing")
    async with world.acting(ready.tenant, "clerk", at=at("2026-03-09")) as tx:
        assert await publish(tx, application_id) is None
    is_refused(await sign(world, ready.tenant, application_id, "2026-03-24"), "notice.running")
    assert await sign(world, ready.tenant, application_id, "2026-03-25") is None


async def test_a_fourteen_day_notice_is_refused_and_the_case_waits(world: World) -> None:
    ready = await prepare(world)
    application_id = await approved(world, ready)
    async with world.acting(ready.tenant, "clerk", at=at("2026-03-02")) as tx:
        is_refused(await publish(tx, application_id, days=14), "notice.too_short")
    assert await state_of(world, ready.tenant, application_id) == "approved"


async def test_the_achievement_may_be_applied_for_again_after_a_withdrawal(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    async with world.acting(ready.tenant, "completer", at=at("2026-03-05")) as tx:
        assert await withdraw(tx, application_id, "团队另有打算") is None
        assert isinstance(await apply(tx, ready.achievement_id, submission(ready)), UUID)


LEGAL = {
    "submit": {"draft", "returned"},
    "screen": {"submitted", "screening"},
    "hold": {"submitted", "screening"},
    "exclude": {"submitted", "screening", "noticed"},
    "rescreen": {"noticed"},
    "record_feasibility": {"feasibility"},
    "find_infeasible": {"feasibility"},
    "publish": {"approved", "noticed"},
    "record_step": {"step", "noticed", "agreed"},
    "sign_agreement": {"noticed"},
    "record_formality": {"agreed"},
    "return_for_correction": {"submitted", "screening", "feasibility", "approved", "step", "noticed"},
    "reject": {"submitted", "screening", "feasibility", "approved", "step", "noticed"},
    "withdraw": {"draft", "returned", "submitted", "screening", "feasibility", "approved", "step", "noticed"},
}


@pytest.mark.parametrize("state", [str(state) for state in STATES])
@pytest.mark.parametrize("name", [move.name for move in MOVES.moves])
def test_every_move_from_every_state_is_legal_or_refused(state: str, name: str) -> None:
    assert (MOVES.refusal(name, state) is None) is (state in LEGAL[name])


async def test_a_finished_case_refuses_every_verb(world: World) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    async with world.acting(ready.tenant, "clerk", at=at("2026-02-24")) as tx:
        assert await reject(tx, application_id, "材料不实") is None
    async with world.acting(ready.tenant, "completer", at=at("2026-02-25")) as tx:
        outcomes = [
            await submit(tx, application_id, submission(ready)),
            await screen(tx, application_id, ready.list_version_id, Screened(ANSWERS, {"A-1": "no"})),
            await record_feasibility(tx, application_id, DIMENSIONS, ["丙专家"], "feasible"),
            await publish(tx, application_id),
            await sign_agreement(tx, application_id, paper(date(2026, 2, 25))),
            await record_formality(tx, application_id, []),
            await return_for_correction(tx, application_id, "", "再改"),
            await reject(tx, application_id, "再退"),
            await withdraw(tx, application_id, "撤回"),
        ]
    assert [outcome.code for outcome in outcomes if outcome] == ["state.stale"] * 9


async def test_a_revoked_achievement_cannot_be_applied_for(world: World) -> None:
    ready = await prepare(world)
    other = await add_achievement(world, world.institute, number=7)
    with pytest.raises(NotFound):
        async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
            await begin(tx, other, "ownership")
