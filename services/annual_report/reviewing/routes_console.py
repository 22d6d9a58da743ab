"""The authorities' pages of the yearly reports: progress, one report, return and accept, aggregate, forward, due days."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.annual_report import pages
from services.annual_report.addressing import addressed
from services.annual_report.figures import COLUMNS
from services.annual_report.forms import DeadlineForm, identifiers, read_reasons
from services.annual_report.models import AGGREGATE_STATES, REPORT_STATES, SUBMISSION_STATES
from services.annual_report.payload import aggregate_workbook, fields_of, workbook
from services.annual_report.queries import all_deadlines
from services.annual_report.reminding.queries import reminders
from services.annual_report.reminding.workflow import REMIND
from services.annual_report.reviewing import queries, workflow
from services.annual_report.rules import DEPARTMENT, Form
from services.annual_report.workflow import FORWARD, MOVES, REVIEW, year_to_report
from shared.db.transaction import Outcome, Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from shared.ui.words import of_year
from tenants.pages import MenuEntry, page, redirect, refused, refused_in_place, unprocessable

HOME = "/console/reports"
SCHEDULE = "console:report:schedule"
_READ, _REVIEW, _FORWARD = {"permission": "console:report:read"}, {"permission": REVIEW}, {"permission": FORWARD}
_SCHEDULE = {"permission": SCHEDULE}
MENU = (MenuEntry("console", "", "年度报告", "report-analytics", HOME, "console:report:read", 100),)
_SHOWN = {"": "全部单位", "missing": "未报送"}
_ACCEPT = "annual_report/console/accept.html"
_RETURN, _DEADLINES = "annual_report/console/return.html", "annual_report/console/deadlines.html"


@get("/reports", opt=_READ)
async def reports(
    request: Request[Any, Any, Any], tx: Transaction, year: int | None = None, show: str = ""
) -> Response[str]:
    """How far the institutions have come, and what was received; ``show=missing`` lists only those that have not filed."""
    shown = year or year_to_report(tx.today)
    if not 2000 <= shown <= tx.today.year:
        raise NotFound
    rows = await queries.progress(tx, shown)
    forms = await queries.forms(tx, shown)
    sent = await reminders(tx, shown)
    standings = [_standing_of(form, [row for row in rows if row.report == form.code], show, sent) for form in forms]
    context = {
        "year": shown,
        "years": range(year_to_report(tx.today), year_to_report(tx.today) - 3, -1),
        "forms": standings,
        "progress": bool(rows),
        "show": show if show in _SHOWN else "",
        "shown": [(label, _address(shown, code), code == show, None) for code, label in _SHOWN.items()],
        "received": await queries.received(tx, shown),
        "states": REPORT_STATES,
        "submission_states": SUBMISSION_STATES,
        "tones": pages.TONES,
        "today": tx.today,
        "reviews": tx.scope.role == "web_department",
        "may_accept": tx.scope.role == "web_department" and REVIEW in tx.actor.permissions,
        "may_forward": FORWARD in tx.actor.permissions,
        "may_schedule": SCHEDULE in tx.actor.permissions,
        "may_remind": REMIND in tx.actor.permissions and shown == year_to_report(tx.today),
    }
    return page(request, "annual_report/console/reports.html", "年度报告", context)


def _address(year: int, show: str) -> str:
    return f"{HOME}?year={year}" + (f"&show={show}" if show else "")


def _standing_of(
    form: Form, rows: list[queries.Progress], show: str, sent: Mapping[str, tuple[datetime, int]]
) -> dict[str, Any]:
    counts = queries.counted(rows)
    return {
        "form": form,
        "rows": [row for row in rows if show != "missing" or row.state not in queries.FILED],
        "counts": counts,
        "chart": pages.progress_chart(counts),
        "aggregates": form.stage_of(DEPARTMENT) is not None,
        "missing": sum(not row.state for row in rows),
        "reminded": sent.get(form.code),
    }


@get("/reports/{submission_id:uuid}", opt=_READ)
async def report(request: Request[Any, Any, Any], tx: Transaction, submission_id: UUID) -> Response[str]:
    """One received report; the look is in the institution's log."""
    row = await workflow.look(tx, submission_id)
    context: dict[str, Any] = {
        "row": row,
        "content": row.payload,
        "groups": pages.groups_of(row.payload),
        "columns": COLUMNS,
    }
    context["reviews"] = tx.scope.role == "web_department"
    context |= {"submission_states": SUBMISSION_STATES, "states": REPORT_STATES, "moves": set(), "editions": []}
    if row.report_id is not None:
        context["editions"] = await queries.editions(tx, row.tenant_id, row.report_id)
        context["moves"] = await _moves(tx, row)
    context["types_chart"] = pages.chart_of(context["groups"][0]) if context["groups"] else None
    title = f"{row.payload['unit']['name']}　{of_year(row.payload['label'], row.year)}"
    crumbs = (Crumb("年度报告", f"{HOME}?year={row.year}"), Crumb(row.payload["unit"]["name"]))
    return page(request, "annual_report/console/report.html", title, context, crumbs=crumbs)


