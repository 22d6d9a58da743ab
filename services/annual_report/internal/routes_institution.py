"""内部报送: the unit's day, the versions of each year, one version with its receipt."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.annual_report import pages
from services.annual_report.figures import COLUMNS
from services.annual_report.internal import forms, queries, rules, workflow
from services.annual_report.internal.models import STATES
from services.annual_report.payload import workbook
from services.ledger.points import point_of
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.pages import MenuEntry, page, redirect, refused, refused_in_place, unprocessable
from tenants.people import names_of
from tenants.unit_settings import red_head

HOME = queries.HOME
TITLE = "内部报送"
MENU = (MenuEntry("institution", "报告与留痕", TITLE, "report-money", HOME, queries.SEE, 902),)
_PAGE = "annual_report/internal/"
_SEE, _SEND = {"permission": queries.SEE}, {"permission": queries.SEND}
_PLAN, _RECEIVE = {"permission": workflow.PLAN}, {"permission": queries.RECEIVE}
_TONES = {"sent": "orange", "received": "green", "superseded": "secondary"}


async def _home(
    tx: Transaction, query: Mapping[str, Any], given: Mapping[str, FormState] | None = None
) -> dict[str, Any]:
    plan, forms_back, point = await queries.plan(tx), given or {}, point_of(query, tx.today)
    year = tx.today.year - 1
    found = await queries.versions(tx, point)
    sent = {(one.report, one.year) for one in found}
    standing = {name: getattr(plan, name) for name in forms.PlanForm.model_fields} if plan is not None else {}
    asked = await queries.forms_now(tx, year)
    return {
        "plan": plan,
        "asked": [(one, rules.stage_of(one), (one.code, year) in sent) for one in asked],
        "versions": found,
        "names": await names_of(tx, [one for row in found for one in (row.sent_by, row.received_by) if one]),
        "labels": {one.code: one.label for one in asked},
        "plan_form": forms_back.get("plan") or FormState({"ahead_days": 14, **standing}),
        "send_form": forms_back.get("send") or FormState({"year": year}),
        "form": next((one for one in forms_back.values() if one.errors), FormState()),
        "years": [(one, str(one)) for one in range(year, year - 5, -1)],
        "reports": [(one.code, one.label) for one in asked],
        "states": STATES,
        "tones": _TONES,
        "may_plan": workflow.PLAN in tx.actor.permissions and not point.past,
        "may_send": queries.SEND in tx.actor.permissions and not point.past,
        "point": point,
        "today": tx.today,
        "year": year,
        "home": HOME,
    }


@get("/reports/internal", opt=_SEE)
async def show_internal(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The day, every version, what is to be sent; of a past day, what had been sent by then."""
    return page(request, f"{_PAGE}home.html", TITLE, await _home(tx, request.query_params))


@post("/reports/internal/plan", opt=_PLAN)
async def set_plan(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Set the day."""
    values = typed(await request.form())
    form, errors = read(forms.PlanForm, values)
    if form is None:
        context = await _home(tx, {}, {"plan": FormState(values, errors)})
        return unprocessable(request, tx, f"{_PAGE}home.html", TITLE, context)
    await workflow.set_plan(tx, **form.model_dump())
    return redirect(tx, HOME, done="saved")


@post("/reports/internal", opt=_SEND)
async def send_report(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Freeze and send, or correct."""
    values = typed(await request.form())
    form, errors = read(forms.SendForm, values)
    if form is None:
        context = await _home(tx, {}, {"send": FormState(values, errors)})
        return unprocessable(request, tx, f"{_PAGE}home.html", TITLE, context)
    done = await workflow.send_report(tx, form.report, form.year, reason=form.reason)
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=HOME)
    return redirect(tx, f"{HOME}/{done}", done="submitted")


async def _version(tx: Transaction, version_id: UUID) -> Row[Any]:
    row = await queries.find_version(tx, version_id)
    if row is None:
        raise NotFound
    return row


async def _context(tx: Transaction, row: Row[Any], form: FormState | None = None) -> dict[str, Any]:
    groups = pages.groups_of(row.payload)
    others = [one for one in await queries.versions(tx) if (one.report, one.year) == (row.report, row.year)]
    return {
        "row": row,
        "red_head": await red_head(tx),
        "content": row.payload,
        "whole": next((one for one in row.payload["figures"] if one["dimension"] == "all"), None),
        "groups": groups,
        "columns": COLUMNS,
        "types_chart": pages.chart_of(groups[0]) if groups else None,
        "others": others,
        "names": await names_of(tx, [one for each in others for one in (each.sent_by, each.received_by) if one]),
        "states": STATES,
        "tones": _TONES,
        "form": form or FormState(),
        "may_receive": any(one.name == "receive" for one in workflow.MOVES.available(row.state, tx.actor.permissions)),
        "refusal": None,
        "home": HOME,
    }


def _crumbs(row: Row[Any]) -> tuple[Crumb, ...]:
    return Crumb(TITLE, HOME), Crumb(f"{row.payload['title']}第 {row.version} 版")


@get("/reports/internal/{version_id:uuid}", opt=_SEE)
async def show_version(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[str]:
    """One frozen version, with the others of its year."""
    row = await _version(tx, version_id)
    return page(request, f"{_PAGE}version.html", row.payload["title"], await _context(tx, row), crumbs=_crumbs(row))


@get("/reports/internal/{version_id:uuid}/workbook", opt=_SEE)
async def fetch_version(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[bytes]:
    """The version as xlsx; the same version is the same bytes."""
    row = await _version(tx, version_id)
    await workflow.note_export(tx, row)
    name = f"{row.payload['unit']['name']}_{row.payload['title']}_第{row.version}版.xlsx"
    return pages.xlsx(name, workbook(row.payload))


@post("/reports/internal/{version_id:uuid}/receipt", opt=_RECEIVE)
async def confirm_receipt(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[Any]:
    """Confirm the receipt."""
    row = await _version(tx, version_id)
    values = typed(await request.form())
    form, errors = read(forms.ReceiptForm, values)
    title = row.payload["title"]
    if form is None:
        context = await _context(tx, row, FormState(values, errors))
        return unprocessable(request, tx, f"{_PAGE}version.html", title, context, crumbs=_crumbs(row))
    refusal = await workflow.receive(tx, version_id, form.receipt)
    if refusal is not None:
        context = await _context(tx, await _version(tx, version_id), FormState(values))
        return refused_in_place(request, tx, refusal, f"{_PAGE}version.html", title, context, crumbs=_crumbs(row))
    return redirect(tx, f"{HOME}/{version_id}", done="done")


HANDLERS = (show_internal, set_plan, send_report, show_version, fetch_version, confirm_receipt)
