"""The top bar's search: units, reports and items that the audience may see, and no other."""

import pytest

from services.home.searching.routes_console import HOME
from tests.services.annual_report.arranging import small_ledger, submitted
from tests.services.home.test_overview import person
from tests.web import Site
from tests.world import World


async def test_a_department_finds_its_own_units_and_the_reports_that_reached_it(site: Site, world: World) -> None:
    await small_ledger(world)
    first = await submitted(world)
    page = (await (await person(site, world, "department")).get(HOME, q="大学")).text
    assert "滇池示例大学" in page
    assert f"/console/reports/{first}" in page
    # the science department received nothing yet, and another department answers for other units
    science = (await (await person(site, world, "science")).get(HOME, q="大学")).text
    assert "滇池示例大学" in science.split("<main")[1]
    assert "/console/reports/" not in science.split("<main")[1]
    other = await site.signed_in(world, world.other_department, "department_officer", kind="department")
    assert "没有找到" in (await other.get(HOME, q="大学")).text


async def test_a_finance_department_finds_no_unit(site: Site, world: World) -> None:
    assert "没有找到" in (await (await person(site, world, "finance")).get(HOME, q="大学")).text


async def test_achievements_are_not_found(site: Site, world: World) -> None:
    await small_ledger(world)
    for kind in ("science", "department"):
        assert "没有找到" in (await (await person(site, world, kind)).get(HOME, q="并入一")).text


@pytest.mark.parametrize("words", ["%", "_", "\\", "<script>alert(1)</script>", "甲" * 500])
async def test_odd_words_find_nothing_and_break_nothing(site: Site, world: World, words: str) -> None:
    answer = await (await person(site, world, "science")).get(HOME, q=words)
    assert answer.status_code == 200
    assert "没有找到" in answer.text
    assert "<script>alert" not in answer.text


async def test_without_words_the_page_says_what_can_be_found(site: Site, world: World) -> None:
    assert "请输入要查找的文字" in (await (await person(site, world, "finance")).get(HOME, q="  ")).text


async def test_the_field_at_the_top_leads_where_its_audience_may_search(site: Site, world: World) -> None:
    clerk = (await (await site.signed_in(world, world.university, "clerk")).get("/institution/")).text
    assert 'action="/institution/ledger"' in clerk
    assert 'action="/console/search"' in (await (await person(site, world, "science")).get("/console/")).text
    operator = await site.signed_in(world, world.operator, "operator", kind="operator")
    assert "全站查找" not in (await operator.get("/operator/")).text
    assert (await (await site.signed_in(world, world.university, "clerk")).get(HOME)).status_code == 404
    assert (await site.anonymous().get(HOME)).status_code == 303
