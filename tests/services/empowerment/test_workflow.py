"""The way to an agreement against a real database: exact instants, refusals with their articles, one winner."""

import asyncio
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, select

from services.empowerment import queries
from services.empowerment.applying.workflow import submit
from services.empowerment.models import STATES, agreement
from services.empowerment.reviewing.workflow import publish, record_feasibility, screen
from services.empowerment.rules import Screened
from services.empowerment.signing.workflow import Handled, record_formality, sign_agreement
from services.empowerment.workflow import MOVES, reject, return_for_correction, withdraw
from services.notices.queries import objections_to
from services.notices.workflow import answer_objection, raise_objection, withdraw_notice
from shared.audit.tables import audit_entry
from shared.db.records import decision
from shared.errors import Refusal
from tests.services.empowerment.arranging import (
    ANSWERS,
    DIMENSIONS,
    announced,
    applied,
    approved,
    is_refused,
    list_hash,
    notice_of,
    prepare,
    sign,
    state_of,
    submission,
)
from tests.services.empowerment.arranging import (
    agreement as paper,
)
from tests.services.notices.arranging import at
from tests.world import World


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
    assert (kept.verdict, kept.list_hash) == ("refused", list_hash(1))
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


async def test_two_who_sign_at_once_leave_one_agreement(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    await world.person(ready.tenant, "department_head")
    outcomes = await asyncio.gather(
        sign(world, ready.tenant, application_id, "2026-03-18"), sign(world, ready.tenant, application_id, "2026-03-18")
    )
    (lost,) = [outcome for outcome in outcomes if outcome is not None]
    assert lost.code == "state.stale"


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
