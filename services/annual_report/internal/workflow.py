"""The verbs of the report within the unit: set its day, freeze and send, correct by another version, confirm the receipt."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert
from sqlalchemy.dialects.postgresql import insert as upsert

from services.annual_report.figures import in_order
from services.annual_report.freezing import count_lines
from services.annual_report.internal import queries, rules
from services.annual_report.internal.models import STATES, asset_report, asset_report_plan
from services.annual_report.payload import Frozen
from services.annual_report.queries import unit_of, value_order
from services.annual_report.rules import Form, may_freeze
from shared.audit.writing import write_audit
from shared.clock import local_day
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, lost_race
from shared.ids import new_id
from shared.workflow import Move, Moves, move, record_decision, record_event, refuse, send
from tenants.packs import governing

CASE = "asset_report"
PLAN = "institution:schedule:write"
MOVES = Moves(
    CASE,
    asset_report,
    STATES,
    (
        Move("receive", frozenset({"sent"}), "received", "receipt_confirmed", queries.RECEIVE, "确认接收"),
        Move("supersede", frozenset({"sent", "received"}), "superseded", "superseded", queries.SEND, "更正"),
    ),
    articles=("reports.asset_report", "reports"),
)
_WEEK = 7


async def set_plan(tx: Transaction, month: int, day: int, ahead_days: int, basis: str) -> UUID:
    """Set the day of each year on which last year's report is sent; the earlier one stays as it was. Returns the id."""
    plan_id, values = new_id(), {"month": month, "day": day, "ahead_days": ahead_days, "basis": basis}
    row = {"tenant_id": tx.tenant_id, "id": plan_id, "set_at": tx.now, "set_by": tx.actor.person_id}
    await tx.execute(insert(asset_report_plan).values(**row, **values))
    await record_event(tx, "asset_report_plan", plan_id, "asset_report_planned", details=values)
    await write_audit(tx, "asset_report_plan.set", "asset_report_plan", plan_id, details=values)
    return plan_id


async def send_report(tx: Transaction, report: str, year: int, *, reason: str = "") -> UUID | Refusal:
    """Freeze a year as of 31 December from what the ledger knows now, and send it to finance and asset management; its id.

    Another version of the same year is a correction and says why; the earlier one stays as it was, marked as corrected.
    Refused: the year is not over, a correction without a reason.

    :raises NotFound: the pack has no such report within the unit.
    """
    form = next((one for one in await queries.forms_now(tx, year) if one.code == report), None)
    if form is None:
        raise NotFound
    before, version_id = await queries.newest_version(tx, report, year, lock=True), new_id()
    governed = await governing(tx)
    if form.asked is not None:
        await record_decision(
            tx, form.asked.answer, form.asked.facts, CASE, version_id,
            pack_version_id=governed.id, pack_hash=governed.hash,
        )  # fmt: skip
    refusal = may_freeze(form, tx.today, again=before is not None, reason=reason)
    if refusal is not None:
        return await refuse(tx, refusal, f"{CASE}.send", CASE, version_id)
    number = 1 if before is None else before.version + 1
    frozen = Frozen(number, form.as_of, await tx.recorded_now(), tx.now, reason.strip())
    content = await _content(tx, form, frozen)
    if not await _put(tx, version_id, form, frozen, content):
        taken = lost_race("该年度刚刚已由他人报送；请刷新页面查看")
        return await refuse(tx, taken, f"{CASE}.send", CASE, version_id)
    if before is not None and before.state != "superseded":
        await move(tx, MOVES, before.id, "supersede", before.state, reason=reason.strip())
    details = {"report": report, "year": year, "version": number, "as_of": str(form.as_of)}
    event = "asset_report_sent" if number == 1 else "asset_report_corrected"
    await record_event(tx, CASE, version_id, event, to_state="sent", reason=reason.strip() or None, details=details)
    await write_audit(tx, f"{CASE}.send", CASE, version_id, details=details)
    title = f"{content['title']}{'（更正）' if number > 1 else ''}已报送，请确认接收"
    await _tell(tx, queries.RECEIVE, title, version_id)
    await send(tx, "push", {"event": f"{CASE}.sent", "data": {"id": str(version_id), **details}})
    return version_id


