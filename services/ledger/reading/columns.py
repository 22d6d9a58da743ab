"""Which column means what: headers in one or two rows, their groups and units, and a person's corrections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from services.ledger.reading.text import cell_text, compact, tidy_name
from services.ledger.reading.vocabulary import (
    ERROR_REASON,
    FIELD_LABELS,
    GROUPED_HEADERS,
    HEADER_EVIDENCE,
    HEADER_PATTERNS,
    HEADERS,
    ORIGINAL_ROW,
    SEVERAL,
    YES_NO_SECRECY_HEADERS,
    YES_NO_STATUS_HEADERS,
)
from shared.documents.workbook import CellValue, Merge, Sheet, column_letter

HEAD_ROWS = 40
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】")
_DECORATION = re.compile(r"^[*★☆#]+|[*★☆:]+$|^\d+[.、]")
_UNIT_TAIL = re.compile(r"[/,]?(?:单位)?:?(?:亿|万)?元$")
_ALTERNATIVES = re.compile(r"[/或和、及与]")
_PATTERNS = tuple((field, re.compile(pattern)) for field, pattern in HEADER_PATTERNS.items())
# A row below the header that only adds to it: the unit in parentheses, what is to be filled in.
_ADDITION = re.compile(r"[(（].{1,30}[)）]|(?:单位)?[:：]?(?:人民币)?(?:亿|万)?元|必填|选填")
# Of two columns for one field the one that is about something narrower gives way.
_NARROWER = re.compile("申请|第一|首位|负责|拟")
_QUESTION = re.compile("是否|与否|有无|否$|吗")
_UNIT = re.compile(r"(亿元|万元)|(?:[(:/\[]|单位)(元)|(元)[)\]]")


class Column(msgspec.Struct, frozen=True, gc=False):
    """A column of a ledger sheet: `index` counts from 1; `field` is its identifier or None where it means nothing."""

    index: int
    header: str
    group: str | None = None
    field: str | None = None
    unit: str | None = None
    asks: bool = False

    @property
    def letter(self) -> str:
        """Its letters in Excel."""
        return column_letter(self.index)

    @property
    def label(self) -> str:
        """What the clerk is told: the field's name, else the header as written."""
        return FIELD_LABELS[self.field] if self.field else self.header


