"""What reading a ledger gives: one record per achievement, each with what is to be said about it.

Every struct is plain data that goes to a staging row as JSON and back (`msgspec.json`).
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

# A cell as JSON holds it: dates and times as text.
RawValue = str | float | int | bool


class Severity(StrEnum):
    """What an issue does to its row: nothing (warn), holds it for a person, or keeps it out."""

    WARN = "warn"
    HUMAN = "human"
    REFUSE = "refuse"


class Disposition(StrEnum):
    """Where a record goes."""

    VALID = "valid"
    HUMAN = "human"
    REFUSED = "refused"


class Place(msgspec.Struct, frozen=True, gc=False):
    """A row of a sheet, counted as Excel counts."""

    sheet: str
    row: int


class Issue(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One thing said about a record. `field` is the clerk's word for it, `column` its letter ('' if the sheet has none).

    `of` is the row of which this one is a duplicate, `kind` how; `proposals` are answers to choose from, best first;
    `said` is what the cell says, by which rows that ask the same are found again.
    """

    severity: Severity
    code: str
    field: str
    column: str
    proposals: tuple[str, ...] = ()
    of: Place | None = None
    kind: str | None = None
    said: str = ""


class Conversion(msgspec.Struct, gc=False, omit_defaults=True):
    """One conversion of an achievement: a sub-row of a merged block. `amount` is in yuan, None where not stated."""

    method: str | None = None
    counterparty: str | None = None
    credit_code: str | None = None
    amount: Decimal | None = None
    contract_number: str | None = None
    remark: str | None = None


class Record(msgspec.Struct, gc=False, omit_defaults=True):
    """One achievement as read. Values are the best reading; where an issue asks or refuses they are unconfirmed.

    `rows` are its sheet rows, `raw` their cells as they stood. `type` carries its group where the region has groups
    (已授权/专利权); `obtained` is an ISO day or month; `value` is in yuan, None is not zero. A classified row has
    nothing but its place.
    """

    sheet: str
    row: int
    rows: tuple[int, ...]
    disposition: Disposition = Disposition.VALID
    issues: list[Issue] = []
    name: str | None = None
    name_key: str | None = None
    completers: tuple[str, ...] = ()
    type: str | None = None
    patent_kind: str | None = None
    number: str | None = None
    more_numbers: tuple[str, ...] = ()
    certificate_number: str | None = None
    obtained: str | None = None
    stage: str | None = None
    status: str | None = None
    method: str | None = None
    value: Decimal | None = None
    frequency: int | None = None
    remark: str | None = None
    counterparty: str | None = None
    credit_code: str | None = None
    contract_number: str | None = None
    secrecy: str | None = None
    department: str | None = None
    phone: str | None = None
    conversions: list[Conversion] = []
    merged_total: bool = False
    more: dict[str, str] = {}
    literal_fields: tuple[str, ...] = ()
    raw: list[list[RawValue]] = []

    @property
    def secret(self) -> bool:
        """Whether the row is classified or suspected to be: nothing of it may be kept."""
        return any(issue.code in SECRET_CODES for issue in self.issues)


class NonDataRow(msgspec.Struct, frozen=True, gc=False):
    """A row below the header that is no record: heading, note, blank, repeated header, subtotal, total, footer."""

    sheet: str
    row: int
    kind: str


class ColumnQuestion(msgspec.Struct, frozen=True, gc=False):
    """A question that one answer settles for a whole column."""

    sheet: str
    column: str
    field: str
    code: str
    rows: int
    options: tuple[str, ...]


CLASSIFIED: Final = "classified"
SUSPECTED: Final = "suspected_classified"
SECRET_CODES: Final = frozenset({CLASSIFIED, SUSPECTED})

REFUSING: Final = SECRET_CODES | {
    "status_not_in_pack", "name_missing", "amount_negative", "amount_out_of_range", "date_impossible",
    "number_is_publication_number",
}  # fmt: skip
WARNING: Final = frozenset(
    {
        "credit_code_check_digit", "date_excel_serial", "date_month_only", "date_unreadable_raw_kept",
        "formula_cell_stored_value_used", "frequency_on_unconverted_ignored", "method_mapped_to_other",
        "method_on_unconverted_kept_as_planned", "number_missing", "row_hidden_in_source",
        "sixteen_digit_number_stored_as_number_last_digit_lost", "software_certificate_number_not_registration_number",
        "stage_empty_default_research", "team_list_incomplete", "team_note_removed",
        "type_pending_patent_read_as_application_right", "unit_in_cell_overrides_header", "zero_on_unconverted_kept",
    }
)  # fmt: skip


def severity_of(code: str) -> Severity:
    """What a code does: unknown codes hold the row for a person."""
    if code in REFUSING:
        return Severity.REFUSE
    return Severity.WARN if code in WARNING else Severity.HUMAN


def disposition_of(issues: list[Issue]) -> Disposition:
    """Where the issues send a record; a refusal outweighs a question."""
    severities = {issue.severity for issue in issues}
    if Severity.REFUSE in severities:
        return Disposition.REFUSED
    return Disposition.HUMAN if Severity.HUMAN in severities else Disposition.VALID
