"""Which days are working days (工作日) in China, by the State Council's yearly arrangement plus an editable table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Literal

from chinese_calendar import constants

DAY = timedelta(days=1)

HOLIDAY_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}
OFFICIAL_SOURCE = "国务院办公厅节假日安排"


class CalendarUnknownError(LookupError):
    """The answer depends on a year whose arrangement has not been published."""

    def __init__(self, day: date) -> None:
        super().__init__(f"{day.year}年的节假日安排尚未公布")
        self.day = day


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One row of the editable table: a day that is off (放假) or working (上班), by what name and on what authority."""

    day: date
    kind: Literal["off", "working"]
    name: str
    source: str


class Calendar:
    """Rest days and working days; built from the official arrangement and rows that an operator entered.

    `entries` win over the official arrangement (local holidays of autonomous prefectures, later changes).
    `arranged_years` are years whose arrangement is complete in `entries`: only there do plain weekends count as known.
    A year that is in neither is unknown: weekends alone are never assumed.
    """

    __slots__ = ("_entries", "_off", "_working", "_years")

    def __init__(
        self, entries: Iterable[CalendarEntry] = (), *, arranged_years: Iterable[int] = (), official: bool = True
    ) -> None:
        self._entries: dict[date, CalendarEntry] = dict(_official_entries()) if official else {}
        self._years = {day.year for day in self._entries} | set(arranged_years)
        self._entries.update((entry.day, entry) for entry in entries)
        self._off = frozenset(day for day, entry in self._entries.items() if entry.kind == "off")
        self._working = frozenset(day for day, entry in self._entries.items() if entry.kind == "working")

    @property
    def years(self) -> tuple[int, ...]:
        """The years whose arrangement is known, ascending."""
        return tuple(sorted(self._years))

    def knows(self, day: date) -> bool:
        """Whether `day` can be told to be a working day or not."""
        return day.year in self._years or day in self._entries

    def is_working(self, day: date) -> bool:
        """Whether `day` is a working day; raises CalendarUnknownError where no arrangement is published."""
        if day in self._working:
            return True
        if day in self._off:
            return False
        if day.year not in self._years:
            raise CalendarUnknownError(day)
        return day.weekday() < 5

    def is_rest(self, day: date) -> bool:
        """Whether `day` is a day off (休假日: a declared holiday, or a weekend not declared working)."""
        return not self.is_working(day)

    def entry(self, day: date) -> CalendarEntry | None:
        """The declared holiday or make-up day that `day` is, with its name and source; None for an ordinary day."""
        return self._entries.get(day)

    def entries_of(self, year: int) -> list[CalendarEntry]:
        """The declared holidays and make-up days of a year, in order."""
        return sorted((one for one in self._entries.values() if one.day.year == year), key=lambda one: one.day)

    def roll_forward(self, day: date) -> date:
        """`day`, or the first working day after it; raises CalendarUnknownError."""
        while self.is_rest(day):
            day += DAY
        return day

    def working_day_before(self, day: date) -> date:
        """The last working day strictly before `day`; raises CalendarUnknownError."""
        day -= DAY
        while self.is_rest(day):
            day -= DAY
        return day

    def working_days_between(self, start: date, end: date, *, counts_first_day: bool = False) -> int:
        """Working days after `start` (or from it) to `end` inclusive; raises CalendarUnknownError."""
        first = start if counts_first_day else start + DAY
        return sum(self.is_working(first + timedelta(days=n)) for n in range((end - first).days + 1))


# The holidays of every citizen (全国年节及纪念日放假办法第二条): a year without one of them is not arranged yet.
_LEGAL_HOLIDAYS = ("元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节")


def missing_holidays(year: int, entries: Iterable[CalendarEntry]) -> list[str]:
    """The legal holidays of which `entries` hold no day off in `year`; one day may carry two names (国庆节、中秋节)."""
    names = [entry.name for entry in entries if entry.kind == "off" and entry.day.year == year]
    return [holiday for holiday in _LEGAL_HOLIDAYS if not any(holiday in name for name in names)]


@cache
def official_calendar() -> Calendar:
    """The calendar of the published arrangements alone, without any row of the editable table."""
    return Calendar()


@cache
def _official_entries() -> tuple[tuple[date, CalendarEntry], ...]:
    def entry(day: date, kind: Literal["off", "working"], name: str) -> tuple[date, CalendarEntry]:
        return day, CalendarEntry(day, kind, HOLIDAY_NAMES.get(name, name), f"{day.year}年{OFFICIAL_SOURCE}")

    off = [entry(day, "off", str(name)) for day, name in constants.holidays.items()]
    working = [entry(day, "working", str(name)) for day, name in constants.workdays.items()]
    return tuple(off + working)
