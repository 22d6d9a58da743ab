"""政策规则 in the console: the rules in force, stored versions, and activation by two people."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.administration.policy import forms, pages, queries
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants import activation, revocation
from tenants.pages import MenuEntry, page, redirect, refused, refused_in_place, unprocessable

_READ = {"permission": "console:policy:read"}
_PROPOSE = {"permission": "console:policy:propose"}
_CONFIRM = {"permission": "console:policy:confirm"}
_WITHDRAW = {"permission": "console:policy:withdraw"}
HOME = "/console/policy"
_VERSIONS = f"{HOME}/versions"
_PAGE = "administration/console/policy_"
_CRUMBS = (Crumb("政策规则", HOME), Crumb("版本与启用", _VERSIONS))


@get("/policy", opt=_READ)
async def rules(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The rules in force, as far as a search finds them."""
    context = await pages.rules_context(tx, dict(request.query_params.items()), HOME)
    return page(request, f"{_PAGE}rules.html", "政策规则", context)


@get("/policy/versions", opt=_READ)
async def versions(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What is stored, what governs since when and by whom, and what is proposed."""
    context = {
        "versions": await queries.versions(tx),
        "activations": await queries.activations(tx),
        "current": tx.pack_version_id,
        "may_propose": "console:policy:propose" in tx.actor.permissions,
    }
    return page(request, f"{_PAGE}versions.html", "版本与启用", context, crumbs=(_CRUMBS[0], Crumb("版本与启用")))


async def _version_context(tx: Transaction, version_id: UUID, form: FormState | None = None) -> dict[str, Any]:
    row = await queries.version(tx, version_id)
    return {
        **await pages.comparison(tx, version_id),
        "row": row,
        "form": form or FormState(),
        "refusal": None,
        "today": tx.today,
        "may_propose": "console:policy:propose" in tx.actor.permissions,
    }


@get("/policy/versions/{version_id:uuid}", opt=_READ)
async def version(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[str]:
    """A stored version beside the one in force, clause by clause, and the form that proposes it."""
    context = await _version_context(tx, version_id)
    title = f"版本 {context['row'].version}"
    return page(request, f"{_PAGE}version.html", title, context, crumbs=(*_CRUMBS, Crumb(title)))


@post("/policy/versions/{version_id:uuid}/propose", opt=_PROPOSE, status_code=303)
async def propose(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[Any]:
    """Propose a version from a day on."""
    sent = typed(await request.form())
    form, errors = read(forms.ProposalForm, sent)
    if form is None:
        context = await _version_context(tx, version_id, FormState(sent, errors))
        return unprocessable(request, tx, f"{_PAGE}version.html", f"版本 {context['row'].version}", context)
    proposed = await activation.propose(tx, version_id, form.effective_on)
    if isinstance(proposed, Refusal):
        context = await _version_context(tx, version_id, FormState(sent))
        title = f"版本 {context['row'].version}"
        return refused_in_place(request, tx, proposed, f"{_PAGE}version.html", title, context, crumbs=_CRUMBS)
    return redirect(tx, f"{HOME}/proposals/{proposed}", done="submitted")


async def _proposal_context(tx: Transaction, activation_id: UUID, form: FormState | None = None) -> dict[str, Any]:
    line = await queries.proposal(tx, activation_id)
    path = f"{HOME}/proposals/{activation_id}"
    held = tx.actor.permissions
    waiting = line.state == "proposed"
    context = await pages.rehearsal_context(tx, activation_id, path)
    return {
        **await pages.comparison(tx, line.version_id),
        **context,
        "line": line,
        "path": path,
        "form": form or FormState(),
        "institutions": await queries.institutions(tx),
        "own": line.proposed_by == tx.actor.person_id,
        "may_confirm": waiting and "console:policy:confirm" in held,
        "may_revoke": line.state == "confirmed" and "console:policy:propose" in held,
        "may_confirm_revocation": line.state == "revoking" and "console:policy:confirm" in held,
        "own_revocation": line.revocation_by == tx.actor.person_id,
        "may_withdraw": waiting and "console:policy:withdraw" in held,
        "refresh_seconds": 5 if waiting and context["progress"] and not context["progress"].finished else None,
    }


@get("/policy/proposals/{activation_id:uuid}", opt=_READ)
async def proposal(request: Request[Any, Any, Any], tx: Transaction, activation_id: UUID) -> Response[str]:
    """What a proposal changes for whom: the rehearsal, the clauses, and the acts that are open."""
    context = await _proposal_context(tx, activation_id)
    title = f"启用提议：版本 {context['line'].version}"
    return page(request, f"{_PAGE}proposal.html", title, context, crumbs=(*_CRUMBS, Crumb("启用提议")))


@get("/policy/proposals/{activation_id:uuid}/progress", opt=_READ)
async def rehearsal_progress(request: Request[Any, Any, Any], tx: Transaction, activation_id: UUID) -> Response[str]:
    """The piece of the page that asks again every two seconds; a finished rehearsal shows the page anew."""
    await queries.proposal(tx, activation_id)
    if not pages.reads_rehearsals(tx):
        raise NotFound
    path = f"{HOME}/proposals/{activation_id}"
    context = await pages.rehearsal_context(tx, activation_id, path)
    answer = page(request, f"{_PAGE}progress.html", "试算", context)
    if context["progress"].finished:
        answer.headers["hx-redirect"] = path
    return answer


async def _again(
    request: Request[Any, Any, Any], tx: Transaction, activation_id: UUID, form: FormState
) -> Response[str]:
    """The page of the proposal with the form that came back."""
    context = await _proposal_context(tx, activation_id, form)
    return unprocessable(request, tx, f"{_PAGE}proposal.html", f"启用提议：版本 {context['line'].version}", context)


@post("/policy/proposals/{activation_id:uuid}/confirm", opt=_CONFIRM, status_code=303)
async def confirm(request: Request[Any, Any, Any], tx: Transaction, activation_id: UUID) -> Response[Any]:
    """Confirm another person's proposal."""
    refusal = await activation.confirm(tx, activation_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{HOME}/proposals/{activation_id}")
    return redirect(tx, f"{HOME}/proposals/{activation_id}", done="done")


@post("/policy/proposals/{activation_id:uuid}/withdraw", opt=_WITHDRAW, status_code=303)
async def withdraw(request: Request[Any, Any, Any], tx: Transaction, activation_id: UUID) -> Response[Any]:
    """Take a proposal back."""
    sent = typed(await request.form())
    form, errors = read(forms.WithdrawalForm, sent)
    if form is None:
        return await _again(request, tx, activation_id, FormState(sent, errors))
    refusal = await activation.withdraw(tx, activation_id, form.reason)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{HOME}/proposals/{activation_id}")
    return redirect(tx, _VERSIONS, done="done")


@post("/policy/proposals/{activation_id:uuid}/revocation", opt=_PROPOSE, status_code=303)
async def propose_revocation(request: Request[Any, Any, Any], tx: Transaction, activation_id: UUID) -> Response[Any]:
    """Propose that a confirmed version does not come into force."""
    sent = typed(await request.form())
    form, errors = read(forms.RevocationForm, sent)
    if form is None:
        return await _again(request, tx, activation_id, FormState(sent, errors))
    refusal = await revocation.propose_revocation(tx, activation_id, form.revocation)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{HOME}/proposals/{activation_id}")
    return redirect(tx, f"{HOME}/proposals/{activation_id}", done="submitted")


@post("/policy/proposals/{activation_id:uuid}/revocation/confirm", opt=_CONFIRM, status_code=303)
async def confirm_revocation(request: Request[Any, Any, Any], tx: Transaction, activation_id: UUID) -> Response[Any]:
    """Confirm another person's revocation."""
    refusal = await revocation.confirm_revocation(tx, activation_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{HOME}/proposals/{activation_id}")
    return redirect(tx, _VERSIONS, done="done")


HANDLERS = (
    rules, versions, version, propose, proposal, rehearsal_progress, confirm, withdraw, propose_revocation,
    confirm_revocation,
)  # fmt: skip
MENU = (MenuEntry("console", "服务与监督", "政策规则", "book-2", HOME, "console:policy:read", 900),)
