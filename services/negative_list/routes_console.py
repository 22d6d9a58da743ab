"""The science department's lists: versions and the steps of article 5, one form each."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.negative_list import queries, workflow
from services.negative_list.forms import ConsultationForm, F, ProceedingForm, PublicationForm, read
from services.negative_list.models import MARKS, PROCEEDINGS, STATES
from services.negative_list.rules import Draft, in_order
from services.negative_list.workflow import MOVES, Proceeding
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import MenuEntry, page, redirect, refused, unprocessable

_READ = {"permission": "console:list:read"}
_WRITE = {"permission": "console:list:write"}
_DETERMINE = {"permission": "console:list:determine"}
HOME = "/console/lists"
DEFAULT_DAYS = 30
MENU = (MenuEntry("console", "负面清单", "清单与版本", "list-details", HOME, "console:list:read", 310),)
_TEMPLATE = "negative_list/console/version.html"

Act = Callable[[Any], Awaitable[Refusal | None]]


@get("/lists", opt=_READ)
async def lists(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Every version of the province's lists in any state."""
    pack = (await governing(tx)).pack
    kinds = {
        code: rule.label
        for code, rule in pack.content.negative_lists.items()
        if rule.owner == "province" and rule.published
    }
    context = {
        "versions": await queries.all_versions(tx),
        "states": STATES,
        "kinds": kinds,
        "may_draft": "console:list:write" in tx.actor.permissions,
        "today": tx.today,
    }
    return page(request, "negative_list/console/versions.html", "负面清单", context)


@get("/lists/{version_id:uuid}", opt=_READ)
async def list_version(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[str]:
    """One version: its items, what was done, what stands in the way, and the forms of the next step."""
    title, context = await version_context(tx, version_id)
    return page(request, _TEMPLATE, title, context, crumbs=_crumbs(title))


def _crumbs(title: str) -> tuple[Crumb, ...]:
    return (Crumb("负面清单", HOME), Crumb(title))


async def version_context(
    tx: Transaction, version_id: UUID, form: FormState | None = None, form_name: str = ""
) -> tuple[str, dict[str, Any]]:
    """Title and context of a version's page; ``form_name`` says which of its forms ``form`` belongs to."""
    row = await queries.version_row(tx, version_id)
    if row is None:
        raise NotFound
    pack = (await governing(tx)).pack
    categories = {code: item.label for code, item in pack.content.screening_categories.items()}
    rule = pack.content.negative_lists.get(row.rule)
    round_ = await queries.consultation_of(tx, version_id)
    given = {"days": DEFAULT_DAYS, "held_on": tx.today, "effective_on": tx.today}
    context = {
        "version": row,
        "items": in_order(Draft.of(row.draft).items, list(categories)),
        "categories": categories,
        "marks": MARKS,
        "states": STATES,
        "round": round_,
        "counts": await queries.opinion_counts(tx, round_.id) if round_ else (0, 0),
        "proceedings": await queries.proceedings(tx, version_id),
        "proceeding_labels": PROCEEDINGS,
        "answer": await workflow.publication_answer(tx, row) if row.published_at is None else None,
        "considerations": list(rule.considerations) if rule else [],
        "cite": pack.citation(f"negative_lists.{row.rule}"),
        "moves": {move.name: move for move in MOVES.available(row.state, tx.actor.permissions)},
        "may_write": "console:list:write" in tx.actor.permissions,
        "may_publish": "console:list:determine" in tx.actor.permissions,
        "today": tx.today,
        "forms": {
            name: form if form is not None and name == form_name else FormState(given)
            for name in ("consultation", "review", "determination", "publication")
        },
    }
    return f"{row.title}（第 {row.number} 版）", context


async def _step(
    request: Request[Any, Any, Any], tx: Transaction, version_id: UUID, name: str, model: type[F], act: Act
) -> Response[Any]:
    """Read one form of a version's page and do its act; a wrong form comes back with the page around it."""
    sent = {key: str(value) for key, value in (await request.form()).items()}
    try:
        form = read(model, sent)
    except FormInvalid as wrong:
        title, context = await version_context(tx, version_id, FormState({**sent, **wrong.values}, wrong.errors), name)
        return unprocessable(request, tx, _TEMPLATE, title, context)
    refusal = await act(form)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{HOME}/{version_id}")
    return redirect(tx, f"{HOME}/{version_id}", done="published" if name == "publication" else "done")


@post("/lists/{version_id:uuid}/consultation", opt=_WRITE, status_code=303)
async def open_consultation(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[Any]:
    async def act(form: ConsultationForm) -> Refusal | None:
        return await workflow.open_consultation(tx, version_id, form.days)

    return await _step(request, tx, version_id, "consultation", ConsultationForm, act)


@post("/lists/{version_id:uuid}/consultation/close", opt=_WRITE, status_code=303)
async def close_consultation(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[Any]:
    refusal = await workflow.close_consultation(tx, version_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{HOME}/{version_id}")
    return redirect(tx, f"{HOME}/{version_id}", done="done")


@post("/lists/{version_id:uuid}/review", opt=_WRITE, status_code=303)
async def record_expert_review(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[Any]:
    sent = await request.form()

    async def act(form: ProceedingForm) -> Refusal | None:
        said = {key[len("weighed:") :]: str(v).strip()[:2000] for key, v in sent.items() if key.startswith("weighed:")}
        weighed = {key: words for key, words in said.items() if words}
        return await workflow.record_expert_review(tx, version_id, _proceeding(form, weighed))

    return await _step(request, tx, version_id, "review", ProceedingForm, act)


@post("/lists/{version_id:uuid}/determination", opt=_DETERMINE, status_code=303)
async def determine(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[Any]:
    async def act(form: ProceedingForm) -> Refusal | None:
        return await workflow.determine(tx, version_id, _proceeding(form, {}))

    return await _step(request, tx, version_id, "determination", ProceedingForm, act)


def _proceeding(form: ProceedingForm, considerations: dict[str, str]) -> Proceeding:
    return Proceeding(form.held_on, form.participants, form.opinion, form.document, considerations)


@post("/lists/{version_id:uuid}/publication", opt=_DETERMINE, status_code=303)
async def publish(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[Any]:
    async def act(form: PublicationForm) -> Refusal | None:
        effective_on: date = form.effective_on
        return await workflow.publish(tx, version_id, effective_on)

    return await _step(request, tx, version_id, "publication", PublicationForm, act)


HANDLERS = (
    lists,
    list_version,
    open_consultation,
    close_consultation,
    record_expert_review,
    determine,
    publish,
)
