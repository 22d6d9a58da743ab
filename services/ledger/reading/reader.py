"""Reading a ledger workbook as its clerk keeps it: layout and secrecy first, then record by record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec

from services.ledger.reading.cells import SheetCells
from services.ledger.reading.duplicates import Duplicate, DuplicateIndex
from services.ledger.reading.interpret import RowInterpreter
from services.ledger.reading.layout import Corrections, Layout, SheetLayout, lay_out
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.records import (
    Disposition,
    Issue,
    NonDataRow,
    Record,
    Severity,
    disposition_of,
)
from services.ledger.reading.rows import Group, Other, RowGrouper, cell_name
from services.ledger.reading.secrecy import Finding, Secrets, find_secrets
from shared.documents.workbook import Sheet, Workbook

# Codes that one answer settles for a whole column.
_COLUMN_QUESTIONS = {
    "amount_unit_unknown": ("元", "万元"),
}


class Position(msgspec.Struct, frozen=True):
    """Where reading stands: everything up to this row of this sheet has been given."""

    sheet_index: int
    row: int


class LedgerReader:
    """Reads one workbook for one region. The constructor finds the layout and searches for classified rows.

    `records()` gives them one by one; what it meets besides (non-data rows, duplicates, stray cells) gathers in the
    attributes of the same name. Memory stays bounded by the workbook itself and the names and numbers seen.
    Raises LedgerError if no sheet is a ledger.
    """

    def __init__(
        self,
        workbook: Workbook,
        profile: LedgerProfile,
        *,
        corrections: Corrections | None = None,
        secrets: Secrets | None = None,
        today: date | None = None,
    ) -> None:
        """`secrets`: what the search of the original found, where the workbook is the copy kept of it.

        `today` bounds dates where neither the file nor the corrections state a day of reporting.
        """
        self.workbook = workbook
        self.profile = profile
        self.layout: Layout = lay_out(workbook, corrections)
        self.secrets: Secrets = find_secrets(workbook, self.layout) if secrets is None else secrets
        self.duplicate_index = DuplicateIndex()
        self.non_data_rows: list[NonDataRow] = []
        self.duplicates: list[Duplicate] = []
        self.stray_cells: list[tuple[str, str]] = []
        self._latest = self.layout.report_date or today

    def records(self, after: Position | None = None) -> Iterator[Record]:
        """All records in order, or those behind a position; the index of duplicates must then have been restored."""
        for sheet, layout in zip(self.workbook.sheets, self.layout.sheets, strict=True):
            if layout.role != "ledger" or (after and sheet.index < after.sheet_index):
                continue
            skip = after.row if after and sheet.index == after.sheet_index else 0
            yield from self._sheet_records(sheet, layout, skip)

    def _sheet_records(self, sheet: Sheet, layout: SheetLayout, skip: int) -> Iterator[Record]:
        cells = SheetCells(sheet, layout)
        interpreter = RowInterpreter(cells, self.profile, self._latest)
        secrets = self.secrets.of_sheet(sheet.index)
        hidden = {row: found.record for row, found in secrets.items()}
        for item in RowGrouper(sheet, layout, hidden, cells.move).walk():
            if isinstance(item, Group):
                if item.rows[-1][0] <= skip:
                    continue
                finding = (
                    next((secrets[number] for number, _ in item.rows if number in secrets), None) if secrets else None
                )
                if finding:
                    yield secret_record(sheet.name, item, finding)
                    continue
                record = interpreter.read(item.rows, merged_total=item.merged_total)
                if item.shared_amount:
                    cells.add(record, "amount_merged_over_records", "value")
                    record.disposition = disposition_of(record.issues)
                if record.disposition is not Disposition.REFUSED:
                    name, number = cells.letter("name", record), cells.letter("number", record)
                    duplicate = self.duplicate_index.judge(record, name, number)
                    if duplicate:
                        record.disposition = Disposition.HUMAN
                        self.duplicates.append(duplicate)
                yield record
            elif isinstance(item, Other):
                if item.row > skip:
                    self.non_data_rows.append(NonDataRow(sheet.name, item.row, item.kind))
            elif item.row > skip:
                self.stray_cells.append((sheet.name, cell_name(item)))


def secret_record(sheet: str, group: Group, finding: Finding) -> Record:
    """A row that is classified or suspected: nothing but its place and the column that gave it away."""
    rows = tuple(number for number, _ in group.rows)
    issue = Issue(Severity.REFUSE, finding.code, finding.field, finding.column)
    return Record(sheet, rows[0], rows, Disposition.REFUSED, [issue])
