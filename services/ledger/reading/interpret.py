"""One record out of the rows of one achievement: every cell read, every doubt said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, TypeVar

from services.ledger.reading.cells import ABSENT, FORMULA, SheetCells
from services.ledger.reading.choices import Choice, read_frequency, read_stage, read_status
from services.ledger.reading.contracts import ContractReader, conversion_label
from services.ledger.reading.dates import read_date
from services.ledger.reading.kinds import Kind, Words, decide_kind, read_words
from services.ledger.reading.money import MoneyReader, Rows
from services.ledger.reading.names import read_name
from services.ledger.reading.numbers import read_number
from services.ledger.reading.persons import Team, read_team
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.records import RawValue, Record, disposition_of
from services.ledger.reading.secrecy import level_of
from services.ledger.reading.text import cell_text, compact, identity_key, tidy
from services.ledger.reading.vocabulary import CONVERTED, FIELD_LABELS, NOTHING, NUMBERED_CONCEPTS, VOID_WORDS
from shared.documents.workbook import CellValue

T = TypeVar("T")
_LITERAL_FIELDS: Final = ("name", "completers", "remark", "counterparty", "phone", "department")
_LITERAL_STARTS: Final = "=+-@"
# Line breaks are part of a long remark.
_REMARK_BLANKS: Final = " \t\u3000\xa0\u200b\ufeff"
_CACHED: Final = 10_000


def _cached(cache: dict[str, T], key: str, read: Callable[[str], T]) -> T:
    value = cache.get(key)
    if value is None:
        if len(cache) >= _CACHED:
            cache.clear()
        value = cache[key] = read(key)
    return value


def _raw(cell: CellValue) -> RawValue:
    return cell if isinstance(cell, (str, float, int)) else cell_text(cell)


def _first(best: str | None, choices: tuple[str, ...]) -> tuple[str, ...]:
    """The choices with the best one in front."""
    return (best, *choices) if best else choices


class RowInterpreter:
    """Reads the rows of one sheet. Row lists are expected with one empty cell appended (`cells.ABSENT`)."""

    def __init__(self, cells: SheetCells, profile: LedgerProfile, report_date: date | None) -> None:
        self._cells = cells
        self._profile = profile
        self._latest = report_date.isoformat() if report_date else "9999"
        self._money = MoneyReader(cells)
        self._contracts = ContractReader(cells, profile)
        self._at = {field: cells.at(field) for field in FIELD_LABELS}
        layout = cells.layout
        self._further = [one.index - layout.first_column for one in layout.columns if one.field == "co_completers"]
        status_column = cells.layout.column_of("status")
        self._status_asks = status_column is not None and status_column.asks
        secrecy_column = cells.layout.column_of("secrecy")
        self._secrecy_asks = secrecy_column is not None and secrecy_column.asks
        self._words: dict[tuple[str, str | None], Words] = {}
        self._kinds: dict[tuple[Words, str | None, bool], Kind] = {}
        self._has_number, self._has_grant = cells.has("number"), cells.has("grant")
        self._statuses: dict[str, Choice] = {}
        self._stages: dict[str, Choice] = {}
        self._levels: dict[str, str] = {}
        self._frequencies: dict[str, tuple[int | None, bool]] = {}
        self._literal_offsets = [(field, self._at[field]) for field in _LITERAL_FIELDS if self._at[field] != ABSENT]

    def read(self, rows: Rows, *, merged_total: bool = False) -> Record:
        """The record of one achievement: one row, or the rows of a merged block."""
        number, row = rows[0]
        record = Record(self._cells.name, number, tuple([number for number, _ in rows]), issues=[])
        self._name(record, number, row)
        self._team(record, row)
        self._kind_and_number(record, row)
        self._date(record, row[self._at["obtained"]])
        self._choices(record, row)
        amounts = self._money.read(record, rows, merged_total=merged_total)
        self._contracts.read(record, rows, amounts)
        self._frequency(record, row[self._at["frequency"]], len(rows))
        self._rest(record, row)
        self._literals(record, rows)
        if record.issues:
            record.disposition = disposition_of(record.issues)
        record.raw = [[_raw(cell) for cell in row[:-1]] for _, row in rows]
        return record

    def _text(self, row: list[CellValue], field: str) -> str:
        cell = row[self._at[field]]
        return cell if isinstance(cell, str) else cell_text(cell)

    def _name(self, record: Record, number: int, row: list[CellValue]) -> None:
        name = read_name(self._text(row, "name"))
        record.name = name.value
        record.name_key = identity_key(name.value) if name.value else None
        if name.code:
            self._cells.add(record, name.code, "name", (name.value,) if name.value else ())
        if number in self._cells.hidden_rows:
            self._cells.add(record, "row_hidden_in_source", "name")
        marked = self._cells.marked
        if marked and marked.get(number, {}).get(self._at["name"]) == FORMULA:
            self._cells.add(record, "formula_cell_stored_value_used", "name")

    def _team(self, record: Record, row: list[CellValue]) -> None:
        team = self._whole_team(row) if self._further else read_team(self._text(row, "completers"))
        record.completers = team.people
        if team.code:
            proposals = ("、".join(team.people),) if team.people else ()
            self._cells.add(record, team.code, "completers", proposals)
        for warning in team.warnings:
            self._cells.add(record, warning, "completers")

    def _whole_team(self, row: list[CellValue]) -> Team:
        """Who stands in the column of completers and in those of the others: one team, whoever is first remains first."""
        first = self._text(row, "completers")
        others = [text for offset in self._further if compact(text := cell_text(row[offset])) not in NOTHING]
        team = read_team(first)
        if not others or team.code not in (None, "team_missing"):
            return team
        whole = read_team("、".join(others if team.code else [first, *others]))
        people = tuple(dict.fromkeys(whole.people))
        missing = team.code if self._cells.has("completers") else None
        return Team(people, missing or whole.code, whole.warnings)

    def _kind_and_number(self, record: Record, row: list[CellValue]) -> None:
        words = self._read_words(row)
        concept = "patent_application" if words.pending and words.concept == "patent_right" else words.concept
        number = read_number(row[self._at["number"]], concept)
        key = (words, number.kind, number.granted)
        kind = self._kinds.get(key)
        if kind is None:
            kind = decide_kind(self._profile, words, number_kind=number.kind, number_granted=number.granted)
            self._kinds[key] = kind
        record.type, record.patent_kind = kind.label, kind.patent_kind
        record.number = number.canonical or number.proposal
        if number.more:
            record.more_numbers = number.more
        if kind.code:
            self._cells.add(record, kind.code, "number" if kind.on_number else "type", kind.proposals)
        if kind.warning:
            self._cells.add(record, kind.warning, "type")
        if number.warning:
            record.certificate_number = number.certificate
            self._cells.add(record, number.warning, "number")
        elif number.code:
            self._cells.add(record, number.code, "number", (number.proposal,) if number.proposal else ())
        elif number.canonical is None and self._needs_number(kind, words):
            self._cells.add(record, "number_missing", "number")

    def _needs_number(self, kind: Kind, words: Words) -> bool:
        """Whether a right is claimed that is not proved without a number, and the sheet has a column for it."""
        granted = kind.code is None and words.granted is not False
        return granted and self._has_number and kind.concept in NUMBERED_CONCEPTS

    def _read_words(self, row: list[CellValue]) -> Words:
        grant = self._text(row, "grant") if self._has_grant else None
        key = (self._text(row, "type"), grant)
        words = self._words.get(key)
        if words is None:
            if len(self._words) >= _CACHED:
                self._words.clear()
                self._kinds.clear()
            words = self._words[key] = read_words(self._profile, *key)
        return words

    def _date(self, record: Record, cell: CellValue) -> None:
        read = read_date(cell)
        record.obtained, code = read.iso, read.code
        if read.iso is not None:
            if code:
                self._cells.add(record, code, "obtained")
            if self._profile.date_required and read.iso > self._latest:
                record.obtained = None
                self._cells.add(record, "date_in_future", "obtained")
            return
        if self._profile.date_required:
            if self._cells.has("obtained") and code:
                record.obtained = read.candidates[0] if read.candidates else None
                self._cells.add(record, code, "obtained", read.candidates)
            elif code:
                self._cells.add(record, "date_missing", "obtained")
        elif code != "date_missing":
            # Not a field of this region's ledger: what was written is kept, nothing is made of it.
            self._cells.add(record, "date_unreadable_raw_kept", "obtained")

    def _choices(self, record: Record, row: list[CellValue]) -> None:
        status = _cached(self._statuses, self._text(row, "status"), self._read_status)
        record.status = status.value
        if status.code:
            self._cells.add(record, status.code, "status", _first(status.value, self._profile.statuses))
        if self._profile.stages:
            text = self._text(row, "stage")
            stage = _cached(self._stages, text, lambda key: read_stage(self._profile, key))
            record.stage = stage.value
            if stage.code:
                self._cells.add(record, stage.code, "stage", _first(stage.value, self._profile.stages))
            elif stage.warning and self._cells.has("stage"):
                self._cells.add(record, stage.warning, "stage")

    def _read_status(self, text: str) -> Choice:
        return read_status(self._profile, text, asks=self._status_asks)

    def _frequency(self, record: Record, cell: CellValue, rows: int) -> None:
        text = cell if isinstance(cell, str) else cell_text(cell)
        stated, readable = _cached(self._frequencies, text, read_frequency)
        if rows > 1:
            record.frequency = rows
            if not readable or stated not in (None, rows):
                self._cells.add(record, "frequency_mismatch", "frequency", (str(rows),))
            return
        if record.status == CONVERTED and self._cells.has("frequency"):
            # Converted at least once.
            record.frequency = 1 if stated is None else stated
            if not readable or stated == 0:
                record.frequency = 1
                self._cells.add(record, "frequency_mismatch", "frequency", ("1",))
        elif stated:
            self._cells.add(record, "frequency_on_unconverted_ignored", "frequency")

    def _rest(self, record: Record, row: list[CellValue]) -> None:
        at = self._at
        remark = row[at["remark"]]
        if remark:
            text = cell_text(remark).strip(_REMARK_BLANKS)
            if not (len(record.rows) > 1 and conversion_label(text)):
                record.remark = text or None
            if len(text) <= 12 and compact(text) in VOID_WORDS:
                self._cells.add(record, "row_marked_void", "remark")
        level = row[at["secrecy"]]
        if level:
            text = cell_text(level)
            record.secrecy = text.strip()
            code = _cached(self._levels, text, self._read_level)
            if code:
                self._cells.add(record, code, "secrecy")
        department, phone = row[at["department"]], row[at["phone"]]
        if department:
            record.department = tidy(cell_text(department)) or None
        if phone:
            record.phone = tidy(cell_text(phone)) or None
        for offset, header in self._cells.unmapped:
            cell = row[offset]
            if cell:
                record.more[header] = tidy(cell_text(cell))

    def _read_level(self, text: str) -> str:
        level = level_of(text, asks=self._secrecy_asks)
        if level == "open":
            return ""
        return "secrecy_internal" if level == "internal" else "secrecy_unknown"

    def _literals(self, record: Record, rows: Rows) -> None:
        for field, offset in self._literal_offsets:
            for _, row in rows:
                cell = row[offset]
                if cell and isinstance(cell, str) and cell[0] in _LITERAL_STARTS and compact(cell) not in NOTHING:
                    record.literal_fields = (*record.literal_fields, field)
