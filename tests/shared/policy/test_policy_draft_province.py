"""The draft province where it differs from the first one, in the mode in which its rules hold."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.policy import Pack, Verdict, evaluate

TODAY = date(2026, 5, 12)


def ask(pack: Pack, question: str, today: date = TODAY, **facts: Any) -> Any:
    return evaluate(question, facts, pack, today)


@pytest.mark.requirement("R100")
def test_longer_notices_are_fine_and_shorter_ones_are_not(jilin: Pack) -> None:
    published = "2026-03-02T09:00:00+08:00"
    assert ask(jilin, "notice.period", published_at=published, days=14).verdict is Verdict.REFUSED
    for days in (15, 16, 60):
        assert ask(jilin, "notice.period", published_at=published, days=days).verdict is Verdict.ALLOWED


@pytest.mark.requirement("R095")
def test_ten_years_without_alternative(jilin: Pack) -> None:
    term = {"first_day": "2026-03-01", "last_day": "2036-02-28", "remaining_protection_end": "2032-02-29"}
    assert ask(jilin, "term.use_right", term=term).has("term.too_short")
    assert not ask(jilin, "term.use_right", term={**term, "last_day": "2036-02-29"}).has("term.too_short")


@pytest.mark.requirement("R140", "R150")
def test_types_stand_in_two_groups(jilin: Pack) -> None:
    types = ask(jilin, "ledger.enumerations").values["types"]
    granted = [one["label"] for one in types if one["group"] == "granted"]
    assert granted == [
        "专利权",
        "计算机软件著作权",
        "集成电路布图设计专有权",
        "植物新品种权",
        "生物医药新品种",
        "技术秘密",
    ]
    assert [one["label"] for one in types if one["group"] == "not_granted"] == ["专利申请权", "专有技术", "配方"]


@pytest.mark.requirement("R149")
def test_the_day_of_obtaining_is_a_field_and_the_stage_is_not(jilin: Pack) -> None:
    fields = [one["code"] for one in ask(jilin, "ledger.fields").values["fields"]]
    # The seven of article 8, and the frequency that it asks to be marked beside the status.
    assert [code for code in fields if code != "frequency"] == fields[:7]
    assert fields[7:] == ["frequency"]
    assert "obtained_on" in fields
    assert "stage" not in fields


@pytest.mark.requirement("R152", "R151")
def test_three_states_and_four_modes(jilin: Pack) -> None:
    values = ask(jilin, "ledger.enumerations").values
    assert [one["label"] for one in values["statuses"]] == ["未转化", "意向转化", "已转化"]
    assert [one["label"] for one in values["modes"]] == ["转让", "许可", "作价投资", "其他"]
    conversions = [{"amount": "10"}, {"amount": "20"}]
    assert ask(jilin, "ledger.frequency", status="converted", conversions=conversions).values["frequency"] == 2
    assert ask(jilin, "ledger.frequency", status="intended", conversions=[]).values["frequency"] is None


@pytest.mark.requirement("R158", "R159")
@pytest.mark.parametrize(("triggers", "due"), [(["related_party"], True), (["agreed_price"], True), ([], False)])
def test_either_trigger_makes_a_price_notice_due(jilin: Pack, triggers: list[str], due: bool) -> None:
    answer = ask(jilin, "notice.required", kind="pricing", triggers=triggers)
    assert answer.values["required"] is due
    assert (answer.values["days"], answer.values["comparator"]) == (15, ">=")


@pytest.mark.requirement("R161")
def test_a_price_is_not_below_a_third_party_appraisal(jilin: Pack) -> None:
    assert ask(jilin, "price.check", amount="999999.99", appraisal="1000000.00").verdict is Verdict.REFUSED
    assert ask(jilin, "price.check", amount="1000000.00", appraisal="1000000").verdict is Verdict.ALLOWED
    assert ask(jilin, "price.check", amount="1").verdict is Verdict.ALLOWED


@pytest.mark.requirement("R154")
def test_ten_working_days_by_the_official_calendar(jilin: Pack) -> None:
    answer = ask(jilin, "deadline.due", today=date(2026, 9, 29), deadline="approval_filing", event_on="2026-09-28")
    assert answer.values["due"] == date(2026, 10, 16)
    late = ask(jilin, "deadline.due", today=date(2026, 10, 17), deadline="approval_filing", event_on="2026-09-28")
    assert late.values["overdue"] is True


@pytest.mark.requirement("R107")
def test_the_fund_is_encouraged_on_net_income_and_never_blocks(jilin: Pack) -> None:
    hint = ask(jilin, "fund.minimum", net_income="1000000", amount="99999")
    assert hint.verdict is Verdict.ADVISED
    assert ask(jilin, "fund.minimum", net_income="1000000", amount="100000").verdict is Verdict.ALLOWED


@pytest.mark.requirement("R112")
def test_no_trade_while_in_office(jilin: Pack) -> None:
    facts = {"position": "unit_head", "in_office_until": "2027-06-30"}
    assert ask(jilin, "leader.trade", today=date(2027, 6, 30), **facts).verdict is Verdict.REFUSED
    assert ask(jilin, "leader.trade", today=date(2027, 7, 1), **facts).verdict is Verdict.ALLOWED
    assert ask(jilin, "leader.trade", today=date(2026, 7, 1), position="unit_head").verdict is Verdict.REFUSED


def test_two_january_reports_with_different_recipients(jilin: Pack) -> None:
    reports = {one["code"]: one for one in ask(jilin, "report.stages", year=2026).values["reports"]}
    assert reports["work_report"]["stages"][0]["recipients"] == ["science", "competent"]
    assert reports["conversion_report"]["stages"][0]["recipients"] == ["competent", "science", "finance"]
    assert {one["stages"][0]["due"] for key, one in reports.items() if key != "exit_list"} == {date(2027, 1, 31)}


def test_units_that_are_only_invited_get_hints(jilin: Pack) -> None:
    facts: dict[str, Any] = {"guideline": "empowerment", "unit_kind": "hospital", "unit_traits": ["central"]}
    answer = ask(jilin, "pilot.covers", **facts)
    assert answer.verdict is Verdict.ADVISED
    assert answer.mode == "advisory"


def test_a_shorter_share_of_cents_goes_to_the_largest_remainder(jilin: Pack) -> None:
    parts = ask(jilin, "fee.split", agreed_fee={"a": "1/3", "b": "1/3", "c": "1/3"}, fee="100").values["parts"]
    assert [str(part) for part in parts.values()] == ["33.34", "33.33", "33.33"]
