"""The science department's page of pilots: validity, what may still begin, who is in, selection and end."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.pilot import queries, rules, workflow
from services.pilot.forms import read_end, read_selection
from services.pilot.models import GUIDELINES
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import MenuEntry, page, redirect, refused, unprocessable
from tenants.registry import UNIT_KINDS

_READ, _WRITE = {"permission": "console:pilot:read"}, {"permission": "console:pilot:write"}
HOME = "/console/pilots"
MENU = (MenuEntry("console", "试点", "试点单位", "building-community", HOME, "console:pilot:read", 300),)
_NEW, _END = "pilot/console/selection.html", "pilot/console/end.html"


@get("/pilots", opt=_READ)
async def pilots(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Who is in which guideline from when to when, how long it is in force, and what may still begin today."""
    pack = (await governing(tx)).pack
    validity = await queries.validity(tx)
    context = {
        "validity": [(one, rules.may_begin(one.guideline, pack, tx.today)) for one in validity],
        "rows": await queries.province_memberships(tx),
        "unit_kinds": UNIT_KINDS,
        "today": tx.today,
        "may_write": "console:pilot:write" in tx.actor.permissions,
    }
    return page(request, "pilot/console/pilots.html", "试点单位", context)


async def _new_context(tx: Transaction, form: FormState) -> dict[str, Any]:
    return {"form": form, "institutions": await queries.institutions(tx), "guidelines": list(GUIDELINES.items())}


@get("/pilots/new", opt=_WRITE)
async def new_selection(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The form of a selection."""
    form = FormState({"selected_on": tx.today, "first_day": tx.today})
    crumbs = (Crumb("试点单位", HOME), Crumb("遴选登记"))
    return page(request, _NEW, "遴选登记", await _new_context(tx, form), crumbs=crumbs)


@post("/pilots/new", opt=_WRITE, status_code=303)
async def select_institution(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Enter a unit as selected."""
    sent = {key: str(value) for key, value in (await request.form()).items()}
    try:
        form = read_selection(sent)
    except FormInvalid as wrong:
        context = await _new_context(tx, FormState(wrong.values, wrong.errors))
        return unprocessable(request, tx, _NEW, "遴选登记", context)
    selected = await workflow.select_institution(
        tx,
        form.institution,
        form.guideline,
        first_day=form.first_day,
        selected_on=form.selected_on,
        document=form.document,
    )
    if isinstance(selected, Refusal):
        return refused(request, tx, selected, back=f"{HOME}/new")
    return redirect(tx, HOME, done="saved")


async def _end_context(tx: Transaction, membership_id: UUID, form: FormState) -> dict[str, Any]:
    row = await queries.membership_with_id(tx, membership_id)
    if row is None:
        raise NotFound
    return {"form": form, "row": row}


@get("/pilots/{membership_id:uuid}/end", opt=_WRITE)
async def ending(request: Request[Any, Any, Any], tx: Transaction, membership_id: UUID) -> Response[str]:
    """The form that ends a membership."""
    context = await _end_context(tx, membership_id, FormState({"last_day": tx.today}))
    return page(request, _END, "终止试点资格", context, crumbs=(Crumb("试点单位", HOME), Crumb("终止试点资格")))


@post("/pilots/{membership_id:uuid}/end", opt=_WRITE, status_code=303)
async def end_membership(request: Request[Any, Any, Any], tx: Transaction, membership_id: UUID) -> Response[Any]:
    """End a membership after a day."""
    sent = {key: str(value) for key, value in (await request.form()).items()}
    try:
        form = read_end(sent)
    except FormInvalid as wrong:
        context = await _end_context(tx, membership_id, FormState(wrong.values, wrong.errors))
        return unprocessable(request, tx, _END, "终止试点资格", context)
    refusal = await workflow.end_membership(tx, membership_id, form.last_day, form.document)
    if refusal is not None:
        return refused(request, tx, refusal, back=HOME)
    return redirect(tx, HOME, done="saved")


HANDLERS = (pilots, new_selection, select_institution, ending, end_membership)
