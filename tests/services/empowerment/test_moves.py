"""Every state × move × audience of an application, as the table in the README says."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from services.empowerment import queries
from services.empowerment.applying.workflow import begin, submit
from services.empowerment.models import application
from services.empowerment.proceeding.workflow import record_step
from services.empowerment.reviewing.workflow import publish, record_feasibility, screen
from services.empowerment.rules import Screened
from services.empowerment.signing.workflow import Handled, record_formality, sign_agreement
from services.empowerment.workflow import MOVES, reject, return_for_correction, withdraw
from services.notices.workflow import withdraw_notice
from shared.db.transaction import Transaction
from shared.errors import Refusal
from tests.driving import Act, Around, Machine, as_role, driven
from tests.other_province import work_under_another_pack
from tests.services.empowerment import test_other_province as other
from tests.services.empowerment.arranging import (
    ANSWERS,
    DIMENSIONS,
    Prepared,
    agreement,
    announced,
    applied,
    approved,
    notice_of,
    prepare,
    screened,
    sign,
    submission,
)
from tests.services.notices.arranging import at

DAY = at("2026-03-18")
CLERK, COMPLETER, HEAD = (as_role(one, at=DAY) for one in ("clerk", "completer", "department_head"))
LATER = as_role("clerk", at=at("2026-04-01"))
EXCLUDED = {**ANSWERS, "major_interest": {"answer": "yes"}}
HELD = {**ANSWERS, "ethics": {"answer": "no", "complaint": True}}


async def _application(around: Around, state: str) -> UUID:
    """An application as far as its verbs bring it."""
    world = around.world
    ready = await prepare(world)
    if state == "draft":
        async with world.acting(ready.tenant, "completer", at=at("2026-02-20")) as tx:
            done = await begin(tx, ready.achievement_id, "ownership")
        assert isinstance(done, UUID)
        return done
    if state in ("feasibility", "approved"):
        return await (screened if state == "feasibility" else approved)(world, ready)
    if state not in ("noticed", "agreed", "formalised"):
        return await applied(world, ready)
    application_id = await announced(world, ready)
    if state != "noticed":
        assert await sign(world, ready.tenant, application_id, "2026-03-18") is None
    return application_id


async def _elsewhere(around: Around, state: str) -> UUID:
    """An application of a province with steps of its own, waiting for one of them."""
    world = await work_under_another_pack(around.world)
    if state == "step":
        return await other.applied(world)
    application_id = await other.announced(world)
    if state == "agreed":
        # no province has a step of its own after signing yet: the state's own step is named by hand
        async with world.maintenance.begin() as connection:
            await connection.execute(update(application).where(application.c.id == application_id).values(step="panel"))
    return application_id


async def _withdrawn_notice(around: Around, application_id: UUID, state: str) -> None:
    if state == "noticed":
        world = around.world
        notice_id = await notice_of(world, world.university, application_id)
        async with world.acting(world.university, at=DAY) as tx:
            assert await withdraw_notice(tx, notice_id, "内容有误") is None


async def _submit(tx: Transaction, application_id: UUID) -> Any:
    row_id = await tx.scalar(select(application.c.achievement_id).where(application.c.id == application_id))
    team = await queries.completers_of(tx, row_id)
    return await submit(tx, application_id, submission(Prepared(tx.tenant_id, row_id, tuple(team), row_id)))


def _screened(answers: Mapping[str, dict[str, Any]]) -> Act:
    async def made(tx: Transaction, application_id: UUID) -> Any:
        listed = await queries.list_in_force(tx, tx.today)
        assert listed is not None
        return await screen(tx, application_id, listed.version_id, Screened(answers, {"A-1": "no"}))

    return Act(made, CLERK, kin="screen")


def _assessed(conclusion: str) -> Act:
    return Act(lambda tx, one: record_feasibility(tx, one, DIMENSIONS, ["丙专家"], conclusion), CLERK, kin="assess")


async def _record_step(tx: Transaction, application_id: UUID) -> Any:
    found = await queries.find_application(tx, application_id)
    assert found is not None
    return await record_step(tx, application_id, found.step or "", other.PANEL)


async def _formality(tx: Transaction, application_id: UUID) -> Refusal | None:
    handled = Handled("co_ownership_registration", "变更登记通知书", date(2026, 3, 30))
    return await record_formality(tx, application_id, [handled])


EMPOWERMENT: Mapping[str, Machine] = {
    "empowerment": Machine(
        MOVES,
        _application,
        {
            "submit": Act(_submit, COMPLETER),
            "screen": _screened(ANSWERS),
            "hold": _screened(HELD),
            "exclude": _screened(EXCLUDED),
            "rescreen": _screened(ANSWERS),
            "record_feasibility": _assessed("feasible"),
            "find_infeasible": _assessed("not_feasible"),
            "publish": Act(lambda tx, one: publish(tx, one), CLERK, ready=_withdrawn_notice),
            "record_step": Act(_record_step, HEAD, arrange=_elsewhere),
            "sign_agreement": Act(lambda tx, one: sign_agreement(tx, one, agreement(tx.today)), HEAD),
            "record_formality": Act(_formality, LATER),
            "return_for_correction": Act(lambda tx, one: return_for_correction(tx, one, "plan", "请写明"), CLERK),
            "reject": Act(lambda tx, one: reject(tx, one, "不符合条件"), HEAD),
            "withdraw": Act(lambda tx, one: withdraw(tx, one, "另有安排"), COMPLETER),
        },
    )
}
(
    test_what_a_state_does_not_allow_is_refused_and_changes_nothing,
    test_what_a_state_allows_is_done_and_has_its_event,
    test_every_audience_meets_its_guard_before_any_state,
) = driven(EMPOWERMENT)
