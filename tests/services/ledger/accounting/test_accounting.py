"""Where costs may go by the text: by kind of unit, stage and right; a hint with its article, never a decision."""

from datetime import date
from decimal import Decimal

import pytest

from services.ledger.accounting import rules
from services.ledger.entry import Right
from shared.policy import load_pack
from tests.services.ledger.test_pages import HOME, made
from tests.web import Site
from tests.world import World

YUNNAN, JILIN, TODAY = load_pack("cn-53"), load_pack("cn-22"), date(2026, 3, 16)
COSTS = {"research_cost": Decimal(300_000), "fees": Decimal(12_000)}


def told(kind: str, found: list[str]) -> tuple[dict[str, str], list[str]]:
    """(component → result, what finance is asked) of the first case of rule 40."""
    hints: dict[str, str] = {}
    asked: list[str] = []
    for component, one in rules.hints(kind, found, COSTS, YUNNAN, TODAY):
        hints.update((component, hint["result"]) for hint in one.answer.values["hints"])
        asked += one.answer.values["ask_finance"]
    return hints, asked


@pytest.mark.requirement("R075", "R076", "R077")
def test_a_granted_right_without_development_differs_by_kind_of_unit() -> None:
    found = rules.situations(False, ["granted"], "not_converted", YUNNAN)
    assert told("university", found) == ({"research_cost": "expense", "fees": "intangible"}, [])
    assert told("enterprise", found) == ({"research_cost": "profit_or_loss"}, ["fees"])


@pytest.mark.requirement("R074")
def test_the_stage_drives_the_hint() -> None:
    assert rules.situations(False, ["applied"], "not_converted", YUNNAN) == ["research"]
    assert rules.situations(False, ["lapsed"], "not_converted", YUNNAN) == ["research"]
    developed = rules.situations(True, ["granted"], "not_converted", YUNNAN)
    results = [
        hint["result"]
        for component, one in rules.hints("university", developed, COSTS, YUNNAN, TODAY)
        for hint in one.answer.values["hints"]
        if component == "development_cost"
    ]
    assert results == ["intangible", "expense"], "by whether an asset was formed in the end: both are shown"


@pytest.mark.requirement("R144")
def test_without_stages_nothing_is_an_asset_before_conversion_and_its_value_is_empty() -> None:
    found = rules.situations(False, ["granted"], "not_converted", JILIN)
    ((component, one),) = rules.hints("university", found, {}, JILIN, TODAY)
    (hint,) = one.answer.values["hints"]
    assert (component, hint["result"], hint["amount"]) == ("asset_value", "none", None)
    assert rules.situations(False, ["granted"], "converted", JILIN) == []


@pytest.mark.requirement("R052")
async def test_the_page_shows_each_hint_with_its_article_and_keeps_no_amount(site: Site, world: World) -> None:
    row_id = await made(world, rights=(Right("201810862228.X", "patent_right"),))
    visitor = await site.signed_in(world, world.university, "finance")
    page = f"{HOME}/{row_id}/accounting"
    plain = (await visitor.get(page)).text
    assert "单列管理不改变职务科技成果的国有资产属性" in plain
    assert "第五条" in plain, "what is managed apart stays an asset of the state"
    for words in ("当期费用", "第十条", "由财务部门确定", "注册费、聘请律师费"):
        assert words in plain, words
    assert "30.00 万元" in (await visitor.get(page, research_cost="300000")).text
    assert "30.00 万元" not in (await visitor.get(page)).text
    assert "不能为负数" in (await visitor.get(page, research_cost="-1")).text
    assert (await site.anonymous().get(page)).headers["location"].startswith("/sign-in")
    assert (await (await site.signed_in(world, world.institute)).get(page)).status_code == 404