class Header(msgspec.Struct, frozen=True, gc=False):
    """A recognised header: its rows and columns."""

    rows: tuple[int, ...]
    columns: tuple[Column, ...]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it has."""
        return frozenset(column.field for column in self.columns if column.field)


def field_of_header(header: str, group: str = "") -> str | None:
    """The field that a header names, below a group heading or not; None where it is no known one."""
    plain = _DECORATION.sub("", _PARENTHESES.sub("", compact(header)))
    plain = _UNIT_TAIL.sub("", plain) or plain
    if plain in HEADERS:
        return HEADERS[plain]
    for word, fields in GROUPED_HEADERS.items():
        if word in group and fields.get(plain):
            return fields[plain]
    fields_of_parts = [HEADERS[part] for part in _ALTERNATIVES.split(plain) if part in HEADERS]
    if "value" in fields_of_parts:
        return "value"
    return fields_of_parts[0] if fields_of_parts else _by_pattern(plain)


def _by_pattern(plain: str) -> str | None:
    return next((field for field, pattern in _PATTERNS if pattern.fullmatch(plain)), None)


def unit_of(text: str) -> str | None:
    """The money unit that a header or a unit line states: 元, 万元, 亿元."""
    match = _UNIT.search(compact(text))
    return (match[1] or match[2] or match[3]) if match else None


def head_of(sheet: Sheet) -> list[list[CellValue]]:
    """The first rows of a sheet, among which a header stands."""
    head: list[list[CellValue]] = []
    for row in sheet.rows():
        head.append(row)
        if len(head) >= HEAD_ROWS:
            break
    return head


def find_header(sheet: Sheet, head: Sequence[Sequence[CellValue]]) -> Header | None:
    """The best header of one or two rows within the first rows, or None: it needs the name and two other fields."""
    header = _best(header for header in _headers(sheet, head) if _is_ledgers(header.fields))
    return _with_addition(sheet, head, header) if header else None


def _with_addition(sheet: Sheet, head: Sequence[Sequence[CellValue]], header: Header) -> Header:
    """The header with the row below it, where that one only names units or says what is to be filled in."""
    below = header.rows[-1]
    texts = [_header_text(cell) for cell in head[below]] if below < len(head) else []
    if not any(texts) or not all(_ADDITION.fullmatch(text) for text in texts if text):
        return header
    columns = []
    for column in header.columns:
        unit = unit_of(texts[column.index - sheet.first_column]) if column.field in ("value", "assessed") else None
        columns.append(msgspec.structs.replace(column, unit=unit) if unit else column)
    return Header((*header.rows, below + 1), tuple(columns))


def header_of_rows(sheet: Sheet, head: Sequence[Sequence[CellValue]], rows: Sequence[int]) -> Header:
    """The header that a person names: one row, two, or none at all. Every column of the sheet is in it, also those without a
    heading; what is known of the headings is proposed.
    """
    width = sheet.last_column - sheet.first_column + 1
    blank = [""] * width
    top = [_header_text(cell) for cell in head[rows[0] - 1]] if rows else blank
    below = [_header_text(cell) for cell in head[rows[1] - 1]] if len(rows) > 1 else blank
    groups = _spread(top, below, sheet, rows[0]) if len(rows) > 1 else top
    columns = []
    for offset in range(width):
        header, group = below[offset] or top[offset], groups[offset] if below[offset] else ""
        field = field_of_header(header, compact(group)) if header else None
        if field is None and group and below[offset]:
            header = f"{group} {header}" if group != header else header
        unit = (unit_of(header) or unit_of(group)) if field in ("value", "assessed") else None
        columns.append(Column(sheet.first_column + offset, header, group or None, field, unit, _asks(header)))
    return Header(tuple(rows), tuple(_settle(columns)))


def header_of_row(first_column: int, row: Sequence[CellValue]) -> tuple[Column, ...] | None:
    """The columns of a header that stands alone in one row further down, or None: most of its cells must be known headings."""
    columns = []
    for offset, cell in enumerate(row):
        header = _header_text(cell) if isinstance(cell, str) else ""
        if header:
            field = field_of_header(header)
            unit = unit_of(header) if field in ("value", "assessed") else None
            columns.append(Column(first_column + offset, header, field=field, unit=unit, asks=_asks(header)))
    known = sum(column.field is not None for column in columns)
    filled = sum(cell != "" for cell in row)
    settled = tuple(_settle(columns))
    fields = frozenset(column.field for column in settled if column.field)
    return settled if known >= 3 and known * 3 >= filled * 2 and _is_ledgers(fields) else None


def side_by_side(header: Header) -> bool:
    """Whether a header says the same things twice in the same words: two ledgers beside each other."""
    words = [(field_of_header(one.header, compact(one.group or "")), compact(one.header)) for one in header.columns]
    twice = {field for field, word in words if field and words.count((field, word)) > 1}
    return "name" in twice and len(twice & HEADER_EVIDENCE) >= 2


def closest_header(sheet: Sheet, head: Sequence[Sequence[CellValue]]) -> Header | None:
    """What comes nearest to a header, however little of it is known; None for a sheet without rows."""
    return _best(_headers(sheet, head))


def _is_ledgers(fields: frozenset[str]) -> bool:
    return "name" in fields and len(fields & HEADER_EVIDENCE) >= 2


def _headers(sheet: Sheet, head: Sequence[Sequence[CellValue]]) -> Iterator[Header]:
    # Fewer rows come first: a further row must add something.
    for height in (1, 2, 3):
        for position in range(len(head) - height + 1):
            yield _header_at(sheet, head, position, height)


def _best(headers: Iterable[Header]) -> Header | None:
    return max(headers, key=lambda header: len(header.fields), default=None)


def _header_at(sheet: Sheet, head: Sequence[Sequence[CellValue]], position: int, height: int) -> Header:
    texts = [[_header_text(cell) for cell in row] for row in head[position : position + height]]
    over = [""] * len(texts[0])
    if height == 3:
        # What stands over a header of two rows groups them once more.
        over = _spread(texts[0], [one or other for one, other in zip(*texts[1:], strict=True)], sheet, position + 1)
        texts[1] = [mid or (top if not low else "") for top, mid, low in zip(*texts, strict=True)]
        texts = texts[1:]
    top = texts[0]
    below = texts[1] if height > 1 else [""] * len(top)
    row = position + height - 1
    groups = _spread(top, below, sheet, row) if height > 1 else top
    spanning = _spanning(sheet, row, len(top))
    columns = [
        column
        for offset in range(len(top))
        if (
            column := _column_at(
                sheet, offset, top[offset], below[offset], groups[offset], over[offset], spanning[offset]
            )
        )
    ]
    rows = tuple(range(position + 1, position + 1 + height))
    return Header(rows, tuple(_settle(columns)))


def _column_at(sheet: Sheet, offset: int, text: str, sub: str, group: str, over: str, spanning: bool) -> Column | None:
    """One column of a header: its own words and those below, under a group and what stands over that."""
    header, parent = (sub, group) if sub else (text, "")
    if not header or header in (ORIGINAL_ROW, ERROR_REASON):
        return None
    field = field_of_header(header, compact(over + parent))
    own = field_of_header(text, compact(over)) if sub and text else None
    if sub and text and (field is None or (own not in (None, field) and not spanning)):
        # The lower text is a datum or a unit, not a header: the upper one counts.
        header, parent, field = text, "", own
    unit = next((found for words in (header, sub, parent, over) if (found := unit_of(words))), None)
    return Column(
        index=sheet.first_column + offset,
        header=header,
        group=parent or over or None,
        field=field,
        unit=unit if field in ("value", "assessed") else None,
        asks=_asks(header),
    )


def _header_text(cell: CellValue) -> str:
    text = cell_text(cell)
    return tidy_name(text).strip() if len(text) <= 60 else ""


def _asks(header: str) -> bool:
    plain = _DECORATION.sub("", _PARENTHESES.sub("", compact(header)))
    if plain in YES_NO_STATUS_HEADERS or plain in YES_NO_SECRECY_HEADERS:
        return True
    return _QUESTION.search(plain) is not None and _by_pattern(plain) in ("secrecy", "status")


def _spread(top: list[str], below: list[str], sheet: Sheet, row: int) -> list[str]:
    """The group heading over each column: by its merged cells, else rightwards over what stands below."""
    groups = list(top)
    merged = [merge for merge in sheet.merges if merge[0] <= row <= merge[2] and merge[3] > merge[1]]
    for _, left, _, right in merged:
        first = left - sheet.first_column
        if 0 <= first < len(top):
            for offset in range(first, min(right - sheet.first_column + 1, len(top))):
                groups[offset] = top[first]
    if not merged:
        held = ""
        for offset, text in enumerate(top):
            held = text or held
            groups[offset] = held if below[offset] else text
    return groups


def _spanning(sheet: Sheet, row: int, width: int) -> list[bool]:
    """Which cells of a row are merged over several columns: those are headings of a group."""
    spanning = [False] * width
    for top, left, bottom, right in sheet.merges:
        if top <= row <= bottom and right > left:
            for offset in range(left - sheet.first_column, min(right - sheet.first_column + 1, width)):
                spanning[offset] = True
    return spanning


def _narrower(header: str) -> tuple[bool, bool]:
    """How much a heading gives way to another one for the same field: about something narrower, or known by its form only."""
    plain = _DECORATION.sub("", _PARENTHESES.sub("", compact(header)))
    return _NARROWER.search(header) is not None, plain not in HEADERS


def _settle(columns: list[Column]) -> list[Column]:
    """One column per field: of two, the one that is not about the application; of two types, the first is the group."""
    settled: dict[str, int] = {}
    result = list(columns)
    for position, column in enumerate(columns):
        if column.field is None or column.field in SEVERAL:
            continue
        earlier = settled.get(column.field)
        if earlier is None:
            settled[column.field] = position
        elif (
            column.field == "type"
            and "grant" not in settled
            and _narrower(column.header) == _narrower(result[earlier].header)
        ):
            settled["grant"] = earlier
            settled["type"] = position
            result[earlier] = msgspec.structs.replace(result[earlier], field="grant")
        elif _narrower(column.header) < _narrower(result[earlier].header):
            result[earlier] = msgspec.structs.replace(result[earlier], field=None)
            settled[column.field] = position
        else:
            result[position] = msgspec.structs.replace(column, field=None)
    return result


def with_mapping(columns: Sequence[Column], mapping: Mapping[str, str | None], unit: str | None) -> tuple[Column, ...]:
    """A person's corrections: column letter → field identifier (None or '' for nothing), and the unit of amounts."""
    taken = {field for field in mapping.values() if field}
    result = []
    for column in columns:
        if column.letter in mapping:
            field = mapping[column.letter] or None
            asks = column.asks or (field in ("status", "secrecy") and _QUESTION.search(column.header) is not None)
            column = msgspec.structs.replace(column, field=field, asks=asks)
        elif column.field in taken and column.field not in SEVERAL:
            column = msgspec.structs.replace(column, field=None)
        if unit and column.field in ("value", "assessed"):
            column = msgspec.structs.replace(column, unit=unit)
        result.append(column)
    return tuple(result)


def merges_by_row(merges: Sequence[Merge]) -> dict[int, list[Merge]]:
    """Merged ranges by their first row."""
    found: dict[int, list[Merge]] = {}
    for merge in merges:
        found.setdefault(merge[0], []).append(merge)
    return found
