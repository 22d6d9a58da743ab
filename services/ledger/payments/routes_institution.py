"""到账: what each conversion of an achievement was agreed at and what came in; recording, correcting, taking back."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import RawBody
from sqlalchemy import Row

from services.ledger.display import record_tabs, words_of
from services.ledger.forms import id_of
from services.ledger.papers import rules as paper_rules
from services.ledger.papers.queries import papers_of
from services.ledger.payments import forms, queries, workflow
from services.ledger.payments.models import KINDS
from services.ledger.payments.workflow import PURPOSE, Payment
from services.ledger.points import NOW, Point
from services.ledger.queries import Detail
from services.ledger.then import absent, asked_record, record_at
from shared.db.transaction import Transaction
from shared.documents.uploads import receive_form
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.pages import page, redirect, refused, refused_in_place, unprocessable
from tenants.people import names_of

LEDGER = "/institution/ledger"
TAB = "到账"
_PAGE = "ledger/payments/payments.html"
_SEE, _RECORD = {"permission": queries.SEE}, {"permission": queries.RECORD}
_DOWNLOAD = "institution:ledger:export"


async def _context(
    tx: Transaction,
    detail: Detail,
    given: FormState | None = None,
    point: Point = NOW,
    edited: Row[Any] | None = None,
) -> dict[str, Any]:
    row, words = detail.row, await words_of(tx)
    payments = await queries.payments_of(tx, row.id, point)
    versions = await queries.versions_of(tx, row.id) if not point.past else ()
    vouchers: dict[str, list[Row[Any]]] = {}
    for one in await papers_of(tx, row.id, PURPOSE, point):
        vouchers.setdefault((one.subjects or [""])[0], []).append(one)
    of = {one.id: [paid for paid in payments if paid.conversion_id == one.id] for one in detail.conversions}
    fields = ("conversion_id", "received_on", "amount", "kind", "reference", "remark", "revision")
    standing = {name: getattr(edited, name) for name in fields} if edited is not None else {}
    return {
        "row": row,
        "conversions": [(one, of[one.id], sum((p.amount for p in of[one.id]), Decimal(0))) for one in detail.conversions],
        "received": sum((one.amount for one in payments), Decimal(0)),
        "count": len(payments),
        "vouchers": vouchers,
        "versions": [one for one in versions if one.revision > 1 or not one.live],
        "names": await names_of(tx, list({one.actor_id for one in versions if one.actor_id})),
        "kinds": KINDS,
        "choices": [(one.id, _called(one, words.label("mode", one.mode))) for one in detail.conversions],
        "form": given or FormState(standing),
        "edited": edited,
        "may_record": not point.past and queries.RECORD in tx.actor.permissions and row.state == "registered",
        "may_fetch": _DOWNLOAD in tx.actor.permissions,
        "types": paper_rules.TYPES,
        "size_limit": paper_rules.SIZE_LIMIT,
        "words": words,
        "refusal": None,
        "point": point,
        "today": tx.today,
        "home": f"{LEDGER}/{row.id}",
        "tabs": record_tabs(row.id, words, TAB, point),
    }  # fmt: skip


def _called(one: Any, mode: str) -> str:
    signed = f"{one.signed_on} " if one.signed_on else ""
    return f"{signed}{mode or '转化'}{'　' + one.counterparty if one.counterparty else ''}"


def _crumbs(row: Row[Any]) -> tuple[Crumb, ...]:
    return Crumb("单列管理台账", LEDGER), Crumb(row.name, f"{LEDGER}/{row.id}"), Crumb(TAB)


async def _now(tx: Transaction, achievement_id: UUID) -> Detail:
    detail = (await record_at(tx, achievement_id, NOW)).detail
    if detail is None:
        raise NotFound
    return detail


@get("/ledger/{achievement_id:uuid}/payments", opt=_SEE)
async def show_payments(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """Agreed beside received, conversion by conversion; ``payment`` in the address opens the form of one."""
    then = await asked_record(request, tx, achievement_id)
    if then.detail is None:
        return await absent(request, tx, achievement_id, then.point, TAB)
    edited = None
    payment_id = id_of(request.query_params.get("payment"))
    if payment_id is not None and not then.point.past:
        edited = next((one for one in await queries.payments_of(tx, achievement_id) if one.id == payment_id), None)
    context = await _context(tx, then.detail, None, then.point, edited)
    return page(request, _PAGE, TAB, context, crumbs=_crumbs(then.detail.row))


@post("/ledger/{achievement_id:uuid}/payments", opt=_RECORD, status_code=303)
async def record_payment(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, body: RawBody
) -> Response[Any]:
    """Record a payment; the body is read in memory, what is not kept is nowhere."""
    await _now(tx, achievement_id)
    sent = await receive_form(request, body)
    upload = sent.files.get("file")
    given = upload if upload is not None and upload.content else None
    form, errors = read(forms.PaymentForm, sent.values)
    wrong = await asyncio.to_thread(paper_rules.fault, given.file_name, given.content) if given is not None else None
    if form is None or wrong:
        errors |= {"file": wrong} if wrong else {}
        return await _again(request, tx, achievement_id, FormState(sent.values, errors))
    payment = Payment(**(form.model_dump() | {"remark": form.remark or None}))
    store = request.app.state.objects
    done = await workflow.record_payment(tx, achievement_id, payment, store=store, upload=given)
    if isinstance(done, Refusal):
        return await _again(request, tx, achievement_id, FormState(sent.values), done)
    return redirect(tx, f"{LEDGER}/{achievement_id}/payments", done="saved")


@post("/ledger/{achievement_id:uuid}/payments/{payment_id:uuid}", opt=_RECORD)
async def correct_payment(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, payment_id: UUID
) -> Response[Any]:
    """Correct a payment."""
    await _now(tx, achievement_id)
    edited = next((one for one in await queries.payments_of(tx, achievement_id) if one.id == payment_id), None)
    values = typed(await request.form())
    form, errors = read(forms.CorrectionForm, values)
    if form is None:
        return await _again(request, tx, achievement_id, FormState(values, errors), None, edited)
    said = form.model_dump(exclude={"reason", "revision"}) | {"remark": form.remark or None}
    refusal = await workflow.correct_payment(
        tx, achievement_id, payment_id, Payment(**said), reason=form.reason, revision=form.revision or None
    )
    if refusal is not None:
        return await _again(request, tx, achievement_id, FormState(values), refusal, edited)
    return redirect(tx, f"{LEDGER}/{achievement_id}/payments", done="saved")


@post("/ledger/{achievement_id:uuid}/payments/{payment_id:uuid}/remove", opt=_RECORD)
async def remove_payment(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, payment_id: UUID
) -> Response[Any]:
    """Take a payment back."""
    await _now(tx, achievement_id)
    form, errors = read(forms.RemovalForm, typed(await request.form()))
    if form is None:
        return await _again(request, tx, achievement_id, FormState({}, {"": errors["reason"]}))
    refusal = await workflow.remove_payment(tx, achievement_id, payment_id, reason=form.reason)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{LEDGER}/{achievement_id}/payments")
    return redirect(tx, f"{LEDGER}/{achievement_id}/payments", done="done")


async def _again(
    request: Request[Any, Any, Any],
    tx: Transaction,
    achievement_id: UUID,
    form: FormState,
    refusal: Refusal | None = None,
    edited: Row[Any] | None = None,
) -> Response[str]:
    """The page with the form that came back: wrong fields, or a refusal."""
    detail = await _now(tx, achievement_id)
    context = await _context(tx, detail, form, NOW, edited)
    if refusal is None:
        return unprocessable(request, tx, _PAGE, TAB, context, crumbs=_crumbs(detail.row))
    return refused_in_place(request, tx, refusal, _PAGE, TAB, context, crumbs=_crumbs(detail.row))


HANDLERS = (show_payments, record_payment, correct_payment, remove_payment)
