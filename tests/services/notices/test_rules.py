"""How a notice counts, without a database: the cases of the texts, and what holds for every notice."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notices import rules
from shared.clock import SHANGHAI, local_day
from shared.policy import load_pack
from tests.services.notices.arranging import at

PACK = load_pack("cn-53")


def counted(published: datetime, days: int = 15, **more: Any) -> rules.Counted:
    return rules.Counted("empowerment", published, days, **more)


@pytest.mark.requirement("R033")
@pytest.mark.parametrize(
    ("published", "raw_end", "end"),
    [
        (at("2026-03-02"), date(2026, 3, 17), date(2026, 3, 17)),
        (at("2026-09-18"), date(2026, 10, 3), date(2026, 10, 8)),
        (at("2026-02-02"), date(2026, 2, 17), date(2026, 2, 24)),
        (datetime.fromisoformat("2026-03-01T16:30:00+00:00"), date(2026, 3, 17), date(2026, 3, 17)),
        (at("2026-12-25"), date(2027, 1, 9), None),
    ],
)
def test_both_ends_of_a_period(published: datetime, raw_end: date, end: date | None) -> None:
    values = rules.period(counted(published), PACK, published).values
    assert (values["raw_end"], values["end"]) == (raw_end, end)


@pytest.mark.parametrize(("days", "code"), [(14, "notice.too_short"), (15, None), (20, "notice.longer")])
def test_the_length_is_exactly_what_the_text_says(days: int, code: str | None) -> None:
    answer = rules.period(counted(at("2026-03-02"), days), PACK, at("2026-03-02"))
    assert [finding.code for finding in answer.findings] == ([code] if code else [])


def test_a_roll_over_alone_is_no_longer_notice() -> None:
    assert not rules.period(counted(at("2026-09-18")), PACK, at("2026-09-18")).findings


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-03-02", "自 2026-03-03 起计"),
        ("2026-03-09", "第 7/15 天"),
        ("2026-03-17", "第 15/15 天"),
        ("2026-03-18", "已满"),
    ],
)
def test_the_sentence_says_which_day_it_is(day: str, words: str) -> None:
    assert words in rules.period(counted(at("2026-03-02")), PACK, at(day)).values["counted"]


def test_the_length_comes_from_the_pack() -> None:
    assert rules.required_days("empowerment", PACK) == 15
    assert rules.required_days("nothing of the kind", PACK) == 1
    assert rules.source("empowerment", PACK).article == "第八条(二)"


@pytest.mark.parametrize(
    ("type_", "shows"), [("patent_right", True), ("non_patent_technology", False), ("patent_application", False)]
)
def test_a_description_is_shown_only_where_nothing_is_given_away(type_: str, shows: bool) -> None:
    facts = rules.content_facts("empowerment", type_, {"achievement_name": "x"})
    answer = rules.content(facts, PACK, at("2026-03-02"))
    assert ("achievement_summary" in answer.values["shown"]) is shows
    entries = rules.entries_of(answer, {"achievement_name": "名", "achievement_summary": "说明"}, {})
    assert ("说明" in str(entries)) is shows


def test_the_hash_changes_with_every_word_and_only_then() -> None:
    entries = [{"code": "ownership", "label": "权属比例", "value": "30%", "people": []}]
    same = rules.text_hash("题", [dict(reversed(list(entries[0].items())))])
    assert rules.text_hash("题", entries) == same
    assert rules.text_hash("题", [{**entries[0], "value": "40%"}]) != same
    assert rules.text_hash("另题", entries) != same


def test_the_longest_gap_counts_from_publication_to_the_end() -> None:
    start = at("2026-03-02")
    hours = [start + timedelta(hours=one) for one in (1, 2, 7)]
    assert rules.longest_gap(start, hours, start + timedelta(hours=8)) == timedelta(hours=5)
    assert rules.longest_gap(start, [], start + timedelta(hours=3)) == timedelta(hours=3)


FIRST, LAST = at("2026-01-01"), at("2026-11-20")
INSTANTS = st.timedeltas(timedelta(0), LAST - FIRST).map(lambda since: FIRST + since)


@given(published=INSTANTS, later=st.timedeltas(timedelta(0), timedelta(days=40)))
def test_a_notice_has_run_exactly_after_its_last_day(published: datetime, later: timedelta) -> None:
    now = min(published + later, datetime(2026, 12, 31, 23, tzinfo=SHANGHAI))
    values = rules.period(counted(published), PACK, now).values
    assert values["end"] >= local_day(published) + timedelta(days=15)
    assert values["has_run"] is (local_day(now) > values["end"])
    assert values["earliest_signing"] == values["end"] + timedelta(days=1)


@given(published=INSTANTS, changed=st.timedeltas(timedelta(0), timedelta(days=15)))
def test_a_restart_never_shortens_a_notice(published: datetime, changed: timedelta) -> None:
    restarted = counted(published, restarts=[{"at": (published + changed).isoformat()}])
    first = rules.period(counted(published), PACK, published).values["end"]
    second = rules.period(restarted, PACK, published).values["end"]
    assert second >= first
