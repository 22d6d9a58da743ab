"""The cells of one ledger sheet by field: where they stand, what the sheet's XML says of them, the issues they get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.ledger.reading.layout import SheetLayout
from services.ledger.reading.records import Issue, Record, severity_of
from services.ledger.reading.vocabulary import FIELD_LABELS
from shared.documents.workbook import Sheet, column_letter

# Stands for a column that the sheet does not have: rows carry one empty cell more than the sheet.
ABSENT: Final = -1
FORMULA, FORMULA_WITHOUT_VALUE, ERROR = "formula", "formula_without_value", "error"


class SheetCells:
    """Positions and issues of one sheet. Row lists are expected with an empty cell appended."""

    def __init__(self, sheet: Sheet, layout: SheetLayout) -> None:
        self.name = sheet.name
        self.layout = layout
        self._offsets = {column.field: column.index - sheet.first_column for column in layout.columns if column.field}
        self._letters = {column.field: column.letter for column in layout.columns if column.field}
        type_columns = [column for column in layout.columns if column.field in ("grant", "type")]
        if type_columns:
            self._letters["type"] = min(type_columns, key=lambda column: column.index).letter
        self.unmapped = tuple(
            (column.index - sheet.first_column, column.header) for column in layout.columns if column.field is None
        )
        self.hidden_rows = sheet.marks.hidden_rows
        self.marked = self._marked(sheet)
        self._plain_issues: dict[tuple[str, str, str], Issue] = {}
        self._first_column = sheet.first_column
        self._moved_row = 0
        self._sources: dict[int, int] = {}

    @staticmethod
    def _marked(sheet: Sheet) -> dict[int, dict[int, str]]:
        marked: dict[int, dict[int, str]] = {}
        for kind, cells in (
            (FORMULA, sheet.marks.formulas),
            (FORMULA_WITHOUT_VALUE, sheet.marks.formulas_without_value),
            (ERROR, sheet.marks.errors),
        ):
            for row, column in cells:
                marked.setdefault(row, {})[column - sheet.first_column] = kind
        return marked

    def move(self, number: int, targets: Mapping[int, int]) -> None:
        """Take note that the cells of a row stand elsewhere: offset as in the sheet → offset in the row lists."""
        self._moved_row = number
        self._sources = {there: offset for offset, there in targets.items()}
        marks = self.marked.get(number)
        if marks:
            self.marked[number] = {targets[offset]: kind for offset, kind in marks.items() if offset in targets}

    def at(self, field: str) -> int:
        """The offset of a field in the row lists, ABSENT if the sheet has no such column."""
        return self._offsets.get(field, ABSENT)

    def has(self, field: str) -> bool:
        """Whether the sheet has a column for the field."""
        return field in self._offsets

    def letter(self, field: str, record: Record) -> str:
        """The letter of the column in which a record has a field, '' if there is none: below a further header its own.

        A record is asked about before the next row is moved.
        """
        if record.rows[-1] != self._moved_row:
            return self._letters.get(field, "")
        places = (self._sources.get(self.at(one)) for one in (("type", "grant") if field == "type" else (field,)))
        source = next((one for one in places if one is not None), None)
        return "" if source is None else column_letter(self._first_column + source)

    def add(self, record: Record, code: str, field: str, proposals: tuple[str, ...] = ()) -> None:
        """Say something about a field of a record."""
        letter = self.letter(field, record)
        if proposals:
            record.issues.append(
                Issue(severity_of(code), code, FIELD_LABELS[field], letter, tuple(dict.fromkeys(proposals)))
            )
            return
        issue = self._plain_issues.get((code, field, letter))
        if issue is None:
            issue = Issue(severity_of(code), code, FIELD_LABELS[field], letter)
            self._plain_issues[(code, field, letter)] = issue
        record.issues.append(issue)