async def _content(tx: Transaction, form: Form, frozen: Frozen) -> dict[str, Any]:
    pack, unit = (await governing(tx)).pack, await unit_of(tx)
    lines = in_order(await count_lines(tx, frozen.as_of, frozen.known_at), value_order(pack))
    named = {"id": str(unit.id), "name": unit.name, "unit_kind": unit.unit_kind}
    return rules.content_of(form, named, frozen, lines, pack, rules.stage_of(form).due)


async def _put(tx: Transaction, version_id: UUID, form: Form, frozen: Frozen, content: dict[str, Any]) -> bool:
    """False when somebody else was quicker."""
    made = await tx.execute(
        upsert(asset_report)
        .values(
            tenant_id=tx.tenant_id,
            id=version_id,
            report=form.code,
            year=form.year,
            version=frozen.number,
            as_of=frozen.as_of,
            known_at=frozen.known_at,
            due_on=rules.stage_of(form).due,
            payload=content,
            reason=frozen.reason or None,
            sent_at=tx.now,
            sent_by=tx.actor.person_id,
        )
        .on_conflict_do_nothing()
    )
    return bool(made.rowcount)


async def receive(tx: Transaction, version_id: UUID, receipt: str) -> Refusal | None:
    """Confirm the receipt of a version, by finance or asset management.

    :raises NotFound: no such version of this tenant.
    """
    row = await queries.find_version(tx, version_id, lock=True)
    if row is None:
        raise NotFound
    changes = {
        "received_at": tx.now,
        "received_by": tx.actor.person_id,
        "receipt": receipt.strip() or None,
        "receipt_recorded_at": await tx.recorded_now(),
    }
    stopped = await move(tx, MOVES, version_id, "receive", row.state, changes=changes, reason=receipt.strip() or None)
    if stopped is not None:
        return await refuse(tx, stopped, f"{CASE}.receive", CASE, version_id, articles=(f"reports.{row.report}",))
    await _tell(tx, queries.SEND, f"{row.payload['title']}已确认接收", version_id)
    return None


async def note_export(tx: Transaction, row: Row[Any]) -> None:
    """Who fetched a version as a file."""
    await write_audit(tx, f"{CASE}.export", CASE, row.id, outcome="read", details={"version": row.version})


async def follow_plan(tx: Transaction) -> None:
    """Daily: call the unit's day to mind, send on it what nobody has sent, call an unconfirmed receipt to mind weekly.

    A day that was over when the unit set it is left to people: the report of that year is a thing to do.
    """
    plan = await queries.plan(tx)
    if plan is None:
        return
    year = tx.today.year - 1
    for form in await queries.forms_now(tx, year):
        due = rules.stage_of(form).due
        if due is None or await queries.newest_version(tx, form.code, year) is not None:
            continue
        if due <= tx.today:
            if due >= local_day(plan.set_at):
                await send_report(tx, form.code, year)
        elif (due - tx.today).days in (plan.ahead_days, 1):
            await _tell(tx, queries.SEND, f"{form.label}将于 {due} 自动冻结并报送，请先核对台账")
    for row in await queries.unconfirmed(tx):
        waited = (tx.now - row.sent_at).days
        if waited and waited % _WEEK == 0:
            await _tell(tx, queries.RECEIVE, f"{row.title}已报送 {waited} 天，尚未确认接收", row.id)


async def _tell(tx: Transaction, permission: str, title: str, version_id: UUID | None = None) -> None:
    href = f"{queries.HOME}/{version_id}" if version_id is not None else queries.HOME
    await send(tx, "message", {"to_permission": permission, "title": title, "href": href})
