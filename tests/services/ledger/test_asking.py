"""An address that asks the ledger for what there is not is told so: refused for machines, shown to people."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from services.ledger.asking import SORTS
from tests.services.ledger.test_api import account, ask
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

__all__ = ["account"]

WRONG = {
    "sort": ("sort", "price"),
    "sort by a column": ("sort", "number desc"),
    "code of a type": ("type", "no_such_type"),
    "label instead of a code": ("status", "已转化"),
    "code of a stage": ("stage", "x"),
    "code of a mode": ("mode", "gift"),
    "year": ("year", "0"),
    "day after today": ("as_of", "2031-01-01"),
    "no day": ("as_of", "2026-02-30"),
    "instant without a zone": ("known_at", "2026-03-16T09:00:00"),
    "cursor": ("after", "three"),
    "cursor before": ("before", "~"),
    "page size 0": ("limit", "0"),
    "page size": ("limit", "201"),
    "no page size": ("limit", "many"),
    "parameter": ("cursor", "x"),
    "parameter nearly right": ("page_size", "10"),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_a_machine_is_told_the_field_and_what_is_allowed(
    site: Site, world: World, account: dict[str, Any], kind: str
) -> None:
    account["tenant"] = world.university
    name, value = WRONG[kind]
    answer = await ask(site, f"/api/achievements?{urlencode({name: value})}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert [one["key"] for one in problem["errors"]] == [name]
    assert "values" not in problem
    assert value not in str(problem["errors"][0].get("allowed", ""))


async def test_allowed_values_are_those_of_the_province(site: Site, world: World, account: dict[str, Any]) -> None:
    account["tenant"] = world.university
    problem = (await ask(site, "/api/achievements?sort=x&status=y&mode=licence&cursor=1")).json()
    allowed = {one["key"]: one["allowed"] for one in problem["errors"]}
    assert set(allowed) == {"cursor", "status", "sort"}
    assert allowed["sort"] == list(SORTS)
    assert {"not_converted", "converted"} <= set(allowed["status"])
    for code in allowed["status"]:
        assert (await ask(site, f"/api/achievements?status={code}")).status_code == 200
    for sort in allowed["sort"]:
        assert (await ask(site, f"/api/achievements?sort={sort}")).status_code == 200


async def test_a_cursor_belongs_to_its_order_and_to_one_direction(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    account["tenant"] = world.university
    async with world.acting(world.university) as tx:
        for n in range(3):
            await registered(tx, f"成果{n}")
    following = (await ask(site, "/api/achievements?limit=1&sort=name")).json()["next"]
    assert (await ask(site, f"/api/achievements?{urlencode({'sort': 'name', 'after': following})}")).status_code == 200
    other = await ask(site, f"/api/achievements?{urlencode({'sort': 'obtained', 'after': following})}")
    assert (other.status_code, other.json()["errors"][0]["key"]) == (400, "after")
    both = await ask(site, f"/api/achievements?{urlencode({'sort': 'name', 'after': following, 'before': following})}")
    assert (both.status_code, both.json()["errors"][0]["key"]) == (400, "before")


async def test_the_page_goes_on_without_what_it_cannot_use_and_says_so(site: Site, world: World) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx, "一种示例装置", status="intended")
        await registered(tx, "另一种示例装置")
    clerk = await site.signed_in(world, world.university)
    page = await clerk.get("/institution/ledger", type="x", status="intended", sort="price", after="three")
    words = re.sub(r"<[^>]+>|\u2060", "", page.text)
    assert page.status_code == 200
    assert "地址中有不能采用的条件" in words
    assert re.search("成果类型：没有这个代码.*排序：没有这种排序.*翻页位置：翻页位置无效", words, re.S)
    # What can be used still filters, and only that stands in the page's own links.
    assert "一种示例装置" in words
    assert "另一种示例装置" not in words
    assert "price" not in page.text
    plain = await clerk.get("/institution/ledger", status="intended")
    assert "不能采用的条件" not in plain.text


async def test_a_cursor_out_of_use_shows_the_first_page_and_says_so(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.university)
    words = re.sub(r"<[^>]+>|\u2060", "", (await clerk.get("/institution/ledger", after="three")).text)
    assert "翻页位置：翻页位置无效" in words
