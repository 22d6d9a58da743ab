"""Pages of the agreement with its required clauses, and of the formalities."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.empowerment import queries, workflow
from services.empowerment.applying.forms import share_words
from services.empowerment.display import grant_label
from services.empowerment.routes_institution import crumbs_of, seen
from services.empowerment.signing import forms, rules
from services.empowerment.signing import workflow as verbs
from shared.db.transaction import Transaction
from shared.forms import typed
from shared.ui.page import FormState
from tenants.pages import page, redirect, refused_in_place, unprocessable

_PAGE = "empowerment/institution/"
_SIGN = {"permission": workflow.SIGN}
_REVIEW = {"permission": workflow.REVIEW}


async def _signing(
    tx: Transaction, application_id: UUID, form: FormState | None = None
) -> tuple[queries.Application, dict[str, Any]]:
    found = await seen(tx, application_id)
    pack = (await workflow.governing_case(tx, found)).pack
    clauses = rules.clauses(found.grant_type, pack, tx.today)
    supposed = verbs.Agreement(tx.today, tx.today, {one["code"]: "有" for one in clauses}, opinions_heard=True)
    signing, _ = await verbs.gather(tx, found, supposed, pack)
    now = rules.may_sign(rules.signing_facts(await queries.unit_of(tx), signing, tx.now), pack, tx.today)
    rule = pack.content.agreements.get(found.grant_type)
    grant = pack.content.grant_types.get(found.grant_type)
    step = workflow.current_step(found, workflow.steps_of(found, pack, tx.today))
    day = tx.today.isoformat()
    first = {
        "signed_on": day,
        "effective_on": day,
        "unit_share": share_words(found.terms.unit_share),
        "team_share": share_words(found.terms.team_share),
        "term_first_day": found.term_first_day,
        "term_last_day": found.term_last_day,
    }
    return found, {
        "application": found,
        "grant": grant_label(pack, found.grant_type),
        "grant_source": pack.citation(f"grant_types.{found.grant_type}"),
        "clauses": clauses,
        "now": now,
        "opinions": bool(rule and rule.opinions_heard),
        "opinions_source": pack.citation(f"agreements.{found.grant_type}.opinions_heard"),
        "sign_source": pack.citation(f"agreements.{found.grant_type}"),
        "shares": bool(grant and grant.asks_shares),
        "term": bool(grant and grant.asks_term),
        "open": step is not None and step.act == "sign",
        "today": tx.today,
        "form": form or FormState(first),
        "refusal": None,
    }


@get("/empowerment/{application_id:uuid}/agreement", opt=_SIGN)
async def agreement_form(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """The agreement's clauses by the kind of right, and whether it may be signed today."""
    found, context = await _signing(tx, application_id)
    return page(request, f"{_PAGE}agreement.html", "签署赋权协议", context, crumbs=crumbs_of(found, "签署协议"))


@post("/empowerment/{application_id:uuid}/agreement", opt=_SIGN)
async def sign_agreement(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """Record the written agreement."""
    values = typed(await request.form())
    found, context = await _signing(tx, application_id)
    codes = [one["code"] for one in context["clauses"]]
    paper, errors = forms.read_agreement(values, codes, found.terms, tx.today)
    context["form"] = FormState(values, errors)
    if paper is None:
        return unprocessable(request, tx, f"{_PAGE}agreement.html", "签署赋权协议", context)
    refusal = await verbs.sign_agreement(tx, application_id, paper)
    if refusal is not None:
        crumbs = crumbs_of(found, "签署协议")
        return refused_in_place(request, tx, refusal, f"{_PAGE}agreement.html", "签署赋权协议", context, crumbs=crumbs)
    return redirect(tx, workflow.href(application_id), done="done")


async def _handling(
    tx: Transaction, application_id: UUID, form: FormState | None = None
) -> tuple[queries.Application, dict[str, Any]]:
    found = await seen(tx, application_id)
    pack = (await workflow.governing_case(tx, found)).pack
    step = workflow.current_step(found, workflow.steps_of(found, pack, tx.today))
    due = rules.formalities(rules.formality_facts(found.grant_type), pack, tx.today).values["formalities"]
    return found, {
        "application": found,
        "grant": grant_label(pack, found.grant_type),
        "due": [
            {**one, "source": pack.citation(f"agreements.{found.grant_type}.formalities.{one['code']}")} for one in due
        ],
        "open": step is not None and step.act == "formalities",
        "today": tx.today,
        "form": form or FormState(),
        "refusal": None,
    }


@get("/empowerment/{application_id:uuid}/formality", opt=_REVIEW)
async def formality_form(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """What must be registered or filed after signing."""
    found, context = await _handling(tx, application_id)
    return page(request, f"{_PAGE}formality.html", "办理手续", context, crumbs=crumbs_of(found, "办理手续"))


@post("/empowerment/{application_id:uuid}/formality", opt=_REVIEW)
async def record_formality(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """Record what proves it."""
    values = typed(await request.form())
    found, context = await _handling(tx, application_id)
    handled, errors = forms.read_formalities(values, [one["code"] for one in context["due"]], tx.today)
    context["form"] = FormState(values, errors)
    if errors:
        return unprocessable(request, tx, f"{_PAGE}formality.html", "办理手续", context)
    refusal = await verbs.record_formality(tx, application_id, handled)
    if refusal is not None:
        crumbs = crumbs_of(found, "办理手续")
        return refused_in_place(request, tx, refusal, f"{_PAGE}formality.html", "办理手续", context, crumbs=crumbs)
    return redirect(tx, workflow.href(application_id), done="done")


HANDLERS = (agreement_form, sign_agreement, formality_form, record_formality)
