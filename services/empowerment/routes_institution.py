"""Pages of empowerment that belong to no single step: the list, one case as a timeline, returning and ending it."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.empowerment import forms, queries, rules, workflow
from services.empowerment.display import (
    grant_label,
    history_shown,
    returnable,
    state_label,
    steps_shown,
    texts_shown,
)
from services.empowerment.models import TONES, State
from services.notices import rules as notice_rules
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.policy.answer import Answer
from shared.policy.pack import Pack
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import MenuEntry, page, redirect, refused_in_place, unprocessable
from tenants.people import names_of, people_in

HOME = "/institution/empowerment"
_PAGE = "empowerment/institution/"
_READ = {"permission": "institution:empowerment:read"}
_REVIEW = {"permission": workflow.REVIEW}
_APPLY = {"permission": workflow.APPLY}
MENU = (MenuEntry("institution", "赋权与转化", "赋权申请", "certificate", HOME, "institution:empowerment:read", 40),)
_TABS: dict[str, tuple[str, tuple[State, ...]]] = {
    "open": (
        "在办",
        (
            State.SUBMITTED,
            State.SCREENING,
            State.FEASIBILITY,
            State.APPROVED,
            State.STEP,
            State.NOTICED,
            State.AGREED,
            State.RETURNED,
        ),
    ),
    "drafts": ("草稿", (State.DRAFT,)),
    "done": ("已办结", (State.FORMALISED,)),
    "ended": ("未通过与撤回", (State.REJECTED, State.WITHDRAWN)),
}
# Which page a step is done on, and its icon.
_PAGES = {
    "submit": ("/edit", "edit"),
    "screen": ("/screening", "list-check"),
    "rescreen": ("/screening", "list-check"),
    "record_feasibility": ("/feasibility", "clipboard-check"),
    "publish": ("/notice", "speakerphone"),
    "sign_agreement": ("/agreement", "signature"),
    "record_formality": ("/formality", "file-check"),
    "record_step": ("/step", "file-check"),
    "return_for_correction": ("/return", "arrow-back-up"),
    "reject": ("/reject", "x"),
    "withdraw": ("/withdraw", "arrow-back"),
}
_QUIET = frozenset({"return_for_correction", "reject", "withdraw"})


def crumbs_of(found: queries.Application, last: str = "") -> tuple[Crumb, ...]:
    steps = (Crumb("赋权申请", HOME), Crumb(found.achievement_name, workflow.href(found.id) if last else ""))
    return (*steps, Crumb(last)) if last else steps


async def seen(tx: Transaction, application_id: UUID) -> queries.Application:
    """:raises NotFound: there is none that the person may see."""
    found = await queries.find_application(tx, application_id)
    if found is None:
        raise NotFound
    return found


@get("/empowerment", opt=_READ)
async def list_applications(request: Request[Any, Any, Any], tx: Transaction, tab: str = "open") -> Response[str]:
    """Applications by how far they are."""
    chosen = tab if tab in _TABS else "open"
    counts = await queries.count_by_state(tx)
    found = await queries.list_applications(tx, _TABS[chosen][1], limit=100)
    pack = (await governing(tx)).pack
    tabs = [
        (
            label,
            f"{HOME}?tab={code}",
            code == chosen,
            sum(counts.get(str(s), 0) for s in states) if code == "open" else 0,
        )
        for code, (label, states) in _TABS.items()
    ]
    items = [
        {
            "application": one,
            "grant": grant_label(pack, one.grant_type),
            "state": state_label(one, workflow.steps_of(one, pack, tx.today)),
            "tone": TONES[State(one.state)],
        }
        for one in found
    ]
    context = {"items": items, "tabs": tabs, "may_apply": workflow.APPLY in tx.actor.permissions}
    return page(request, f"{_PAGE}list.html", "赋权申请", context)


def _in_turn(name: str, current: rules.Step | None) -> bool:
    """Whether a move is what the pack puts at the present step; returning and ending are possible at every one."""
    act = workflow.ACT_OF_MOVE.get(name)
    return act is None or current is None or act == current.act


async def buttons_of(
    tx: Transaction, found: queries.Application, pack: Pack, steps: Sequence[rules.Step]
) -> list[dict[str, Any]]:
    """The moves that are legal and permitted, each with the page it is done on."""
    own = tx.actor.person_id in (found.applicant_id, found.representative_id)
    current = workflow.current_step(found, steps)
    again = found.state == State.NOTICED and await workflow.withdrawn_notice(tx, found.id)
    buttons = []
    for one in workflow.MOVES.available(found.state, tx.actor.permissions):
        if one.name in workflow.OUTCOMES or (one.permission == workflow.APPLY and not own):
            continue
        if not (again if one.name == "publish" and found.state == State.NOTICED else _in_turn(one.name, current)):
            continue
        if one.name == "record_step" and current and workflow.recorded_by(current) not in tx.actor.permissions:
            continue
        if one.name == "rescreen" and not await workflow.needs_rescreening(tx, found, pack):
            continue
        tail, mark = _PAGES[one.name]
        label = current.label if one.name == "record_step" and current else one.label
        buttons.append(
            {"label": label, "href": workflow.href(found.id) + tail, "icon": mark, "quiet": one.name in _QUIET}
        )
    return buttons


async def case_context(tx: Transaction, found: queries.Application) -> dict[str, Any]:
    """Everything that a case's page shows."""
    governed = await workflow.governing_case(tx, found)
    pack = governed.pack
    events = await queries.events_of(tx, found.id)
    members = await queries.members_of(tx, found.id)
    feasibility = await queries.feasibility_of(tx, found.id)
    reviewers = [UUID(one) for one in feasibility.reviewers] if feasibility else []
    people = {found.applicant_id, *reviewers, *(one.person_id for one in members)}
    people |= set(people_in(events))
    names = await names_of(tx, sorted(people))
    notice = await workflow.current_notice(tx, found.id)
    notice_pack = (await governing(tx, notice.pack_version_id)).pack if notice else pack
    steps = workflow.steps_of(found, pack, tx.today)
    return {
        "application": found,
        "grant": grant_label(pack, found.grant_type),
        "terms": found.terms,
        "mode": mode.label if (mode := pack.content.grant_modes.get(found.grant_mode or "")) else "",
        "texts": texts_shown(found, pack),
        "shared_as": pack.label("co_ownership", found.co_ownership) if found.co_ownership else "",
        "state": state_label(found, steps),
        "tone": TONES[State(found.state)],
        "type": pack.label("achievement_type", found.achievement_type),
        "members": [(names.get(one.person_id, ""), queries.as_share(one.share), one) for one in members],
        "conditions": [
            (rule.label, (found.conditions or {}).get(code) or {}, pack)
            for code, rule in pack.content.conditions.items()
        ],
        "steps": steps_shown(found, events, names, steps),
        "history": history_shown(events, names),
        "buttons": await buttons_of(tx, found, pack, steps),
        "screening": next(iter(await queries.screenings_of(tx, found.id)), None),
        "feasibility": feasibility,
        "dimensions": [
            (rule.label, (feasibility.dimensions if feasibility else {}).get(code))
            for code, rule in pack.content.feasibility.items()
        ],
        "reviewers": "、".join(names.get(one, "") for one in reviewers),
        "notice": notice,
        "count": notice_rules.period(notice, notice_pack, tx.now).values if notice else None,
        "source": notice_rules.source(notice.kind, notice_pack) if notice else None,
        "agreement": (signed := await queries.agreement_of(tx, found.id)),
        "binding": _binding(found, signed, pack, tx.today),
        "formalities": await queries.formalities_of(tx, found.id),
        "names": names,
        "pack": pack,
    }


