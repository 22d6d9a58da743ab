"""What each province asks for at a disclosure, by its own articles; no database."""

from datetime import date
from typing import Any

import pytest

from services.ledger.disclosure.rules import errors_of, fields_of, may_submit
from shared.errors import Refusal
from shared.policy import load_pack
from shared.policy.pack import Pack

TODAY = date(2026, 5, 1)
GIVEN = {
    "name": "一种示例疫苗",
    "type": "patent_right",
    "team": ["测试甲"],
    "market_prospect": "可用于示例疾病。",
    "more": {"development": "已完成中试。"},
    "evidence": ["grant_certificate"],
}


@pytest.fixture(scope="module")
def second() -> Pack:
    """The pack whose text asks by the kind of the result, not by the money behind it."""
    return load_pack("cn-22").with_mode("enforced")


def refusals(values: dict[str, Any], pack: Pack) -> list[Refusal]:
    decided = may_submit(values, "university", pack, TODAY)
    return [found for one in decided if (found := Refusal.of(one.answer))]


@pytest.mark.requirement("R147")
@pytest.mark.parametrize(
    ("left_out", "code"),
    [
        ({"name": ""}, "disclosure.missing.name"),
        ({"team": []}, "disclosure.missing.completers"),
        ({"more": {}}, "disclosure.missing.development"),
        ({"market_prospect": None}, "disclosure.missing.market_prospect"),
    ],
)
def test_basic_facts_development_and_prospect_are_asked(second: Pack, left_out: dict[str, Any], code: str) -> None:
    assert refusals(GIVEN, second) == []
    assert set(fields_of("university", None, second, TODAY)) == {"name", "team", "development", "market_prospect"}
    (refusal,) = refusals({**GIVEN, **left_out}, second)
    assert refusal.code == code
    assert refusal.citation is not None
    assert refusal.citation.article == "第七条"


@pytest.mark.requirement("R148", "R150", "R140")
@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("patent_right", True),
        ("software_copyright", True),
        ("ic_layout", True),
        ("plant_variety", True),
        ("new_biomedical_product", True),
        ("technical_secret", True),
        ("patent_application", False),
        ("non_patent_technology", False),
        ("formula", False),
    ],
)
def test_what_is_granted_needs_its_certificate_and_what_is_not_does_not(second: Pack, kind: str, asked: bool) -> None:
    found = refusals({**GIVEN, "type": kind, "evidence": []}, second)
    assert [one.code for one in found] == (["disclosure.no_evidence.granted"] if asked else [])
    assert refusals({**GIVEN, "type": kind}, second) == []
    for one in found:
        assert one.citation is not None
        assert "授权证明" in one.citation.quote
        assert one.inputs["provided"] == []


@pytest.mark.requirement("R148")
def test_without_a_type_nobody_can_say_whether_a_certificate_is_due(second: Pack) -> None:
    decided = may_submit({**GIVEN, "type": None}, "university", second, TODAY)
    assert list(errors_of(decided)) == ["type"]
    assert "第七条" in errors_of(decided)["type"]


@pytest.mark.requirement("R059", "R060")
@pytest.mark.parametrize(
    ("funding", "evidence", "code"),
    [
        ("fiscal", [], "disclosure.no_evidence.fiscal_project"),
        ("fiscal", ["research_plan"], "disclosure.no_evidence.fiscal_project"),
        ("fiscal", ["project_contract"], None),
        ("fiscal", ["approval_paper"], None),
        ("own", ["approval_paper"], "disclosure.no_evidence.other_project"),
        ("own", ["research_plan"], None),
        ("commissioned", [], "disclosure.no_evidence.other_project"),
        ("commissioned", ["project_contract"], None),
        (None, ["project_contract"], "disclosure.funding_unstated"),
    ],
)
def test_the_money_behind_it_decides_which_paper(funding: str | None, evidence: list[str], code: str | None) -> None:
    values = {
        **GIVEN, "technical_field": "新材料", "form": "专利", "stage": "research", "funding": funding,
        "evidence": evidence,
    }  # fmt: skip
    found = refusals(values, load_pack("cn-53"))
    assert [one.code for one in found] == ([code] if code else [])
    for one in found:
        assert one.citation is not None
        assert one.citation.article == "第八条"
        assert one.citation.quote
        assert "provided" in one.inputs
