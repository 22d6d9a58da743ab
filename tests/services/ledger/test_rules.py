"""What may stand in the ledger, as tables of cases; no database."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from services.ledger import rules
from services.ledger.entry import Completer, Deal, Entry, grams_of, name_key, right_number, sort_key
from services.ledger.forms import filters_of, members_of, money_of
from shared.policy import load_pack

TODAY = date(2026, 3, 16)
YUNNAN = load_pack("cn-53")
CRITERIA = {
    "feasible": date(2026, 1, 10),
    "intended_use": date(2026, 2, 1),
    "benefit": date(2026, 2, 15),
    "resources": date(2026, 3, 20),
    "measurable": date(2026, 4, 1),
}


def entry(**changes: Any) -> Entry:
    values: dict[str, Any] = {
        "name": "一种茶叶杀青机",
        "type": "patent_right",
        "status": "not_converted",
        "team": (Completer(name="甲"),),
        **changes,
    }
    return Entry(**values)


@pytest.mark.requirement("R045", "R063")
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("高效 催化剂", "高效催化剂", True),
        ("ＬＡＭＰ检测", "lamp检测", True),
        ("高效\u200b催化剂\n", "高效催化剂", True),
        ("高效催化剂", "高效催化剂Ⅱ", False),
        ("高效催化剂", "高效催化器", False),
    ],
)
def test_names_are_compared_without_width_case_and_blanks(one: str, other: str, same: bool) -> None:
    assert (name_key(one) == name_key(other)) is same


def test_names_sort_by_pinyin_and_are_found_by_neighbouring_characters() -> None:
    assert sorted(["张", "阿", "李"], key=sort_key) == ["阿", "李", "张"]
    assert grams_of("茶叶机") == ["叶机", "机", "茶叶"]
    assert len(sort_key("长" * 300)) <= 120


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("ZL 2018 1 0862228.X", "201810862228.X"),
        ("专利号：ZL201810862228.x", "201810862228.X"),
        ("2018sr123456", "2018SR123456"),
    ],
)
def test_a_right_is_known_by_its_canonical_number(text: str, number: str) -> None:
    assert right_number(text) == number


@pytest.mark.requirement("R065", "R067")
def test_development_is_recognised_from_the_latest_of_five_dated_criteria_with_evidence() -> None:
    declared = entry(stage_declared="development", stage_criteria=CRITERIA)
    proven = rules.complete(declared.with_(stage_evidence=("assessment_report",)), YUNNAN, TODAY)
    assert (proven.entry.stage_recognised, proven.entry.stage_since) == ("development", date(2026, 4, 1))
    for stage in (
        declared,
        declared.with_(stage_evidence=("assessment_report",), stage_criteria=dict(list(CRITERIA.items())[:4])),
        entry(stage_declared="development"),
        entry(),
    ):
        found = rules.complete(stage, YUNNAN, TODAY)
        assert (found.entry.stage_recognised, found.entry.stage_since, found.refusal) == ("research", None, None)
        assert found.entry.stage_declared == stage.stage_declared


@pytest.mark.requirement("R073")
@pytest.mark.parametrize(
    ("status", "amount", "terms", "code", "kind"),
    [
        ("not_converted", None, "", None, None),
        ("not_converted", Decimal("0.00"), "", None, "appraisal"),
        ("intended", Decimal("100.00"), "", None, "appraisal"),
        ("converted", Decimal("100.00"), "", None, "amount"),
        ("converted", None, "", "ledger.amount_missing", None),
        ("converted", Decimal(0), "先使用后付费", None, "amount"),
        ("not_converted", Decimal(-1), "", "ledger.amount_negative", None),
    ],
)
def test_only_a_converted_achievement_needs_an_amount_and_empty_is_not_zero(
    status: str, amount: Decimal | None, terms: str, code: str | None, kind: str | None
) -> None:
    for exact in (True, False):
        found = rules.complete(
            entry(status=status, value=amount, deals=(Deal(terms=terms),)), YUNNAN, TODAY, exact=exact
        )
        assert (found.refusal.code if found.refusal else None) == code
        if code is None:
            assert found.entry.value == amount
            assert found.entry.value_kind == kind


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "medical_device"}, "enumeration.unknown_code"),
        ({"status": "partly"}, "enumeration.unknown_code"),
        ({"mode": "barter"}, "enumeration.unknown_code"),
        ({"team": ()}, "ledger.missing.completers"),
        ({"name": ""}, "ledger.missing.name"),
    ],
)
def test_codes_and_fields_that_the_pack_does_not_have_are_refused_with_their_article(
    changes: dict[str, Any], code: str
) -> None:
    refusal = rules.complete(entry(**changes), YUNNAN, TODAY).refusal
    assert refusal is not None
    assert refusal.code == code
    assert refusal.citation is not None
    assert refusal.citation.quote


def test_what_another_province_has_is_a_value_of_its_pack() -> None:
    jilin = load_pack("cn-22").with_mode("enforced")
    refusal = rules.complete(entry(status="converting"), jilin, TODAY).refusal
    assert refusal is not None
    assert refusal.code == "enumeration.unknown_code"
    assert rules.complete(entry(), jilin, TODAY).entry.stage_recognised is None
    assert rules.vocabulary(jilin).stages == ()


@pytest.mark.requirement("R071")
@pytest.mark.requirement("R150", "R151", "R152")
def test_the_other_province_has_its_own_types_in_two_groups_three_statuses_and_four_modes() -> None:
    words = rules.vocabulary(load_pack("cn-22"))
    assert [one.label for one in words.statuses] == ["未转化", "意向转化", "已转化"]
    assert [one.label for one in words.modes] == ["转让", "许可", "作价投资", "其他"]
    jilin = load_pack("cn-22").with_mode("enforced")
    groups = {one.code: rules.complete(entry(type=one.code), jilin, TODAY).entry.type_group for one in words.types}
    assert set(groups.values()) == {"granted", "not_granted"}
    assert groups["patent_application"] == "not_granted"
    for changes in ({"status": "converting"}, {"mode": "consulting"}):
        refusal = rules.complete(entry(**changes), jilin, TODAY).refusal
        assert refusal is not None
        assert refusal.citation is not None
        assert refusal.citation.article == "第八条"


@pytest.mark.requirement("R153")
@pytest.mark.parametrize(
    ("status", "amount", "code", "kind"),
    [
        ("not_converted", Decimal("100.00"), None, "appraisal"),
        ("intended", None, None, None),
        ("intended", Decimal("100.00"), None, "appraisal"),
        ("converted", Decimal("100.00"), None, "amount"),
        ("converted", None, "ledger.amount_missing", None),
        ("converting", Decimal("100.00"), "enumeration.unknown_code", None),
    ],
)
def test_the_other_province_values_alike_but_knows_nothing_in_between(
    status: str, amount: Decimal | None, code: str | None, kind: str | None
) -> None:
    jilin = load_pack("cn-22").with_mode("enforced")
    found = rules.complete(entry(status=status, value=amount, obtained_on=TODAY), jilin, TODAY)
    assert (found.refusal.code if found.refusal else None) == code
    if code is None:
        assert (found.entry.value, found.entry.value_kind) == (amount, kind)


def test_a_further_conversion_adds_and_counts() -> None:
    deal = Deal(mode="licence", amount=Decimal(50))
    assert rules.after_conversion("intended", Decimal(999), 0, deal) == {
        "status": "converted",
        "mode": "licence",
        "value": Decimal(50),
        "conversions": 1,
    }
    assert rules.after_conversion("converted", Decimal(100), 1, deal) == {"value": Decimal(150), "conversions": 2}
    assert rules.after_conversion("converted", Decimal(100), 0, deal)["conversions"] == 2
    assert rules.after_conversion("converted", None, 1, Deal()) == {"value": None, "conversions": 2}


def test_a_change_holds_from_a_day_of_the_achievements_own_life() -> None:
    began = date(2026, 3, 2)
    assert rules.wrong_day(began, began, TODAY) is None
    assert rules.wrong_day(TODAY, began, TODAY) is None
    early, late = rules.wrong_day(date(2026, 3, 1), began, TODAY), rules.wrong_day(date(2026, 3, 17), began, TODAY)
    assert early is not None
    assert late is not None
    assert (early.code, late.code) == ("ledger.before_beginning", "ledger.in_future")


@pytest.mark.requirement("R021")
@pytest.mark.parametrize(
    ("answer", "code"), [("yes", "secret.classified"), ("suspected", "secret.suspected"), ("", "secret.unanswered")]
)
def test_the_secret_gate_keeps_nothing(answer: str, code: str) -> None:
    found = rules.secret_gate(answer, None, YUNNAN, TODAY)
    assert not found.allowed
    assert found.findings[0].code == code


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ("杨思远、罗玉梅", [("杨思远", None), ("罗玉梅", None)]),
        ("杨思远 1/3\n罗玉梅 2/3", [("杨思远", Fraction(1, 3)), ("罗玉梅", Fraction(2, 3))]),
        ("扎西·次仁（60%）；John Smith 40%", [("扎西·次仁", Fraction(3, 5)), ("John Smith", Fraction(2, 5))]),
        ("", []),
    ],
)
def test_a_team_is_read_with_exact_shares(text: str, members: list[tuple[str, Fraction | None]]) -> None:
    assert members_of(text) == members


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("甲 33.33%、乙 33.33%、丙 33.33%", "恰为 100%"),
        ("甲 100.01%", "0 与 100%"),
        ("甲 60%、乙 60%、丙", "超过 100%"),
        ("甲、乙、甲", "重复"),
    ],
)
def test_shares_that_are_not_the_whole_are_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        members_of(text)


@pytest.mark.parametrize(
    ("text", "amount"), [("1,000.5", Decimal("1000.50")), ("", None), ("0", Decimal("0.00")), (None, None)]
)
def test_money_is_yuan_and_empty_is_not_zero(text: str | None, amount: Decimal | None) -> None:
    assert money_of(text) == amount


@pytest.mark.parametrize("text", ["约10万", "-1", "1.005", "1e20", "NaN", "十万"])
def test_money_that_cannot_be_read_is_said_so(text: str) -> None:
    with pytest.raises(ValueError, match="金额"):
        money_of(text)


def test_an_address_that_cannot_be_read_filters_nothing() -> None:
    found = filters_of({"year": "19x", "as_of": "2026-02-30", "known_at": "2026-03-01T00:00:00", "q": " x "}, TODAY)
    assert (found.year, found.as_of, found.known_at, found.q) == (None, None, None, "x")
    assert filters_of({"as_of": "2026-03-16"}, TODAY).as_of is None
    assert filters_of({"as_of": "2026-03-15"}, TODAY).as_of == date(2026, 3, 15)
