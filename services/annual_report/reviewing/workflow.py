"""The authorities' verbs: look, return, accept, aggregate, forward, set the due day. Their traces stand with the institution."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.annual_report import refusals, rules
from services.annual_report.addressing import Addressed, addressed, say_who_is_absent
from services.annual_report.figures import summed
from services.annual_report.models import (
    AGGREGATE_STATES,
    report_aggregate,
    report_deadline,
    report_return,
    report_submission,
)
from services.annual_report.payload import aggregate_of, aggregate_workbook, fields_of, file_note, lines_of, title_of
from services.annual_report.queries import CASE, unit_of
from services.annual_report.reviewing import queries
from services.annual_report.rules import Asked, Form, Stage
from services.annual_report.workflow import FORWARD, MOVES
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from shared.ui.words import of_year
from shared.workflow import Move, Moves, move, record_decision, record_event, refuse, send
from tenants.packs import Governing, governing

AGGREGATE, DEADLINE = "report_aggregate", "report_deadline"
AGGREGATE_MOVES = Moves(
    AGGREGATE,
    report_aggregate,
    AGGREGATE_STATES,
    (Move("forward", frozenset({"compiled"}), "forwarded", "forwarded", FORWARD, "上报"),),
    articles=("reports",),
)


async def look(tx: Transaction, submission_id: UUID, action: str = "annual_report.read") -> Row[Any]:
    """One received report, read: every look stands in the audit log of each institution that it shows.

    :raises NotFound: unknown, or received by somebody else.
    """
    row = await queries.submission(tx, submission_id)
    if row is None:
        raise NotFound
    shown = [(row.tenant_id, row.report_id)] if row.report_id is not None else _members_of(row.payload)
    for tenant_id, report_id in shown:
        await _seen(
            tx, action, tenant_id, report_id, row.department_id, {"submission": str(row.id), "edition": row.edition}
        )
    return row


async def look_at_aggregate(
    tx: Transaction, aggregate_id: UUID, action: str = "annual_report.read_in_aggregate"
) -> Row[Any]:
    """The department's own aggregate, read; each member's log says so.

    :raises NotFound: unknown, or another department's.
    """
    row = await queries.aggregate(tx, aggregate_id)
    if row is None:
        raise NotFound
    for tenant_id, report_id in _members_of(row.payload):
        await _seen(tx, action, tenant_id, report_id, row.department_id, {"aggregate": str(row.id)})
    return row


def _members_of(payload: Mapping[str, Any]) -> list[tuple[UUID, UUID]]:
    return [(UUID(one["tenant_id"]), UUID(one["report_id"])) for one in payload["members"]]


async def _seen(
    tx: Transaction, action: str, tenant_id: UUID, report_id: UUID, department_id: UUID, details: Mapping[str, Any]
) -> None:
    await write_audit(
        tx, action, CASE, report_id, outcome="read", tenant_id=tenant_id, department_id=department_id, details=details
    )


async def return_for_correction(tx: Transaction, submission_id: UUID, reasons: Mapping[str, str]) -> Refusal | None:
    """Give a unit's report back, each reason tied to a field of it (``payload.fields_of``).

    :raises NotFound: unknown, another department's, or not a unit's report.
    """
    row, report = await _reviewed(tx, submission_id)
    labels = fields_of(row.payload)
    given = {field: reason.strip() for field, reason in reasons.items() if field in labels and reason.strip()}
    asked, governed = await _reviewer(tx, report)
    await _decide(tx, asked, governed, report)
    refusal = Refusal.of(asked.answer) or _overtaken(row, report)
    if refusal is None and not given:
        refusal = refusals.without_reason(report.report, list(labels.values()))
    if refusal is None:
        refusal = await move(
            tx, MOVES, report.id, "return_for_correction", report.state,
            tenant_id=report.tenant_id, department_id=report.department_id, changes={"reviewed_at": tx.now},
            reason="；".join(f"{labels[field]}：{reason}" for field, reason in given.items()),
            details={"edition": row.edition, "fields": list(given)},
        )  # fmt: skip
    if refusal is not None:
        return await _refused(tx, refusal, "return_for_correction", report)
    await _settle(tx, row, "returned")
    for position, field in enumerate(field for field in labels if field in given):
        await tx.execute(
            insert(report_return)
            .inline()
            .values(
                tenant_id=report.tenant_id, id=new_id(), province_id=tx.province_id, department_id=report.department_id,
                report_id=report.id, submission_id=row.id, field=field, label=labels[field][:120], reason=given[field],
                returned_at=tx.now, position=position,
            )
        )  # fmt: skip
    await _tell(tx, report, f"{of_year(row.payload['label'], report.year)}已退回修改（{len(given)} 处）")
    return None


async def accept(tx: Transaction, submission_id: UUID) -> Refusal | None:
    """Accept a unit's report, its sums judged once more.

    :raises NotFound: unknown, another department's, or not a unit's report.
    """
    row, report = await _reviewed(tx, submission_id)
    asked, governed = await _reviewer(tx, report)
    balance, further = rules.sums(lines_of(row.payload), report.report, governed.pack, tx.today)
    for one in (asked, balance):
        await _decide(tx, one, governed, report)
    refusal = Refusal.of(asked.answer) or _overtaken(row, report) or rules.unsound(balance, further)
    if refusal is None:
        refusal = await move(
            tx, MOVES, report.id, "accept", report.state, tenant_id=report.tenant_id,
            department_id=report.department_id, changes={"reviewed_at": tx.now}, details={"edition": row.edition},
        )  # fmt: skip
    if refusal is not None:
        return await _refused(tx, refusal, "accept", report)
    await _settle(tx, row, "accepted")
    await _tell(tx, report, f"{of_year(row.payload['label'], report.year)}已接收")
    return None


async def accept_each(tx: Transaction, submission_ids: Iterable[UUID]) -> dict[UUID, Refusal | None]:
    """Accept several reports, each judged by itself: one that is refused stops no other; always in one order of locks.

    :raises NotFound: as :func:`accept`, of any of them.
    """
    return {one: await accept(tx, one) for one in sorted(set(submission_ids))}


async def _reviewed(tx: Transaction, submission_id: UUID) -> tuple[Row[Any], Row[Any]]:
    row = await queries.submission(tx, submission_id, lock=True)
    if row is None or row.report_id is None or tx.scope.role != "web_department":
        raise NotFound
    report = await queries.report_of(tx, row.tenant_id, row.report_id, lock=True)
    if report is None:
        raise NotFound
    return row, report


def _overtaken(row: Row[Any], report: Row[Any]) -> Refusal | None:
    if row.state != "superseded" and row.edition == report.edition:
        return None
    told = "该单位已重新报送，请打开最新一次报送后办理"
    return stale(told, f"reports.{report.report}", year=report.year, edition=report.edition)


async def _reviewer(tx: Transaction, report: Row[Any]) -> tuple[Asked, Governing]:
    """Whether the pack makes the competent department a recipient of this report: who receives it, reviews it."""
    governed = await governing(tx, report.pack_version_id)
    facts = {"report": report.report, "sender": rules.UNIT, "recipient": rules.DEPARTMENT}
    return rules.ask("report.recipient", facts, governed.pack, tx.today), governed


async def _decide(tx: Transaction, asked: Asked, governed: Governing, report: Row[Any]) -> None:
    await record_decision(
        tx, asked.answer, asked.facts, CASE, report.id, pack_version_id=governed.id, pack_hash=governed.hash,
        tenant_id=report.tenant_id, department_id=report.department_id,
    )  # fmt: skip


async def _refused(tx: Transaction, refusal: Refusal, name: str, report: Row[Any]) -> Refusal:
    return await refuse(
        tx, refusal, f"annual_report.{name}", CASE, report.id, tenant_id=report.tenant_id,
        department_id=report.department_id, version_id=report.pack_version_id, articles=(f"reports.{report.report}",),
    )  # fmt: skip


async def _settle(tx: Transaction, row: Row[Any], state: str) -> None:
    table = report_submission
    await tx.execute(
        update(table)
        .where(table.c.tenant_id == row.tenant_id, table.c.id == row.id, table.c.department_id == row.department_id)
        .values(state=state, reviewed_at=tx.now)
    )


async def _tell(tx: Transaction, report: Row[Any], title: str) -> None:
    """News for the institution's people."""
    await send(
        tx,
        "message",
        {
            "to_permission": "institution:report:read",
            "title": title,
            "href": f"/institution/reports/{report.year}/{report.report}",
        },
        tenant_id=report.tenant_id,
        department_id=report.department_id,
    )