def _binding(found: queries.Application, signed: Row[Any] | None, pack: Pack, today: date) -> Answer | None:
    """Whether the signed agreement binds today."""
    if signed is None:
        return None
    one = rules.Binding(found.grant_type, signed.signed_on, signed.effective_on, signed.term_last_day)
    return rules.still_binds(one, rules.GUIDELINE, pack, today)


@get("/empowerment/{application_id:uuid}", opt=_READ)
async def show_application(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """One case: its steps with who, when and by which article, and what can be done now."""
    found = await seen(tx, application_id)
    context = await case_context(tx, found)
    return page(request, f"{_PAGE}case.html", found.achievement_name, context, crumbs=crumbs_of(found))


async def _ending(
    tx: Transaction, application_id: UUID, name: str, form: FormState | None = None
) -> tuple[queries.Application, dict[str, Any]]:
    found = await seen(tx, application_id)
    pack = (await workflow.governing_case(tx, found)).pack
    return found, {
        "application": found,
        "grant": grant_label(pack, found.grant_type),
        "name": name,
        "tail": _PAGES[name][0],
        "label": workflow.MOVES.named(name).label,
        "fields": returnable(pack, found) if name == "return_for_correction" else [],
        "form": form or FormState(),
        "refusal": None,
    }


async def _ending_page(
    request: Request[Any, Any, Any], tx: Transaction, application_id: UUID, name: str
) -> Response[str]:
    found, context = await _ending(tx, application_id, name)
    label = context["label"]
    return page(request, f"{_PAGE}ending.html", label, context, crumbs=crumbs_of(found, label))


async def _ended(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID, name: str) -> Response[Any]:
    values = typed(await request.form())
    returning = name == "return_for_correction"
    model: type[forms.ReasonForm] = forms.ReturnForm if returning else forms.ReasonForm
    form, errors = read(model, values)
    found, context = await _ending(tx, application_id, name, FormState(values, errors))
    label = context["label"]
    if form is None:
        return unprocessable(request, tx, f"{_PAGE}ending.html", label, context)
    refusal: Refusal | None
    if isinstance(form, forms.ReturnForm):
        refusal = await workflow.return_for_correction(tx, application_id, form.field, form.reason)
    else:
        verb = workflow.reject if name == "reject" else workflow.withdraw
        refusal = await verb(tx, application_id, form.reason)
    if refusal is not None:
        crumbs = crumbs_of(found, label)
        return refused_in_place(request, tx, refusal, f"{_PAGE}ending.html", label, context, crumbs=crumbs)
    return redirect(tx, workflow.href(application_id), done="done")


@get("/empowerment/{application_id:uuid}/return", opt=_REVIEW)
async def return_form(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """The form to send an application back."""
    return await _ending_page(request, tx, application_id, "return_for_correction")


@post("/empowerment/{application_id:uuid}/return", opt=_REVIEW)
async def return_application(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """Send it back with a reason."""
    return await _ended(request, tx, application_id, "return_for_correction")


@get("/empowerment/{application_id:uuid}/reject", opt=_REVIEW)
async def reject_form(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """The form to end an application."""
    return await _ending_page(request, tx, application_id, "reject")


@post("/empowerment/{application_id:uuid}/reject", opt=_REVIEW)
async def reject_application(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """End it with a reason."""
    return await _ended(request, tx, application_id, "reject")


@get("/empowerment/{application_id:uuid}/withdraw", opt=_APPLY)
async def withdraw_form(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[str]:
    """The applicant's form to take it back."""
    return await _ending_page(request, tx, application_id, "withdraw")


@post("/empowerment/{application_id:uuid}/withdraw", opt=_APPLY)
async def withdraw_application(request: Request[Any, Any, Any], tx: Transaction, application_id: UUID) -> Response[Any]:
    """Take it back."""
    return await _ended(request, tx, application_id, "withdraw")


HANDLERS = (
    list_applications,
    show_application,
    return_form,
    return_application,
    reject_form,
    reject_application,
    withdraw_form,
    withdraw_application,
)