async def _moves(tx: Transaction, row: Any) -> set[str]:
    """What the authority may do with a received report: only its newest edition moves."""
    if tx.scope.role != "web_department" or row.state == "superseded":
        return set()
    progress = await queries.report_of(tx, row.tenant_id, row.report_id)
    if progress is None:
        return set()
    return {move.name for move in MOVES.available(progress.state, tx.actor.permissions)} - {"forward"}


@get("/reports/{submission_id:uuid}/return", opt=_REVIEW)
async def returning(request: Request[Any, Any, Any], tx: Transaction, submission_id: UUID) -> Response[str]:
    """The form that ties reasons to fields."""
    row = await workflow.look(tx, submission_id)
    if row.report_id is None:
        raise NotFound
    return page(request, _RETURN, "退回修改", _return_context(row, FormState()), crumbs=_return_crumbs(row))


def _return_context(row: Any, state: FormState) -> dict[str, Any]:
    texts = {f"part:{one['code']}": one["text"] for one in row.payload["parts"]}
    return {"row": row, "form": state, "fields": fields_of(row.payload), "texts": texts, "refusal": None}


def _return_crumbs(row: Any) -> tuple[Crumb, ...]:
    unit = row.payload["unit"]["name"]
    return (Crumb("年度报告", HOME), Crumb(unit, f"{HOME}/{row.id}"), Crumb("退回修改"))


@post("/reports/{submission_id:uuid}/return", opt=_REVIEW, status_code=303)
async def return_for_correction(request: Request[Any, Any, Any], tx: Transaction, submission_id: UUID) -> Response[Any]:
    """Give the report back."""
    row = await queries.submission(tx, submission_id)
    if row is None or row.report_id is None:
        raise NotFound
    sent = typed(await request.form())
    reasons, errors = read_reasons(sent, fields_of(row.payload))
    if errors:
        return unprocessable(request, tx, _RETURN, "退回修改", _return_context(row, FormState(sent, errors)))
    refusal = await workflow.return_for_correction(tx, submission_id, reasons)
    if refusal is not None:
        context = _return_context(row, FormState(sent))
        return refused_in_place(request, tx, refusal, _RETURN, "退回修改", context, crumbs=_return_crumbs(row))
    return redirect(tx, f"{HOME}/{submission_id}", done="done")


