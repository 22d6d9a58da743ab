"""人员与角色: who signs in here, which roles they hold, who may give them, who leaves and to whom everything goes."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.administration.accounts import holdings, queries, rules, workflow
from services.administration.accounts.forms import LeavingForm, RolesForm
from services.administration.permission_words import permission_label
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.pages import MenuEntry, page, redirect, unprocessable
from tenants.permissions import ADMINISTRATORS, ROLES, labels_of, permissions_of

HOME = "/institution/accounts"
_READ = {"permission": "institution:account:read"}
_ASSIGN = {"permission": "institution:role:assign"}
_CLOSE = {"permission": "institution:account:close"}
_FOLDER = "administration/institution/"
_LIST = Crumb("人员与角色", HOME)
MENU = (MenuEntry("institution", "系统管理", "人员与角色", "users", HOME, "institution:account:read", 950),)


@get("/accounts", opt=_READ)
async def accounts(request: Request[Any, Any, Any], tx: Transaction, q: str = "") -> Response[str]:
    """Who signs in here."""
    words = q.strip()[:80]
    context = {"lines": await queries.accounts(tx, words), "q": words}
    return page(request, _FOLDER + "accounts.html", "人员与角色", context)


async def _shown(tx: Transaction, person_id: UUID) -> dict[str, Any]:
    row = await queries.find_account(tx, person_id)
    if row is None:
        raise NotFound
    provided, granted = await queries.roles_of(tx, person_id)
    return {
        "person": row,
        "me": person_id == tx.actor.person_id,
        "provided": provided,
        "granted": granted,
        "labels_of": labels_of,
        "gone": await queries.open_departure(tx, person_id),
        "here": f"{HOME}/{person_id}",
    }


@get("/accounts/{person_id:uuid}", opt=_READ)
async def account(request: Request[Any, Any, Any], tx: Transaction, person_id: UUID) -> Response[str]:
    """One person: roles by where they come from, with their history; when they left and came back."""
    shown = await _shown(tx, person_id)
    context = {
        **shown,
        "seen_at": await queries.last_seen(tx, person_id),
        "grants": await queries.grants_of(tx, person_id),
        "departures": await queries.departures_of(tx, person_id),
        "held_labels": holdings.LABELS,
    }
    name = str(shown["person"].name)
    return page(request, _FOLDER + "account.html", name, context, crumbs=(_LIST, Crumb(name)))


async def _choosing(tx: Transaction, person_id: UUID, form: FormState | None = None) -> dict[str, Any]:
    shown = await _shown(tx, person_id)
    form = form or FormState({"roles": list(shown["granted"])})
    chosen = [code for code in form.values.get("roles", ()) if code in ROLES]
    before = permissions_of((*shown["provided"], *shown["granted"]), "institution")
    after = permissions_of((*shown["provided"], *chosen), "institution")
    return {
        **shown,
        "form": form,
        "choices": [(code, ROLES[code].label) for code in rules.assignable() if code not in ADMINISTRATORS],
        "administrators": [(code, ROLES[code].label) for code in ADMINISTRATORS],
        "gained": sorted(permission_label(one) for one in after - before),
        "lost": sorted(permission_label(one) for one in before - after),
        "wrong": rules.wrong_roles(tx.actor.person_id, person_id, chosen, shown["provided"]),
        "changed": set(chosen) != set(shown["granted"]),
    }


@get("/accounts/{person_id:uuid}/roles", opt=_ASSIGN)
async def choose_roles(request: Request[Any, Any, Any], tx: Transaction, person_id: UUID) -> Response[str]:
    """The form of a person's roles; with roles in the address, what would change."""
    asked = request.query_params.getall("roles", [])
    tried = "tried" in request.query_params
    context = await _choosing(tx, person_id, FormState({"roles": asked}) if tried else None)
    return _roles_page(request, {**context, "tried": tried})


def _roles_page(request: Request[Any, Any, Any], context: dict[str, Any]) -> Response[str]:
    crumbs = (_LIST, Crumb(str(context["person"].name), context["here"]), Crumb("分配角色"))
    return page(request, _FOLDER + "account_roles.html", "分配角色", context, crumbs=crumbs)


@post("/accounts/{person_id:uuid}/roles", opt=_ASSIGN, status_code=303)
async def assign_roles(request: Request[Any, Any, Any], tx: Transaction, person_id: UUID) -> Response[Any]:
    """Let these be the roles that the unit grants."""
    values = typed(await request.form(), lists=("roles",))
    form, errors = read(RolesForm, values)
    try:
        if form is None:
            raise FormInvalid(errors)
        await workflow.assign_roles(tx, person_id, form.roles, form.reason)
    except FormInvalid as wrong:
        context = await _choosing(tx, person_id, FormState({"roles": [], **values}, wrong.errors))
        return unprocessable(request, tx, _FOLDER + "account_roles.html", "分配角色", {**context, "tried": True})
    return redirect(tx, f"{HOME}/{person_id}", done="saved")


async def _leaving(tx: Transaction, person_id: UUID, form: FormState | None = None) -> dict[str, Any]:
    others = [one for one in await queries.accounts(tx) if one.person_id != person_id and not one.left]
    return {
        **await _shown(tx, person_id),
        "form": form or FormState({"last_day": tx.today}),
        "held": await holdings.held_by(tx, person_id),
        "successors": [(one.person_id, f"{one.name}（{one.unit}）" if one.unit else one.name) for one in others],
    }


@get("/accounts/{person_id:uuid}/leave", opt=_CLOSE)
async def leaving(request: Request[Any, Any, Any], tx: Transaction, person_id: UUID) -> Response[str]:
    """What the person holds, and to whom it goes."""
    context = await _leaving(tx, person_id)
    crumbs = (_LIST, Crumb(str(context["person"].name), context["here"]), Crumb("停用与交接"))
    return page(request, _FOLDER + "account_leaving.html", "停用与交接", context, crumbs=crumbs)


@post("/accounts/{person_id:uuid}/leave", opt=_CLOSE, status_code=303)
async def leave(request: Request[Any, Any, Any], tx: Transaction, person_id: UUID) -> Response[Any]:
    """Close the account and hand everything on."""
    values = typed(await request.form())
    form, errors = read(LeavingForm, values)
    try:
        if form is None:
            raise FormInvalid(errors)
        await workflow.leave(tx, person_id, form.successor, form.last_day, form.reason)
    except FormInvalid as wrong:
        context = await _leaving(tx, person_id, FormState(values, wrong.errors))
        return unprocessable(request, tx, _FOLDER + "account_leaving.html", "停用与交接", context)
    return redirect(tx, f"{HOME}/{person_id}", done="done")


@post("/accounts/{person_id:uuid}/return", opt=_CLOSE, status_code=303)
async def come_back(tx: Transaction, person_id: UUID) -> Response[Any]:
    """Open a closed account again."""
    await workflow.come_back(tx, person_id)
    return redirect(tx, f"{HOME}/{person_id}", done="done")


HANDLERS = (accounts, account, choose_roles, assign_roles, leaving, leave, come_back)
