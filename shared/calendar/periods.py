"""When a period ends: days, working days, months, years; 民法典 201–203 unless the caller says otherwise."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal

from shared.calendar.calendar import Calendar, CalendarUnknownError
from shared.clock import SHANGHAI, local_day

DAY = timedelta(days=1)
Status = Literal["known", "calendar_unknown"]


class Unit(StrEnum):
    """What a period is counted in."""

    DAY = "day"
    WORKING_DAY = "working_day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """A counted period, with both of its ends.

    `raw_end` is the last day before roll-over; `end` the one that is acted on. Where the end depends on a year
    without an arrangement, `end` is None and `status` is `calendar_unknown`; in working days `raw_end` is None too,
    and `counted` says how many days were over on `counted_on`, the last day that could be counted.
    """

    start: date
    first_day: date
    length: int
    unit: Unit
    raw_end: date | None
    end: date | None
    status: Status
    counted: int
    counted_on: date | None

    @property
    def rolled(self) -> bool:
        """Whether roll-over moved the end."""
        return self.end is not None and self.end != self.raw_end

    @property
    def day_after(self) -> date | None:
        """The first day on which what waits for the period may happen."""
        return None if self.end is None else self.end + DAY

    def day_number(self, today: date) -> int:
        """Which day of the period `today` is: 0 before the first one; past `length` it says the period is over."""
        return max(0, (today - self.first_day).days + 1)


def day_starts_at(day: date) -> datetime:
    """The first instant (UTC) of a day in China."""
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)


def in_time(instant: datetime, last_day: date, business_close: time | None = None) -> bool:
    """Whether `instant` is within a period that ends on `last_day` (24:00, or the close of business, inclusive)."""
    day = local_day(instant)
    if business_close is None or day != last_day:
        return day <= last_day
    return instant.astimezone(SHANGHAI).time() <= business_close


def days_between(start: date, end: date, *, counts_first_day: bool = False) -> int:
    """Calendar days after `start` (or from it) to `end` inclusive."""
    return (end - start).days + (1 if counts_first_day else 0)


def add_months(day: date, months: int) -> date:
    """The matching day `months` later (negative: earlier); the month's last day where there is none (民法典 202)."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))


def contract_term_end(first_day: date, *, months: int) -> date:
    """Last day of a contract term that counts its first day: the day before the matching day, else the month's end."""
    matching = add_months(first_day, months)
    return matching - DAY if matching.day == first_day.day else matching


def period(
    start: date,
    length: int,
    unit: Unit,
    calendar: Calendar,
    *,
    counts_first_day: bool = False,
    rolls_over: bool = True,
) -> Period:
    """Count `length` units from `start`; raises ValueError below one unit. Working days never need roll-over."""
    if length < 1:
        raise ValueError("a period is one unit long at least")
    first = start if counts_first_day else start + DAY
    if unit is Unit.WORKING_DAY:
        return _working_days(start, first, length, calendar)
    if unit is Unit.DAY:
        raw = first + timedelta(days=length - 1)
    else:
        months = length * 12 if unit is Unit.YEAR else length
        raw = contract_term_end(start, months=months) if counts_first_day else add_months(start, months)
    end: date | None = raw
    if rolls_over:
        try:
            end = calendar.roll_forward(raw)
        except CalendarUnknownError:
            end = None
    return Period(start, first, length, unit, raw, end, "known" if end else "calendar_unknown", length, raw)


def _working_days(start: date, first: date, length: int, calendar: Calendar) -> Period:
    day, counted, counted_on = first, 0, None
    try:
        while True:
            if calendar.is_working(day):
                counted, counted_on = counted + 1, day
                if counted == length:
                    return Period(start, first, length, Unit.WORKING_DAY, day, day, "known", counted, day)
            day += DAY
    except CalendarUnknownError:
        return Period(start, first, length, Unit.WORKING_DAY, None, None, "calendar_unknown", counted, counted_on)


def latest_start(
    deadline: date,
    length: int,
    unit: Unit,
    calendar: Calendar,
    *,
    counts_first_day: bool = False,
    rolls_over: bool = True,
) -> date | None:
    """The last day on which a period may start and still end on or before `deadline`.

    None where an unknown year decides; ask again with `rolls_over=False` for the raw answer.
    """
    if unit is Unit.WORKING_DAY:
        candidate = _working_days_back(deadline, length, calendar)
    elif unit is Unit.DAY:
        candidate = deadline - timedelta(days=length - 1)
    else:
        candidate = add_months(deadline, -length * (12 if unit is Unit.YEAR else 1)) + 4 * DAY
    while candidate is not None:
        counted = period(candidate, length, unit, calendar, counts_first_day=counts_first_day, rolls_over=rolls_over)
        if counted.end is None:
            # An unknown end is no reason to go on where the raw one is too late already.
            if counted.raw_end is None or counted.raw_end <= deadline:
                return None
        elif counted.end <= deadline:
            return candidate
        candidate -= DAY
    return None


def _working_days_back(deadline: date, length: int, calendar: Calendar) -> date | None:
    day, counted = deadline, 0
    try:
        while counted < length:
            counted += calendar.is_working(day)
            day -= DAY
        # Days off before the first counted day are starts with the same end.
        return day + DAY
    except CalendarUnknownError:
        return None
