"""How long rights live and when their fees are due, day by day."""

from datetime import date

import pytest

from services.ledger.entry import Right
from services.ledger.rights import rules
from shared.policy import load_pack

PACK, TODAY = load_pack("cn-53"), date(2026, 3, 16)
INVENTION, UTILITY = "201810862228.X", "201920000001.9"
PATENT = Right(INVENTION, "patent_right", applied_on=date(2018, 8, 1), granted_on=date(2021, 5, 11))


def utility() -> str:
    """A number of a utility model with the check digit that fits."""
    body = "201920000001"
    return f"{body}.{next(d for d in '0123456789X' if rules.number_fault(f'{body}.{d}', 'patent_right', PACK) is None)}"


@pytest.mark.parametrize(
    ("right", "end"),
    [
        (PATENT, date(2038, 8, 1)),
        (Right(utility(), "patent_right", applied_on=date(2019, 2, 28), granted_on=date(2020, 1, 7)), date(2029, 2, 28)),
        (Right("2020SR0000001", "software_copyright", published_on=date(2020, 5, 6)), date(2070, 12, 31)),
        (
            Right(
                "BS.205000001", "ic_layout", applied_on=date(2022, 5, 6), published_on=date(2021, 5, 7),
                created_on=date(2010, 1, 2),
            ),
            date(2025, 1, 2),
        ),
        (Right("CNA20200000001", "plant_variety", category="plant_variety_tree", granted_on=date(2022, 3, 1)),
         date(2042, 3, 1)),
    ],
)  # fmt: skip
def test_the_term_runs_from_its_own_day(right: Right, end: date) -> None:
    term = rules.term_of(right, PACK, TODAY)
    assert term is not None
    assert term.answer.values["protection_end"] == end


@pytest.mark.parametrize(
    "right",
    [
        Right(INVENTION, "patent_right", granted_on=date(2021, 5, 11)),
        Right("CNA20200000001", "plant_variety", granted_on=date(2022, 3, 1)),
        Right("秘密 1", "non_patent_technology", granted_on=date(2022, 3, 1)),
        Right(INVENTION, "patent_application", status="applied", applied_on=date(2018, 8, 1)),
    ],
)
def test_without_its_first_day_or_a_term_of_its_kind_nothing_is_counted(right: Right) -> None:
    assert rules.term_of(right, PACK, TODAY) is None


def test_the_next_fee_is_due_before_the_patent_year_ends_that_is_paid_for() -> None:
    first = rules.next_fee(PATENT, PACK, TODAY)
    assert first is not None
    # granted in the third patent year, whose fee is paid with the grant
    assert (first.year, first.due) == (4, date(2021, 8, 2)), "1 August 2021 is a Sunday"
    assert first.late_until == date(2022, 2, 7), "the half year ends in the days off of the spring festival"
    paid = rules.completed(Right(**{**PATENT.values(), "fee_year": 8}), PACK, TODAY)
    fee = rules.next_fee(paid, PACK, TODAY)
    assert fee is not None
    assert (fee.year, fee.tentative) == (9, False)
    assert paid.fee_due_on == fee.due == date(2026, 8, 3), "1 August 2026 is a Saturday"
    ahead = rules.next_fee(Right(**{**PATENT.values(), "fee_year": 9}), PACK, TODAY)
    assert ahead is not None
    assert (ahead.due, ahead.tentative) == (date(2027, 8, 1), True), "2027 has no calendar yet"


def test_the_last_year_of_a_patent_and_one_that_is_over_have_no_fee() -> None:
    last = rules.completed(Right(**{**PATENT.values(), "fee_year": 20}), PACK, TODAY)
    assert last.fee_due_on is None
    for status in ("lapsed", "transferred", "applied"):
        assert rules.next_fee(Right(**{**PATENT.values(), "status": status}), PACK, TODAY) is None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("ZL201810862228.1", "校验位应为 X，填写的是 1"),
        ("CN112345678A", "公开（公告）号"),
        ("ZL2018XXXXXXXX.X", "占位"),
        ("一二三", "不是专利号的写法"),
        ("201870862228.X", "种类位不存在"),
    ],
)
def test_a_number_that_cannot_be_right_is_told_why(number: str, words: str) -> None:
    told = rules.number_fault(number, "patent_right", PACK)
    assert told is not None
    assert words in told
    assert rules.number_fault(number, "software_copyright", PACK) is None


def test_days_that_cannot_stand_together_are_told_by_field() -> None:
    right = Right(INVENTION, "patent_right", applied_on=date(2021, 5, 12), granted_on=date(2021, 5, 11))
    assert list(rules.dates_fault(right, TODAY)) == ["granted_on"]
    assert list(rules.dates_fault(Right(INVENTION, "patent_right"), TODAY)) == ["granted_on"]
    future = Right(INVENTION, "patent_right", applied_on=date(2026, 3, 17), status="applied")
    assert list(rules.dates_fault(future, TODAY)) == ["applied_on"]
