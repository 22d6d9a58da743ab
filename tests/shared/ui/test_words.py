"""How values are written on pages."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from shared.ui import words

TODAY = date(2026, 3, 16)


def test_instant_is_shown_in_china_time() -> None:
    late_in_utc = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    assert words.day(late_in_utc) == "2026-03-02"
    assert words.moment(late_in_utc) == "2026-03-02 00:30"
    assert words.day_long(late_in_utc) == "2026 年 3 月 2 日　星期一"


def test_instant_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        words.moment(datetime(2026, 3, 1, 16, 30))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("due", "said", "colour"),
    [
        (date(2026, 3, 14), "已逾期 2 天", "red"),
        (TODAY, "今天截止", "red"),
        (date(2026, 3, 18), "剩 2 天", "red"),
        (date(2026, 3, 19), "剩 3 天", "orange"),
        (date(2026, 3, 23), "剩 7 天", "orange"),
        (date(2026, 3, 24), "剩 8 天", "secondary"),
        (None, "未规定期限", "secondary"),
    ],
)
def test_days_left_in_words_and_colour(due: date | None, said: str, colour: str) -> None:
    assert words.days_left(due, TODAY) == said
    assert words.urgency(due, TODAY) == colour


def test_a_period_that_ends_by_itself_leaves_nobody_late() -> None:
    said = [words.days_left(date(2026, 3, day), TODAY, lapses=True) for day in (14, 16, 18)]
    assert said == ["已届满 2 天", "今天届满", "剩 2 天"]


@pytest.mark.parametrize(
    ("yuan", "shown"),
    [
        (Decimal("227300600"), "22,730.06"),
        (Decimal("1000000"), "100.00"),
        (Decimal(1), "0.0001"),
        (Decimal("0.01"), "0.000001"),
        (Decimal("999999.99"), "99.999999"),
        (0, "0.00"),
        (None, "—"),
    ],
)
def test_money_in_wan_is_exact_and_empty_is_not_zero(yuan: Decimal | int | None, shown: str) -> None:
    assert words.money(yuan) == shown


def test_money_of_a_total_may_be_rounded_half_up() -> None:
    assert words.money(Decimal("123450"), places=1) == "12.3"
    assert words.money(Decimal("123500"), places=1) == "12.4"
    assert words.money(None, empty="未评估") == "未评估"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Fraction(7, 10), "70%"),
        (Fraction(1, 3), "1/3（约 33.33%）"),
        (Fraction(1, 8), "12.5%"),
        (Fraction(1), "100%"),
        (None, "—"),
    ],
)
def test_share_is_never_rounded_silently(value: Fraction | None, shown: str) -> None:
    assert words.share(value) == shown


def test_sizes() -> None:
    assert [words.size(n) for n in (0, 14 * 1024, 2_621_440, 50 * 1024**2)] == ["0 B", "14 KB", "2.5 MB", "50 MB"]


def test_keep_escapes_and_holds_dates_together() -> None:
    kept = words.keep("<b>2026-03-09 发布，公示至 2026-03-24，第 7/15 天（第八条（二））")
    assert kept.startswith('&lt;b&gt;<span class="nowrap">2026-03-09</span>')
    assert '<span class="nowrap">公示至 2026-03-24</span>' in kept
    assert '<span class="nowrap">第 7/15 天</span>' in kept
