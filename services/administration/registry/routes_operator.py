"""The operator's pages of the registry: the province, its organisations, their departments. No business data of anybody."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.administration.registry import queries
from shared.db.transaction import Transaction
from shared.errors import FormInvalid
from shared.ui.page import Crumb, FormState
from tenants import registration
from tenants.calendar import areas
from tenants.departments import NotProvisioned
from tenants.isolation import all_provinces, engine_of
from tenants.pages import MenuEntry, page, redirect, unprocessable
from tenants.provisioning import set_active
from tenants.registry import KINDS, UNIT_KINDS

_READ, _WRITE = {"permission": "operator:home:read"}, {"permission": "operator:registry:write"}
HOME, PROVINCE = "/operator/organisations", "/operator/province"
MENU = (
    MenuEntry("operator", "登记", "单位", "building", HOME, "operator:home:read", 100),
    MenuEntry("operator", "登记", "省份", "map-pin", PROVINCE, "operator:home:read", 110),
)
_FOLDER = "administration/operator/"
_LIST = Crumb("单位", HOME)
_Verb = Callable[[Transaction, UUID, dict[str, str]], Awaitable[object]]
_KINDS = {code: label for code, label in KINDS.items() if code != "operator"}


async def _sent(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


async def _choices(tx: Transaction) -> dict[str, Any]:
    return {
        "kinds": list(_KINDS.items()),
        "unit_kinds": list(UNIT_KINDS.items()),
        "departments": await queries.departments(tx),
        "areas": await areas(tx),
    }


@get("/organisations", opt=_READ)
async def organisations(request: Request[Any, Any, Any], tx: Transaction, kind: str = "") -> Response[str]:
    """Who is registered in the province."""
    rows = await queries.listed(tx, "")
    context = {
        "rows": [row for row in rows if not kind or row.kind == kind],
        "counts": [(code, label, sum(row.kind == code for row in rows)) for code, label in KINDS.items()],
        "kind": kind if kind in KINDS else "",
        "total": len(rows),
        "kinds": KINDS,
        "unit_kinds": UNIT_KINDS,
        "pilots": await queries.pilots_today(tx),
    }
    return page(request, _FOLDER + "organisations.html", "单位", context)


@get("/organisations/new", opt=_WRITE)
async def new_organisation(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The form of a new organisation."""
    form = FormState({"kind": "institution", "since": tx.today})
    context = {"form": form, **await _choices(tx)}
    return page(request, _FOLDER + "new_organisation.html", "开通单位", context, crumbs=(_LIST, Crumb("开通单位")))


