"""接口凭据: the unit's software that calls the API; a secret is shown on the one page that answers its making."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.administration.machines import queries, workflow
from services.administration.machines.forms import ClientForm
from services.administration.permission_words import permission_label
from shared.db.transaction import Outcome, Transaction
from shared.errors import FormInvalid, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.pages import MenuEntry, page, redirect, refused, unprocessable

HOME = "/institution/machines"
_MANAGE = {"permission": "institution:machine:manage"}
_FOLDER = "administration/institution/"
_LIST = Crumb("接口凭据", HOME)
MENU = (MenuEntry("institution", "系统管理", "接口凭据", "api", HOME, "institution:machine:manage", 960),)


async def _clients(tx: Transaction, form: FormState | None = None) -> dict[str, Any]:
    return {
        "clients": await queries.clients(tx),
        "form": form or FormState({"scopes": []}),
        "offered": [(one, permission_label(one)) for one in queries.scopes_offered()],
        "words": permission_label,
        "overlap_days": workflow.OVERLAP.days,
    }


@get("/machines", opt=_MANAGE)
async def clients(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The clients with their scopes, valid secrets and last use; and the form of a new one."""
    return page(request, _FOLDER + "machines.html", "接口凭据", await _clients(tx))


@post("/machines/new", opt=_MANAGE)
async def register(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Register a client and show its secret, once."""
    values = typed(await request.form(), lists=("scopes",))
    form, errors = read(ClientForm, values)
    try:
        if form is None:
            raise FormInvalid(errors)
        client_id, secret = await workflow.register(tx, form.name, form.scopes)
    except FormInvalid as wrong:
        context = await _clients(tx, FormState({"scopes": [], **values}, wrong.errors))
        return unprocessable(request, tx, _FOLDER + "machines.html", "接口凭据", context)
    return await _told(request, tx, client_id, secret)


async def _told(request: Request[Any, Any, Any], tx: Transaction, client_id: UUID, secret: str) -> Response[str]:
    """The one answer that holds the secret; sent again, the form leads to the list."""
    tx.outcome = Outcome(303, HOME)
    context = {"client": await queries.find_client(tx, client_id), "secret": secret, "words": permission_label}
    headers = {"cache-control": "no-store"}
    crumbs = (_LIST, Crumb("新的凭据"))
    return page(request, _FOLDER + "machine_secret.html", "新的凭据", context, crumbs=crumbs, headers=headers)


@post("/machines/{client_id:uuid}/rotate", opt=_MANAGE)
async def rotate(request: Request[Any, Any, Any], tx: Transaction, client_id: UUID) -> Response[Any]:
    """A further secret; the one before it works for some days more."""
    secret = await workflow.rotate(tx, client_id)
    if isinstance(secret, Refusal):
        return refused(request, tx, secret, back=HOME)
    return await _told(request, tx, client_id, secret)


@post("/machines/{client_id:uuid}/revoke", opt=_MANAGE, status_code=303)
async def revoke(request: Request[Any, Any, Any], tx: Transaction, client_id: UUID) -> Response[Any]:
    """No secret of the client works any longer."""
    refusal = await workflow.revoke(tx, client_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=HOME)
    return redirect(tx, HOME, done="done")


HANDLERS = (clients, register, rotate, revoke)
