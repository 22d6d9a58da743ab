"""机构并入, by two operators: what goes over, what stands in the way, propose, confirm, withdraw."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.administration.merging import queries, workflow
from services.administration.merging.forms import MergerForm, WithdrawalForm
from services.administration.merging.models import STATES
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.pages import page, redirect, refused, unprocessable
from tenants.registration import registered

_WRITE = {"permission": "operator:registry:write"}
_HOME = "/operator/organisations"
_PAGE, _TITLE = "administration/operator/merger.html", "机构并入"


async def _context(tx: Transaction, tenant_id: UUID, form: FormState | None = None) -> dict[str, Any]:
    """:raises NotFound: no such institution in this province."""
    row = (await registered(tx, tenant_id)).row
    if row.kind != "institution":
        raise NotFound
    found = await queries.merger_of(tx, tenant_id)
    return {
        "row": row,
        "merger": found,
        "own": found is not None and found.proposed_by == tx.actor.person_id,
        "states": STATES,
        "units": await queries.institutions(tx, tenant_id),
        "form": form or FormState({"since": tx.today}),
        "home": f"{_HOME}/{tenant_id}",
        "here": f"{_HOME}/{tenant_id}/merger",
    }


@get("/organisations/{tenant_id:uuid}/merger", opt=_WRITE)
async def show_merger(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[str]:
    """The merger of an institution, or the form that proposes one."""
    context = await _context(tx, tenant_id)
    crumbs = (Crumb("单位", _HOME), Crumb(context["row"].name, context["home"]), Crumb(_TITLE))
    return page(request, _PAGE, _TITLE, context, crumbs=crumbs)


async def _wrong(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID, form: FormState) -> Response[Any]:
    return unprocessable(request, tx, _PAGE, _TITLE, await _context(tx, tenant_id, form))


@post("/organisations/{tenant_id:uuid}/merger", opt=_WRITE, status_code=303)
async def propose_merger(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[Any]:
    """Propose that the institution goes over to another one."""
    values = typed(await request.form())
    form, errors = read(MergerForm, values)
    if form is not None:
        try:
            await workflow.propose(tx, tenant_id, form)
        except FormInvalid as wrong:
            errors = dict(wrong.errors)
    if errors:
        return await _wrong(request, tx, tenant_id, FormState(values, errors))
    return redirect(tx, f"{_HOME}/{tenant_id}/merger", done="saved")


async def _done(
    request: Request[Any, Any, Any],
    tx: Transaction,
    tenant_id: UUID,
    verb: Callable[[Transaction, UUID], Awaitable[Refusal | None]],
) -> Response[Any]:
    """:raises NotFound: the institution has no merger."""
    found = await queries.merger_of(tx, tenant_id)
    if found is None:
        raise NotFound
    refusal = await verb(tx, found.id)
    here = f"{_HOME}/{tenant_id}/merger"
    return refused(request, tx, refusal, back=here) if refusal is not None else redirect(tx, here, done="done")


@post("/organisations/{tenant_id:uuid}/merger/examine", opt=_WRITE, status_code=303)
async def examine_merger(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[Any]:
    """Count anew what stands in the way."""
    return await _done(request, tx, tenant_id, workflow.examine_again)


@post("/organisations/{tenant_id:uuid}/merger/confirm", opt=_WRITE, status_code=303)
async def confirm_merger(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[Any]:
    """Confirm another operator's proposal."""
    return await _done(request, tx, tenant_id, workflow.confirm)


@post("/organisations/{tenant_id:uuid}/merger/withdraw", opt=_WRITE, status_code=303)
async def withdraw_merger(request: Request[Any, Any, Any], tx: Transaction, tenant_id: UUID) -> Response[Any]:
    """Take a merger back before it is carried out."""
    values = typed(await request.form())
    form, errors = read(WithdrawalForm, values)
    if form is None:
        return await _wrong(request, tx, tenant_id, FormState(values, errors))
    reason = form.reason
    return await _done(request, tx, tenant_id, lambda inner, merger_id: workflow.withdraw(inner, merger_id, reason))


HANDLERS = (show_merger, propose_merger, examine_merger, confirm_merger, withdraw_merger)