async def aggregate(tx: Transaction, report: str, year: int) -> UUID | Refusal:
    """Add up what the department accepted and has not sent on; returns the aggregate's id.

    Until it is forwarded, compiling again replaces it. Refused where the pack has no such stage, and without an accepted
    report.

    :raises NotFound: the pack has no such report.
    """
    form, stage, governed = await _stage(tx, report, year)
    rows = await queries.aggregates(tx, report, year)
    waiting = next((row for row in rows if row.state == "compiled"), None)
    aggregate_id = waiting.id if waiting is not None else new_id()
    refusal = await _may_send(tx, form, stage, governed, aggregate_id)
    members = await queries.accepted(tx, report, year)
    if refusal is None and not members:
        refusal = refusals.nothing_accepted(form)
    if refusal is not None:
        return await refuse(tx, refusal, f"{AGGREGATE}.compile", AGGREGATE, aggregate_id)
    department = await unit_of(tx)
    number = waiting.number if waiting is not None else len(rows) + 1
    payload = aggregate_of(
        form,
        {"id": str(department.id), "name": department.name},
        [_member(row) for row in members],
        summed(lines_of(row.payload) for row in members),
        governed.pack,
        number,
    )
    values = {"payload": payload, "compiled_at": tx.now}
    table = report_aggregate
    if waiting is not None:
        await tx.execute(
            update(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == aggregate_id).values(**values)
        )
    else:
        await tx.execute(
            insert(table)
            .inline()
            .values(
                tenant_id=tx.tenant_id, id=aggregate_id, province_id=tx.province_id,
                department_id=tx.scope.organisation_id, report=report, year=year, number=number, **values,
            )
        )  # fmt: skip
    details = {"number": number, "members": len(members)}
    await record_event(tx, AGGREGATE, aggregate_id, "compiled", to_state="compiled", details=details)
    await write_audit(tx, f"{AGGREGATE}.compile", AGGREGATE, aggregate_id, details=details)
    return UUID(str(aggregate_id))


