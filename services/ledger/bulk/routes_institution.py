"""Many achievements at once: what is chosen, what would become of each, the change itself, and a view to print."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.ledger import asking, forms, queries
from services.ledger.bulk import workflow
from services.ledger.bulk.forms import ACTIONS, BulkForm
from services.ledger.display import shown, words_of
from services.ledger.listing import Filters, ledger_page
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.forms import read
from shared.ui.page import Crumb, FormState
from tenants.pages import page, redirect, refused_in_place, unprocessable

HOME = "/institution/ledger"
_PAGE = "ledger/bulk/institution/"
_READ = {"permission": "institution:ledger:read"}
_WRITE = {"permission": "institution:ledger:write"}
_TITLE = "批量办理"
_CRUMBS = (Crumb("单列管理台账", HOME), Crumb(_TITLE))


async def _chosen(tx: Transaction, values: Any) -> tuple[list[UUID], bool]:
    """(ids, whether there are more than may be handled): those that are ticked, or all that the filters let through."""
    if values.get("all"):
        found = await ledger_page(tx, await _filters(tx, values), limit=workflow.LIMIT)
        return [row["id"] for row in found.rows], found.next is not None
    ids = [one for value in values.getall("id", []) if (one := forms.id_of(value)) is not None]
    return list(dict.fromkeys(ids))[: workflow.LIMIT], len(ids) > workflow.LIMIT


async def _kept(tx: Transaction, values: Any, ids: list[UUID]) -> list[tuple[str, str]]:
    """What says again which rows are chosen: the filters where all of them are, else each row."""
    if not values.get("all"):
        return [("id", str(one)) for one in ids]
    return [("all", "1"), *(await _filters(tx, values)).as_query().items()]


async def _filters(tx: Transaction, values: Any) -> Filters:
    wrong = {fault.field for fault in asking.faults(values, await words_of(tx), tx.today)}
    return forms.filters_of({name: values.get(name) for name in values if name not in wrong}, tx.today)


async def _context(tx: Transaction, values: Any) -> tuple[dict[str, Any], BulkForm | None]:
    """What the page shows: the rows that are chosen, the form, and the preview once the form is complete."""
    ids, too_many = await _chosen(tx, values)
    rows = await workflow.chosen_rows(tx, ids)
    typed = {name: values.get(name) for name in BulkForm.model_fields if values.get(name) is not None}
    form, errors = read(BulkForm, typed) if typed.get("action") else (None, {})
    words = await words_of(tx)
    planned = await workflow.plan(tx, rows, form.changes(), form.since) if form is not None else []
    name, value = next(iter(form.changes().items())) if form is not None else ("", None)
    return {
        "rows": rows,
        "kept": await _kept(tx, values, ids),
        "too_many": too_many,
        "limit": workflow.LIMIT,
        "form": FormState({"since": tx.today, **typed}, errors),
        "actions": tuple(ACTIONS.items()),
        "planned": planned,
        "lines": [(one, shown(name, getattr(one.row, name), words), shown(name, value, words)) for one in planned],
        "changing": sum(one.changes for one in planned),
        "seal": workflow.seal_of(planned),
        "words": words,
        "today": tx.today,
        "path": HOME,
        "refusal": None,
    }, form


@get("/ledger/bulk", opt=_WRITE)
async def preview_bulk(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The chosen rows and, once it is said what is to be done, what would become of each; nothing is written."""
    context, form = await _context(tx, request.query_params)
    if form is None and context["form"].errors:
        return unprocessable(request, tx, f"{_PAGE}bulk.html", _TITLE, context, crumbs=_CRUMBS)
    return page(request, f"{_PAGE}bulk.html", _TITLE, context, crumbs=_CRUMBS)


@post("/ledger/bulk", opt=_WRITE)
async def confirm_bulk(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Do what the preview said, all of it in one transaction."""
    values = await request.form()
    context, form = await _context(tx, values)
    if form is None or not context["changing"]:
        return unprocessable(request, tx, f"{_PAGE}bulk.html", _TITLE, context, crumbs=_CRUMBS)
    seal = str(values.get("seal") or "")
    done = await workflow.apply(tx, context["planned"], seal, form.changes(), since=form.since, reason=form.reason)
    if isinstance(done, Refusal):
        return refused_in_place(request, tx, done, f"{_PAGE}bulk.html", _TITLE, context)
    return redirect(tx, HOME, done="saved")


@get("/ledger/print", opt=_READ)
async def print_rows(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The chosen achievements one below the other, as they are printed."""
    ids, too_many = await _chosen(tx, request.query_params)
    words = await words_of(tx)
    cards = []
    for row in await workflow.chosen_rows(tx, ids):
        facts = [(label, shown(name, getattr(row, name), words)) for name, label in _PRINTED]
        team, rights = await queries.team_of(tx, row.id), await queries.rights_of(tx, row.id)
        cards.append((row, facts, "、".join(one.name for one in team), "、".join(one.number for one in rights)))
    context = {"cards": cards, "too_many": too_many, "limit": workflow.LIMIT, "today": tx.today, "path": HOME}
    crumbs = (Crumb("单列管理台账", HOME), Crumb("打印"))
    return page(request, f"{_PAGE}print.html", "打印成果", context, crumbs=crumbs)


_PRINTED = (
    ("type", "成果类型"),
    ("obtained_on", "取得时间"),
    ("stage_recognised", "认定阶段"),
    ("status", "转化状态"),
    ("mode", "转化方式"),
    ("value", "转化价值"),
    ("value_kind", "价值口径"),
    ("college", "所属部门"),
    ("funding", "经费来源"),
    ("agency", "协助机构"),
    ("remark", "备注"),
)

HANDLERS = (preview_bulk, confirm_bulk, print_rows)
