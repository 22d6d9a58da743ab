"""The procedures that the text asks a unit to have: each has its page, with its article, for those who act in it."""

import pytest

from services.ledger.entry import Right
from tests.services.ledger.disclosure.test_pages import begun
from tests.services.ledger.test_pages import HOME, made
from tests.web import Site
from tests.world import World


@pytest.mark.requirement("R049", "R053")
async def test_the_rules_page_says_by_which_principles_and_who_is_responsible(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.university)
    principles = (await clerk.get("/institution/policy", q="尊重规律")).text
    assert "尊重规律、放管结合、权责一致、风险可控、包容审慎、鼓励创新" in principles
    assert "第二条" in principles
    procedures = (await clerk.get("/institution/policy", q="审核登记")).text
    assert "完善职务科技成果披露、审核登记、资产确认、无形资产管理、资产处置等流程" in procedures
    assert "第六条" in procedures


@pytest.mark.requirement("R053")
@pytest.mark.parametrize(
    ("address", "article"),
    [
        ("{disclosure}", "第八条"),
        ("{record}/stage", "第九条"),
        ("{record}/accounting", "第十条"),
        ("{record}/mark", "第十一条"),
        ("{record}/losses", "第十二条"),
    ],
    ids=["disclosure", "registration", "recognition of assets", "intangibles", "disposal"],
)
async def test_each_procedure_has_its_page_with_its_article(
    site: Site, world: World, address: str, article: str
) -> None:
    row_id = await made(world, rights=(Right("201810862228.X", "patent_right"),))
    clerk = await site.signed_in(world, world.university)
    shown = await clerk.get(address.format(record=f"{HOME}/{row_id}", disclosure=await begun(clerk)))
    assert shown.status_code == 200
    assert article in shown.text
