"""What an import would do, counted: the answer of a dry run, and one line per record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from services.ledger.reading.columns import Column
from services.ledger.reading.layout import SheetLayout
from services.ledger.reading.reader import LedgerReader
from services.ledger.reading.records import (
    CLASSIFIED,
    SUSPECTED,
    ColumnQuestion,
    Disposition,
    Issue,
    Place,
    Record,
    Severity,
)
from services.ledger.reading.vocabulary import CONVERTED, FIELD_LABELS

# Questions that one answer settles for a whole column, with the answers to choose from where they are known.
_UNIT_OPTIONS = ("元", "万元")
# A line of `--rows` states the length of a longer remark instead; the remark itself is kept whole.
_REMARK_SHOWN = 1_000


class Tally:
    """Counts records as they pass; the issues and places that a clerk is told of are kept, the records are not."""

    def __init__(self) -> None:
        self.records: Counter[str] = Counter()
        self.dispositions: Counter[Disposition] = Counter()
        self.physical_rows: Counter[str] = Counter()
        self.bounds: dict[str, tuple[int, int]] = {}
        self.entries: dict[Severity, list[dict[str, Any]]] = {severity: [] for severity in Severity}
        self.reasons: Counter[str] = Counter()
        self.blocks: list[dict[str, Any]] = []
        self.literals: list[dict[str, Any]] = []
        self.hidden_rows: list[Place] = []
        self.types: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.methods: Counter[str] = Counter()
        self.stages: Counter[str] = Counter()
        self.total = self.total_converted = Decimal("0.00")
        self.with_value = self.without_value = 0
        self._units: Counter[tuple[str, str]] = Counter()

    def add(self, record: Record) -> None:
        """Count one record."""
        sheet = record.sheet
        self.records[sheet] += 1
        self.dispositions[record.disposition] += 1
        self.physical_rows[sheet] += len(record.rows)
        first = self.bounds[sheet][0] if sheet in self.bounds else record.rows[0]
        self.bounds[sheet] = (first, record.rows[-1])
        if record.issues:
            self._add_issues(record)
        if record.conversions:
            self.blocks.append(_block(record))
        if record.literal_fields:
            self.literals += [
                {"sheet": sheet, "row": record.row, "field": FIELD_LABELS[field]} for field in record.literal_fields
            ]
        if record.disposition is Disposition.VALID:
            self._add_clean(record)

    def _add_issues(self, record: Record) -> None:
        refused = record.disposition is Disposition.REFUSED
        for issue in record.issues:
            if issue.code == "row_hidden_in_source":
                self.hidden_rows.append(Place(record.sheet, record.row))
            if issue.code == "amount_unit_unknown":
                self._units[(record.sheet, issue.column)] += 1
            # Of a refused row only the refusals are told: nothing else of it matters until it is corrected.
            if refused and issue.severity is not Severity.REFUSE:
                continue
            self.reasons[issue.code] += 1
            self.entries[issue.severity].append(entry(record, issue))

    def _add_clean(self, record: Record) -> None:
        self.types[record.type or ""] += 1
        self.statuses[record.status or ""] += 1
        if record.stage:
            self.stages[record.stage] += 1
        if record.value is None:
            self.without_value += 1
        else:
            self.with_value += 1
            self.total += record.value
        if record.status == CONVERTED:
            self.total_converted += record.value or 0
            self.methods[record.method or ""] += 1

    def column_questions(self) -> list[ColumnQuestion]:
        """What one answer per column would settle."""
        return [
            ColumnQuestion(sheet, column, FIELD_LABELS["value"], "amount_unit_unknown", rows, _UNIT_OPTIONS)
            for (sheet, column), rows in sorted(self._units.items())
        ]


def entry(record: Record, issue: Issue) -> dict[str, Any]:
    """An issue as the clerk's list has it: sheet, row, column, field, reason; never a cell's content."""
    told: dict[str, Any] = {
        "sheet": record.sheet,
        "row": record.row,
        "column": issue.column,
        "field": issue.field,
        "reason": issue.code,
    }
    if len(record.rows) > 1:
        told["rows"] = list(record.rows)
    if issue.of:
        told["of"] = {"sheet": issue.of.sheet, "row": issue.of.row}
    return told


def _block(record: Record) -> dict[str, Any]:
    value = record.value
    return {
        "sheet": record.sheet,
        "rows": list(record.rows),
        "conversions": len(record.conversions),
        "sum_value_yuan": None if value is None else format(value.normalize(), "f"),
        "amount_cell_merged_total": record.merged_total,
    }


def summarise(reader: LedgerReader, tally: Tally) -> dict[str, Any]:
    """The answer of a dry run, after all records went through the tally."""
    layout, profile = reader.layout, reader.profile
    refused, human, warned = (tally.entries[s] for s in (Severity.REFUSE, Severity.HUMAN, Severity.WARN))
    order = {sheet.name: sheet.index for sheet in layout.sheets}
    for entries in (refused, human, warned):
        entries.sort(key=lambda told: (order[told["sheet"]], told["row"], len(told["column"]), told["column"]))
    answer: dict[str, Any] = {
        "file": reader.workbook.filename,
        "sha256": reader.workbook.sha256,
        "unit": layout.organisation,
        "province": profile.province,
        "report_date": layout.report_date.isoformat() if layout.report_date else None,
        "as_of": layout.as_of.isoformat() if layout.as_of else None,
        "sheets": [_sheet(reader, sheet, tally) for sheet in layout.sheets],
        "rows_total": sum(tally.records.values()),
        "rows_valid": tally.dispositions[Disposition.VALID],
        "rows_needing_a_human_count": tally.dispositions[Disposition.HUMAN],
        "rows_refused_count": tally.dispositions[Disposition.REFUSED],
        "physical_data_rows": sum(tally.physical_rows.values()),
        "rows_needing_a_human": human,
        "rows_refused": refused,
        "classified_rows": _secret_rows(reader, CLASSIFIED),
        "suspected_classified_rows": _secret_rows(reader, SUSPECTED),
        "duplicates": [[_place(found.first), _place(found.later)] for found in reader.duplicates],
        "duplicate_kinds": [found.kind for found in reader.duplicates],
        "near_misses_not_duplicates": [
            [_place(one), _place(other)] for one, other in reader.duplicate_index.near_misses
        ],
        "column_questions": [
            {
                "sheet": q.sheet,
                "column": q.column,
                "field": q.field,
                "reason": q.code,
                "rows": q.rows,
                "options": list(q.options),
            }
            for q in tally.column_questions()
        ],
        "rows_with_warnings": warned,
        "sum_value_yuan_of_clean_rows": str(tally.total),
        "sum_value_yuan_of_clean_converted_rows": str(tally.total_converted),
        "clean_rows_with_value": tally.with_value,
        "clean_rows_without_value": tally.without_value,
        "by_type": _sorted(tally.types),
        "by_status": _sorted(tally.statuses),
        "by_method_converted": _sorted(tally.methods),
        "multi_conversion_blocks": tally.blocks,
        "non_data_rows": [{"sheet": row.sheet, "row": row.row, "kind": row.kind} for row in reader.non_data_rows],
        "hidden": _hidden(reader, tally),
        "literal_text_cells": tally.literals,
        "reason_counts": _sorted(tally.reasons),
    }
    if profile.stages:
        answer["by_stage"] = _sorted(tally.stages)
    if reader.stray_cells:
        answer["stray_blank_cells"] = [{"sheet": sheet, "cell": cell} for sheet, cell in reader.stray_cells]
    return answer


def _sorted(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items()))


def _place(place: Place) -> dict[str, Any]:
    return {"sheet": place.sheet, "row": place.row}


def _secret_rows(reader: LedgerReader, code: str) -> list[dict[str, Any]]:
    return [
        {"sheet": sheet.name, "row": row}
        for sheet in reader.layout.sheets
        for row, finding in sorted(reader.secrets.of_sheet(sheet.index).items())
        if finding.code == code
    ]


def _sheet(reader: LedgerReader, sheet: SheetLayout, tally: Tally) -> dict[str, Any]:
    if sheet.role != "ledger":
        return {"name": sheet.name, "role": sheet.role, "state": sheet.state, "records": 0}
    first, last = tally.bounds.get(sheet.name, (sheet.first_row, sheet.first_row - 1))
    return {
        "name": sheet.name,
        "role": sheet.role,
        "amount_unit": sheet.amount_unit,
        "unit_stated_in": sheet.unit_stated_in,
        "title_rows": list(sheet.title_rows),
        "info_rows": list(sheet.info_rows),
        "header_rows": list(sheet.header_rows),
        "columns": {column.letter: _column(reader, column) for column in sheet.columns},
        "first_data_row": first,
        "last_data_row": last,
        "records": tally.records[sheet.name],
        "physical_data_rows": tally.physical_rows[sheet.name],
    }


def _column(reader: LedgerReader, column: Column) -> dict[str, Any]:
    return {
        "header": column.header,
        "group": column.group,
        "field": column.label if column.field else None,
        "pack_field": reader.profile.has_field(column.field),
    }


def _hidden(reader: LedgerReader, tally: Tally) -> dict[str, Any]:
    columns = []
    for sheet, layout in zip(reader.workbook.sheets, reader.layout.sheets, strict=True):
        if layout.role == "ledger":
            columns += [
                {"sheet": sheet.name, "column": column.letter, "field": column.label}
                for column in layout.columns
                if sheet.marks.column_hidden(column.index)
            ]
    return {
        "sheets": [
            {"sheet": sheet.name, "state": sheet.state} for sheet in reader.layout.sheets if sheet.state != "visible"
        ],
        "rows": [_place(place) for place in tally.hidden_rows],
        "columns": columns,
    }


def truth_line(record: Record) -> dict[str, Any]:
    """One record as a line of `--rows`: the values read, under the clerk's names; a secret row has its place only."""
    line: dict[str, Any] = {
        "sheet": record.sheet,
        "row": record.row,
        "rows": list(record.rows),
        "disposition": str(record.disposition),
        "issues": [
            {"severity": str(issue.severity), "field": issue.field, "code": issue.code} for issue in record.issues
        ],
    }
    if record.secret:
        return line
    line |= {
        "成果名称": record.name,
        "完成人": list(record.completers),
        "成果类型": record.type,
        "专利类别": record.patent_kind,
        "权利号": record.number,
        "取得时间": record.obtained,
        "成果阶段": record.stage,
        "转化状态": record.status,
        "转化方式": record.method,
        "转化价值_元": _yuan(record.value),
        "转化频次": record.frequency,
        "备注": _remark(record.remark),
    }
    if record.conversions:
        line["转化明细"] = [
            {"方式": one.method, "受让方": one.counterparty, "金额_元": _yuan(one.amount)} for one in record.conversions
        ]
    return line


def _remark(remark: str | None) -> str | None:
    return remark if remark is None or len(remark) <= _REMARK_SHOWN else f"<{len(remark)} characters>"


def _yuan(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def count(reader: LedgerReader, records: Iterable[Record] | None = None) -> dict[str, Any]:
    """Read everything and give the summary."""
    tally = Tally()
    for record in reader.records() if records is None else records:
        tally.add(record)
    return summarise(reader, tally)
