"""Consultations for everybody: the draft, what it changes, and the opinion form without an account."""

import re
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.negative_list import queries
from services.negative_list.forms import OPINION_LIMIT, OpinionForm, read
from services.negative_list.models import MARKS
from services.negative_list.opinions.workflow import submit_opinion
from services.negative_list.queries import Consultation
from services.negative_list.rules import Draft, in_order
from shared.db.transaction import Outcome, Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import MenuEntry, redirect, refused
from tenants.public_pages import public_page

MENU = (MenuEntry("public", "", "征求意见", "", "/{province}/consultations", "", 20),)
HERE = "征求意见"
BODY_LIMIT = 128 * 1024
_RECEIPT = re.compile(r"YJ\d{8}-[2-9A-HJ-NP-Z]{8}")


@get("/{province:str}/consultations")
async def consultations(request: Request[Any, Any, Any], tx: Transaction, province: str) -> Response[str]:
    """Every round of opinion, those still open first."""
    rounds = sorted(await queries.consultations(tx), key=lambda r: not r.open_on(tx.today))
    context = {"rounds": rounds}
    crumbs = (Crumb(HERE),)
    return await public_page(
        request, tx, "negative_list/public/consultations.html", "征求意见", context, here=HERE, crumbs=crumbs
    )


@get("/{province:str}/consultations/{round_id:uuid}")
async def consultation(
    request: Request[Any, Any, Any], tx: Transaction, province: str, round_id: UUID
) -> Response[str]:
    """A draft as it was put to the public, and the form while the round is open."""
    return await _round_page(request, tx, await _found(tx, round_id), FormState())


async def _found(tx: Transaction, round_id: UUID) -> Consultation:
    found = await queries.consultation(tx, round_id)
    if found is None:
        raise NotFound
    return found


async def _round_page(
    request: Request[Any, Any, Any], tx: Transaction, round_: Consultation, form: FormState, status: int = 200
) -> Response[str]:
    pack = (await governing(tx)).pack
    categories = {code: item.label for code, item in pack.content.screening_categories.items()}
    items = in_order(Draft.of(round_.draft).items, list(categories))
    context = {
        "round": round_,
        "base": f"/{request.path_params['province']}/lists/{round_.kind}",
        "previous": round_.number - 1 if round_.number > 1 else None,
        "items": items,
        "categories": categories,
        "marks": MARKS,
        "open": round_.open_on(tx.today),
        "form": form,
        "limit": OPINION_LIMIT,
        "item_choices": [(item.code, f"{item.code} {item.title}") for item in items],
    }
    title = f"{round_.draft['title']}（第 {round_.number} 版草案）征求意见"
    crumbs = (Crumb(HERE, f"/{request.path_params['province']}/consultations"), Crumb(f"第 {round_.number} 版草案"))
    template = "negative_list/public/consultation.html"
    return await public_page(request, tx, template, title, context, here=HERE, crumbs=crumbs, status=status)


@post("/{province:str}/consultations/{round_id:uuid}", status_code=303, request_max_body_size=BODY_LIMIT)
async def send_opinion(
    request: Request[Any, Any, Any], tx: Transaction, province: str, round_id: UUID
) -> Response[Any]:
    """Take an opinion; the next page shows the receipt number."""
    sent = {name: str(value) for name, value in (await request.form()).items()}
    address = f"/{province}/consultations/{round_id}"
    try:
        form = read(OpinionForm, sent)
    except FormInvalid as wrong:
        tx.outcome = Outcome(422, refused=True)
        state = FormState(wrong.values, wrong.errors)
        return await _round_page(request, tx, await _found(tx, round_id), state, status=422)
    receipt = await submit_opinion(tx, round_id, form.body, form.item_code)
    if isinstance(receipt, Refusal):
        return refused(request, tx, receipt, back=address)
    return redirect(tx, f"{address}/received/{receipt}")


@get("/{province:str}/consultations/{round_id:uuid}/received/{receipt:str}")
async def opinion_received(
    request: Request[Any, Any, Any], tx: Transaction, province: str, round_id: UUID, receipt: str
) -> Response[str]:
    """The receipt number, to be kept by the sender. It says nothing about what was sent."""
    if not _RECEIPT.fullmatch(receipt):
        raise NotFound
    context = {"round": await _found(tx, round_id), "receipt": receipt}
    crumbs = (Crumb(HERE, f"/{province}/consultations"), Crumb("已收到"))
    template = "negative_list/public/received.html"
    return await public_page(request, tx, template, "意见已收到", context, here=HERE, crumbs=crumbs)


HANDLERS = (consultations, consultation, send_opinion, opinion_received)