@post("/reports/{submission_id:uuid}/accept", opt=_REVIEW, status_code=303)
async def accept(request: Request[Any, Any, Any], tx: Transaction, submission_id: UUID) -> Response[Any]:
    """Accept the report."""
    refusal = await workflow.accept(tx, submission_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{HOME}/{submission_id}")
    return redirect(tx, f"{HOME}/{submission_id}", done="done")


async def _accept_context(tx: Transaction, state: FormState | None = None) -> dict[str, Any]:
    """The reports that wait, all chosen unless somebody chose; nothing of their content."""
    year = year_to_report(tx.today)
    rows = [row for row in await queries.received(tx, year) if row.aggregate_id is None]
    names = {str(row.id): f"{row.sender}　{of_year(row.label, row.year)}" for row in rows}
    choices = [(str(row.id), names[str(row.id)], pages.handed_over(row)) for row in rows if row.state == "submitted"]
    chosen = state or FormState({"report": [code for code, _, _ in choices]})
    return {"year": year, "choices": choices, "form": chosen, "names": names, "results": [], "accepted": 0}


@get("/reports/accept", opt=_REVIEW)
async def accepting(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What would be accepted together."""
    context = await _accept_context(tx)
    return page(request, _ACCEPT, "批量接收", context, crumbs=(Crumb("年度报告", HOME), Crumb("批量接收")))


@post("/reports/accept", opt=_REVIEW, status_code=303)
async def accept_each(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Accept those that were chosen; what was not done is listed with its reason."""
    context = await _accept_context(tx)
    chosen = [str(one) for one in (await request.form()).getall("report", [])]
    if not chosen:
        context["form"] = FormState({"report": []}, {"report": "请至少选择一份报告"})
        return unprocessable(request, tx, _ACCEPT, "批量接收", context)
    done = await workflow.accept_each(tx, identifiers(chosen))
    wrong = [(context["names"][str(one)], refusal) for one, refusal in done.items() if refusal is not None]
    if not wrong:
        return redirect(tx, HOME, done="done")
    tx.outcome = Outcome(303, f"{HOME}/accept")
    context = {**await _accept_context(tx), "results": wrong, "accepted": len(done) - len(wrong)}
    return page(request, _ACCEPT, "批量接收", context, crumbs=(Crumb("年度报告", HOME), Crumb("批量接收")))


@get("/reports/{submission_id:uuid}/workbook", opt=_READ)
async def report_workbook(request: Request[Any, Any, Any], tx: Transaction, submission_id: UUID) -> Response[bytes]:
    """The received report as xlsx: the bytes whose hash was kept when it was handed over."""
    row = await workflow.look(tx, submission_id, "annual_report.export")
    made = workbook(row.payload) if row.report_id is not None else aggregate_workbook(row.payload)
    return pages.xlsx(row.files[0]["name"], made)


@get("/reports/aggregate/{year:int}/{report:str}", opt=_FORWARD)
async def aggregates(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[str]:
    """What was accepted and waits to be added up, and the aggregates of the year."""
    form = next((one for one in await queries.forms(tx, year) if one.code == report), None)
    if form is None or not 2000 <= year <= tx.today.year:
        raise NotFound
    context = {
        "year": year,
        "report_form": form,
        "stage": form.stage_of(DEPARTMENT),
        "accepted": await queries.accepted(tx, report, year),
        "aggregates": await queries.aggregates(tx, report, year),
        "aggregate_states": AGGREGATE_STATES,
        "address": f"{HOME}/aggregate/{year}/{report}",
    }
    crumbs = (Crumb("年度报告", f"{HOME}?year={year}"), Crumb("汇总上报"))
    return page(
        request,
        "annual_report/console/aggregates.html",
        f"{of_year(form.label, year)}　汇总上报",
        context,
        crumbs=crumbs,
    )


@post("/reports/aggregate/{year:int}/{report:str}", opt=_FORWARD, status_code=303)
async def aggregate(request: Request[Any, Any, Any], tx: Transaction, year: int, report: str) -> Response[Any]:
    """Add up what was accepted."""
    done = await workflow.aggregate(tx, report, year)
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=f"{HOME}/aggregate/{year}/{report}")
    return redirect(tx, f"{HOME}/aggregates/{done}", done="done")


@get("/reports/aggregates/{aggregate_id:uuid}", opt=_FORWARD)
async def one_aggregate(request: Request[Any, Any, Any], tx: Transaction, aggregate_id: UUID) -> Response[str]:
    """One aggregate of the department, before and after it is passed on."""
    row = await workflow.look_at_aggregate(tx, aggregate_id)
    form = next((one for one in await queries.forms(tx, row.year) if one.code == row.report), None)
    stage = form.stage_of(DEPARTMENT) if form else None
    groups = pages.groups_of(row.payload)
    context = {
        "row": row,
        "content": row.payload,
        "groups": groups,
        "columns": COLUMNS,
        "types_chart": pages.chart_of(groups[0]) if groups else None,
        "stage": stage,
        "absent": (await addressed(tx, stage, stage.recipients, tx.scope.organisation_id)).absent if stage else (),
        "aggregate_states": AGGREGATE_STATES,
    }
    back = f"{HOME}/aggregate/{row.year}/{row.report}"
    crumbs = (Crumb("年度报告", f"{HOME}?year={row.year}"), Crumb("汇总上报", back), Crumb(f"第 {row.number} 批"))
    title = f"{of_year(row.payload['label'], row.year)}　第 {row.number} 批"
    return page(request, "annual_report/console/aggregate.html", title, context, crumbs=crumbs)


@post("/reports/aggregates/{aggregate_id:uuid}/forward", opt=_FORWARD, status_code=303)
async def forward(request: Request[Any, Any, Any], tx: Transaction, aggregate_id: UUID) -> Response[Any]:
    """Pass the aggregate on."""
    done = await workflow.forward(tx, aggregate_id)
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=f"{HOME}/aggregates/{aggregate_id}")
    return redirect(tx, f"{HOME}/aggregates/{aggregate_id}", done="submitted")


async def _deadlines_context(tx: Transaction, state: FormState) -> dict[str, Any]:
    forms = await queries.forms(tx, year_to_report(tx.today))
    choices = [
        (f"{form.code}/{stage.code}", f"{form.label}　{stage.label}")
        for form in forms
        for stage in form.stages
        if stage.entered_yearly
    ]
    labels = {f"{form.code}/{stage.code}": f"{form.label}　{stage.label}" for form in forms for stage in form.stages}
    return {
        "form": state, "choices": choices, "labels": labels, "forms": forms, "entered": await all_deadlines(tx),
        "today": tx.today, "refusal": None,
    }  # fmt: skip


@get("/reports/deadlines", opt=_SCHEDULE)
async def deadlines(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The due days of each year, and the form that enters one."""
    context = await _deadlines_context(tx, FormState({"year": year_to_report(tx.today)}))
    crumbs = (Crumb("年度报告", HOME), Crumb("截止日期"))
    return page(request, _DEADLINES, "报送截止日期", context, crumbs=crumbs)


@post("/reports/deadlines", opt=_SCHEDULE, status_code=303)
async def set_deadline(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Enter a due day."""
    sent = typed(await request.form())
    form, errors = read(DeadlineForm, sent)
    if form is None:
        context = await _deadlines_context(tx, FormState(sent, errors))
        return unprocessable(request, tx, _DEADLINES, "报送截止日期", context)
    code, _, stage = form.hand_over.partition("/")
    refusal = await workflow.set_deadline(tx, code, stage, form.year, form.due_on, form.document)
    if refusal is not None:
        context = await _deadlines_context(tx, FormState(sent))
        return refused_in_place(request, tx, refusal, _DEADLINES, "报送截止日期", context)
    return redirect(tx, f"{HOME}/deadlines", done="saved")


HANDLERS = (
    reports, report, returning, return_for_correction, accept, report_workbook, aggregates, aggregate, one_aggregate,
    forward, deadlines, set_deadline, accepting, accept_each,
)  # fmt: skip
