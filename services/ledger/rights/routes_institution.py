"""The page of an achievement's rights: days, terms, annual fees."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.ledger.queries import rights_of
from services.ledger.rights import forms, pages, rules, workflow
from services.ledger.then import absent, asked_record
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, Refusal
from shared.forms import read, typed
from shared.policy.pack import Pack
from shared.ui.page import FormState
from tenants.packs import governing
from tenants.pages import came_back, page, redirect

_READ = {"permission": "institution:ledger:read"}
_WRITE = {"permission": "institution:ledger:write"}


@get("/ledger/{achievement_id:uuid}/rights", opt=_READ)
async def show_rights(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """The rights with what is left of their terms; ``number`` in the address opens the form of one."""
    then = await asked_record(request, tx, achievement_id)
    if then.detail is None:
        return await absent(request, tx, achievement_id, then.point, pages.TITLE)
    row, pack = then.detail.row, (await governing(tx)).pack
    edited = str(request.query_params.get("number") or "")
    context = await pages.context_of(tx, row, pack, edited=edited, then=then)
    return page(request, pages.TEMPLATE, pages.TITLE, context, crumbs=pages.crumbs(row))


@post("/ledger/{achievement_id:uuid}/rights", opt=_WRITE)
async def record_right(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Record a right, or change one."""
    row, pack = await pages.loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.RightForm, values)
    known = next((one for one in await rights_of(tx, row.id) if form and one.number == form.replaces), None)
    right = form.right(known) if form is not None else None
    if form is not None and right is not None:
        errors = _faults(form, rules.dates_fault(right, tx.today), pack)
    if form is None or right is None or errors:
        return await _again(request, tx, row.id, "right", FormState(values, errors))
    done = await workflow.record_right(
        tx,
        row.id,
        right,
        since=form.since,
        reason=form.reason,
        replaces=form.replaces,
        revision=form.revision or None,
    )
    if isinstance(done, Refusal):
        return await _again(request, tx, row.id, "right", FormState(values), done)
    return redirect(tx, f"{pages.HOME}/{achievement_id}/rights", done="saved")


def _faults(form: forms.RightForm, dates: dict[str, str], pack: Pack) -> dict[str, str]:
    """What one look at the form cannot tell: the number against its kind, codes that nobody offers, days against each other."""
    wrong = rules.number_fault(form.number, form.kind, pack)
    errors = {"number": wrong} if wrong else {}
    if form.kind not in pack.enumeration("achievement_type"):
        errors["kind"] = "不是本省规定的种类，请重新选择"
    if form.status not in rules.STATES:
        errors["status"] = "请选择权利状态"
    return {**errors, **dates}


@post("/ledger/{achievement_id:uuid}/rights/fees", opt=_WRITE)
async def record_fee(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Record a paid annual fee."""
    row, _ = await pages.loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.FeeForm, values)
    if form is None:
        return await _again(request, tx, row.id, "fee", FormState(values, errors))
    try:
        done = await workflow.record_fee(tx, row.id, form.number, form.year, form.paid_on)
    except FormInvalid as wrong:
        return await _again(request, tx, row.id, "fee", FormState(values, wrong.errors))
    if isinstance(done, Refusal):
        return await _again(request, tx, row.id, "fee", FormState(values), done)
    return redirect(tx, f"{pages.HOME}/{achievement_id}/rights", done="saved")


async def _again(
    request: Request[Any, Any, Any],
    tx: Transaction,
    achievement_id: UUID,
    name: str,
    form: FormState,
    refusal: Refusal | None = None,
) -> Response[str]:
    """The page with the form that came back: wrong fields, or a refusal."""
    row, pack = await pages.loaded(tx, achievement_id)
    context = await pages.context_of(tx, row, pack, {name: form}, str(form.values.get("replaces") or ""))
    return came_back(request, tx, refusal, pages.TEMPLATE, pages.TITLE, context, crumbs=pages.crumbs(row))


HANDLERS = (show_rights, record_right, record_fee)
