"""What the columns of an import mean, for machines: read, and said otherwise."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import JSONBody

from services.ledger.importing import pages, remapping, rules, workflow
from services.ledger.reading.columns import HEAD_ROWS
from services.ledger.reading.layout import SheetLayout
from services.ledger.reading.vocabulary import FIELD_LABELS
from shared.api_description import answers
from shared.db.transaction import Outcome, Transaction
from shared.errors import FormInvalid, Refusal
from tenants.machine import api_refused

_IMPORT = {"permission": "institution:ledger:import"}
Unit = Literal["元", "万元", "亿元"]


class FieldOut(msgspec.Struct):
    """A field that a column may be read as; of assessed value and grant there are columns, nobody chooses them."""

    code: str
    label: str


class ColumnOut(msgspec.Struct, kw_only=True):
    """One column of a sheet; ``field`` is null where it is kept as it stands. ``said``: a person or machine said so."""

    letter: str
    heading: str
    field: str | None
    label: str
    said: bool


class SheetOut(msgspec.Struct, kw_only=True):
    """One sheet. Only those of role ``ledger`` are imported; ``unit`` is that of amounts that name none."""

    name: str
    role: str
    header_rows: list[int]
    unit: str | None
    columns: list[ColumnOut]


class ColumnsOut(msgspec.Struct):
    """How an import is read, and the fields to choose from."""

    sheets: list[SheetOut]
    fields: list[FieldOut]


class SheetIn(msgspec.Struct, kw_only=True):
    """What is said of one sheet: column letter to field (empty for none), and the unit of amounts that name none.

    ``header_rows``: where its header stands (one row, or two), for a sheet whose header was not known; empty where it has none.
    """

    name: str
    header_rows: list[int] | None = None
    columns: dict[str, str] = {}
    unit: Unit | None = None


class ColumnsIn(msgspec.Struct):
    """Only what is read otherwise need be said."""

    sheets: list[SheetIn]


class ReadAgain(msgspec.Struct):
    """The import is read again; its progress is at ``location``."""

    id: UUID
    state: str
    location: str


@get("/imports/{import_id:uuid}/columns", opt=_IMPORT, summary="列的对应")
async def read_columns(tx: Transaction, import_id: UUID) -> ColumnsOut:
    """What each column was read as."""
    row = await pages.loaded(tx, import_id)
    said = (row.corrections or {}).get("columns", {})
    sheets = [_sheet(one, said.get(one.name, {})) for one in workflow.layout_of(row).sheets]
    fields = [FieldOut(code, label) for code, label in FIELD_LABELS.items() if code not in ("assessed", "grant")]
    return ColumnsOut(sheets, fields)


def _sheet(sheet: SheetLayout, said: dict[str, Any]) -> SheetOut:
    columns = [
        ColumnOut(
            letter=column.letter,
            heading=column.header,
            field=column.field,
            label=FIELD_LABELS.get(column.field or "", ""),
            said=column.letter in said,
        )
        for column in sheet.columns
    ]
    return SheetOut(
        name=sheet.name, role=sheet.role, header_rows=list(sheet.header_rows), unit=sheet.amount_unit, columns=columns
    )


@post(
    "/imports/{import_id:uuid}/columns",
    opt=_IMPORT,
    status_code=202,
    summary="改列的对应",
    responses=answers(202, ReadAgain, "正在按新的对应重新核对"),
)
async def change_columns(
    request: Request[Any, Any, Any], tx: Transaction, import_id: UUID, data: JSONBody[ColumnsIn]
) -> Response[Any]:
    """Have it read again otherwise; answers stay and are applied again. Remembered for these headings when it is confirmed."""
    row = await pages.loaded(tx, import_id)
    layout = workflow.layout_of(row)
    headers = {one.name: one.header_rows for one in data.sheets if one.header_rows is not None}
    if headers and workflow.MOVES.refusal("remap", row.state) is None:
        _, layout = await remapping.as_said(tx, request.app.state.objects, row, headers)
    known = {sheet.name: sheet for sheet in rules.ledger_sheets(layout)}
    columns = {one.name: one.columns for one in data.sheets if one.name in known}
    wrong = {f"sheets.{one.name}": "没有这张台账工作表" for one in data.sheets if one.name not in known}
    told = {name: rules.header_error(rows, HEAD_ROWS) for name, rows in headers.items()}
    wrong |= {f"sheets.{name}.header_rows": message for name, message in told.items() if message}
    for name, chosen in columns.items():
        letters = {column.letter for column in known[name].columns}
        wrong |= {f"sheets.{name}.{letter}": "没有这一列" for letter in chosen if letter not in letters}
    wrong |= rules.mapping_errors(layout, columns)
    if wrong:
        raise FormInvalid(wrong)
    units = {one.name: one.unit for one in data.sheets if one.unit}
    refusal = await remapping.remap(tx, import_id, columns, units, headers=headers, layout=layout)
    if isinstance(refusal, Refusal):
        return api_refused(tx, refusal)
    location = f"/api/imports/{import_id}"
    tx.outcome = Outcome(202, location)
    return Response(ReadAgain(import_id, "reading", location), status_code=202, headers={"location": location})


HANDLERS = (read_columns, change_columns)
