"""Headers that a person names: what may be one, what was named before, the first rows to choose from. Pure but for reading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.ledger.importing import rules
from services.ledger.reading.columns import HEAD_ROWS, Column, closest_header, head_of, header_of_rows
from services.ledger.reading.copies import CopyNote, reopen
from services.ledger.reading.layout import Corrections, Layout, SheetLayout, lay_out
from services.ledger.reading.text import cell_text
from shared.documents.workbook import Sheet, Workbook

_SHOWN_CELLS = 8
_CELL_SHOWN = 24
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class HeadRow:
    """One of the first rows of a sheet, as it is shown to choose from."""

    number: int
    words: str


@dataclass(frozen=True, slots=True)
class SheetHead:
    """The first rows of a sheet; ``likely`` is the row that comes nearest to a header, 0 where none does."""

    index: int
    name: str
    state: str
    role: str
    rows: tuple[HeadRow, ...]
    likely: int


@dataclass(frozen=True, slots=True)
class Asked:
    """One column below a named header: as it is read by itself, and what stands in its first cells."""

    column: Column
    samples: tuple[str, ...]


def may_be_ledger(sheet: Sheet) -> bool:
    """Whether a person could say that a sheet is a ledger: a heading and a row at the least, two columns."""
    return sheet.last_row >= 2 and sheet.last_column > sheet.first_column


def candidates(workbook: Workbook, layout: Layout) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    """For every row that could be a header, of sheets that are no ledger by themselves: heading → (sheet, its rows)."""
    found: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
    for sheet, one in zip(workbook.sheets, layout.sheets, strict=True):
        if one.role == "ledger" or sheet.state != "visible" or not may_be_ledger(sheet):
            continue
        head = head_of(sheet)
        for height in (1, 2):
            for first in range(1, len(head) - height + 2):
                rows = tuple(range(first, first + height))
                columns = header_of_rows(sheet, head, rows).columns
                if any(column.header for column in columns):
                    heading = rules.heading_of(SheetLayout(sheet.name, sheet.index, sheet.state, "", columns=columns))
                    found.setdefault(heading, []).append((sheet.name, rows))
    return found


def named_before(
    found: Mapping[str, Sequence[tuple[str, tuple[int, ...]]]], known: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Corrections of this workbook by what was said of the same headings before: the uppermost such row of each sheet."""
    headers: dict[str, tuple[int, ...]] = {}
    said: dict[str, Mapping[str, Any]] = {}
    for heading, corrections in known.items():
        for sheet, rows in found.get(heading, ()):
            if len(rows) == corrections.get("header") and (sheet not in headers or rows < headers[sheet]):
                headers[sheet], said[sheet] = rows, corrections
    return {
        "headers": {sheet: list(rows) for sheet, rows in headers.items()},
        "columns": {sheet: one["columns"] for sheet, one in said.items() if one.get("columns")},
        "units": {sheet: one["unit"] for sheet, one in said.items() if one.get("unit")},
    }


def laid_out(content: bytes, note: Any, corrections: Corrections) -> tuple[Workbook, Layout]:
    """A kept copy and how it is laid out with what a person says; blocking."""
    workbook = reopen(content, CopyNote.decode(note))
    return workbook, lay_out(workbook, corrections, required=False)


def heads_of(workbook: Workbook, layout: Layout) -> list[SheetHead]:
    """The first rows of every sheet that has any."""
    found = []
    for sheet, one in zip(workbook.sheets, layout.sheets, strict=True):
        if not may_be_ledger(sheet):
            continue
        closest = closest_header(sheet, head_of(sheet))
        likely = closest.rows[0] if closest is not None and closest.fields else 0
        rows = tuple(
            HeadRow(number, words) for number, row in enumerate(head_of(sheet), start=1) if (words := _words(row))
        )
        found.append(SheetHead(sheet.index, sheet.name, sheet.state, one.role, rows, likely))
    return found


def _words(row: Sequence[Any]) -> str:
    texts = [_short(text) for cell in row if (text := " ".join(cell_text(cell).split()))]
    return "　".join(texts[:_SHOWN_CELLS]) + (f"　等 {len(texts)} 格" if len(texts) > _SHOWN_CELLS else "")


def _short(text: str) -> str:
    return text if len(text) <= _CELL_SHOWN else f"{text[:_CELL_SHOWN]}…"


def columns_below(sheet: Sheet, layout: SheetLayout) -> list[Asked]:
    """Columns of a sheet below its header, those without a heading too where something stands in them."""
    below = head_of(sheet)[layout.first_row - 1 :]
    found = []
    for column in layout.columns:
        texts = [" ".join(cell_text(row[column.index - sheet.first_column]).split()) for row in below]
        samples = tuple(_short(text) for text in texts if text)[:_SAMPLES]
        if column.header or samples:
            found.append(Asked(column, samples))
    return found


__all__ = ["HEAD_ROWS", "Asked", "SheetHead", "candidates", "columns_below", "heads_of", "laid_out", "named_before"]
