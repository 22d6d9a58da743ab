"""An agency's own pages: what it has in hand today, and one task with the form for what it works out."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.ledger.helping import forms, queries, rules, workflow
from services.ledger.helping.routes_institution import TONES
from services.ledger.models import AGENCY_TASK_STATES
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import MenuEntry, page, redirect, refused_in_place, unprocessable

HOME = "/console/agency"
_TITLE = "受托服务"
_TEMPLATE = "ledger/helping/task.html"
_WORK = {"permission": queries.WORK}
MENU = (MenuEntry("console", "", _TITLE, "briefcase", HOME, queries.WORK, 15),)


@get("/agency", opt=_WORK)
async def list_tasks(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What institutions have handed to this agency and is within its period."""
    pack = (await governing(tx)).pack
    context = {
        "tasks": await queries.own_tasks(tx),
        "services": {code: item.label for code, item in pack.enumeration(rules.SERVICE).items()},
        "states": AGENCY_TASK_STATES,
        "tones": TONES,
        "today": tx.today,
        "home": HOME,
    }
    return page(request, "ledger/helping/own.html", _TITLE, context)


async def _loaded(tx: Transaction, task_id: UUID) -> Row[Any]:
    row = await queries.own_task(tx, task_id)
    if row is None:
        raise NotFound
    return row


async def _context(tx: Transaction, row: Row[Any], form: FormState | None = None) -> dict[str, Any]:
    pack = (await governing(tx)).pack
    stands = {"body": row.body or "", "revision": row.revision}
    stands |= {forms.PROPOSED + name: words for name, words in (row.proposed or {}).items()}
    return {
        "task": row,
        "service": pack.label(rules.SERVICE, row.service),
        "article": pack.citation(f"enumerations.{rules.SERVICE}"),
        "asked": [(forms.PROPOSED + name, forms.ASKABLE[name]) for name in row.asks],
        "states": AGENCY_TASK_STATES,
        "tones": TONES,
        "form": form or FormState(stands),
        "today": tx.today,
        "refusal": None,
        "home": HOME,
        "path": HOME,
    }


def _crumbs(row: Row[Any]) -> tuple[Crumb, ...]:
    return Crumb(_TITLE, HOME), Crumb(row.institution)


@get("/agency/{task_id:uuid}", opt=_WORK)
async def show_task(request: Request[Any, Any, Any], tx: Transaction, task_id: UUID) -> Response[str]:
    """What was handed over, and the form for the work."""
    row = await _loaded(tx, task_id)
    return page(request, _TEMPLATE, _TITLE, await _context(tx, row), crumbs=_crumbs(row))


@post("/agency/{task_id:uuid}", opt=_WORK)
async def save_work(request: Request[Any, Any, Any], tx: Transaction, task_id: UUID) -> Response[Any]:
    """Keep what was worked out so far."""
    return await _kept(request, tx, task_id, deliver=False)


@post("/agency/{task_id:uuid}/deliver", opt=_WORK)
async def deliver_work(request: Request[Any, Any, Any], tx: Transaction, task_id: UUID) -> Response[Any]:
    """Hand it to the institution."""
    return await _kept(request, tx, task_id, deliver=True)


async def _kept(request: Request[Any, Any, Any], tx: Transaction, task_id: UUID, *, deliver: bool) -> Response[Any]:
    row = await _loaded(tx, task_id)
    values = typed(await request.form())
    form, errors = read(forms.WorkForm, values)
    proposed, wrong = forms.proposed_of(values, row.asks)
    errors |= wrong
    if deliver and form is not None and not (form.body or proposed):
        errors["body"] = "请填写服务成果后再交付"
    if form is None or errors:
        context = await _context(tx, row, FormState(values, errors))
        return unprocessable(request, tx, _TEMPLATE, _TITLE, context, crumbs=_crumbs(row))
    verb = workflow.deliver if deliver else workflow.save
    done = await verb(tx, task_id, form.body, proposed, form.revision)
    if isinstance(done, Refusal):
        context = await _context(tx, row, FormState(values))
        return refused_in_place(request, tx, done, _TEMPLATE, _TITLE, context, crumbs=_crumbs(row))
    return redirect(tx, f"{HOME}/{task_id}", done="submitted" if deliver else "saved")


HANDLERS = (list_tasks, show_task, save_work, deliver_work)