@post("/organisations/new", opt=_WRITE, status_code=303)
async def open_organisation(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Open an organisation."""
    sent = await _sent(request)
    try:
        new = await registration.register(tx, sent)
    except FormInvalid as wrong:
        context = {"form": FormState(sent, wrong.errors), **await _choices(tx)}
        return unprocessable(request, tx, _FOLDER + "new_organisation.html", "开通单位", context)
    return redirect(tx, f"{HOME}/{new.id}", done="saved")


@get("/organisations/{tenant_id:uuid}", opt=_READ)
async def organisation(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[str]:
    """One organisation: what is registered, its competent departments over time, its pilots."""
    unit = await queries.unit(tx, tenant_id)
    context = {
        "unit": unit,
        "kinds": KINDS,
        "unit_kinds": UNIT_KINDS,
        "today": tx.today,
        "own": tenant_id == tx.tenant_id,
        "here": f"{HOME}/{tenant_id}",
    }
    return page(request, _FOLDER + "organisation.html", unit.row.name, context, crumbs=(_LIST, Crumb(unit.row.name)))


async def _changing(tx: Transaction, tenant_id: UUID, form: FormState | None = None) -> dict[str, Any]:
    unit = await queries.unit(tx, tenant_id)
    shown = form or FormState(registration.as_typed(unit.registered))
    return {"unit": unit, "form": shown, "here": f"{HOME}/{tenant_id}", "today": tx.today, **await _choices(tx)}


async def _changed(
    request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID, verb: _Verb, template: str, title: str
) -> Response[Any]:
    """Do what a form asks for, or show it again with what is wrong."""
    sent = await _sent(request)
    try:
        await verb(tx, tenant_id, sent)
    except FormInvalid as wrong:
        context = await _changing(tx, tenant_id, FormState(sent, wrong.errors))
        return unprocessable(request, tx, _FOLDER + template, title, context)
    return redirect(tx, f"{HOME}/{tenant_id}", done="saved")


@get("/organisations/{tenant_id:uuid}/change", opt=_WRITE)
async def changing(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[str]:
    """The form of what is registered."""
    context = await _changing(tx, tenant_id)
    crumbs = (_LIST, Crumb(context["unit"].row.name, context["here"]), Crumb("变更资料"))
    return page(request, _FOLDER + "change_organisation.html", "变更资料", context, crumbs=crumbs)


@post("/organisations/{tenant_id:uuid}/change", opt=_WRITE, status_code=303)
async def change_organisation(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[Any]:
    """Change what is registered."""
    return await _changed(request, tx, tenant_id, registration.change, "change_organisation.html", "变更资料")


@get("/organisations/{tenant_id:uuid}/department", opt=_WRITE)
async def moving(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[str]:
    """The form of a change of the competent department."""
    context = await _changing(tx, tenant_id, FormState({"since": tx.today}))
    crumbs = (_LIST, Crumb(context["unit"].row.name, context["here"]), Crumb("变更主管部门"))
    return page(request, _FOLDER + "change_department.html", "变更主管部门", context, crumbs=crumbs)


@post("/organisations/{tenant_id:uuid}/department", opt=_WRITE, status_code=303)
async def move_organisation(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[Any]:
    """Hand an institution to another department from a day on."""
    return await _changed(request, tx, tenant_id, registration.move, "change_department.html", "变更主管部门")


@get("/organisations/{tenant_id:uuid}/state", opt=_WRITE)
async def asking_state(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[str]:
    """Suspend or let in again: says first what that does."""
    context = await _changing(tx, tenant_id)
    title = "暂停使用" if context["unit"].row.state == "active" else "恢复使用"
    crumbs = (_LIST, Crumb(context["unit"].row.name, context["here"]), Crumb(title))
    return page(request, _FOLDER + "change_state.html", title, context, crumbs=crumbs)


@post("/organisations/{tenant_id:uuid}/state", opt=_WRITE, status_code=303)
async def change_state(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[Any]:
    """Suspend an organisation, whose people then only read and export, or let them work again."""
    wanted = (await _sent(request)).get("state", "")
    try:
        await set_active(tx, tenant_id, wanted == "active")
    except NotProvisioned as wrong:
        context = await _changing(tx, tenant_id, FormState({}, {"": wrong.message}))
        return unprocessable(request, tx, _FOLDER + "change_state.html", "暂停使用", context)
    return redirect(tx, f"{HOME}/{tenant_id}", done="done")


async def _province(request: Request[Any, Any, Any], tx: Transaction, form: FormState | None = None) -> dict[str, Any]:
    shown = form or FormState(await registration.province_as_typed(tx))
    provinces = (await all_provinces(engine_of(request))).values()
    return {"form": shown, "provinces": provinces, "own": tx.province_id, "modes": list(registration.MODES.items())}


@get("/province", opt=_READ)
async def province(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The provinces of the installation, and the form of the operator's own."""
    return page(request, _FOLDER + "province.html", "省份", await _province(request, tx))


@post("/province", opt=_WRITE, status_code=303)
async def change_province(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Change the operator's own province."""
    sent = await _sent(request)
    try:
        await registration.change_province(tx, sent)
    except FormInvalid as wrong:
        context = await _province(request, tx, FormState(sent, wrong.errors))
        return unprocessable(request, tx, _FOLDER + "province.html", "省份", context)
    return redirect(tx, PROVINCE, done="saved")


HANDLERS = (
    organisations,
    new_organisation,
    open_organisation,
    organisation,
    changing,
    change_organisation,
    moving,
    move_organisation,
    asking_state,
    change_state,
    province,
    change_province,
)
