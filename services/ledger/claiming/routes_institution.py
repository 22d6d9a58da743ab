"""完成人认领: a completer says which of the ledger's completers they are; the responsible department decides."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.ledger.claiming import queries, workflow
from services.ledger.claiming.forms import ClaimForm, ConfirmForm, ReasonForm
from services.ledger.claiming.models import CLAIM_STATES
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import FormState
from tenants.pages import page, redirect, refused, unprocessable

HOME = "/institution/claims"
_CLAIM = {"permission": queries.CLAIM}
_TEMPLATE = "ledger/claiming/institution/claims.html"


async def _context(tx: Transaction, words: str, form: FormState | None = None) -> dict[str, Any]:
    decides = queries.DECIDE in tx.actor.permissions
    return {
        "words": words,
        "namesakes": await queries.namesakes(tx, words),
        "mine": await queries.claims(tx, list(CLAIM_STATES), mine=True),
        "waiting": await queries.claims(tx, ["submitted"]) if decides else [],
        "linked": await queries.claims(tx, ["confirmed"]) if decides else [],
        "decides": decides,
        "claims": queries.CLAIM in tx.actor.permissions,
        "me": tx.actor.person_id,
        "states": CLAIM_STATES,
        "form": form or FormState(),
        "home": HOME,
    }


@get("/claims", opt={"permission": queries.SEE})
async def show_claims(request: Request[Any, Any, Any], tx: Transaction, q: str = "") -> Response[str]:
    """Whom one may claim to be, one's own claims, and what the department has to decide."""
    return page(request, _TEMPLATE, "完成人认领", await _context(tx, q.strip()[:80]))


@post("/claims", opt=_CLAIM)
async def claim(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Say who one is."""
    values = typed(await request.form())
    form, errors = read(ClaimForm, values)
    if form is None:
        return unprocessable(request, tx, _TEMPLATE, "完成人认领", await _context(tx, "", FormState(values, errors)))
    done = await workflow.claim(tx, form.completer_id)
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=HOME)
    return redirect(tx, HOME, done="submitted")


@post("/claims/{claim_id:uuid}/withdraw", opt=_CLAIM)
async def withdraw_claim(request: Request[Any, Any, Any], tx: Transaction, claim_id: UUID) -> Response[Any]:
    """One's own, while it waits."""
    refusal = await workflow.decide(tx, claim_id, "withdraw")
    return redirect(tx, HOME, done="done") if refusal is None else refused(request, tx, refusal, back=HOME)


@post("/claims/{claim_id:uuid}/{name:str}", opt={"permission": queries.DECIDE})
async def decide_claim(request: Request[Any, Any, Any], tx: Transaction, claim_id: UUID, name: str) -> Response[Any]:
    """Confirm; decline or end with a reason."""
    if name not in ("confirm", "decline", "end"):
        raise NotFound
    values = typed(await request.form())
    form, errors = read(ConfirmForm if name == "confirm" else ReasonForm, values)
    if form is None:
        return unprocessable(request, tx, _TEMPLATE, "完成人认领", await _context(tx, "", FormState(values, errors)))
    refusal = await workflow.decide(tx, claim_id, name, getattr(form, "reason", ""))
    return redirect(tx, HOME, done="done") if refusal is None else refused(request, tx, refusal, back=HOME)


HANDLERS = (show_claims, claim, withdraw_claim, decide_claim)
