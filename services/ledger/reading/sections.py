"""Several ledgers in one sheet: a further header below the rows of the first, with other columns in another order.

Rows below such a header are moved to where the sheet's first header has their fields, so that everything behind reads one
layout. Two ledgers side by side are refused: one row would be two achievements.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from services.ledger.reading.columns import Column, header_of_row
from services.ledger.reading.layout import SheetLayout
from services.ledger.reading.text import cell_text, compact
from shared.documents.workbook import CellValue

_BARE = re.compile(r"[-+]?[\d,，０-９]+(?:[.．][\d０-９]+)?")
_NO_UNIT: Final = "（未写单位）"
_LONGEST_HEADING: Final = 30


class Section(msgspec.Struct, frozen=True):
    """Where the cells below a further header belong: offset there → offset in the first layout; what has no place."""

    targets: Mapping[int, int]
    rest: tuple[tuple[int, str], ...]
    columns: tuple[Column, ...]
    unit: str | None


class Sections:
    """Follows the rows of one sheet: tells further headers and moves the rows below them."""

    def __init__(self, layout: SheetLayout) -> None:
        self._layout = layout
        self._first = layout.first_column
        self._offsets = {column.field: column.index - self._first for column in layout.columns if column.field}
        # A person may have said otherwise what the first header's columns mean: known by its words, it stays his.
        self._words = {column.index: compact(column.header) for column in layout.columns}
        self._value = self._offsets.get("value")
        self._remark = self._offsets.get("remark")
        self.current: Section | None = None
        self.heading: tuple[Column, ...] = ()
        """The columns of the last header that was met, as its own words name them."""

    def begins(self, row: Sequence[CellValue]) -> bool:
        """Whether the row is the header of a ledger with other columns; rows after it are then moved."""
        if not any(isinstance(cell, str) and _may_head(cell) for cell in row):
            return False
        columns = header_of_row(self._first, row)
        if columns is None:
            return False
        self.heading = columns
        offsets = {column.field: column.index - self._first for column in columns if column.field}
        again = all(self._words.get(column.index) == compact(column.header) for column in columns)
        self.current = None if again or offsets == self._offsets else self._section(columns, offsets)
        return True

    def _section(self, columns: Sequence[Column], offsets: Mapping[str, int]) -> Section:
        targets = {offset: self._offsets[field] for field, offset in offsets.items() if field in self._offsets}
        rest = tuple(
            (place, column.header) for column in columns if (place := column.index - self._first) not in targets
        )
        own = next((column.unit for column in columns if column.field == "value"), None)
        value = self._layout.column_of("value")
        unit = (value.unit if value else None) or self._layout.amount_unit
        said = None if own == unit else own or _NO_UNIT
        return Section(targets, rest, tuple(columns), said)

    def moved(self, row: list[CellValue]) -> list[CellValue]:
        """The row with its cells where the first header has their fields; what has no column there goes to the remarks."""
        section = self.current
        if section is None:
            return row
        result: list[CellValue] = [""] * len(row)
        for source, target in section.targets.items():
            # Several columns there may be one here.
            both = result[target] != "" and row[source] != ""
            result[target] = f"{cell_text(result[target])}、{cell_text(row[source])}" if both else row[source]
        if (
            section.unit
            and self._value is not None
            and _BARE.fullmatch(text := compact(cell_text(result[self._value])))
        ):
            result[self._value] = f"{text}{section.unit}"
        if self._remark is not None:
            told = [f"{header}：{text}" for place, header in section.rest if (text := cell_text(row[place]).strip())]
            own = cell_text(result[self._remark]).strip()
            result[self._remark] = "；".join([own, *told] if own else told)
        return result


def _may_head(cell: str) -> bool:
    return len(cell) <= _LONGEST_HEADING and ("名" in cell or cell.strip() == "成果")
