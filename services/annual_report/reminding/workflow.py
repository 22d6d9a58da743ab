"""催报: an authority reminds the units whose report is missing, each at most once a day, with the trace in each unit's log."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from services.annual_report.queries import CASE
from services.annual_report.reminding.queries import KIND, department_of, missing
from services.annual_report.reviewing.queries import Progress, forms
from services.annual_report.rules import Form
from services.annual_report.workflow import year_to_report
from shared.audit.writing import write_audit
from shared.db.records import outbox
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.ids import named_id, new_id
from shared.tasks.broker import ask_soon
from shared.ui.words import of_year
from shared.workflow import record_event, refuse

REMIND = "console:report:remind"
_ACTION = f"{CASE}.remind"
# No text limits reminders: the refusal names no article, since it would be composed.
_AGAIN = "未报送的单位今天都已催报过；平台对每个单位每天至多催报一次（不是政策规定），明天可以再次催报。"


async def remind(tx: Transaction, report: str) -> int | Refusal:
    """Send a reminder to every unit that has not handed in this report of the reporting year; returns how many got one.

    A unit that this authority reminded today already gets none. Refused when there is nobody left to remind.

    :raises NotFound: the pack has no such report, or units' progress is not this authority's.
    """
    year = year_to_report(tx.today)
    form = next((one for one in await forms(tx, year) if one.code == report), None)
    if form is None or tx.scope.role not in ("web_science", "web_department"):
        raise NotFound
    waiting = await missing(tx, form)
    departments = await department_of(tx, [unit.tenant_id for unit in waiting])
    reached = [unit for unit in waiting if await _remind_one(tx, form, unit, departments[unit.tenant_id])]
    case_id = new_id()
    if not reached:
        words = _AGAIN if waiting else "应报单位都已报送，没有需要催报的单位。"
        inputs = {"report": report, "year": year, "unit": len(waiting)}
        # How often one is reminded is the platform's own rule; that nobody is left, the text's.
        said = None if waiting else form.citation
        refusal = Refusal("report.nobody_to_remind", words, said, kind="state", inputs=inputs)
        return await refuse(tx, refusal, f"{KIND}.send", KIND, case_id)
    details = {"report": report, "year": year, "units": [str(unit.tenant_id) for unit in reached]}
    await record_event(tx, KIND, case_id, "reminded", to_state="sent", details=details)
    await write_audit(tx, f"{KIND}.send", KIND, case_id, details=details)
    return len(reached)


async def _remind_one(tx: Transaction, form: Form, unit: Progress, department_id: UUID) -> bool:
    """The message's id follows from unit, report, authority and day: whoever comes second, even at once, writes none."""
    own = str(tx.scope.organisation_id)
    message_id = named_id("report reminder", own, str(unit.tenant_id), form.code, str(form.year), tx.today.isoformat())
    done = await tx.execute(
        insert(outbox)
        .inline()
        .values(
            tenant_id=unit.tenant_id, id=message_id, **tx.scope.stream_values(department_id), actor_id=tx.actor.person_id,
            kind="message", payload=_message(form),
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    if not done.rowcount:
        return False
    await write_audit(
        tx, _ACTION, CASE, None, tenant_id=unit.tenant_id, department_id=department_id,
        details={"report": form.code, "year": form.year},
    )  # fmt: skip
    ask_soon(tx, "deliver_outbox", unit.tenant_id)
    return True


def _message(form: Form) -> dict[str, Any]:
    stage = form.unit_stage
    return {
        "to_permission": "institution:report:read",
        "title": f"催报：{of_year(form.label, form.year)}尚未报送",
        "text": f"{stage.counted}；{stage.citation.place}。",
        "href": f"/institution/reports/{form.year}/{form.code}",
    }
