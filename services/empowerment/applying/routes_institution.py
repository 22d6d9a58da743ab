"""Pages of applying: choose an achievement, fill in the form that saves itself, submit."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.empowerment import queries, rules, workflow
from services.empowerment.applying import forms
from services.empowerment.applying import queries as own
from services.empowerment.applying import rules as asking
from services.empowerment.applying import workflow as verbs
from services.empowerment.display import grant_label
from services.empowerment.routes_institution import crumbs_of, seen
from shared.db.transaction import Outcome, Transaction
from shared.errors import Forbidden, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import page, redirect, refused, refused_in_place, unprocessable
from tenants.people import names_of

_PAGE = "empowerment/institution/"
_APPLY = {"permission": workflow.APPLY}
_NEW = "/institution/empowerment/new"


async def _choosing(tx: Transaction, words: str, form: FormState | None = None) -> dict[str, Any]:
    governed = await governing(tx)
    facts = rules.cover_facts(await queries.unit_of(tx), tx.today)
    cover = rules.is_covered(facts, governed.pack, tx.today)
    return {
        "cover": cover,
        "covered": cover.allowed,
        "candidates": await own.candidates(tx, words) if cover.allowed else [],
        "types": {code: item.label for code, item in governed.pack.enumeration("achievement_type").items()},
        "grants": [
            (code, rule.label, governed.pack.citation(f"grant_types.{code}"))
            for code, rule in governed.pack.content.grant_types.items()
        ],
        "words": words,
        "form": form or FormState(),
    }


@get("/empowerment/new", opt=_APPLY)
async def choose_achievement(request: Request[Any, Any, Any], tx: Transaction, q: str = "") -> Response[str]:
    """Which achievement, and which right; or why this institution cannot apply."""
    context = await _choosing(tx, q.strip()[:60])
    crumbs = (Crumb("赋权申请", "/institution/empowerment"), Crumb("新的申请"))
    return page(request, f"{_PAGE}new.html", "申请赋权", context, crumbs=crumbs)


@post("/empowerment/new", opt=_APPLY)
async def begin_application(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Open a draft for the chosen achievement."""
    values = typed(await request.form())
    form, errors = read(forms.BeginForm, values)
    if form is None:
        context = await _choosing(tx, "", FormState(values, errors))
        return unprocessable(request, tx, f"{_PAGE}new.html", "申请赋权", context)
    if form.grant_type not in (await governing(tx)).pack.content.grant_types:
        context = await _choosing(tx, "", FormState(values, {"grant_type": "请选择本省规定的赋权类型"}))
        return unprocessable(request, tx, f"{_PAGE}new.html", "申请赋权", context)
    begun = await verbs.begin(tx, form.achievement_id, form.grant_type)
    if isinstance(begun, Refusal):
        return refused(request, tx, begun, back=_NEW)
    return redirect(tx, f"{workflow.href(begun)}/edit")


async def _editing(
    tx: Transaction, application_id: UUID, form: FormState | None = None
) -> tuple[queries.Application, dict[str, Any]]:
    found = await seen(tx, application_id)
    if found.applicant_id != tx.actor.person_id:
        raise Forbidden("只有申请人可以填写申请")
    pack = (await workflow.governing_case(tx, found)).pack
    team = await queries.completers_of(tx, found.achievement_id)
    names = await names_of(tx, team)
    values = found.draft or forms.values_of(queries.submission_of(found, await queries.members_of(tx, application_id)))
    return found, {
        "application": found,
        "grant": grant_label(pack, found.grant_type),
        "grant_source": pack.citation(f"grant_types.{found.grant_type}"),
        "application_source": pack.citation("application"),
        "asked": asking.asked(found.grant_type, pack),
        "mode_source": pack.citation("grant_modes"),
        "share_source": pack.citation(f"grant_types.{found.grant_type}.minimum_share"),
        "co_ownership_source": pack.citation(f"grant_types.{found.grant_type}.co_ownership"),
        "term_source": pack.citation(f"grant_types.{found.grant_type}.minimum_years"),
        "type": pack.label("achievement_type", found.achievement_type),
        "team": [(person, names.get(person, "")) for person in team],
        "conditions": [
            (
                code,
                rule,
                [(one, pack.label("evidence", one)) for one in rule.evidence],
                pack.citation(f"conditions.{code}"),
            )
            for code, rule in pack.content.conditions.items()
        ],
        "open": found.state in ("draft", "returned"),
        "form": form or FormState(values),
        "refusal": None,
    }


@get("/empowerment/{application_id:uuid}/edit", opt=_APPLY)
async def edit_application(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """The form of a draft or of a returned application."""
    found, context = await _editing(tx, application_id)
    return page(request, f"{_PAGE}edit.html", "填写赋权申请", context, crumbs=crumbs_of(found, "填写申请"))


async def _typed(request: Request[Any, Any, Any], conditions: list[str]) -> dict[str, Any]:
    return typed(await request.form(), forms.lists_of(conditions))


@post("/empowerment/{application_id:uuid}/edit", opt=_APPLY)
async def submit_application(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """Submit it; every wrong field and every unmet condition at once."""
    found, context = await _editing(tx, application_id)
    conditions = [code for code, *_ in context["conditions"]]
    values = await _typed(request, conditions)
    team = [person for person, _ in context["team"]]
    submission, errors = forms.read_application(found.grant_type, values, team, conditions, context["asked"])
    context["form"] = FormState(values, errors)
    if submission is None:
        return unprocessable(request, tx, f"{_PAGE}edit.html", "填写赋权申请", context)
    refusal = await verbs.submit(tx, application_id, submission)
    if refusal is not None:
        crumbs = crumbs_of(found, "填写申请")
        return refused_in_place(request, tx, refusal, f"{_PAGE}edit.html", "填写赋权申请", context, crumbs=crumbs)
    return redirect(tx, workflow.href(application_id), done="submitted")


@post("/empowerment/{application_id:uuid}/draft", opt={**_APPLY, "repeatable": True}, status_code=200)
async def save_draft(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """Keep what is being typed."""
    found = await seen(tx, application_id)
    pack = (await workflow.governing_case(tx, found)).pack
    refusal = await verbs.save_draft(tx, application_id, await _typed(request, list(pack.content.conditions)))
    status = refusal.status if refusal else 200
    tx.outcome = Outcome(status)
    return Response({"saved": refusal is None}, status_code=status)


HANDLERS = (choose_achievement, begin_application, edit_application, submit_application, save_draft)
