"""The known answers of tests/data/vectors.json that concern days, periods and terms."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from shared.calendar.calendar import CalendarUnknownError, official_calendar
from shared.calendar.periods import (
    Unit,
    add_months,
    contract_term_end,
    days_between,
    in_time,
    period,
)
from shared.clock import local_day

VECTORS: dict[str, Any] = json.loads(Path("tests/data/vectors.json").read_text(encoding="utf-8"))
CALENDAR = official_calendar()


def cases(key: str) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in VECTORS[key]]


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


@pytest.mark.parametrize("year", ["2025", "2026"])
def test_every_day_of_a_published_year(year: str) -> None:
    table = VECTORS["calendar"][year]
    working = 0
    for ordinal in range(date(int(year), 1, 1).toordinal(), date(int(year), 12, 31).toordinal() + 1):
        when = date.fromordinal(ordinal)
        expected = when.isoformat() in table["working_weekend_days"] or (
            when.weekday() < 5 and when.isoformat() not in table["off_days"]
        )
        assert CALENDAR.is_working(when) is expected, when
        working += expected
    assert working == table["workdays_in_year"]


def test_an_unpublished_year_is_unknown_and_never_weekends_only() -> None:
    with pytest.raises(CalendarUnknownError):
        CALENDAR.is_working(date(2027, 1, 4))


@pytest.mark.parametrize("case", cases("period_natural_days"))
def test_natural_days(case: dict[str, Any]) -> None:
    counted = period(date.fromisoformat(case["start_day_not_counted"]), case["days"], Unit.DAY, CALENDAR)
    assert counted.raw_end == day(case["raw_end"])
    assert counted.end == day(case["end_with_rollover"])
    assert counted.status == case.get("status", "known")
    assert counted.rolled == case.get("rolled", False)


@pytest.mark.parametrize("case", cases("period_working_days"))
def test_working_days(case: dict[str, Any]) -> None:
    start = date.fromisoformat(case["start_day_not_counted"])
    counted = period(start, case["working_days"], Unit.WORKING_DAY, CALENDAR)
    assert counted.end == day(case["end"])
    assert counted.raw_end == counted.end
    assert counted.status == case.get("status", "known")


@pytest.mark.parametrize("case", cases("period_months_years"))
def test_months_and_years(case: dict[str, Any]) -> None:
    start = date.fromisoformat(case["start_day_not_counted"])
    counted = period(start, case["months"], Unit.MONTH, CALENDAR)
    assert counted.raw_end == day(case["raw_end"])
    assert counted.end == day(case["end_with_rollover"])
    assert counted.status == case.get("status", "known")
    if case["months"] % 12 == 0:
        assert period(start, case["months"] // 12, Unit.YEAR, CALENDAR).raw_end == day(case["raw_end"])


@pytest.mark.parametrize("case", cases("notice_compliance"))
def test_lengths_of_published_notices(case: dict[str, Any]) -> None:
    published, closes = date.fromisoformat(case["published"]), date.fromisoformat(case["closes"])
    natural = days_between(published, closes)
    working = CALENDAR.working_days_between(published, closes)
    assert natural == case["natural_days_excluding_publication_day"]
    assert working == case["working_days_excluding_publication_day"]
    assert (
        CALENDAR.working_days_between(published, closes, counts_first_day=True)
        == case["working_days_including_publication_day"]
    )
    assert (natural >= 15, working >= 15, natural >= 7) == (
        case["meets_15_natural"],
        case["meets_15_working_strict"],
        case["meets_7_natural"],
    )


@pytest.mark.parametrize("case", cases("instants_and_timezone"))
def test_instants(case: dict[str, Any]) -> None:
    published = local_day(datetime.fromisoformat(case["published_at"]))
    counted = period(published, case["days"], Unit.DAY, CALENDAR)
    assert counted.end is not None
    if "local_publication_date" in case:
        assert published == day(case["local_publication_date"])
        assert counted.raw_end == day(case["raw_end"])
    close = time.fromisoformat(case["business_close"]) if "business_close" in case else None
    if "last_instant_no_business_hours" in case:
        assert in_time(datetime.fromisoformat(case["last_instant_no_business_hours"]), counted.end)
    for objection in case.get("objections", []):
        at = datetime.fromisoformat(objection["at"])
        assert in_time(at, counted.end, close) is objection["in_time"], objection


@pytest.mark.parametrize("case", cases("annual_report_deadlines"))
def test_deadlines_by_calendar_date(case: dict[str, Any]) -> None:
    due = date.fromisoformat(case["date"])
    assert CALENDAR.is_working(due) is case["is_workday"]
    assert CALENDAR.roll_forward(due) == day(case["rolled"])
    if "last_workday_before" in case:
        assert CALENDAR.working_day_before(due) == day(case["last_workday_before"])


@pytest.mark.parametrize("case", cases("ip_remaining_term"))
def test_remaining_protection(case: dict[str, Any]) -> None:
    base, as_of = date.fromisoformat(case["base_date"]), date.fromisoformat(case["as_of"])
    expires = add_months(base, 12 * case["term_years"])
    ten_years = period(as_of, 10, Unit.YEAR, CALENDAR, rolls_over=False).raw_end
    assert expires == day(case["expires"])
    assert days_between(as_of, expires) == case["remaining_days"]
    assert ten_years is not None
    assert (expires < ten_years) is case["remaining_lt_10y"]
    assert min(expires, ten_years) == day(case["yunnan_min_use_right_end"])
    assert (ten_years <= expires) is case["jilin_10y_possible_within_legal_life"]


@pytest.mark.parametrize(
    ("start", "years", "last_day"),
    [
        ("2026-03-01", 10, "2036-02-29"),
        ("2025-11-10", 10, "2035-11-09"),
        ("2028-02-29", 10, "2038-02-28"),
        ("2026-03-01", 6, "2032-02-29"),
    ],
)
def test_contract_terms_count_their_first_day(start: str, years: int, last_day: str) -> None:
    assert contract_term_end(date.fromisoformat(start), months=12 * years) == day(last_day)
