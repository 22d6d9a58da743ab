"""An import in the clerk's words: groups of issues with their rows, how columns were read, rows as they will stand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Row

from services.ledger.importing import rules
from services.ledger.importing.entries import cell_of, record_of
from services.ledger.reading.layout import Layout, SheetLayout
from services.ledger.reading.reasons import message_of, told
from services.ledger.reading.records import Severity
from services.ledger.reading.text import cell_text
from services.ledger.reading.vocabulary import FIELD_LABELS
from services.ledger.rules import Vocabulary

STATE_TONES = {
    "uploaded": "blue",
    "mapping": "orange",
    "reading": "blue",
    "checked": "orange",
    "applying": "blue",
    "applied": "green",
    "undoing": "blue",
    "failed": "red",
    "cancelled": "secondary",
    "undone": "secondary",
}
_SEVERITIES = {"refuse": ("退回", "red"), "human": ("待人工确认", "orange"), "warn": ("提示，可以导入", "secondary")}
_KNOWN_CODES = {"already_in_ledger": "unchanged", "differs_from_ledger": "changed", "number_in_ledger": "changed"}
_CELL_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Group:
    """One reason with all rows that have it; ``places`` names the first ranges, ``more`` counts the others."""

    kind: str
    tone: str
    field: str
    reason: str
    code: str
    n: int
    places: tuple[tuple[str, str], ...]
    more: int


@dataclass(frozen=True, slots=True)
class Held:
    """One row that is not imported: where it stands, why, and its cells by heading (none of a classified one)."""

    ordinal: int
    sheet: str
    rows: str
    secret: bool
    reasons: tuple[str, ...]
    cells: tuple[tuple[str, str], ...]
    in_ledger: str


def groups_of(summary: Mapping[str, Any] | None) -> list[Group]:
    """The groups of the check page, gravest first."""
    found = []
    for group in (summary or {}).get("groups", ()):
        kind, tone = _SEVERITIES[group["severity"]]
        by_sheet: dict[str, list[str]] = {}
        for sheet, first, last in group["places"]:
            by_sheet.setdefault(sheet, []).append(range_of(first, last))
        places = tuple((sheet, "、".join(ranges)) for sheet, ranges in by_sheet.items())
        more = group["ranges"] - len(group["places"])
        reason = message_of(group["code"])
        found.append(Group(kind, tone, group["field"], reason, group["code"], group["n"], places, more))
    return found


def places_of(places: Iterable[tuple[str, int]], count: int) -> str:
    """The first places of a group in words."""
    by_sheet: dict[str, list[str]] = {}
    told = 0
    for sheet, number in places:
        by_sheet.setdefault(sheet, []).append(str(number))
        told += 1
    words = "；".join(f"{sheet} 第{'、'.join(numbers)}行" for sheet, numbers in by_sheet.items())
    return f"{words}等" if count > told else words


def range_of(first: int, last: int) -> str:
    """Row numbers as a clerk says them."""
    return f"第{first}行" if first == last else f"第{first}–{last}行"


def compared(summary: Mapping[str, Any] | None) -> dict[str, int]:
    """How many rows the ledger has already: ``unchanged`` as they are, ``changed`` with other values."""
    counted = {"unchanged": 0, "changed": 0}
    for group in (summary or {}).get("groups", ()):
        if group["code"] in _KNOWN_CODES:
            counted[_KNOWN_CODES[group["code"]]] += group["n"]
    return counted


def sums_of(summary: Mapping[str, Any] | None, words: Vocabulary) -> tuple[list[list[Any]], list[Any]]:
    """(rows, total) of what will be imported: type, status, how many, how many valued, yuan."""
    rows: list[list[Any]] = []
    n, valued, amount = 0, 0, Decimal(0)
    for cell in (summary or {}).get("sums", ()):
        value = Decimal(cell["amount"])
        rows.append(
            [words.label("type", cell["type"]), words.label("status", cell["status"]), cell["n"], cell["valued"], value]
        )
        n, valued, amount = n + cell["n"], valued + cell["valued"], amount + value
    return rows, ["合计", "", n, valued, amount]


def sheets_of(
    layout: Layout, remembered: Mapping[str, Mapping[str, str | None]], corrections: Mapping[str, Any] | None
) -> list[tuple[SheetLayout, list[tuple[str, str, str, str]], list[str], set[str]]]:
    """Each imported sheet with (letter, heading, field as read, its code) of its columns, the letters read otherwise than
    last time, and those that a person set.
    """
    found = []
    said = (corrections or {}).get("columns", {})
    for sheet in rules.ledger_sheets(layout):
        columns = [
            (
                column.letter,
                column.header,
                FIELD_LABELS.get(column.field or "", "原样保留" if column.header else ""),
                column.field or "",
            )
            for column in sheet.columns
        ]
        changed = rules.changed_columns(sheet, remembered.get(rules.heading_of(sheet), {}))
        found.append((sheet, columns, changed, set(said.get(sheet.name, {}))))
    return found


def not_imported(layout: Layout) -> list[tuple[str, str]]:
    """The other sheets, and why they are left out."""
    why = {
        "hidden_ledger": "隐藏的工作表",
        "hidden_list": "隐藏的工作表",
        "instructions": "填写说明",
        "summary": "汇总表",
    }
    return [(sheet.name, why.get(sheet.role, "不是台账")) for sheet in layout.sheets if sheet.role != "ledger"]


def preview_of(rows: Iterable[Row[Any]], words: Vocabulary) -> list[tuple[Any, ...]]:
    """Rows as they will stand: sheet, row, name, team, type, status, mode, value in yuan or None."""
    found = []
    for row in rows:
        entry = row.entry
        if entry is None:
            continue
        value = Decimal(entry["value"]) if entry.get("value") is not None else None
        people = "、".join(member["name"] for member in entry["team"])
        codes = [words.label(name, entry.get(name)) for name in ("type", "status", "mode")]
        found.append((row.sheet, row.first_row, entry["name"], people, *codes, value))
    return found


def held_of(rows: Sequence[Row[Any]], layout: Layout) -> list[Held]:
    """Rows that are not imported, each with its reasons and cells."""
    sheets = {sheet.name: sheet for sheet in layout.sheets}
    found = []
    for row in rows:
        record = record_of(row.sheet, row.first_row, row.sheet_rows, row.disposition, None, row.issues)
        secret = record.secret
        blocking = Severity.REFUSE if row.disposition == "refused" else Severity.HUMAN
        reasons = tuple(
            message_of(issue.code) if secret else told(issue) for issue in record.issues if issue.severity is blocking
        )
        in_ledger = next((issue.kind for issue in record.issues if issue.code.endswith("_ledger") and issue.kind), "")
        cells = () if secret else _cells(row, sheets.get(row.sheet))
        rows_told = range_of(record.rows[0], record.rows[-1])
        found.append(Held(row.ordinal, row.sheet, rows_told, secret, reasons, cells, in_ledger or ""))
    return found


def _cells(row: Row[Any], sheet: SheetLayout | None) -> tuple[tuple[str, str], ...]:
    if row.entry is not None:
        people = "、".join(member["name"] for member in row.entry["team"])
        numbers = "、".join(right["raw"] or right["number"] for right in row.entry["rights"])
        shown = (("成果名称", row.entry["name"]), ("完成人", people), ("权利号", numbers))
        return tuple((label, text) for label, text in shown if text)
    if sheet is None or not row.raw:
        return ()
    first = row.raw[0]
    found = []
    for column in sheet.columns:
        text = cell_text(cell_of(first[column.index - sheet.first_column])).strip()
        if text:
            found.append((column.header, text if len(text) <= _CELL_SHOWN else f"{text[:_CELL_SHOWN]}…"))
    return tuple(found)
