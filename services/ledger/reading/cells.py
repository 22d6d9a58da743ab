"""The cells of one ledger sheet by field: where they stand, what the sheet's XML says of them, the issues they get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.ledger.reading.layout import SheetLayout
from services.ledger.reading.records import Issue, Record, severity_of
from services.ledger.reading.vocabulary import FIELD_LABELS
from shared.documents.workbook import Sheet

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
        self._plain_issues: dict[tuple[str, str], Issue] = {}

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
        marks = self.marked.get(number)
        if marks:
            self.marked[number] = {targets[offset]: kind for offset, kind in marks.items() if offset in targets}

    def at(self, field: str) -> int:
        """The offset of a field in the row lists, ABSENT if the sheet has no such column."""
        return self._offsets.get(field, ABSENT)

    def has(self, field: str) -> bool:
        """Whether the sheet has a column for the field."""
        return field in self._offsets

    def letter(self, field: str) -> str:
        """The letter of a field's column, '' if there is none."""
        return self._letters.get(field, "")

    def add(self, record: Record, code: str, field: str, proposals: tuple[str, ...] = ()) -> None:
        """Say something about a field of a record."""
        if proposals:
            record.issues.append(
                Issue(severity_of(code), code, FIELD_LABELS[field], self.letter(field), tuple(dict.fromkeys(proposals)))
            )
            return
        issue = self._plain_issues.get((code, field))
        if issue is None:
            issue = Issue(severity_of(code), code, FIELD_LABELS[field], self.letter(field))
            self._plain_issues[(code, field)] = issue
        record.issues.append(issue)
