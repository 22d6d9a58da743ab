"""What the rules are asked about an application, without a database; and which ways through the states there are."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.empowerment import rules
from services.empowerment.applying.forms import read_application, share_words, values_of
from services.empowerment.applying.rules import asked
from services.empowerment.models import State
from services.empowerment.reviewing.forms import names_in
from services.empowerment.signing import rules as signing_rules
from services.empowerment.workflow import MOVES
from shared.forms import share_of
from shared.ids import new_id
from shared.policy import load_pack
from tests.services.notices.arranging import at

PACK = load_pack("cn-53")
TODAY = date(2026, 3, 16)
SELECTED = rules.Selection("empowerment", date(2025, 12, 1), None, "名单")
UNIVERSITY = rules.Unit("university", ("provincial",), (SELECTED,))


def selected(**changes: Any) -> rules.Unit:
    """A university whose place in a pilot differs from the plain one."""
    return replace(UNIVERSITY, selections=(replace(SELECTED, **changes),))


@pytest.mark.parametrize(
    ("unit", "day", "verdict", "code"),
    [
        (UNIVERSITY, TODAY, "allowed", None),
        (replace(UNIVERSITY, selections=()), TODAY, "refused", "pilot.not_selected"),
        (selected(guideline="ledger"), TODAY, "refused", "pilot.not_selected"),
        (selected(first_day=date(2026, 6, 1)), date(2026, 5, 31), "refused", "pilot.not_selected"),
        (selected(last_day=date(2026, 3, 15)), TODAY, "refused", "pilot.not_selected"),
        (UNIVERSITY, date(2028, 11, 8), "allowed", None),
        (UNIVERSITY, date(2028, 11, 9), "person_must_decide", "pilot.disputed_day"),
        (UNIVERSITY, date(2028, 11, 10), "refused", "pilot.expired"),
        (replace(UNIVERSITY, kind="enterprise", selections=()), TODAY, "refused", "pilot.unit_kind"),
        (replace(UNIVERSITY, kind="enterprise"), TODAY, "advised", "pilot.opened_by_document"),
        (replace(UNIVERSITY, kind="hospital"), TODAY, "allowed", None),
    ],
)  # fmt: skip
def test_whom_the_guideline_covers(unit: rules.Unit, day: date, verdict: str, code: str | None) -> None:
    answer = rules.is_covered(rules.cover_facts(unit, day), PACK, day)
    assert answer.verdict == verdict
    assert code is None or answer.has(code)


@pytest.mark.parametrize(
    ("signed_on", "now", "instant"),
    [
        (date(2026, 3, 18), at("2026-03-18", 9), at("2026-03-18", 9)),
        (date(2026, 3, 17), at("2026-03-18", 9), at("2026-03-17", 23, 59).replace(second=59)),
    ],
)
def test_an_agreement_of_an_earlier_day_is_judged_by_the_end_of_that_day(
    signed_on: date, now: Any, instant: Any
) -> None:
    assert signing_rules.signing_instant(signed_on, now) == instant


def signing(**changes: Any) -> signing_rules.Signing:
    reference = rules.ListRef(new_id(), 1, "a")
    clauses = tuple(one["code"] for one in signing_rules.clauses("ownership", PACK, TODAY))
    plain = signing_rules.Signing(
        "ownership", date(2026, 3, 18), date(2026, 3, 18), clauses,
        rules.Terms(Fraction(3, 10), Fraction(7, 10), "by_share"),
        {"published_at": at("2026-03-02"), "days": 15}, [], reference, reference,
    )  # fmt: skip
    return replace(plain, **changes)


OPEN = {"received_at": at("2026-03-17", 23, 50), "state": "open"}
LATE = {"received_at": at("2026-03-18", 0, 10), "state": "open"}


@pytest.mark.requirement("R035")
@pytest.mark.parametrize(
    ("changes", "now", "code"),
    [
        ({}, at("2026-03-18", 0), None),
        ({"signed_on": date(2026, 3, 17)}, at("2026-03-17", 16), "notice.running"),
        ({"notice": None}, at("2026-03-18"), "notice.missing"),
        ({"objections": [OPEN]}, at("2026-03-18"), "objection.open"),
        ({"objections": [LATE]}, at("2026-03-18"), None),
        ({"objections": [{**OPEN, "state": "settled"}]}, at("2026-03-18"), None),
        ({"objections": [{**OPEN, "state": "upheld"}]}, at("2026-03-18"), "objection.upheld"),
        ({"list_in_force": rules.ListRef(new_id(), 2, "b")}, at("2026-03-18"), "screening.other_list_version"),
        ({"list_in_force": None}, at("2026-03-18"), "screening.no_list"),
        ({"clauses": ("scope",)}, at("2026-03-18"), "clause.shares"),
        ({"terms": rules.Terms(Fraction(0), Fraction(1))}, at("2026-03-18"), "shares.not_positive"),
    ],
)  # fmt: skip
def test_what_stands_against_signing(changes: dict[str, Any], now: Any, code: str | None) -> None:
    answer = signing_rules.may_sign(signing_rules.signing_facts(UNIVERSITY, signing(**changes), now), PACK, now.date())
    assert answer.allowed is (code is None)
    assert code is None or answer.has(code)


@pytest.mark.requirement("R036")
def test_the_clauses_differ_by_kind_of_right() -> None:
    assert len(signing_rules.clauses("ownership", PACK, TODAY)) == 6
    assert len(signing_rules.clauses("use_right", PACK, TODAY)) == 10


def test_a_running_case_keeps_the_version_under_which_it_began() -> None:
    began, newest = new_id(), new_id()
    assert rules.governing_version(began, newest, PACK, TODAY) == began


@pytest.mark.parametrize(
    ("typed", "share"),
    [
        ("30%", Fraction(3, 10)),
        ("1/3", Fraction(1, 3)),
        ("0.7", Fraction(7, 10)),
        ("３０％", Fraction(3, 10)),
        ("", None),
    ],
)
def test_a_share_is_read_exactly(typed: str, share: Fraction | None) -> None:
    assert share_of(typed) == share


@pytest.mark.parametrize("typed", ["三成", "1/0", "120%", "-1", "nan", "1e9999"])
def test_what_is_no_share_is_an_error(typed: str) -> None:
    with pytest.raises(ValueError):
        share_of(typed)


@given(st.fractions(0, 1, max_denominator=10_000))
def test_a_share_survives_its_own_words(share: Fraction) -> None:
    assert share_of(share_words(share)) == share


def test_a_submission_survives_its_own_form() -> None:
    team = (new_id(), new_id())
    conditions = {
        code: {"met": True, "evidence": ["x"], "note": "注"} for code in ("clear_ownership", "clear_prospect")
    }
    submission = rules.Submission(
        "ownership", team[0], tuple(rules.TeamMember(one, True, Fraction(1, 2)) for one in team),
        "说明", "团队", "方案", conditions, Fraction(1, 3), Fraction(2, 3), "by_share",
    )  # fmt: skip
    assert read_application("ownership", values_of(submission), team, list(conditions), asked("ownership", PACK)) == (
        submission,
        {},
    )


def test_names_are_read_however_they_are_parted() -> None:
    assert names_in("甲、乙，丙 丁;戊") == ["甲", "乙", "丙", "丁", "戊"]


FINAL = {State.FORMALISED, State.REJECTED, State.WITHDRAWN}


@given(st.lists(st.sampled_from([move.name for move in MOVES.moves]), max_size=40))
def test_no_way_leads_to_an_agreement_past_screening_review_and_notice(names: list[str]) -> None:
    state = str(State.DRAFT)
    since_submission: set[str] = set()
    for name in names:
        if MOVES.refusal(name, state) is not None:
            continue
        assert state not in FINAL
        move = MOVES.named(name)
        state = move.target
        since_submission = {name} if name == "submit" else since_submission | {name}
        if state == State.AGREED and name == "sign_agreement":
            assert {"submit", "screen", "record_feasibility", "publish"} <= since_submission


@pytest.mark.requirement("R024")
@pytest.mark.parametrize(
    ("grant_type", "effective_on", "verdict", "continues"),
    [
        ("use_right", date(2028, 11, 8), "allowed", True),
        ("use_right", date(2028, 11, 9), "person_must_decide", False),
        ("ownership", date(2028, 11, 1), "person_must_decide", False),
    ],
)
def test_after_the_pilot_an_agreement_signed_and_effective_in_time_goes_on(
    grant_type: str, effective_on: date, verdict: str, continues: bool
) -> None:
    """Rule 10: use rights by the text; what it does not name is a person's to decide. In the pilot all of them bind."""
    signed = rules.Binding(grant_type, date(2028, 10, 20), effective_on, date(2038, 10, 31))
    after = rules.still_binds(signed, rules.GUIDELINE, PACK, date(2030, 1, 10))
    assert (after.verdict, after.values.get("continues")) == (verdict, continues)
    assert after.values["active"] is True
    during = rules.still_binds(signed, rules.GUIDELINE, PACK, date(2028, 11, 8))
    assert (during.verdict, during.findings) == ("allowed", ())
    over = rules.still_binds(signed, rules.GUIDELINE, PACK, date(2038, 11, 1))
    assert over.values["active"] is False
