"""Drafting pages of the science department: a new version, and each item's form."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.negative_list import queries
from services.negative_list.drafting import workflow
from services.negative_list.forms import DraftForm, EndForm, ItemForm, RevisionForm, read
from services.negative_list.models import MARKS
from services.negative_list.rules import Draft, DraftItem
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import page, redirect, refused, unprocessable

_WRITE = {"permission": "console:list:write"}
_HOME = "/console/lists"
_DRAFT, _ITEM = "negative_list/console/draft.html", "negative_list/console/item.html"


async def _sent(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in (await request.form()).items()}


async def _draft_context(tx: Transaction, form: FormState) -> dict[str, Any]:
    pack = (await governing(tx)).pack
    rules = {
        code: rule.label
        for code, rule in pack.content.negative_lists.items()
        if rule.owner == "province" and rule.published
    }
    return {"form": form, "rules": list(rules.items())}


@get("/lists/new", opt=_WRITE)
async def new_version(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The form of a new version."""
    context = await _draft_context(tx, FormState())
    return page(request, _DRAFT, "起草新版本", context, crumbs=(Crumb("负面清单", _HOME), Crumb("起草新版本")))


@post("/lists/new", opt=_WRITE, status_code=303)
async def draft_version(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    try:
        form = read(DraftForm, await _sent(request))
    except FormInvalid as wrong:
        context = await _draft_context(tx, FormState(wrong.values, wrong.errors))
        return unprocessable(request, tx, _DRAFT, "起草新版本", context)
    drafted = await workflow.draft_version(tx, form.rule, form.title, form.prefix)
    if isinstance(drafted, Refusal):
        return refused(request, tx, drafted, back=f"{_HOME}/new")
    return redirect(tx, f"{_HOME}/{drafted}", done="saved")


async def _item_context(tx: Transaction, version_id: UUID, code: str, form: FormState | None) -> dict[str, Any]:
    """What an item's page needs; an empty ``code`` is a new item."""
    row = await queries.version_row(tx, version_id)
    item = Draft.of(row.draft).item(code) if row is not None else None
    if row is None or (code and item is None):
        raise NotFound
    pack = (await governing(tx)).pack
    return {
        "version": row,
        "item": item,
        "marks": MARKS,
        "categories": [(key, entry.label) for key, entry in pack.content.screening_categories.items()],
        "form": form or FormState(_values(item)),
    }


def _values(item: DraftItem | None) -> dict[str, str]:
    return {} if item is None else {"category": item.category, "title": item.title, "note": item.note}


def _crumbs(version_id: UUID, last: str) -> tuple[Crumb, ...]:
    return (Crumb("负面清单", _HOME), Crumb("版本", f"{_HOME}/{version_id}"), Crumb(last))


@get("/lists/{version_id:uuid}/items/new", opt=_WRITE)
async def new_item(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[str]:
    """The form of a new item."""
    context = await _item_context(tx, version_id, "", None)
    return page(request, _ITEM, "新增条目", context, crumbs=_crumbs(version_id, "新增条目"))


@post("/lists/{version_id:uuid}/items/new", opt=_WRITE, status_code=303)
async def add_item(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID) -> Response[Any]:
    try:
        form = read(ItemForm, await _sent(request))
    except FormInvalid as wrong:
        context = await _item_context(tx, version_id, "", FormState(wrong.values, wrong.errors))
        return unprocessable(request, tx, _ITEM, "新增条目", context)
    added = await workflow.add_item(tx, version_id, form.category, form.title, form.note)
    if isinstance(added, Refusal):
        return refused(request, tx, added, back=f"{_HOME}/{version_id}")
    return redirect(tx, f"{_HOME}/{version_id}", done="saved")


@get("/lists/{version_id:uuid}/items/{code:str}", opt=_WRITE)
async def draft_item(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID, code: str) -> Response[str]:
    """One item of a draft, with the forms that change it."""
    context = await _item_context(tx, version_id, code, None)
    return page(request, _ITEM, f"条目 {code}", context, crumbs=_crumbs(version_id, code))


@post("/lists/{version_id:uuid}/items/{code:str}", opt=_WRITE, status_code=303)
async def revise_item(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID, code: str) -> Response[Any]:
    try:
        form = read(RevisionForm, await _sent(request))
    except FormInvalid as wrong:
        context = await _item_context(tx, version_id, code, FormState(wrong.values, wrong.errors))
        return unprocessable(request, tx, _ITEM, f"条目 {code}", context)
    return _done(request, tx, version_id, await workflow.revise_item(tx, version_id, code, form.title, form.note))


@post("/lists/{version_id:uuid}/items/{code:str}/end", opt=_WRITE, status_code=303)
async def end_item(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID, code: str) -> Response[Any]:
    sent = await _sent(request)
    try:
        form = read(EndForm, {"note": sent.get("end_note", "")})
    except FormInvalid as wrong:
        context = await _item_context(tx, version_id, code, None)
        known = context["form"]
        errors = {"end_note": next(iter(wrong.errors.values()))}
        context["form"] = FormState({**known.values, "end_note": sent.get("end_note", "")}, errors)
        return unprocessable(request, tx, _ITEM, f"条目 {code}", context)
    return _done(request, tx, version_id, await workflow.end_item(tx, version_id, code, form.note))


@post("/lists/{version_id:uuid}/items/{code:str}/restore", opt=_WRITE, status_code=303)
async def restore_item(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID, code: str) -> Response[Any]:
    return _done(request, tx, version_id, await workflow.restore_item(tx, version_id, code))


def _done(request: Request[Any, Any, Any], tx: Transaction, version_id: UUID, refusal: Refusal | None) -> Response[Any]:
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{_HOME}/{version_id}")
    return redirect(tx, f"{_HOME}/{version_id}", done="saved")


HANDLERS = (new_version, draft_version, new_item, add_item, draft_item, revise_item, end_item, restore_item)