def _member(row: Row[Any]) -> dict[str, Any]:
    return {
        "tenant_id": row.tenant_id,
        "report_id": row.report_id,
        "submission_id": row.id,
        "edition": row.edition,
        "name": row.sender,
        "content": row.payload,
    }


async def _stage(tx: Transaction, report: str, year: int) -> tuple[Form, Stage | None, Governing]:
    governed = await governing(tx)
    form = next((one for one in await queries.forms(tx, year) if one.code == report), None)
    if form is None or not 2000 <= year <= tx.today.year:
        raise NotFound
    return form, form.stage_of(rules.DEPARTMENT), governed


async def _may_send(
    tx: Transaction, form: Form, stage: Stage | None, governed: Governing, aggregate_id: UUID
) -> Refusal | None:
    if stage is None:
        return refusals.no_aggregate(form)
    for to in stage.recipients:
        asked = rules.may_send(form, rules.DEPARTMENT, to, governed.pack, tx.today)
        await record_decision(
            tx, asked.answer, asked.facts, AGGREGATE, aggregate_id, pack_version_id=governed.id, pack_hash=governed.hash
        )
        if (barred := Refusal.of(asked.answer)) is not None:
            return barred
    return None


async def forward(tx: Transaction, aggregate_id: UUID) -> Sequence[UUID] | Refusal:
    """Pass an aggregate on to the recipients that the pack names, one frozen row each; its units' reports are forwarded.

    :raises NotFound: unknown, or another department's.
    """
    row = await queries.aggregate(tx, aggregate_id, lock=True)
    if row is None:
        raise NotFound
    form, stage, governed = await _stage(tx, row.report, row.year)
    refusal = AGGREGATE_MOVES.refusal("forward", row.state) or await _may_send(tx, form, stage, governed, row.id)
    members: list[Row[Any]] = [] if refusal is not None else await _still_accepted(tx, row.payload)
    if refusal is None and len(members) != len(row.payload["members"]):
        changed = len(row.payload["members"]) - len(members)
        refusal = refusals.added_up_before(form, changed)
    to = Addressed((), ())
    if refusal is None and stage is not None:
        to = await addressed(tx, stage, stage.recipients, tx.scope.organisation_id)
        refusal = await say_who_is_absent(tx, form, to) or await move(
            tx, AGGREGATE_MOVES, row.id, "forward", row.state, changes={"forwarded_at": tx.now},
            details={"recipients": list(stage.recipients), "absent": list(to.absent), "members": len(members)},
        )  # fmt: skip
    if refusal is not None:
        articles = (f"reports.{form.code}.stages.{stage.code}",) if stage else ()
        return await refuse(tx, refusal, f"{AGGREGATE}.forward", AGGREGATE, row.id, articles=articles)
    for one in members:
        await move(
            tx, MOVES, one.id, "forward", "accepted", tenant_id=one.tenant_id, department_id=one.department_id,
            changes={"reviewed_at": tx.now}, details={"aggregate": str(row.id)},
        )  # fmt: skip
        await _tell(tx, one, f"{of_year(form.label, one.year)}已由主管部门汇总上报")
    assert stage is not None
    return [await _send_on(tx, row, stage, one) for one in to.reached]


