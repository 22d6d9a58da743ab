"""Writing workbooks in one pass, in memory, without formulas: copies of values, returned rows, exports.

Text is always written as text. With `neutralise` a text that a spreadsheet would take for a formula (= + - @) gets an
apostrophe in front, as exports need it; without, it stays as it was and carries Excel's own mark of a text instead.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from shared.documents.workbook import CellValue, Merge, SheetState, column_letter

# Excel counts days of no time zone from here.
_EPOCH: Final = date(1899, 12, 30)
_PIECE: Final = 4_000
_FORMULA_STARTS: Final = ("=", "+", "-", "@")
_SPECIAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]|_x[0-9A-Fa-f]{4}_")
_SHEET_NAME = re.compile(r"[\[\]:*?/\\]")
_LONGEST_CELL: Final = 32_767
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)


class Style(IntEnum):
    """The cell formats of a written workbook; the numbers are positions in its style table."""

    PLAIN = 0
    DATE = 1
    DATE_TIME = 2
    DURATION = 3
    LITERAL = 4
    TITLE = 5
    HEADER = 6
    REASON = 7
    MONEY = 8


class Styled(NamedTuple):
    """A value with a format of its own."""

    value: CellValue
    style: Style


WrittenRow: TypeAlias = "tuple[int, Sequence[CellValue | Styled | None]]"


@dataclass(slots=True)
class WrittenSheet:
    """A sheet to write: rows in order with their numbers; '' and None are left out. Columns count from 1."""

    name: str
    rows: Iterable[WrittenRow]
    first_column: int = 1
    state: SheetState = "visible"
    merges: Sequence[Merge] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: Sequence[tuple[int, int]] = ()
    widths: Sequence[float] = ()
    frozen_rows: int = 0
    frozen_columns: int = 0
    neutralise: bool = False
    _letters: list[str] = field(default_factory=list, repr=False)


def write_workbook(sheets: Iterable[WrittenSheet]) -> bytes:
    """An xlsx of the sheets, written row by row; the same input gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
        entries: list[tuple[str, SheetState]] = []
        for sheet in sheets:
            entries.append((_unique_name(sheet.name, [name for name, _ in entries]), sheet.state))
            _write_sheet(archive, f"xl/worksheets/sheet{len(entries)}.xml", sheet)
        for name, text in _package(entries):
            archive.writestr(_entry(name), text)
    return buffer.getvalue()


class GrowingWorkbook:
    """A workbook of one sheet whose rows come in portions, so that they need never be in memory together."""

    def __init__(self, sheet: WrittenSheet) -> None:
        self._sheet = sheet
        self._letters: list[str] = []
        self._buffer = io.BytesIO()
        self._archive = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        self._stream = self._archive.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True)
        self._stream.write(_sheet_head(sheet).encode())
        self.add(sheet.rows)

    def add(self, rows: Iterable[WrittenRow]) -> None:
        """Write further rows below."""
        self._stream.write("".join(_rows(self._sheet, rows, self._letters)).encode())

    def finish(self) -> bytes:
        """The whole file; nothing can be added after."""
        self._stream.write(_sheet_foot(self._sheet).encode())
        self._stream.close()
        for name, text in _package([(_unique_name(self._sheet.name, []), self._sheet.state)]):
            self._archive.writestr(_entry(name), text)
        self._archive.close()
        return self._buffer.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _write_sheet(archive: zipfile.ZipFile, path: str, sheet: WrittenSheet) -> None:
    with archive.open(_entry(path), "w", force_zip64=True) as stream:
        pieces: list[str] = []
        for piece in _sheet_pieces(sheet):
            pieces.append(piece)
            if len(pieces) >= _PIECE:
                stream.write("".join(pieces).encode())
                pieces.clear()
        stream.write("".join(pieces).encode())


def _sheet_pieces(sheet: WrittenSheet) -> Iterator[str]:
    yield _sheet_head(sheet)
    yield from _rows(sheet, sheet.rows, [])
    yield _sheet_foot(sheet)


def _sheet_head(sheet: WrittenSheet) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"{_frozen(sheet)}{_columns(sheet)}<sheetData>"
    )


def _frozen(sheet: WrittenSheet) -> str:
    rows, columns = sheet.frozen_rows, sheet.frozen_columns
    if not rows and not columns:
        return ""
    split = (f' xSplit="{columns}"' if columns else "") + (f' ySplit="{rows}"' if rows else "")
    return (
        f'<sheetViews><sheetView workbookViewId="0"><pane{split} topLeftCell="{column_letter(columns + 1)}{rows + 1}" '
        'state="frozen"/></sheetView></sheetViews>'
    )


def _rows(sheet: WrittenSheet, rows: Iterable[WrittenRow], letters: list[str]) -> Iterator[str]:
    for number, values in rows:
        while len(letters) < len(values):
            letters.append(column_letter(sheet.first_column + len(letters)))
        cells = "".join(
            [
                _cell(f"{letter}{number}", value, sheet.neutralise)
                for letter, value in zip(letters, values, strict=False)
                if value is not None and value != ""
            ]
        )
        hidden = ' hidden="1"' if number in sheet.hidden_rows else ""
        if cells or hidden:
            yield f'<row r="{number}"{hidden}>{cells}</row>'


def _sheet_foot(sheet: WrittenSheet) -> str:
    merges = "".join(
        f'<mergeCell ref="{column_letter(left)}{top}:{column_letter(right)}{bottom}"/>'
        for top, left, bottom, right in sheet.merges
    )
    merged = f'<mergeCells count="{len(sheet.merges)}">{merges}</mergeCells>' if merges else ""
    return f"</sheetData>{merged}</worksheet>"


