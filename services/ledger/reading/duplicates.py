"""Rows that say the same achievement again, within one unit, across sheets and chunks.

The first row stays; every later one needs a person. Refused rows are not imported, so nothing is a duplicate of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from services.ledger.reading.records import Issue, Place, Record, Severity
from services.ledger.reading.vocabulary import CONVERTED

_VARIANT = re.compile(r"v\d+(?:\.\d+)*$|及其?(?:应用|用途|装置|系统|设备|产品)$")
_NEAR_MISSES_TOLD: Final = 200


class _Seen(NamedTuple):
    sheet: str
    row: int
    name_key: str | None
    number: str | None
    conversion: tuple[str | None, ...] | None


class Duplicate(NamedTuple):
    """A later row, the first one it repeats, and how (same_name_same_number, …)."""

    first: Place
    later: Place
    kind: str


class DuplicateIndex:
    """Remembers names and numbers of the rows read so far; `restore` fills it again from rows read before a stop."""

    def __init__(self) -> None:
        self._names: dict[str, _Seen] = {}
        self._numbers: dict[str, _Seen] = {}
        self._stems: dict[str, Place] = {}
        self.near_misses: list[tuple[Place, Place]] = []

    def restore(self, records: Iterable[Record]) -> None:
        """Take in records that were judged earlier, in their order."""
        for record in records:
            self._note(record)

    def judge(self, record: Record, name_column: str, number_column: str) -> Duplicate | None:
        """Compare with all earlier rows, add the question to a repeated one, and remember the row."""
        key = record.name_key
        first = self._names.get(key) if key else None
        by_name = first is not None
        if first is None and record.number:
            first = self._numbers.get(record.number)
        if first is None:
            self._note(record)
            return None
        kind = _kind(record, first, by_name)
        place = Place(first.sheet, first.row)
        record.issues.append(
            Issue(
                Severity.HUMAN,
                "duplicate",
                "成果名称" if by_name else "权利号",
                name_column if by_name else number_column,
                of=place,
                kind=kind,
            )
        )
        self._note(record)
        return Duplicate(place, Place(record.sheet, record.row), kind)

    def _note(self, record: Record) -> None:
        seen = None
        if record.name_key and record.name_key not in self._names:
            seen = _seen(record)
            self._names[record.name_key] = seen
            self._note_stem(record, record.name_key)
        for number in (record.number, *record.more_numbers):
            if number and number not in self._numbers:
                seen = seen or _seen(record)
                self._numbers[number] = seen

    def _note_stem(self, record: Record, key: str) -> None:
        """Names that differ only in a version or in a trailing 及应用 are different achievements; a clerk may wonder."""
        stem = _VARIANT.sub("", key)
        place = Place(record.sheet, record.row)
        first = self._stems.setdefault(stem, place)
        duplicate = any(issue.code == "duplicate" for issue in record.issues)
        if first is not place and not duplicate and len(self.near_misses) < _NEAR_MISSES_TOLD:
            self.near_misses.append((first, place))


def _seen(record: Record) -> _Seen:
    return _Seen(record.sheet, record.row, record.name_key, record.number, _conversion(record))


def _conversion(record: Record) -> tuple[str | None, ...] | None:
    if record.status != CONVERTED:
        return None
    amount = str(record.value) if record.value is not None else None
    return (record.contract_number, record.counterparty, amount, record.method)


def _kind(record: Record, first: _Seen, by_name: bool) -> str:
    if not by_name:
        return "same_number_other_name"
    if record.number and first.number and record.number != first.number:
        return "same_name_other_number"
    conversion = _conversion(record)
    if conversion and first.conversion and _differ(conversion, first.conversion):
        return "repeated_conversion"
    return "same_name_same_number"


def _differ(one: tuple[str | None, ...], other: tuple[str | None, ...]) -> bool:
    """Whether two conversions are plainly two contracts: something stated in both is not the same."""
    return any(left and right and left != right for left, right in zip(one, other, strict=True))
