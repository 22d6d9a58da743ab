"""What each sheet of a ledger workbook is for, and what its head says: title, unit, dates, as-of day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from services.ledger.reading.columns import (
    HEAD_ROWS,
    Column,
    Header,
    find_header,
    head_of,
    header_of_rows,
    side_by_side,
    unit_of,
    with_mapping,
)
from services.ledger.reading.dates import read_date
from services.ledger.reading.no_header import no_header_message
from services.ledger.reading.text import cell_text, compact
from shared.documents.workbook import CellValue, Sheet, Workbook
from shared.errors import ApplicationError

_INSTRUCTIONS = re.compile(r"说明|须知|填报要求|填写要求|指南|注意事项")
_SUMMARY = re.compile(r"汇总|统计|总表|小结|概况")
_LIST = re.compile(r"字典|选项|下拉|代码|列表|枚举")
_INFO = re.compile(r"[:：]|单位|时间|日期")
_REPORTED = re.compile(
    r"(?:填报|填表|制表|上报|报送|编制)(?:时间|日期)[:：]?\s*([0-9０-９][^\s　,，;；]*(?:\s*[年月日0-9]+)*)"
)
_AS_OF = re.compile(r"截[至止](?:到|于|时间|日期)?[:：]?\s*(\d{4})\s*[年.\-/]\s*(\d{1,2})\s*[月.\-/]\s*(\d{1,2})\s*日?")
_ORGANISATION = re.compile(
    r"^(?!.{0,10}[:：])(.{2,30}?(?:大学|学院|研究院|研究所|研究中心|科学院|农科院|林科院|医院|集团|公司|学校|实验室|中心|院|所))"
)
_REPORTING_UNIT = re.compile(
    r"(?:填报|填表|上报|报送)?单位(?:名称)?(?:[(（]盖章[)）])?[:：]\s*(?!(?:人民币)?(?:亿|万)?元)([^（(：:\s]{2,40})"
)
_UNIT_LINE = re.compile(r"单位[:：]?\s*(?:人民币)?\s*(亿元|万元|元)")


_SIDE_BY_SIDE = "第 {} 张工作表并排放了两份台账，一行是两项成果。请改为上下排列，或分成两张工作表后再上传。"
NO_HEADER = "ledger_no_known_header"


class LedgerError(ApplicationError):
    """A workbook that is no ledger; `code` is stable."""

    status = 422
    title = "没有找到台账"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Corrections(msgspec.Struct, frozen=True):
    """What a person settled before or after the first look, per sheet where it is about a sheet.

    `columns`: sheet → column letter → field identifier ('' for none); `units`: sheet → unit of bare amounts;
    `headers`: sheet → the rows of its header (one, two or none), for a sheet that is a ledger though it does not look like
    one; `sheets`: hidden sheets to be read too; `report_date`: the day of reporting where the file states none.
    """

    columns: Mapping[str, Mapping[str, str | None]] = {}
    units: Mapping[str, str] = {}
    headers: Mapping[str, tuple[int, ...]] = {}
    sheets: frozenset[str] = frozenset()
    report_date: date | None = None


class SheetLayout(msgspec.Struct, frozen=True):
    """A sheet's part. Only sheets of role `ledger` are imported; other roles have no columns unless a header was seen."""

    name: str
    index: int
    state: str
    role: str
    title_rows: tuple[int, ...] = ()
    info_rows: tuple[int, ...] = ()
    header_rows: tuple[int, ...] = ()
    columns: tuple[Column, ...] = ()
    amount_unit: str | None = None
    unit_stated_in: str | None = None
    first_column: int = 1

    @property
    def first_row(self) -> int:
        """The first row below the header."""
        return self.header_rows[-1] + 1 if self.header_rows else 1

    def column_of(self, field: str) -> Column | None:
        """The column of a field, or None."""
        return next((column for column in self.columns if column.field == field), None)


class Layout(msgspec.Struct, frozen=True):
    """A whole workbook: its sheets, and what the heads of the sheets state."""

    sheets: tuple[SheetLayout, ...]
    organisation: str | None = None
    report_date: date | None = None
    as_of: date | None = None

    @property
    def known(self) -> bool:
        """Whether any sheet is a ledger; else a person has to say which, and where its header stands."""
        return any(sheet.role == "ledger" for sheet in self.sheets)


def lay_out(workbook: Workbook, corrections: Corrections | None = None, *, required: bool = True) -> Layout:
    """Find the headers and roles of all sheets; raises LedgerError if none is a ledger and one is `required`."""
    corrections = corrections or Corrections()
    sheets: list[SheetLayout] = []
    heads: list[list[str]] = []
    for sheet in workbook.sheets:
        head = head_of(sheet)
        layout = _sheet_layout(sheet, head, corrections)
        sheets.append(layout)
        above = layout.header_rows[0] - 1 if layout.header_rows else len(head)
        heads.append([text for row in head[:above] for cell in row if (text := cell_text(cell).strip())])
    if required and not any(sheet.role == "ledger" for sheet in sheets):
        hidden = hidden_ledgers(Layout(tuple(sheets)))
        raise LedgerError(NO_HEADER, no_header_message(workbook.sheets, hidden))
    texts = [text for head_texts in heads for text in head_texts]
    ledger_texts = [
        text for layout, head_texts in zip(sheets, heads, strict=True) if layout.columns for text in head_texts
    ]
    return Layout(
        sheets=tuple(sheets),
        organisation=_organisation(heads, texts),
        report_date=corrections.report_date or _latest_report(ledger_texts),
        as_of=_as_of(texts),
    )


