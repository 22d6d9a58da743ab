"""Opinions on a draft as the science department reads and answers them."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.negative_list import queries
from services.negative_list.forms import AnswerForm, LetterForm, read
from services.negative_list.models import ADOPTED, CHANNELS
from services.negative_list.opinions import workflow
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.ui.page import Crumb, FormState
from tenants.pages import page, redirect, refused, unprocessable

_READ = {"permission": "console:list:read"}
_WRITE = {"permission": "console:list:write"}
_TEMPLATE = "negative_list/console/opinions.html"


async def _context(tx: Transaction, round_id: UUID, form: FormState, form_of: str = "") -> dict[str, Any]:
    """``form_of`` is the opinion whose answer was wrong, or ``letter``."""
    round_ = await queries.consultation(tx, round_id)
    if round_ is None:
        raise NotFound
    return {
        "round": round_,
        "opinions": await queries.opinions(tx, round_id),
        "counts": await queries.opinion_counts(tx, round_id),
        "channels": CHANNELS,
        "letter_channels": [(code, label) for code, label in CHANNELS.items() if code != "online"],
        "adopted": ADOPTED,
        "item_choices": [(item["code"], f"{item['code']} {item['title']}") for item in round_.draft["items"]],
        "may_write": "console:list:write" in tx.actor.permissions,
        "open": round_.open_on(tx.today),
        "form": form,
        "form_of": form_of,
        "empty": FormState(),
    }


def _address(round_id: UUID) -> str:
    return f"/console/lists/opinions/{round_id}"


def _crumbs(context: dict[str, Any]) -> tuple[Crumb, ...]:
    version = f"/console/lists/{context['round'].version_id}"
    return (Crumb("负面清单", "/console/lists"), Crumb(f"第 {context['round'].number} 版", version), Crumb("意见"))


@get("/lists/opinions/{round_id:uuid}", opt=_READ)
async def opinions(request: Request[Any, Any, Any], tx: Transaction, round_id: UUID) -> Response[str]:
    """The opinions of a round, the unanswered first, each with its answer's form."""
    context = await _context(tx, round_id, FormState())
    return page(request, _TEMPLATE, "征求意见：意见与答复", context, crumbs=_crumbs(context))


@post("/lists/opinions/{round_id:uuid}", opt=_WRITE, status_code=303)
async def record_letter(request: Request[Any, Any, Any], tx: Transaction, round_id: UUID) -> Response[Any]:
    """Enter an opinion that came on paper or by word."""
    sent = {key: str(value) for key, value in (await request.form()).items()}
    try:
        form = read(LetterForm, sent)
    except FormInvalid as wrong:
        context = await _context(tx, round_id, FormState(wrong.values, wrong.errors), "letter")
        return unprocessable(request, tx, _TEMPLATE, "征求意见：意见与答复", context)
    taken = await workflow.record_letter(tx, round_id, form.channel, form.body, form.item_code)
    if isinstance(taken, Refusal):
        return refused(request, tx, taken, back=_address(round_id))
    return redirect(tx, _address(round_id), done="saved")


@post("/lists/opinions/{round_id:uuid}/{opinion_id:uuid}", opt=_WRITE, status_code=303)
async def answer_opinion(
    request: Request[Any, Any, Any], tx: Transaction, round_id: UUID, opinion_id: UUID
) -> Response[Any]:
    """Answer one opinion."""
    sent = {key: str(value) for key, value in (await request.form()).items()}
    try:
        form = read(AnswerForm, sent)
    except FormInvalid as wrong:
        context = await _context(tx, round_id, FormState(wrong.values, wrong.errors), str(opinion_id))
        return unprocessable(request, tx, _TEMPLATE, "征求意见：意见与答复", context)
    if not any(one.id == opinion_id for one in await queries.opinions(tx, round_id)):
        raise NotFound
    refusal = await workflow.answer_opinion(tx, opinion_id, form.answer, form.adopted)
    if refusal is not None:
        return refused(request, tx, refusal, back=_address(round_id))
    return redirect(tx, _address(round_id), done="saved")


HANDLERS = (opinions, record_letter, answer_opinion)
