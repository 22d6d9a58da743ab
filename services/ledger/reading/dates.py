"""Dates as clerks write them; the precision that was written is kept, no day is invented."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import date, datetime, timedelta
from typing import Final

import msgspec

from services.ledger.reading.vocabulary import NOTHING
from shared.documents.workbook import CellValue

_SERIAL_EPOCH: Final = date(1899, 12, 30)
_SERIALS: Final = range(20_000, 73_051)
_YEARS: Final = range(1949, 2101)
_FULL = re.compile(
    r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*[日号]?(?:[T\s]\s*\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*月?(?:份)?|(\d{4})(\d{2})")
_YEAR = re.compile(r"(\d{4})\s*年?(?:度)?")
_SHORT = re.compile(r"(\d{2})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?")


class DateRead(msgspec.Struct, frozen=True, gc=False):
    """A date as read: `iso` is YYYY-MM-DD, or YYYY-MM where only the month was written; None if unusable.

    `code` says what is doubtful; `candidates` are the readings that a person may choose from.
    """

    iso: str | None = None
    code: str | None = None
    candidates: tuple[str, ...] = ()


MISSING: Final = DateRead(code="date_missing")
UNREADABLE: Final = DateRead(code="date_unreadable")
IMPOSSIBLE: Final = DateRead(code="date_impossible")
INCOMPLETE: Final = DateRead(code="date_incomplete")


def read_date(value: CellValue) -> DateRead:
    """Read a date cell of any type."""
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, datetime):
        return DateRead(value.date().isoformat())
    if isinstance(value, date):
        return DateRead(value.isoformat())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _of_number(float(value))
    return UNREADABLE


def _of_text(text: str) -> DateRead:
    plain = unicodedata.normalize("NFKC", text).replace("\u200b", "").replace("。", ".").strip()
    match = _FULL.fullmatch(plain) or _DIGITS.fullmatch(plain)
    if match:
        return _day(int(match[1]), int(match[2]), int(match[3]))
    if plain in NOTHING:
        return MISSING
    match = _MONTH.fullmatch(plain)
    if match:
        return _month(int(match[1] or match[3]), int(match[2] or match[4]))
    match = _YEAR.fullmatch(plain)
    if match and int(match[1]) in _YEARS:
        return INCOMPLETE
    match = _SHORT.fullmatch(plain)
    if match:
        candidate = _day(2000 + int(match[1]), int(match[2]), int(match[3]))
        return DateRead(code="date_ambiguous", candidates=(candidate.iso,) if candidate.iso else ())
    if re.fullmatch(r"\d{5}(?:\.0)?", plain):
        return _of_number(float(plain))
    return UNREADABLE


def _of_number(number: float) -> DateRead:
    if not math.isfinite(number):
        return UNREADABLE
    whole = int(number)
    if number == whole:
        if 1949_01_01 <= whole <= 2100_12_31:
            return _day(whole // 10_000, whole // 100 % 100, whole % 100)
        if whole in _YEARS:
            return INCOMPLETE
        if 1949_01 <= whole <= 2100_12:
            return _month(whole // 100, whole % 100)
    if whole in _SERIALS:
        return DateRead((_SERIAL_EPOCH + timedelta(days=whole)).isoformat(), "date_excel_serial")
    if whole in _YEARS:
        decimals = repr(number).partition(".")[2]
        if decimals == "1":
            # 2023.1 as a number is January, or October with its zero lost.
            return DateRead(code="date_ambiguous", candidates=(f"{whole}-01", f"{whole}-10"))
        if len(decimals) <= 2:
            return _month(whole, int(decimals))
    return UNREADABLE


def _day(year: int, month: int, day: int) -> DateRead:
    if year not in _YEARS:
        return UNREADABLE
    try:
        return DateRead(date(year, month, day).isoformat())
    except ValueError:
        return IMPOSSIBLE


def _month(year: int, month: int) -> DateRead:
    if year not in _YEARS:
        return UNREADABLE
    return DateRead(f"{year}-{month:02}", "date_month_only") if 1 <= month <= 12 else IMPOSSIBLE