def _sheet_layout(sheet: Sheet, head: Sequence[Sequence[CellValue]], corrections: Corrections) -> SheetLayout:
    said = said_rows(corrections, sheet, len(head))
    header = find_header(sheet, head) if said is None else header_of_rows(sheet, head, said)
    if header is not None and said is None and side_by_side(header):
        raise LedgerError("ledger_side_by_side", _SIDE_BY_SIDE.format(sheet.index + 1))
    role = _role(sheet, head, header, corrections)
    if header is None:
        return SheetLayout(sheet.name, sheet.index, sheet.state, role)
    title_rows, info_rows, unit_line = _above(head[: header.rows[0] - 1] if header.rows else ())
    columns = with_mapping(header.columns, corrections.columns.get(sheet.name, {}), corrections.units.get(sheet.name))
    own = next((column.unit for column in columns if column.field == "value" and column.unit), None)
    own = own or next((column.unit for column in columns if column.field == "assessed" and column.unit), None)
    stated = None
    if own:
        stated = "header cell"
    elif unit_line:
        stated = "unit line above the header"
    return SheetLayout(
        name=sheet.name,
        index=sheet.index,
        state=sheet.state,
        role=role,
        title_rows=title_rows,
        info_rows=info_rows,
        header_rows=header.rows,
        columns=columns,
        amount_unit=own or unit_line,
        unit_stated_in=stated,
        first_column=sheet.first_column,
    )


def hidden_ledgers(layout: Layout) -> list[str]:
    """Names of hidden sheets that have a ledger's header."""
    return [sheet.name for sheet in layout.sheets if sheet.role == "hidden_ledger"]


def said_rows(corrections: Corrections, sheet: Sheet, rows: int) -> tuple[int, ...] | None:
    """The rows of the header that a person named, None where none did or the sheet has no such rows."""
    said = corrections.headers.get(sheet.name)
    if said is None or not sheet.last_row or len(said) > 2 or any(not 1 <= row <= min(rows, HEAD_ROWS) for row in said):
        return None
    return tuple(said)


def _role(sheet: Sheet, head: Sequence[Sequence[CellValue]], header: Header | None, corrections: Corrections) -> str:
    asked = sheet.name in corrections.sheets or sheet.name in corrections.headers
    if header is not None:
        return "ledger" if sheet.state == "visible" or asked else "hidden_ledger"
    if sheet.state != "visible":
        return "hidden_list"
    if not sheet.last_row:
        return "empty"
    first = next((text for row in head for cell in row if (text := cell_text(cell).strip())), "")
    for pattern, role in ((_INSTRUCTIONS, "instructions"), (_SUMMARY, "summary"), (_LIST, "list")):
        if pattern.search(sheet.name) or pattern.search(first[:40]):
            return role
    return "other"


def _above(rows: Sequence[Sequence[CellValue]]) -> tuple[tuple[int, ...], tuple[int, ...], str | None]:
    """Title rows, information rows and the unit line among the rows above a header."""
    titles: list[int] = []
    information: list[int] = []
    unit = None
    for number, row in enumerate(rows, start=1):
        texts = [text for cell in row if (text := cell_text(cell).strip())]
        if not texts:
            continue
        joined = " ".join(texts)
        match = _UNIT_LINE.search(joined)
        unit = match[1] if match else unit
        if len(texts) > 1 or _INFO.search(joined):
            information.append(number)
        else:
            titles.append(number)
    return tuple(titles), tuple(information), unit


def _organisation(heads: Sequence[Sequence[str]], texts: Sequence[str]) -> str | None:
    for head in heads:
        match = _ORGANISATION.match(head[0]) if head else None
        if match:
            return match[1]
    for text in texts:
        match = _REPORTING_UNIT.search(text)
        if match:
            return match[1]
    return None


def _latest_report(texts: Sequence[str]) -> date | None:
    days = []
    for text in texts:
        match = _REPORTED.search(text)
        read = read_date(match[1].strip()) if match else None
        if read is not None and read.iso and len(read.iso) == 10:
            days.append(date.fromisoformat(read.iso))
    return max(days, default=None)


def _as_of(texts: Sequence[str]) -> date | None:
    for text in texts:
        match = _AS_OF.search(compact(text))
        if match:
            try:
                return date(int(match[1]), int(match[2]), int(match[3]))
            except ValueError:
                continue
    return None


__all__ = ["Corrections", "Layout", "LedgerError", "SheetLayout", "lay_out", "unit_of"]
