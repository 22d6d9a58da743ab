"""How many of what is filtered have which value, beside the list; what is filtered can be taken off piece by piece."""

import re
from datetime import date
from html import unescape
from uuid import uuid4

import pytest

from services.ledger import workflow
from services.ledger.entry import Entry, Right
from services.ledger.listing import Filters
from services.ledger.views import queries
from tests.services.ledger.test_workflow import DAY, registered
from tests.web import Site
from tests.world import World

HOME = "/institution/ledger"
NAMES = tuple(queries.FACETS)


def links_of(page: str, name: str) -> list[tuple[str, str]]:
    """(words, address) of the links within elements of a class, in the page's order."""
    found = []
    for part in re.findall(rf'class="[^"]*\b{name}\b[^"]*".*?</(?:ul|div)>', page, re.DOTALL):
        for href, inner in re.findall(r'<a [^>]*?href="([^"]*)"[^>]*>(.*?)</a>', part, re.DOTALL):
            found.append((" ".join(re.sub(r"<[^>]+>", "", inner).split()), unescape(href)))
    return found


async def three(world: World) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx, "蓝藻甲", type="patent_right", obtained_on=date(2024, 5, 1))
        await registered(tx, "蓝藻乙", type="software_copyright", obtained_on=date(2025, 5, 1), status="intended")
        await registered(tx, "竹炭", type="patent_right", college="林学院", rights=(Right("2", "patent_right"),))


async def counts(world: World, filters: Filters, names: tuple[str, ...] = NAMES) -> dict[str, dict[str, int]]:
    async with world.acting(world.university) as tx:
        return {name: dict(one.counts) for name, one in (await queries.facet_counts(tx, filters, names)).items()}


async def test_each_filter_is_counted_with_the_others_holding(world: World) -> None:
    await three(world)
    whole = await counts(world, Filters())
    assert whole["type"] == {"patent_right": 2, "software_copyright": 1}
    assert whole["year"] == {"2024": 1, "2025": 1, "": 1}
    narrowed = await counts(world, Filters(type="patent_right", q="蓝藻"))
    assert narrowed["type"] == {"patent_right": 1, "software_copyright": 1}
    assert narrowed["year"] == {"2024": 1}
    assert narrowed["college"] == {"环境学院": 1}
    assert narrowed["status"] == {"not_converted": 1}


async def test_kept_totals_and_counting_say_the_same(world: World) -> None:
    await three(world)
    past = Filters(as_of=DAY)
    assert await counts(world, Filters()) == await counts(world, past)


async def test_a_past_day_counts_what_was_so_then(world: World) -> None:
    await three(world)
    async with world.acting(world.university) as tx:
        row = (await queries.facet_counts(tx, Filters(q="竹炭"), ["college"]))["college"]
        assert row.counts == {"林学院": 1}
        found = await workflow.register(
            tx, Entry(name="后来", type="patent_right", status="intended", team=()), held_from=date(2026, 3, 10)
        )
        assert found
    assert (await counts(world, Filters(as_of=DAY)))["type"] == {"patent_right": 2, "software_copyright": 1}


async def test_too_many_to_count_are_said_to_be(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await three(world)
    monkeypatch.setattr(queries, "BOUND", 1)
    async with world.acting(world.university) as tx:
        counted = await queries.facet_counts(tx, Filters(q="蓝藻"), ["type", "college"])
    assert not counted["type"].complete


async def test_the_panel_leads_to_the_list_with_and_without_a_value(site: Site, world: World) -> None:
    await three(world)
    visitor = await site.signed_in(world, world.university)
    links = links_of((await visitor.get(f"{HOME}/facets", type="patent_right", q="蓝藻")).text, "facet-list")
    chosen = next(href for words, href in links if "取消这一条件" in words)
    assert "type=" not in chosen
    assert "q=" in chosen
    other = next(href for words, href in links if words.startswith("2024"))
    listed = (await visitor.get(other)).text
    assert "蓝藻甲" in listed
    assert "蓝藻乙" not in listed
    chips = links_of((await visitor.get(HOME, type="patent_right", q="蓝藻")).text, "chips")
    assert [words.split("：")[0] for words, _ in chips[:2]] == ["查找", "成果类型"]
    assert "type=patent_right" in chips[0][1]
    assert "q=" not in chips[0][1]
    assert "type=" not in chips[1][1]


async def test_another_institution_counts_its_own_only(site: Site, world: World) -> None:
    await three(world)
    visitor = await site.signed_in(world, world.institute)
    assert links_of((await visitor.get(f"{HOME}/facets")).text, "facet-list") == []
    assert (await site.anonymous().get(f"{HOME}/facets")).status_code == 303


async def test_a_fault_in_the_address_is_passed_over(site: Site, world: World) -> None:
    await three(world)
    visitor = await site.signed_in(world, world.university)
    answer = await visitor.get(f"{HOME}/facets", type=str(uuid4()), year="abc")
    assert answer.status_code == 200
