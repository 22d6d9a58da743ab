"""A place in a list is exact and survives an address."""

from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from shared.ids import new_id
from shared.keyset import place_of, place_text


@given(at=st.datetimes(datetime(1950, 1, 1), datetime(2900, 1, 1)), hours=st.integers(-12, 14), one=st.uuids())  # noqa: DTZ001
def test_a_place_reads_back(at: datetime, hours: int, one: object) -> None:
    instant = at.replace(tzinfo=timezone(timedelta(hours=hours)))
    text = place_text(instant, one)  # type: ignore[arg-type]
    assert place_of(text) == (instant, one)
    assert "%2B" not in urlencode({"before": text})


def test_what_is_no_place_is_none() -> None:
    good = place_text(datetime(2026, 3, 16, tzinfo=UTC), new_id())
    for text in (
        "",
        "x",
        "2026-03-16",
        good.replace("Z~", "~"),
        good[:-1],
        f"0001-01-01T00:00:00Z~{new_id()}",
        good + "~",
    ):
        assert place_of(text) is None, text
