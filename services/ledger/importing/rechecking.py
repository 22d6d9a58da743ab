"""A held row read again with a person's answers in its cells: the same reading, the same rules. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from msgspec import structs

from services.ledger.importing.entries import StagedRow, Stager, cell_of
from services.ledger.reading.cells import SheetCells
from services.ledger.reading.columns import Column
from services.ledger.reading.interpret import RowInterpreter
from services.ledger.reading.layout import Layout, SheetLayout
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.records import Record, disposition_of
from services.ledger.reading.text import cell_text, compact
from services.ledger.reading.vocabulary import FIELD_LABELS, NOTHING
from shared.documents.workbook import CellValue, Sheet
from shared.documents.workbook_xml import SheetMarks
from shared.policy.pack import Pack

LEAVE_OUT: Final = "leave_out"
# The row repeats another one because it is that achievement's further conversion.
FURTHER: Final = "further_conversion"
UNIT: Final = "unit"
# What a person may accept as it stands, since nothing in the cell is wrong.
ACCEPTABLE: Final = frozenset({"amount_zero_for_converted", "secrecy_internal", "secrecy_unknown", "row_marked_void"})
_GROUP_SEPARATOR: Final = "/"


class HeldRow(NamedTuple):
    """What of a staged row is needed to read it again."""

    ordinal: int
    sheet: str
    first_row: int
    sheet_rows: Sequence[int] | None
    raw: Sequence[Sequence[Any]]
    block_total: bool


def subject_of(field: str, position: int = 0) -> str:
    """What an answer is about: a field of the record, or of its n-th row where it has several."""
    return f"{field}#{position}" if position else field


class Rechecker:
    """Reads held rows of one import again; remembers the readers of its sheets."""

    def __init__(
        self, profile: LedgerProfile, layout: Layout, pack: Pack, day: date, marks: Sequence[SheetMarks]
    ) -> None:
        self._profile = profile
        self._pack = pack
        self._day = day
        self._latest = layout.report_date or day
        self._sheets = {sheet.name: sheet for sheet in layout.sheets}
        self._marks = {sheet.name: marks[sheet.index] for sheet in layout.sheets if sheet.index < len(marks)}
        self._readers: dict[tuple[str, int, frozenset[str]], _Reader] = {}

    def again(self, row: HeldRow, answers: Mapping[str, str]) -> StagedRow:
        """The row as it would be staged now; where it still asks, its issues say what."""
        record, stager = self._read(row, answers)
        accepted = {code for code in answers if code in ACCEPTABLE}
        if accepted:
            record.issues = [issue for issue in record.issues if issue.code not in accepted]
            record.disposition = disposition_of(record.issues)
        return stager.row(row.ordinal, record)

    def _read(self, row: HeldRow, answers: Mapping[str, str]) -> tuple[Record, Stager]:
        layout, cells, interpreter, stager = self._reader(row.sheet, len(row.raw[0]), frozenset(_fields(answers)))
        more = [""] * (len(layout.columns) - len(self._sheets[row.sheet].columns))
        lines: list[list[CellValue]] = [[*map(cell_of, line), *more] for line in row.raw]
        numbers = list(row.sheet_rows or (row.first_row,))
        for subject, value in answers.items():
            for position, offset, text in self._changes(layout, lines, subject, value):
                lines[position][offset] = text
                cells.marked.get(numbers[position], {}).pop(offset, None)
        rows = [(number, [*line, ""]) for number, line in zip(numbers, lines, strict=True)]
        return interpreter.read(rows, merged_total=row.block_total), stager

    def _changes(
        self, layout: SheetLayout, lines: list[list[CellValue]], subject: str, value: str
    ) -> list[tuple[int, int, str]]:
        """(line, offset, text) of every cell that an answer sets."""
        offsets = {column.field: column.index - layout.first_column for column in layout.columns if column.field}
        if subject == UNIT:
            at = offsets.get("value", offsets.get("assessed"))
            return [
                (position, at, f"{cell_text(line[at])}{value}")
                for position, line in enumerate(lines)
                if at is not None and compact(cell_text(line[at])) not in NOTHING
            ]
        field, _, number = subject.partition("#")
        position = int(number or 0)
        if field not in offsets or position >= len(lines):
            return []
        if field == "type" and "grant" in offsets:
            group, separator, label = value.partition(_GROUP_SEPARATOR)
            both = [(position, offsets["type"], label if separator else value)]
            return [*both, (position, offsets["grant"], group)] if separator else both
        # An answered team is the whole of it.
        others = [one.index - layout.first_column for one in layout.columns if one.field == "co_completers"]
        emptied = [(position, offset, "") for offset in others] if field == "completers" else []
        return [*emptied, (position, offsets[field], value)]

    def _reader(self, name: str, width: int, fields: frozenset[str]) -> "_Reader":
        known = self._readers.get((name, width, fields))
        if known is None:
            layout = with_columns(self._sheets[name], width, fields)
            marks = self._marks.get(name, SheetMarks())
            sheet = Sheet(name, layout.index, "visible", layout.first_column, 0, 0, marks=marks)
            cells = SheetCells(sheet, layout)
            reader = RowInterpreter(cells, self._profile, self._latest)
            known = _Reader(layout, cells, reader, Stager(self._profile, Layout((layout,)), self._pack, self._day))
            self._readers[(name, width, fields)] = known
        return known


class _Reader(NamedTuple):
    layout: SheetLayout
    cells: SheetCells
    interpreter: RowInterpreter
    stager: Stager


def _fields(answers: Mapping[str, str]) -> set[str]:
    return {field for subject in answers if (field := subject.partition("#")[0]) in FIELD_LABELS}


def with_columns(layout: SheetLayout, width: int, fields: frozenset[str]) -> SheetLayout:
    """The sheet with a column, behind its rows of that width, for every answered field that the clerk has no column for."""
    missing = sorted(fields - {column.field for column in layout.columns})
    if not missing:
        return layout
    first = layout.first_column + width
    added = [Column(first + place, FIELD_LABELS[field], field=field) for place, field in enumerate(missing)]
    return structs.replace(layout, columns=(*layout.columns, *added))
