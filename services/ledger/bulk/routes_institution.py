"""Many achievements at once: what is chosen, what would become of each, the act itself, taking it back, and a view to print."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.ledger import asking, forms, queries
from services.ledger.bulk import queries as bulk
from services.ledger.bulk import workflow
from services.ledger.bulk.forms import ACTIONS, REMIND, SCREEN, BulkForm
from services.ledger.bulk.models import STATES
from services.ledger.display import label_of, shown, words_of
from services.ledger.listing import Filters, ledger_page
from services.ledger.rules import Vocabulary
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.forms import read
from shared.ui.page import Crumb, FormState
from tenants.pages import page, redirect, refused, refused_in_place, unprocessable
from tenants.unit_settings import red_head

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
    rows = await bulk.chosen_rows(tx, ids)
    typed = {name: values.get(name) for name in BulkForm.model_fields if values.get(name) is not None}
    form, errors = read(BulkForm, typed) if typed.get("action") else (None, {})
    words = await words_of(tx)
    planned = await _planned(tx, rows, form) if form is not None else []
    return {
        "rows": rows,
        "repeated": await _kept(tx, values, ids),
        "too_many": too_many,
        "limit": workflow.LIMIT,
        "form": FormState({"since": tx.today, **typed}, errors),
        "actions": tuple(ACTIONS.items()),
        "planned": planned,
        "lines": [(one, *_before_after(one, form, words)) for one in planned if form is not None],
        "doing": {REMIND: "提醒", SCREEN: "移交"}.get(form.action, "修改") if form is not None else "",
        "changing": sum(one.changes for one in planned),
        "seal": workflow.seal_of(planned),
        "words": words,
        "today": tx.today,
        "path": HOME,
        "refusal": None,
    }, form


async def _planned(tx: Transaction, rows: Any, form: BulkForm) -> list[workflow.Planned]:
    if form.action == REMIND:
        return await workflow.plan_reminders(tx, rows)
    if form.action == SCREEN:
        return [workflow.Planned(one, None, same=False) for one in rows]
    return await workflow.plan(tx, rows, form.changes(), form.since)


def _before_after(one: workflow.Planned, form: BulkForm, words: Vocabulary) -> tuple[str, str]:
    """What a field is and would be; of what changes no field, what is done."""
    for name, value in form.changes().items():
        return shown(name, getattr(one.row, name), words), shown(name, value, words)
    return "—", ACTIONS[form.action]


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
    planned = context["planned"]
    done: object
    if form.action == REMIND:
        done = await workflow.remind(tx, planned, seal, form.value)
    elif form.action == SCREEN:
        done = await workflow.hand_in(tx, planned, seal, form.value)
    else:
        done = await workflow.apply(tx, planned, seal, form.changes(), since=form.since, reason=form.reason)
    if isinstance(done, Refusal):
        return refused_in_place(request, tx, done, f"{_PAGE}bulk.html", _TITLE, context)
    return redirect(tx, f"{HOME}/batches" if form.changes() else HOME, done="saved")


@get("/ledger/batches", opt=_WRITE)
async def list_batches(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What was changed for many at once; each can be taken back while nobody has touched its rows."""
    words = await words_of(tx)
    found = [
        (row, [(label_of(name), shown(name, value, words)) for name, value in row.changes.items()],
         row.state == "done" and not await bulk.touched_codes(tx, row.rows))
        for row in await bulk.batches(tx)
    ]  # fmt: skip
    context = {"batches": found, "states": STATES, "path": HOME}
    return page(request, f"{_PAGE}batches.html", "批量办理记录", context, crumbs=(*_CRUMBS[:1], Crumb("批量办理记录")))


@post("/ledger/batches/{batch_id:uuid}/undo", opt=_WRITE)
async def undo_batch(request: Request[Any, Any, Any], tx: Transaction, batch_id: UUID) -> Response[Any]:
    """Take a change of many back, all of it or none."""
    refusal = await workflow.undo(tx, batch_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{HOME}/batches")
    return redirect(tx, f"{HOME}/batches", done="done")


@get("/ledger/print", opt=_READ)
async def print_rows(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The chosen achievements one below the other, as they are printed."""
    ids, too_many = await _chosen(tx, request.query_params)
    words = await words_of(tx)
    cards = []
    rows = await bulk.chosen_rows(tx, ids)
    for row in rows:
        facts = [(label, shown(name, getattr(row, name), words)) for name, label in _PRINTED]
        team = queries.as_seen(tx, await queries.team_of(tx, row.id))
        rights = await queries.rights_of(tx, row.id)
        cards.append((row, facts, "、".join(one.name for one in team), "、".join(one.number for one in rights)))
    if rows:
        printed = {"codes": [row.code for row in rows], "personal": ["完成人（团队）"]}
        await write_audit(tx, "achievement_batch.print", workflow.CASE, None, outcome="read", details=printed)
    context = {"cards": cards, "too_many": too_many, "limit": workflow.LIMIT, "today": tx.today, "path": HOME}
    context |= {"red_head": await red_head(tx)}
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

HANDLERS = (preview_bulk, confirm_bulk, list_batches, undo_batch, print_rows)
