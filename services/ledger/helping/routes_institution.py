"""The page of what is handed to agencies of one achievement: to hand over, to take over what they deliver, to end."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.ledger.display import label_of, record_tabs, words_of
from services.ledger.helping import forms, queries, rules, workflow
from services.ledger.models import AGENCY_TASK_STATES
from services.ledger.points import NOW, Point
from services.ledger.queries import find_achievement
from services.ledger.then import absent, asked_record
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import page, redirect, refused, refused_in_place, unprocessable

_HOME = "/institution/ledger"
_TITLE = "委托服务"
_TEMPLATE = "ledger/helping/tasks.html"
_READ, _MANAGE = {"permission": queries.READ}, {"permission": queries.MANAGE}
TONES = {"open": "blue", "delivered": "orange", "accepted": "green", "ended": "secondary"}


async def _loaded(tx: Transaction, achievement_id: UUID) -> Row[Any]:
    """The achievement; a province whose text knows no such services has no such page."""
    row = await find_achievement(tx, achievement_id)
    known = (await governing(tx)).pack.enumeration(rules.SERVICE)
    if row is None or row.state == "quarantined" or not known:
        raise NotFound
    return row


async def _context(tx: Transaction, row: Row[Any], form: FormState | None = None, point: Point = NOW) -> dict[str, Any]:
    words, pack = await words_of(tx), (await governing(tx)).pack
    services = {code: item.label for code, item in pack.enumeration(rules.SERVICE).items()}
    writes = not point.past and queries.MANAGE in tx.actor.permissions and row.state == "registered"
    return {
        "row": row,
        "tasks": await queries.tasks_of(tx, row.id, point),
        "states": AGENCY_TASK_STATES,
        "tones": TONES,
        "services": services,
        "article": pack.citation(f"enumerations.{rules.SERVICE}"),
        "agencies": [(str(one.id), one.name) for one in await queries.agencies(tx)] if writes else [],
        "showable": [(name, label_of(name)) for name in rules.SHOWABLE],
        "askable": list(forms.ASKABLE.items()),
        "labels": forms.ASKABLE,
        "form": form or FormState({"first_day": tx.today, "shown": list(rules.SHOWABLE)}),
        "may_write": writes,
        "point": point,
        "today": tx.today,
        "refusal": None,
        "home": f"{_HOME}/{row.id}",
        "tabs": record_tabs(row.id, words, _TITLE, point),
        "path": _HOME,
    }


def _crumbs(row: Row[Any]) -> tuple[Crumb, ...]:
    return Crumb("单列管理台账", _HOME), Crumb(row.name, f"{_HOME}/{row.id}"), Crumb(_TITLE)


@get("/ledger/{achievement_id:uuid}/agency", opt=_READ)
async def show_agency_tasks(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """What agencies have in hand and what they delivered; the form for those who may write."""
    await _loaded(tx, achievement_id)
    then = await asked_record(request, tx, achievement_id)
    if then.detail is None:
        return await absent(request, tx, achievement_id, then.point, _TITLE)
    row = then.detail.row
    return page(request, _TEMPLATE, _TITLE, await _context(tx, row, point=then.point), crumbs=_crumbs(row))


@post("/ledger/{achievement_id:uuid}/agency", opt=_MANAGE)
async def hand_to_agency(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Hand the achievement to an agency for a service and a period."""
    row = await _loaded(tx, achievement_id)
    values = typed(await request.form(), ["shown", "asks"])
    form, errors = read(forms.HandOverForm, values)
    errors = errors or (rules.period_faults(form, tx.today) if form is not None else {})
    try:
        done = await workflow.hand_over(tx, row.id, form) if form is not None and not errors else None
    except FormInvalid as wrong:
        errors, done = wrong.errors, None
    if errors:
        context = await _context(tx, row, FormState(values, errors))
        return unprocessable(request, tx, _TEMPLATE, _TITLE, context, crumbs=_crumbs(row))
    if isinstance(done, Refusal):
        context = await _context(tx, row, FormState(values))
        return refused_in_place(request, tx, done, _TEMPLATE, _TITLE, context, crumbs=_crumbs(row))
    return redirect(tx, f"{_HOME}/{row.id}/agency", done="done")


@post("/ledger/{achievement_id:uuid}/agency/{task_id:uuid}/accept", opt=_MANAGE)
async def accept_from_agency(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, task_id: UUID
) -> Response[Any]:
    """Take over what was delivered, into the ledger."""
    await _loaded(tx, achievement_id)
    back = f"{_HOME}/{achievement_id}/agency"
    refusal = await workflow.accept(tx, achievement_id, task_id)
    return refused(request, tx, refusal, back=back) if refusal is not None else redirect(tx, back, done="done")


@post("/ledger/{achievement_id:uuid}/agency/{task_id:uuid}/{act:str}", opt=_MANAGE)
async def answer_agency(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, task_id: UUID, act: str
) -> Response[Any]:
    """Give it back with a reason, or end it at once."""
    acts = {"return": workflow.give_back, "end": workflow.end}
    if act not in acts:
        raise NotFound
    row = await _loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.EndForm, values)
    if form is None:
        context = await _context(tx, row, FormState(values, {"": errors["reason"]}))
        return unprocessable(request, tx, _TEMPLATE, _TITLE, context, crumbs=_crumbs(row))
    back = f"{_HOME}/{achievement_id}/agency"
    refusal = await acts[act](tx, achievement_id, task_id, form.reason)
    return refused(request, tx, refusal, back=back) if refusal is not None else redirect(tx, back, done="done")


HANDLERS = (show_agency_tasks, hand_to_agency, accept_from_agency, answer_agency)
