"""退出清单: the list with its export, entries, the sheets that were sent."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, get, post

from services.ledger.display import words_of
from services.ledger.exits import forms, queries, rules, workflow
from shared.db.transaction import Transaction
from shared.documents.workbook_writing import Style, Styled, WrittenRow, WrittenSheet, write_workbook
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import FormState
from tenants.packs import governing
from tenants.pages import MenuEntry, page, redirect, refused, unprocessable
from tenants.people import names_of

HOME = "/institution/exits"
TITLE = "退出国有资产管理清单"
MENU = (
    MenuEntry("institution", "报告与留痕", "退出资产管理清单", "logout-2", HOME, queries.SEE, 904, "reports.exit_list"),
)
_TEMPLATE = "ledger/exits/exits.html"
_SEE, _LIST, _SEND = {"permission": queries.SEE}, {"permission": queries.LIST}, {"permission": queries.SEND}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_COLUMNS = (
    ("台账编号", 14), ("成果名称", 44), ("成果类型", 18), ("转化状态", 12), ("转化方式", 12), ("转化价值（元）", 18),
    ("退出事由", 44), ("决策日期", 12), ("决策文件", 24),
)  # fmt: skip


async def _context(tx: Transaction, given: Mapping[str, FormState] | None = None) -> dict[str, Any]:
    forms_back, pack = given or {}, (await governing(tx)).pack
    entries, sheets = await queries.entries(tx), await queries.sheets(tx)
    asked = rules.article(pack) is not None
    return {
        "entries": entries,
        "sheets": sheets,
        "unsent": sum(one.sheet_id is None for one in entries),
        "names": await names_of(tx, [one.recorded_by for one in sheets if one.recorded_by]),
        "recipients": rules.labels(rules.recipients(pack), pack),
        "article": rules.article(pack),
        "entry_form": forms_back.get("entry") or FormState({"decided_on": tx.today}),
        "sheet_form": forms_back.get("sheet") or FormState({"sent_on": tx.today}),
        "form": next((one for one in forms_back.values() if one.errors), FormState()),
        "may_list": asked and queries.LIST in tx.actor.permissions,
        "may_send": asked and queries.SEND in tx.actor.permissions and bool(entries),
        "words": await words_of(tx),
        "today": tx.today,
        "home": HOME,
    }


@get("/exits", opt=_SEE)
async def show_exits(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The list as it stands and what was sent."""
    return page(request, _TEMPLATE, TITLE, await _context(tx))


@post("/exits", opt=_LIST)
async def list_exit(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Put an achievement on the list."""
    values = typed(await request.form())
    form, errors = read(forms.EntryForm, values)
    row = await queries.achievement_by_code(tx, form.code) if form is not None else None
    if form is not None and row is None:
        errors = {"code": "台账中没有这个编号的在册成果"}
    if form is not None and form.decided_on > tx.today:
        errors |= {"decided_on": "决策日期不能晚于今天"}
    if form is None or row is None or errors:
        return unprocessable(request, tx, _TEMPLATE, TITLE, await _context(tx, {"entry": FormState(values, errors)}))
    done = await workflow.list_exit(tx, row.id, row.code, form.ground, form.decided_on, form.decision)
    return refused(request, tx, done, back=HOME) if isinstance(done, Refusal) else redirect(tx, HOME, done="saved")


@post("/exits/{entry_id:uuid}/remove", opt=_LIST)
async def take_off(request: Request[Any, Any, Any], tx: Transaction, entry_id: UUID) -> Response[Any]:
    """Take an entry off."""
    values = typed(await request.form())
    form, errors = read(forms.RemovalForm, values)
    if form is None:
        context = await _context(tx, {"remove": FormState(values, {"": errors["reason"]})})
        return unprocessable(request, tx, _TEMPLATE, TITLE, context)
    refusal = await workflow.take_off(tx, entry_id, form.reason)
    return redirect(tx, HOME, done="done") if refusal is None else refused(request, tx, refusal, back=HOME)


@post("/exits/sheets", opt=_SEND)
async def send_sheet(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Record that the list was sent, and keep it as it was."""
    values = typed(await request.form())
    form, errors = read(forms.SheetForm, values)
    if form is None:
        return unprocessable(request, tx, _TEMPLATE, TITLE, await _context(tx, {"sheet": FormState(values, errors)}))
    done = await workflow.send_sheet(tx, form.sent_on, form.reference)
    return refused(request, tx, done, back=HOME) if isinstance(done, Refusal) else redirect(tx, HOME, done="submitted")


@get("/exits/export", opt=_SEE)
async def export_exits(request: Request[Any, Any, Any], tx: Transaction) -> Response[bytes]:
    """The list as it stands as xlsx, to be sent."""
    words = await words_of(tx)
    lines = [workflow.line_of(one, words) for one in await queries.entries(tx)]
    await workflow.note_export(tx, len(lines), None)
    return _workbook(lines, tx.today, "")


@get("/exits/sheets/{sheet_id:uuid}", opt=_SEE)
async def fetch_sheet(request: Request[Any, Any, Any], tx: Transaction, sheet_id: UUID) -> Response[bytes]:
    """A sheet as it was sent, without what is suspected to be classified since; else the same sheet is the same bytes."""
    row = await queries.find_sheet(tx, sheet_id)
    if row is None:
        raise NotFound
    hidden = await queries.hidden_codes(tx, [one["code"] for one in row.payload["rows"]])
    lines = [one for one in row.payload["rows"] if one["code"] not in hidden]
    await workflow.note_export(tx, len(lines), sheet_id)
    return _workbook(lines, date.fromisoformat(row.payload["as_of"]), f"第{row.number}次报送")


def _workbook(lines: Sequence[Mapping[str, Any]], day: date, which: str) -> Response[bytes]:
    title = f"{TITLE}　{which}　截至 {day}　示例格式　金额单位：元　共 {len(lines)} 项"
    rows: list[WrittenRow] = [(1, [title]), (2, [Styled(label, Style.HEADER) for label, _ in _COLUMNS])]
    for number, one in enumerate(lines, 3):
        value = None if one["value"] is None else Styled(float(Decimal(one["value"])), Style.MONEY)
        cells = [one["code"], one["name"], one["type"], one["status"], one["mode"], value]
        rows.append((number, [*cells, one["ground"], one["decided_on"], one["decision"]]))
    sheet = WrittenSheet(TITLE, rows, widths=[width for _, width in _COLUMNS], frozen_rows=2, neutralise=True)
    disposition = f"attachment; filename*=UTF-8''{quote(f'{TITLE}_{day:%Y%m%d}.xlsx')}"
    headers = {"content-disposition": disposition, "cache-control": "no-store"}
    return Response(write_workbook([sheet]), media_type=_XLSX, headers=headers)


HANDLERS = (show_exits, list_exit, take_off, send_sheet, export_exits, fetch_sheet)
