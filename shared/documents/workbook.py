"""Workbooks as clerks send them (xlsx, xls, csv), read in memory and within stated limits.

Nothing is written to disk here: an upload must be searched for classified content before any of it is kept. Values
come from calamine; what calamine does not tell of an xlsx (hidden rows, formulas, error values) from a pass over the
sheets' XML, which also bounds the real unpacked size before calamine is let near the file.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal, TypeAlias

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from shared.documents.sniffing import SEEMS_TEXT, SEEMS_UNKNOWN, named_as_text, seems_binary_or_markup, seems_ole
from shared.documents.workbook_limits import DEFAULT_LIMITS, Limits, WorkbookError, WorkbookFault, not_a_workbook
from shared.documents.workbook_xml import SheetMarks, scan_package

CellValue: TypeAlias = "str | float | int | bool | date | datetime | time | timedelta"
SheetState = Literal["visible", "hidden", "veryHidden"]
Kind = Literal["xlsx", "xls", "csv"]
Merge: TypeAlias = "tuple[int, int, int, int]"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_EXCEL_STREAMS = ("Workbook".encode("utf-16-le"), "Book\0".encode("utf-16-le"))
_TEXT_ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. Rows and columns count from 1 as in Excel; an empty cell is ''.

    `first_column` is the column of each row list's first element; the rows of `rows()` begin with row 1. `merges` are
    (first row, first column, last row, last column), sorted.
    """

    name: str
    index: int
    state: SheetState
    first_column: int
    last_row: int
    last_column: int
    merges: tuple[Merge, ...] = ()
    marks: SheetMarks = field(default_factory=SheetMarks)
    source: Callable[[], Iterator[list[CellValue]]] = field(default=lambda: iter(()), repr=False)

    def rows(self) -> Iterator[list[CellValue]]:
        """Every row from row 1, a list of its values from `first_column` on; may be called again."""
        return self.source()


@dataclass(frozen=True, slots=True)
class Workbook:
    """A workbook in memory; `sha256` is that of the original bytes."""

    filename: str
    kind: Kind
    sha256: str
    sheets: tuple[Sheet, ...]

    def sheet(self, name: str) -> Sheet:
        """The sheet of that name; KeyError if there is none."""
        for sheet in self.sheets:
            if sheet.name == name:
                return sheet
        raise KeyError(name)


def column_letter(column: int) -> str:
    """The letters of a column: 1 is A, 27 is AA."""
    letters = ""
    while column:
        column, remainder = divmod(column - 1, 26)
        letters = chr(65 + remainder) + letters
    return letters


def read_workbook(data: bytes, filename: str, limits: Limits = DEFAULT_LIMITS) -> Workbook:
    """Read an upload; the kind is told by the content, not by the name; only text must also be named as such.

    Raises WorkbookError: its `code` and Chinese message say what is wrong and what to do.
    """
    if not data.strip(b"\x00\r\n\t "):
        raise WorkbookError(WorkbookFault.EMPTY)
    if len(data) > limits.bytes:
        raise WorkbookError(WorkbookFault.TOO_LARGE, limit=f"{limits.bytes // 2**20} MB")
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith(b"PK"):
        marks = scan_package(data, filename, limits)
        return Workbook(filename, "xlsx", digest, _calamine_sheets(data, marks, limits))
    if data.startswith(_OLE):
        if _ENCRYPTED_PACKAGE in data:
            raise WorkbookError(WorkbookFault.ENCRYPTED)
        if not any(stream in data for stream in _EXCEL_STREAMS):
            raise not_a_workbook(filename, seems_ole(data))
        return Workbook(filename, "xls", digest, _calamine_sheets(data, {}, limits))
    return Workbook(filename, "csv", digest, (_csv_sheet(_text_of(data, filename), limits),))


def _calamine_sheets(data: bytes, marks: dict[str, SheetMarks], limits: Limits) -> tuple[Sheet, ...]:
    sheets: list[Sheet] = []
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            if len(book.sheets_metadata) > limits.sheets:
                raise WorkbookError(WorkbookFault.TOO_MANY_SHEETS, limit=str(limits.sheets))
            for index, metadata in enumerate(book.sheets_metadata):
                content = book.get_sheet_by_index(index)
                state = _state(metadata.visible)
                sheets.append(_calamine_sheet(content, index, state, marks.get(metadata.name) or SheetMarks()))
    except PasswordError as error:
        raise WorkbookError(WorkbookFault.ENCRYPTED) from error
    except (CalamineError, ValueError, OverflowError) as error:
        raise WorkbookError(WorkbookFault.DAMAGED) from error
    except BaseException as error:
        # A panic of the Rust reader on a damaged file arrives as a BaseException of its own.
        if type(error).__name__ == "PanicException":
            raise WorkbookError(WorkbookFault.DAMAGED) from None
        raise
    if not any(sheet.last_row for sheet in sheets):
        raise WorkbookError(WorkbookFault.EMPTY)
    return tuple(sheets)


def _state(visible: SheetVisibleEnum) -> SheetState:
    if visible == SheetVisibleEnum.Visible:
        return "visible"
    return "hidden" if visible == SheetVisibleEnum.Hidden else "veryHidden"


def _calamine_sheet(content: CalamineSheet, index: int, state: SheetState, marks: SheetMarks) -> Sheet:
    start, end = content.start, content.end
    merges = sorted(
        (top + 1, left + 1, bottom + 1, right + 1) for (top, left), (bottom, right) in content.merged_cell_ranges or []
    )
    return Sheet(
        name=content.name,
        index=index,
        state=state,
        first_column=start[1] + 1 if start else 1,
        last_row=end[0] + 1 if end else 0,
        last_column=end[1] + 1 if end else 0,
        merges=tuple(merges),
        marks=marks,
        source=content.iter_rows,
    )


def _csv_sheet(text: str, limits: Limits) -> Sheet:
    delimiter = max(",\t;", key=text[:4096].count)
    rows: list[list[CellValue]] = []
    width = 0
    csv.field_size_limit(2**31 - 1)
    try:
        for line, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
            width = max(width, len(cells))
            if cells and max(map(len, cells)) > limits.cell_characters:
                raise WorkbookError(WorkbookFault.CELL_TOO_LONG, row=str(line), limit=str(limits.cell_characters))
            rows.append(list(cells))
            if len(rows) * width > limits.cells:
                raise WorkbookError(WorkbookFault.TOO_MANY_CELLS, sheet="CSV", limit=f"{limits.cells:,}")
    except csv.Error as error:
        raise WorkbookError(WorkbookFault.DAMAGED) from error
    for row in rows:
        row.extend([""] * (width - len(row)))
    return Sheet("CSV", 0, "visible", 1, len(rows), width, source=lambda: map(list, rows))


def _text_of(data: bytes, filename: str) -> str:
    """The text of a CSV; a text whose name says workbook is not taken for one, whatever commas it has."""
    other = seems_binary_or_markup(data)
    if other is not None:
        raise not_a_workbook(filename, other)
    text = _decoded(data)
    if text is None:
        raise not_a_workbook(filename, SEEMS_UNKNOWN)
    if not named_as_text(filename):
        raise not_a_workbook(filename, SEEMS_TEXT)
    return text


def _decoded(data: bytes) -> str | None:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings: tuple[str, ...] = ("utf-16",)
    elif b"\x00" in data:
        return None
    else:
        encodings = _TEXT_ENCODINGS
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
