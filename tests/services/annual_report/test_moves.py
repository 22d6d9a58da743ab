"""Every state × move × audience of yearly reports, of what is added up, of the report within the unit, as in the README."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.annual_report import workflow
from services.annual_report.internal import workflow as internal
from services.annual_report.models import report_submission
from services.annual_report.reviewing import workflow as review
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.ids import new_id
from tests.driving import Act, Around, Machine, as_role, driven
from tests.services.annual_report.arranging import REPORT, YEAR, frozen, small_ledger, submitted, written
from tests.services.annual_report.test_internal import CODE, sent

CLERK, HEAD = as_role("clerk"), as_role("department_head")
DEPARTMENT = as_role("department_officer", "department", "department")


async def _report(around: Around, state: str) -> UUID:
    world = around.world
    await small_ledger(world)
    if state == "draft":
        report_id = await frozen(world)
        await written(world)
        return report_id
    submission_id = await submitted(world)
    async with DEPARTMENT(around) as tx:
        report_id = UUID(
            str(await tx.scalar(select(report_submission.c.report_id).where(report_submission.c.id == submission_id)))
        )
        if state == "returned":
            reasons = {"part:problems": "请写具体。"}
            assert await review.return_for_correction(tx, submission_id, reasons) is None
        if state in ("accepted", "forwarded"):
            assert await review.accept(tx, submission_id) is None
        if state == "forwarded":
            assert not isinstance(await _forward(tx, report_id), Refusal)
    return report_id


async def _submission(tx: Transaction, report_id: UUID) -> UUID:
    """What the department has of a report."""
    table = report_submission
    found = await tx.scalar(
        select(table.c.id).where(table.c.report_id == report_id, table.c.department_id == tx.scope.organisation_id)
    )
    return found or new_id()


async def _return(tx: Transaction, report_id: UUID) -> Refusal | None:
    reasons = {"part:problems": "请写具体。"}
    return await review.return_for_correction(tx, await _submission(tx, report_id), reasons)


async def _accept(tx: Transaction, report_id: UUID) -> Refusal | None:
    return await review.accept(tx, await _submission(tx, report_id))


async def _forward(tx: Transaction, _: UUID) -> Any:
    """All that is accepted, added up and passed on."""
    made = await review.aggregate(tx, REPORT, YEAR)
    return made if isinstance(made, Refusal) else await review.forward(tx, made)


async def _aggregate(around: Around, _: str) -> UUID:
    await _report(around, "accepted")
    async with DEPARTMENT(around) as tx:
        made = await review.aggregate(tx, REPORT, YEAR)
    assert isinstance(made, UUID)
    return made


async def _internal(around: Around, state: str) -> UUID:
    await small_ledger(around.world)
    first = await sent(around.world)
    if state == "superseded":
        await sent(around.world, "更正")
    return first


SUBMIT = Act(lambda tx, _: workflow.submit(tx, REPORT, YEAR), HEAD, kin="submit", by_rule=True)
REPORTS: Mapping[str, Machine] = {
    "annual_report": Machine(
        workflow.MOVES,
        _report,
        {
            "submit": SUBMIT,
            "resubmit": SUBMIT,
            "return_for_correction": Act(_return, DEPARTMENT),
            "accept": Act(_accept, DEPARTMENT),
            "forward": Act(_forward, DEPARTMENT, by_rule=True),
        },
    ),
    "report_aggregate": Machine(review.AGGREGATE_MOVES, _aggregate, {"forward": Act(review.forward, DEPARTMENT)}),
    "asset_report": Machine(
        internal.MOVES,
        _internal,
        {
            "receive": Act(lambda tx, one: internal.receive(tx, one, "已入账"), as_role("finance")),
            "supersede": Act(lambda tx, _: internal.send_report(tx, CODE, YEAR, reason="更正"), CLERK),
        },
    ),
}
(
    test_what_a_state_does_not_allow_is_refused_and_changes_nothing,
    test_what_a_state_allows_is_done_and_has_its_event,
    test_every_audience_meets_its_guard_before_any_state,
) = driven(REPORTS)
