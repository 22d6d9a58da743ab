"""What holds for every period: order, counting back, roll-over; and the edges of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar.calendar import Calendar, CalendarEntry, CalendarUnknownError, official_calendar
from shared.calendar.periods import (
    Unit,
    add_months,
    contract_term_end,
    day_starts_at,
    days_between,
    latest_start,
    period,
)
from shared.clock import local_day

CALENDAR = official_calendar()
days = st.dates(date(2007, 1, 1), date(2025, 6, 30))
lengths = st.integers(1, 60)
small_lengths = st.integers(1, 12)
units = st.sampled_from(list(Unit))


def length_for(unit: Unit, length: int) -> int:
    return 1 if unit is Unit.YEAR else min(length, 12) if unit is Unit.MONTH else length


@given(days, days, lengths, units, st.booleans(), st.booleans())
def test_a_later_start_never_ends_earlier(
    one: date, other: date, length: int, unit: Unit, counts: bool, rolls: bool
) -> None:
    if unit in (Unit.MONTH, Unit.YEAR) and counts:
        # A contract from 30 January and one from 31 January both end in the last days of February, in either order.
        return
    first, second = sorted((one, other))
    length = length_for(unit, length)
    ends = [
        period(day, length, unit, CALENDAR, counts_first_day=counts, rolls_over=rolls).end for day in (first, second)
    ]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0] <= ends[1]


@given(days, lengths, st.sampled_from([Unit.DAY, Unit.WORKING_DAY]), st.booleans())
def test_a_longer_period_never_ends_earlier(start: date, length: int, unit: Unit, counts: bool) -> None:
    shorter = period(start, length, unit, CALENDAR, counts_first_day=counts).end
    longer = period(start, length + 1, unit, CALENDAR, counts_first_day=counts).end
    assert shorter is not None
    assert longer is not None
    assert shorter <= longer


@given(days, lengths, units, st.booleans())
def test_an_end_with_roll_over_is_never_a_rest_day(start: date, length: int, unit: Unit, counts: bool) -> None:
    end = period(start, length_for(unit, length), unit, CALENDAR, counts_first_day=counts).end
    assert end is not None
    assert CALENDAR.is_working(end)


@given(days, lengths, st.booleans())
def test_counting_the_days_gives_the_length_back(start: date, length: int, counts: bool) -> None:
    natural = period(start, length, Unit.DAY, CALENDAR, counts_first_day=counts).raw_end
    working = period(start, length, Unit.WORKING_DAY, CALENDAR, counts_first_day=counts).raw_end
    assert natural is not None
    assert working is not None
    assert days_between(start, natural, counts_first_day=counts) == length
    assert CALENDAR.working_days_between(start, working, counts_first_day=counts) == length


@given(days, lengths, units, st.booleans(), st.booleans())
def test_latest_start_is_the_last_one_that_is_in_time(
    deadline: date, length: int, unit: Unit, counts: bool, rolls: bool
) -> None:
    length = length_for(unit, length)
    start = latest_start(deadline, length, unit, CALENDAR, counts_first_day=counts, rolls_over=rolls)
    assert start is not None

    def end(day: date) -> date:
        found = period(day, length, unit, CALENDAR, counts_first_day=counts, rolls_over=rolls).end
        assert found is not None
        return found

    assert end(start) <= deadline
    assert all(end(start + timedelta(days=n)) > deadline for n in range(1, 4))


@given(days, small_lengths)
def test_a_contract_term_ends_no_later_than_the_statutory_count(start: date, months: int) -> None:
    contract, statutory = contract_term_end(start, months=months), add_months(start, months)
    assert contract <= statutory
    assert (statutory - contract).days == (1 if statutory.day == start.day else 0)


def test_days_of_a_notice_are_numbered_from_the_day_after() -> None:
    notice = period(date(2026, 3, 2), 15, Unit.DAY, CALENDAR)
    assert [notice.day_number(date(2026, 3, day)) for day in (2, 3, 9, 17, 18)] == [0, 1, 7, 15, 16]
    assert notice.day_after == date(2026, 3, 18)


def test_working_days_that_run_out_of_the_calendar_say_how_many_are_over() -> None:
    counted = period(date(2026, 12, 18), 10, Unit.WORKING_DAY, CALENDAR)
    assert (counted.status, counted.raw_end, counted.end) == ("calendar_unknown", None, None)
    assert (counted.counted, counted.counted_on) == (9, date(2026, 12, 31))


def test_last_safe_posting_day_by_raw_dates() -> None:
    # Signing on 2028-11-08 needs a notice that ended on 11-07.
    assert latest_start(date(2028, 11, 7), 15, Unit.DAY, CALENDAR, rolls_over=False) == date(2028, 10, 23)
    assert latest_start(date(2028, 11, 7), 15, Unit.DAY, CALENDAR) is None


def test_a_local_holiday_of_the_table_moves_an_end() -> None:
    holiday = CalendarEntry(date(2026, 3, 17), "off", "民族节日", "州政府通知")
    local = Calendar([holiday])
    assert period(date(2026, 3, 2), 15, Unit.DAY, local).end == date(2026, 3, 18)
    assert local.entry(date(2026, 3, 17)) == holiday
    assert local.knows(date(2026, 3, 17))


def test_a_single_entry_does_not_make_its_year_known_but_an_arranged_year_does() -> None:
    new_year = CalendarEntry(date(2027, 1, 1), "off", "元旦", "国务院办公厅通知")
    with pytest.raises(CalendarUnknownError):
        Calendar([new_year]).is_working(date(2027, 1, 4))
    assert Calendar([new_year], arranged_years=[2027]).is_working(date(2027, 1, 4))
    assert period(date(2026, 12, 25), 15, Unit.DAY, Calendar([new_year], arranged_years=[2027])).end == date(
        2027, 1, 11
    )


def test_an_official_name_is_chinese() -> None:
    entry = CALENDAR.entry(date(2026, 2, 17))
    assert entry is not None
    assert entry.name == "春节"


def test_days_start_at_midnight_in_china() -> None:
    assert day_starts_at(date(2026, 3, 18)) == datetime(2026, 3, 17, 16, tzinfo=UTC)
    assert local_day(datetime(2026, 3, 1, 16, 30, tzinfo=UTC)) == date(2026, 3, 2)
    with pytest.raises(ValueError, match="aware"):
        local_day(datetime(2026, 3, 1, 16, 30))  # noqa: DTZ001


def test_a_period_of_no_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="one unit"):
        period(date(2026, 3, 2), 0, Unit.DAY, CALENDAR)
