"""委托代办: what one lends during absence and what was lent to one, with what was done under it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.administration.accounts.queries import accounts
from services.administration.delegating import queries, rules, workflow
from services.administration.delegating.forms import DelegationForm
from services.administration.permission_words import permission_label
from services.administration.wording import action_label
from services.empowerment.models import LIVE
from services.empowerment.queries import list_applications
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.pages import MenuEntry, page, redirect, refused, unprocessable
from tenants.standing import own_permissions

HOME = workflow.HOME
_SEE, _GIVE = {"permission": "institution:self:read"}, {"permission": "institution:delegation:give"}
_OVERSEE = {"permission": "institution:delegation:oversee"}
_FOLDER = "administration/institution/"
_LIST = Crumb("委托代办", HOME)
STATES = {
    "running": ("有效", "green"),
    "waiting": ("尚未开始", "blue"),
    "over": ("已到期", "secondary"),
    "ended": ("已提前结束", "secondary"),
}
MENU = (
    MenuEntry("institution", "系统管理", "委托代办", "user-share", HOME, "institution:delegation:give", 955),
    MenuEntry(
        "institution", "系统管理", "委托监督", "user-share", f"{HOME}/all", "institution:delegation:oversee", 956
    ),
)


@get("/delegations", opt=_SEE)
async def delegations(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What one lent and what one was lent."""
    context = _listed(await queries.delegations(tx), tx, overseeing=False)
    return page(request, _FOLDER + "delegations.html", "委托代办", context)


@get("/delegations/all", opt=_OVERSEE)
async def all_delegations(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Every delegation of the unit, for the security administrator."""
    context = _listed(await queries.delegations(tx, all_of_unit=True), tx, overseeing=True)
    return page(request, _FOLDER + "delegations.html", "委托监督", context)


def _listed(lines: Sequence[queries.DelegationLine], tx: Transaction, *, overseeing: bool) -> dict[str, Any]:
    return {
        "lines": lines,
        "me": tx.actor.person_id,
        "states": STATES,
        "words": permission_label,
        "overseeing": overseeing,
    }


async def _lending(tx: Transaction, form: FormState | None = None) -> dict[str, Any]:
    assert tx.actor.person_id is not None
    own = await own_permissions(tx, tx.actor.person_id)
    others = [one for one in await accounts(tx) if one.person_id != tx.actor.person_id and not one.left]
    reading = "institution:empowerment:read" in own
    cases = await list_applications(tx, LIVE, limit=100) if reading else []
    return {
        "form": form or FormState({"permissions": [], "first_day": tx.today}),
        "lendable": [(one, permission_label(one)) for one in rules.lendable(own)],
        "people": [(one.person_id, f"{one.name}（{one.unit}）" if one.unit else one.name) for one in others],
        "cases": [(one.id, one.achievement_name) for one in cases],
    }


@get("/delegations/new", opt=_GIVE)
async def new_delegation(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The form: whom, what, from when to when."""
    crumbs = (_LIST, Crumb("新的委托"))
    return page(request, _FOLDER + "delegation_new.html", "新的委托", await _lending(tx), crumbs=crumbs)


@post("/delegations/new", opt=_GIVE, status_code=303)
async def lend(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Lend."""
    values = typed(await request.form(), lists=("permissions",))
    form, errors = read(DelegationForm, values)
    try:
        if form is None:
            raise FormInvalid(errors)
        delegation_id = await workflow.lend(tx, form)
    except FormInvalid as wrong:
        context = await _lending(tx, FormState({"permissions": [], **values}, wrong.errors))
        return unprocessable(request, tx, _FOLDER + "delegation_new.html", "新的委托", context)
    return redirect(tx, f"{HOME}/{delegation_id}", done="saved")


@get("/delegations/{delegation_id:uuid}", opt=_SEE)
async def delegation(request: Request[Any, Any, Any], tx: Transaction, delegation_id: UUID) -> Response[str]:
    """One delegation, and what was done under it: for both, and for the security administrator without the acts."""
    oversees = workflow.OVERSEE in tx.actor.permissions
    lines = await queries.delegations(tx, all_of_unit=oversees)
    line = next((one for one in lines if one.row.id == delegation_id), None)
    if line is None:
        raise NotFound
    concerned = tx.actor.person_id in (line.row.lender_id, line.row.delegate_id)
    context = {
        **_listed([line], tx, overseeing=oversees),
        "line": line,
        "acts": await queries.done_for(tx, line.row) if concerned else None,
        "action_label": action_label,
        "may_end": line.state in ("running", "waiting"),
    }
    return page(request, _FOLDER + "delegation.html", "委托", context, crumbs=(_LIST, Crumb("委托")))


@post("/delegations/{delegation_id:uuid}/end", opt=_SEE, status_code=303)
async def end(request: Request[Any, Any, Any], tx: Transaction, delegation_id: UUID) -> Response[Any]:
    """End it before its last day."""
    refusal = await workflow.end(tx, delegation_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{HOME}/{delegation_id}")
    return redirect(tx, f"{HOME}/{delegation_id}", done="done")


HANDLERS = (delegations, all_delegations, new_delegation, lend, delegation, end)
