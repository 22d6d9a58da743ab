"""Pages of the internal notices: the list, one notice, objections, corrections. Nobody outside the institution has them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.notices import forms, queries, rules, workflow
from services.notices.models import OBJECTION_STATES, STATES, NoticeState
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import plain, read, typed
from shared.ui.page import Crumb, FormState
from shared.workflow import Move
from tenants.packs import governing
from tenants.pages import MenuEntry, page, redirect, refused_in_place, unprocessable
from tenants.people import names_of

_HOME = "/institution/notices"
_PAGE = "notices/institution/"
_READ = {"permission": "institution:notice:read"}
_PUBLISH = {"permission": workflow.PUBLISH}
_ANSWER = {"permission": workflow.ANSWER}
_TABS = {
    "running": ("公示中", (NoticeState.RUNNING,)),
    "ended": ("已结束", (NoticeState.ENDED,)),
    "withdrawn": ("已撤回", (NoticeState.WITHDRAWN,)),
}
MENU = (MenuEntry("institution", "赋权与转化", "单位内部公示", "speakerphone", _HOME, "institution:notice:read", 42),)


async def shown(tx: Transaction, found: queries.Notice) -> dict[str, Any]:
    """A notice as pages show it: counted, with names, with the article that says how it is counted."""
    pack = (await governing(tx, found.pack_version_id)).pack
    counted = rules.period(found, pack, tx.now)
    rule = pack.content.notices.get(found.kind)
    names = await names_of(tx, found.people)
    return {
        "notice": found,
        "count": counted.values,
        "answer": counted,
        "source": rules.source(found.kind, pack),
        "rule": rule,
        "articles": rules.articles(found.kind, pack),
        "venues": "、".join(pack.label("venue", one) for one in rule.venues) if rule else "",
        "kind": pack.content.notices[found.kind].label if found.kind in pack.content.notices else "公示",
        "entries": [
            (one["label"], one["value"] or "、".join(names.get(UUID(person), "") for person in one.get("people") or ()))
            for one in found.content
        ],
        "state": STATES[NoticeState(found.state)],
        "withheld": found.achievement_state == "quarantined",
    }


async def _loaded(tx: Transaction, notice_id: UUID) -> queries.Notice:
    found = await queries.find_notice(tx, notice_id)
    if found is None:
        raise NotFound
    return found


def _crumbs(found: queries.Notice, last: str = "") -> tuple[Crumb, ...]:
    steps = (Crumb("单位内部公示", _HOME), Crumb(found.title, f"{_HOME}/{found.id}" if last else ""))
    return (*steps, Crumb(last)) if last else steps


@get("/notices", opt=_READ)
async def list_notices(request: Request[Any, Any, Any], tx: Transaction, tab: str = "running") -> Response[str]:
    """Running notices with their progress, and those that ended."""
    chosen = tab if tab in _TABS else "running"
    counts = await queries.count_by_state(tx)
    found = await queries.list_notices(tx, _TABS[chosen][1], limit=50)
    tabs = [
        (label, f"{_HOME}?tab={code}", code == chosen, counts.get(code, 0) if code == "running" else 0)
        for code, (label, _) in _TABS.items()
    ]
    items = [await shown(tx, one) for one in found]
    return page(request, f"{_PAGE}list.html", "单位内部公示", {"items": items, "tabs": tabs, "tab": chosen})


async def _detail(tx: Transaction, found: queries.Notice, form: FormState | None = None) -> dict[str, Any]:
    objections = await queries.objections_to(tx, found.id)
    proof = await queries.proof_of(tx, found.id)
    held = tx.actor.permissions
    answers = workflow.ANSWER in held
    names = await names_of(tx, [one.raised_by for one in objections if answers or one.raised_by == tx.actor.person_id])
    buttons: list[Move] = [
        one for one in workflow.MOVES.available(found.state, held) if one.name in ("change", "interrupt", "withdraw")
    ]
    until = found.ended_at or tx.now
    return {
        **await shown(tx, found),
        "objections": [(one, names.get(one.raised_by, "本单位人员")) for one in objections],
        "objection_states": OBJECTION_STATES,
        "may_object": "institution:notice:object" in held and found.state != NoticeState.WITHDRAWN,
        "may_answer": answers,
        "buttons": buttons,
        "proof": proof,
        "gap": rules.longest_gap(found.published, proof.hours, until) if proof.count else None,
        "texts": await queries.texts_of(tx, found.id),
        "form": form or FormState(),
        "refusal": None,
        "me": tx.actor.person_id,
    }


@get("/notices/{notice_id:uuid}", opt=_READ)
async def show_notice(request: Request[Any, Any, Any], tx: Transaction, notice_id: UUID) -> Response[str]:
    """One notice: what it says, how its days count, its objections and its proofs."""
    found = await _loaded(tx, notice_id)
    return page(request, f"{_PAGE}notice.html", found.title, await _detail(tx, found), crumbs=_crumbs(found))


@post("/notices/{notice_id:uuid}/objections", opt={"permission": "institution:notice:object"})
async def object_to_notice(request: Request[Any, Any, Any], tx: Transaction, notice_id: UUID) -> Response[Any]:
    """Receive an objection of somebody of the institution."""
    found = await _loaded(tx, notice_id)
    values = typed(await request.form())
    form, errors = read(forms.ObjectionForm, values)
    template = f"{_PAGE}notice.html"
    if form is None:
        context = await _detail(tx, found, FormState(values, errors))
        return unprocessable(request, tx, template, found.title, context)
    outcome = await workflow.raise_objection(tx, notice_id, form.body)
    if isinstance(outcome, Refusal):
        context = await _detail(tx, found, FormState(values))
        return refused_in_place(request, tx, outcome, template, found.title, context, crumbs=_crumbs(found))
    return redirect(tx, f"{_HOME}/{notice_id}", done="submitted")


async def _answering(
    tx: Transaction, notice_id: UUID, objection_id: UUID, form: FormState | None = None
) -> tuple[queries.Notice, dict[str, Any]]:
    found = await _loaded(tx, notice_id)
    objection = next((one for one in await queries.objections_to(tx, notice_id) if one.id == objection_id), None)
    if objection is None:
        raise NotFound
    names = await names_of(tx, [objection.raised_by])
    return found, {
        **await shown(tx, found),
        "objection": objection,
        "raised_by": names.get(objection.raised_by, ""),
        "objection_states": OBJECTION_STATES,
        "form": form or FormState(),
        "refusal": None,
    }


@get("/notices/{notice_id:uuid}/objections/{objection_id:uuid}", opt=_ANSWER)
async def answer_form(
    request: Request[Any, Any, Any], tx: Transaction, notice_id: UUID, objection_id: UUID
) -> Response[str]:
    """One objection and the form to answer it."""
    found, context = await _answering(tx, notice_id, objection_id)
    return page(request, f"{_PAGE}answer.html", "答复异议", context, crumbs=_crumbs(found, "答复异议"))


@post("/notices/{notice_id:uuid}/objections/{objection_id:uuid}", opt=_ANSWER)
async def answer_objection(
    request: Request[Any, Any, Any], tx: Transaction, notice_id: UUID, objection_id: UUID
) -> Response[Any]:
    """Answer it with the findings."""
    values = typed(await request.form())
    form, errors = read(forms.AnswerForm, values)
    found, context = await _answering(tx, notice_id, objection_id, FormState(values, errors))
    if form is None:
        return unprocessable(request, tx, f"{_PAGE}answer.html", "答复异议", context)
    refusal = await workflow.answer_objection(
        tx,
        objection_id,
        form.answer,
        upheld=form.outcome == "upheld",
        result_published=form.result_published == "yes",
    )
    if refusal is not None:
        crumbs = _crumbs(found, "答复异议")
        return refused_in_place(request, tx, refusal, f"{_PAGE}answer.html", "答复异议", context, crumbs=crumbs)
    return redirect(tx, f"{_HOME}/{notice_id}", done="done")


async def _changing(tx: Transaction, found: queries.Notice, form: FormState | None = None) -> dict[str, Any]:
    pack = (await governing(tx, found.pack_version_id)).pack
    texts = {f"content-{one['code']}": one["value"] for one in found.content if one["value"]}
    return {
        **await shown(tx, found),
        "fields": [
            (f"content-{one['code']}", one["label"], rules.content_source(found.kind, one["code"], pack))
            for one in found.content
            if not one.get("people")
        ],
        "form": form or FormState({"title": found.title, **texts}),
        "refusal": None,
    }


def _content(values: Mapping[str, Any]) -> dict[str, str]:
    return {name[8:]: plain(value)[:5000] for name, value in values.items() if name.startswith("content-")}


@get("/notices/{notice_id:uuid}/change", opt=_PUBLISH)
async def change_form(request: Request[Any, Any, Any], tx: Transaction, notice_id: UUID) -> Response[str]:
    """The form to correct what stands."""
    found = await _loaded(tx, notice_id)
    context = await _changing(tx, found)
    return page(request, f"{_PAGE}change.html", "更正公示内容", context, crumbs=_crumbs(found, "更正"))


@post("/notices/{notice_id:uuid}/change", opt=_PUBLISH)
async def change_notice(request: Request[Any, Any, Any], tx: Transaction, notice_id: UUID) -> Response[Any]:
    """Correct it; the period counts anew."""
    found = await _loaded(tx, notice_id)
    values = typed(await request.form())
    form, errors = read(forms.ChangeForm, values)
    context = await _changing(tx, found, FormState(values, errors))
    if form is None:
        return unprocessable(request, tx, f"{_PAGE}change.html", "更正公示内容", context)
    refusal = await workflow.change_notice(tx, notice_id, form.title, _content(values), form.reason)
    if refusal is not None:
        crumbs = _crumbs(found, "更正")
        return refused_in_place(request, tx, refusal, f"{_PAGE}change.html", "更正公示内容", context, crumbs=crumbs)
    return redirect(tx, f"{_HOME}/{notice_id}", done="saved")


async def _stopping(tx: Transaction, found: queries.Notice, form: FormState | None = None) -> dict[str, Any]:
    return {**await shown(tx, found), "form": form or FormState(), "refusal": None}


@get("/notices/{notice_id:uuid}/withdraw", opt=_PUBLISH)
async def withdraw_form(request: Request[Any, Any, Any], tx: Transaction, notice_id: UUID) -> Response[str]:
    """The form to take a notice back."""
    found = await _loaded(tx, notice_id)
    context = await _stopping(tx, found)
    return page(request, f"{_PAGE}withdraw.html", "撤回公示", context, crumbs=_crumbs(found, "撤回"))


@post("/notices/{notice_id:uuid}/withdraw", opt=_PUBLISH)
async def withdraw_notice(request: Request[Any, Any, Any], tx: Transaction, notice_id: UUID) -> Response[Any]:
    """Take it back with a reason."""
    found = await _loaded(tx, notice_id)
    values = typed(await request.form())
    form, errors = read(forms.ReasonForm, values)
    context = await _stopping(tx, found, FormState(values, errors))
    if form is None:
        return unprocessable(request, tx, f"{_PAGE}withdraw.html", "撤回公示", context)
    refusal = await workflow.withdraw_notice(tx, notice_id, form.reason)
    if refusal is not None:
        crumbs = _crumbs(found, "撤回")
        return refused_in_place(request, tx, refusal, f"{_PAGE}withdraw.html", "撤回公示", context, crumbs=crumbs)
    return redirect(tx, f"{_HOME}/{notice_id}", done="done")


@get("/notices/{notice_id:uuid}/interruption", opt=_PUBLISH)
async def interruption_form(request: Request[Any, Any, Any], tx: Transaction, notice_id: UUID) -> Response[str]:
    """The form to record that the notice could not be seen."""
    found = await _loaded(tx, notice_id)
    context = await _stopping(tx, found)
    return page(request, f"{_PAGE}interruption.html", "登记公示中断", context, crumbs=_crumbs(found, "登记中断"))


@post("/notices/{notice_id:uuid}/interruption", opt=_PUBLISH)
async def record_interruption(request: Request[Any, Any, Any], tx: Transaction, notice_id: UUID) -> Response[Any]:
    """Record it; beyond the pack's limit the period counts anew."""
    found = await _loaded(tx, notice_id)
    values = typed(await request.form())
    form, errors = read(forms.InterruptionForm, values)
    context = await _stopping(tx, found, FormState(values, errors))
    template = f"{_PAGE}interruption.html"
    if form is None:
        return unprocessable(request, tx, template, "登记公示中断", context)
    refusal = await workflow.record_interruption(tx, notice_id, form.began_at, form.ended_at, form.reason)
    if refusal is not None:
        crumbs = _crumbs(found, "登记中断")
        return refused_in_place(request, tx, refusal, template, "登记公示中断", context, crumbs=crumbs)
    return redirect(tx, f"{_HOME}/{notice_id}", done="saved")


HANDLERS = (
    list_notices,
    show_notice,
    object_to_notice,
    answer_form,
    answer_objection,
    change_form,
    change_notice,
    withdraw_form,
    withdraw_notice,
    interruption_form,
    record_interruption,
)
