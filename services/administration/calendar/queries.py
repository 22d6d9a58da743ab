"""What the page of the calendar shows of one year: the official stretches, what was entered by hand, and whether it is whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row

from shared.calendar.calendar import CalendarEntry, missing_holidays, official_calendar
from shared.db.transaction import Transaction
from tenants.calendar import arranged_years, entered_days


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in a row with one name, both ends included."""

    first_day: date
    last_day: date
    kind: str
    name: str
    source: str

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True, slots=True)
class Year:
    """One year of the calendar. ``arranged_by`` is the document by which it was marked as whole by hand."""

    year: int
    official: list[Stretch]
    entered: Sequence[Row[Any]]
    arranged_by: str | None
    missing: list[str]

    @property
    def known(self) -> bool:
        """Whether every day of the year can be told to be a working day or not."""
        return bool(self.official) or self.arranged_by is not None


async def year_of(tx: Transaction, year: int) -> Year:
    rows = await entered_days(tx, year)
    provincial = [CalendarEntry(row.day, row.working, row.name, row.source) for row in rows if not row.area]
    marked = {row.year: row.source for row in await arranged_years(tx)}
    return Year(
        year,
        stretches(official_calendar().entries_of(year)),
        rows,
        marked.get(year),
        missing_holidays(year, provincial),
    )


def stretches(entries: Sequence[CalendarEntry]) -> list[Stretch]:
    """Entries in order of their days, gathered where they follow each other under one name."""
    found: list[Stretch] = []
    for one in entries:
        last = found[-1] if found else None
        if last and (last.kind, last.name, last.last_day + timedelta(days=1)) == (one.kind, one.name, one.day):
            found[-1] = Stretch(last.first_day, one.day, last.kind, last.name, last.source)
        else:
            found.append(Stretch(one.day, one.day, one.kind, one.name, one.source))
    return found


def years_shown(today: date) -> list[int]:
    """From last year to the furthest one whose arrangement may be entered."""
    return list(range(today.year - 1, today.year + 4))