async def _still_accepted(tx: Transaction, payload: Mapping[str, Any]) -> list[Row[Any]]:
    """The members' reports, locked, as far as they still are what was added up."""
    found = []
    for one in payload["members"]:
        row = await queries.report_of(tx, UUID(one["tenant_id"]), UUID(one["report_id"]), lock=True)
        if row is not None and row.state == "accepted" and row.edition == one["edition"]:
            found.append(row)
    return found


async def _send_on(tx: Transaction, row: Row[Any], stage: Stage, to: Row[Any]) -> UUID:
    made = aggregate_workbook(row.payload)
    submission_id = new_id()
    await tx.execute(
        insert(report_submission)
        .inline()
        .values(
            tenant_id=tx.tenant_id, id=submission_id, province_id=tx.province_id,
            department_id=tx.scope.organisation_id, recipient_id=to.id, recipient_kind=to.kind, aggregate_id=row.id,
            report=row.report, stage=stage.code, year=row.year, edition=row.number, payload=row.payload,
            files=[file_note(f"{title_of(row.payload)}_第{row.number}批.xlsx", made)],
            submitted_at=tx.now,
        )
    )  # fmt: skip
    return submission_id


async def set_deadline(
    tx: Transaction, report: str, stage: str, year: int, due_on: date, document: str
) -> Refusal | None:
    """Enter the day until which a report is due in one year, where the text leaves it to the province.

    :raises NotFound: the pack has no such report or stage.
    """
    form = next((one for one in await queries.forms(tx, year) if one.code == report), None)
    chosen = next((one for one in form.stages if one.code == stage), None) if form is not None else None
    if form is None or chosen is None:
        raise NotFound
    case_id = new_id()
    governed = await governing(tx)
    facts = {"report": report, "year": year, "due": {stage: due_on}, "unit_traits": []}
    asked = rules.ask("report.stages", facts, governed.pack, tx.today)
    await record_decision(
        tx, asked.answer, facts, DEADLINE, case_id, pack_version_id=governed.id, pack_hash=governed.hash
    )
    refusal = rules.may_set_day(form, chosen, due_on)
    if refusal is not None:
        return await refuse(tx, refusal, f"{DEADLINE}.set", DEADLINE, case_id)
    statement = upsert(report_deadline).values(
        province_id=tx.province_id, report=report, stage=stage, year=year, due_on=due_on, document=document,
        entered_by=tx.scope.organisation_id,
    )  # fmt: skip
    await tx.execute(
        statement.on_conflict_do_update(
            index_elements=["province_id", "report", "stage", "year"],
            set_={"due_on": due_on, "document": document, "entered_by": tx.scope.organisation_id, "entered_at": tx.now},
        )
    )
    details = {"report": report, "stage": stage, "year": year, "due_on": due_on.isoformat(), "document": document}
    await record_event(tx, DEADLINE, case_id, "set", details=details)
    await write_audit(tx, f"{DEADLINE}.set", DEADLINE, case_id, details=details)
    return None
