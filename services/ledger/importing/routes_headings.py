"""Pages where a person names the header of a ledger that is not known by its words: sheet, rows, then columns."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.ledger.importing import pages, remapping, rules, workflow
from services.ledger.importing.headings import HEAD_ROWS, columns_below, heads_of
from services.ledger.importing.pages import HOME, IMPORT, TEMPLATES
from services.ledger.reading.no_header import no_header_message
from services.ledger.reading.vocabulary import FIELD_LABELS
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.forms import typed
from shared.ui.page import FormState
from tenants.packs import cited, governing
from tenants.pages import page, redirect, refused, unprocessable

_PAGE = f"{TEMPLATES}header.html"
_TITLE = "指定表头"
_UNITS = ("元", "万元", "亿元")
# Two fields have another one's label: a person tells them apart by these.
_OWN_LABELS = {"assessed": "评估价值", "grant": "是否授权"}
_FIELDS = [(code, _OWN_LABELS.get(code, label)) for code, label in FIELD_LABELS.items()]


@dataclass(frozen=True, slots=True)
class Named:
    """A header as it is named on the page: sheet index, its first row (0 for none), how many rows."""

    sheet: int
    first: int
    height: int

    @property
    def rows(self) -> tuple[int, ...]:
        """Its rows."""
        return tuple(range(self.first, self.first + self.height)) if self.first else ()


@get("/imports/{import_id:uuid}/header", opt=IMPORT)
async def show_header(
    request: Request[Any, Any, Any],
    tx: Transaction,
    import_id: UUID,
    sheet: int | None = None,
    first: int | None = None,
    height: int = 1,
) -> Response[Any]:
    """The first rows to choose the header from; below a chosen one its columns."""
    row = await pages.loaded(tx, import_id)
    refusal = workflow.MOVES.refusal("remap", row.state)
    if refusal is not None:
        return refused(request, tx, cited(refusal, (await governing(tx)).pack), back=f"{HOME}/{import_id}")
    named = Named(sheet or 0, first, 2 if height == 2 else 1) if first is not None else None
    context = await _context(request, tx, row, named, sheet)
    return page(request, _PAGE, _TITLE, context, crumbs=pages.crumbs(row, _TITLE))


@post("/imports/{import_id:uuid}/header", opt=IMPORT, status_code=303)
async def name_header(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[Any]:
    """Where the header stands and what its columns mean; everything is read by it."""
    values = typed(await request.form())
    row = await pages.loaded(tx, import_id)
    named = Named(*(_number(values, name) for name in ("sheet", "first", "height")))
    name = next((one.name for one in workflow.layout_of(row).sheets if one.index == named.sheet), "")
    headers = {name: named.rows}
    _, layout = await remapping.as_said(tx, request.app.state.objects, row, headers)
    sheet = next((one for one in rules.ledger_sheets(layout) if one.name == name), None)
    wrong = rules.header_error(named.rows, HEAD_ROWS)
    if wrong or sheet is None:
        errors = {"first": wrong or "这张工作表没有这一行，请重新选择"}
        context = await _context(request, tx, row, None, named.sheet, FormState(values, errors))
        return unprocessable(request, tx, _PAGE, _TITLE, context)
    chosen = {
        column.letter: str(values.get(f"c-{sheet.index}-{column.letter}", column.field or ""))
        for column in sheet.columns
    }
    errors = rules.mapping_errors(layout, {name: chosen})
    if errors and workflow.MOVES.refusal("remap", row.state) is None:
        context = await _context(request, tx, row, named, named.sheet, FormState(values, errors))
        return unprocessable(request, tx, _PAGE, _TITLE, context)
    unit = values.get("unit")
    units = {name: unit} if unit in _UNITS else {}
    done = await remapping.remap(tx, import_id, {name: chosen}, units, headers=headers, layout=layout)
    if isinstance(done, Refusal):
        return refused(request, tx, done, back=f"{HOME}/{import_id}")
    return redirect(tx, f"{HOME}/{import_id}", done="saved")


def _number(values: dict[str, Any], name: str) -> int:
    text = str(values.get(name, ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


async def _context(
    request: Request[Any, Any, Any],
    tx: Transaction,
    row: Row[Any],
    named: Named | None,
    sheet: int | None,
    form: FormState | None = None,
) -> dict[str, Any]:
    said = (row.corrections or {}).get("headers", {})
    index_of = {one.name: one.index for one in workflow.layout_of(row).sheets}
    headers = {name: named.rows for name, index in index_of.items() if named and index == named.sheet}
    workbook, layout = await remapping.as_said(tx, request.app.state.objects, row, headers)
    heads = heads_of(workbook, layout)
    before = next((index_of[name] for name in said if name in index_of), None)
    shown = next((one for one in heads if one.index == (sheet if sheet is not None else before)), heads[0])
    kept = said.get(shown.name)
    first = named.first if named else kept[0] if kept else 0 if kept == [] else shown.likely
    below = next((one for one in rules.ledger_sheets(layout) if one.index == shown.index), None)
    columns = columns_below(workbook.sheets[shown.index], below) if named and below else []
    return {
        "row": row,
        "heads": heads,
        "shown": shown,
        "first": first,
        "height": named.height if named else len(kept) if kept else 1,
        "named": named,
        "columns": columns,
        "unit": below.amount_unit if below else None,
        "units": _UNITS,
        "fields": _FIELDS,
        "told": no_header_message(workbook.sheets, []) if row.state == "mapping" else "",
        "form": form or FormState(),
        "refusal": None,
        "path": f"{HOME}/{row.id}",
    }


HANDLERS = (show_header, name_header)