def _columns(sheet: WrittenSheet) -> str:
    described: dict[int, str] = {}
    for offset, width in enumerate(sheet.widths):
        described[sheet.first_column + offset] = f' width="{width}" customWidth="1"'
    for first, last in sheet.hidden_columns:
        for column in range(first, min(last, first + 500) + 1):
            described[column] = described.get(column, ' width="9" customWidth="1"') + ' hidden="1"'
    if not described:
        return ""
    columns = "".join(f'<col min="{column}" max="{column}"{described[column]}/>' for column in sorted(described))
    return f"<cols>{columns}</cols>"


def _cell(reference: str, value: CellValue | Styled, neutralise: bool) -> str:
    style = ""
    if isinstance(value, Styled):
        style = f' s="{int(value.style)}"'
        value = value.value
    if isinstance(value, str):
        if value.startswith(_FORMULA_STARTS):
            if neutralise:
                # A lone dash is how clerks leave a cell open; it computes nothing.
                value = value if value == "-" else f"'{value}"
            else:
                style = style or f' s="{int(Style.LITERAL)}"'
        text = escape(value[:_LONGEST_CELL])
        return f'<c r="{reference}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(value, bool):
        return f'<c r="{reference}"{style} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (int, float)):
        return f'<c r="{reference}"{style}><v>{value!r}</v></c>'
    number, kind = _serial(value)
    return f'<c r="{reference}"{style or kind}><v>{number!r}</v></c>'


def _serial(value: date | datetime | time | timedelta) -> tuple[float, str]:
    if isinstance(value, datetime):
        seconds = value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6
        return (value.date() - _EPOCH).days + seconds / 86_400, f' s="{int(Style.DATE_TIME)}"'
    if isinstance(value, date):
        return (value - _EPOCH).days, f' s="{int(Style.DATE)}"'
    if isinstance(value, time):
        value = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
    return value / timedelta(days=1), f' s="{int(Style.DURATION)}"'


def escape(text: str) -> str:
    """Text for XML; characters that XML cannot hold are written as the format has it (_x0001_)."""
    return _SPECIAL.sub(_escaped, text) if _SPECIAL.search(text) else text


def _escaped(match: re.Match[str]) -> str:
    found = match[0]
    if len(found) > 1:
        return f"_x005F{found}"
    return {"&": "&amp;", "<": "&lt;", ">": "&gt;"}.get(found) or f"_x{ord(found):04X}_"


def _unique_name(name: str, taken: Sequence[str]) -> str:
    plain = _SHEET_NAME.sub("_", name).strip("'")[:31] or "Sheet"
    candidate, number = plain, 2
    lowered = {other.lower() for other in taken}
    while candidate.lower() in lowered:
        suffix = f"_{number}"
        candidate, number = plain[: 31 - len(suffix)] + suffix, number + 1
    return candidate


def _package(entries: Sequence[tuple[str, SheetState]]) -> Iterator[tuple[str, str]]:
    declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbers = range(1, len(entries) + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{kind}.worksheet+xml"/>'
        for number in numbers
    )
    yield (
        "[Content_Types].xml",
        f'{declaration}<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{overrides}</Types>',
    )
    yield (
        "_rels/.rels",
        f'{declaration}<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="rId1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    )
    sheets = "".join(
        f'<sheet name="{escape(name).replace(chr(34), "&quot;")}" sheetId="{number}"'
        f'{"" if state == "visible" else f" state={chr(34)}{state}{chr(34)}"} r:id="rId{number}"/>'
        for number, (name, state) in zip(numbers, entries, strict=True)
    )
    yield (
        "xl/workbook.xml",
        f'{declaration}<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{sheets}</sheets></workbook>',
    )
    relations = "".join(
        f'<Relationship Id="rId{number}" Type="{office}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        f'{declaration}<Relationships xmlns="{package}/relationships">{relations}'
        f'<Relationship Id="rId{len(entries) + 1}" Type="{office}/styles" Target="styles.xml"/></Relationships>',
    )
    yield "xl/styles.xml", declaration + _styles(main)


def _styles(main: str) -> str:
    def font(attributes: str) -> str:
        return f'<font>{attributes}<sz val="11"/><name val="宋体"/></font>'

    def format_of(number: int, font_: int, fill: int, more: str = "") -> str:
        apply = ' applyAlignment="1"' if more.startswith("<") else ""
        body = f">{more}</xf>" if more.startswith("<") else f"{more}/>"
        return f'<xf numFmtId="{number}" fontId="{font_}" fillId="{fill}" borderId="0" xfId="0"{apply}{body}'

    red = '<color rgb="FFB42318"/>'
    wrapped = '<alignment vertical="top" wrapText="1"/>'
    formats = "".join(
        (
            format_of(0, 0, 0),
            format_of(164, 0, 0),
            format_of(165, 0, 0),
            format_of(46, 0, 0),
            format_of(49, 0, 0, ' quotePrefix="1"'),
            format_of(0, 1, 0),
            format_of(0, 1, 2, wrapped),
            format_of(0, 2, 0, wrapped),
            format_of(4, 0, 0),
        )
    )
    return (
        f'<styleSheet xmlns="{main}"><numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
        '<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
        f'<fonts count="3">{font("")}{font("<b/>")}{font(red)}</fonts>'
        '<fills count="3"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
        '<fill><patternFill patternType="solid"><fgColor rgb="FFE8EEF7"/></patternFill></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(Style)}">{formats}</cellXfs></styleSheet>'
    )
