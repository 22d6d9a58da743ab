"""The institution's dashboard: stock at the end of quarters, the way from disclosure to money, contracts by year."""

import re
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from services.home.dashboard import queries
from services.ledger.entry import Completer, Deal, Entry
from services.ledger.workflow import record_conversion, register, revoke
from tests.services.empowerment.arranging import announced, prepare
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import World

TEAM = (Completer(name="甲示范"),)


async def registered(world: World, name: str, held_from: date) -> UUID:
    entry = Entry(name=name, type="patent_right", status="not_converted", obtained_on=date(2025, 3, 4), team=TEAM)
    async with world.acting(world.university, at=at("2026-04-10")) as tx:
        made = await register(tx, entry, held_from=held_from)
    assert isinstance(made, UUID), made
    return made


@pytest.mark.parametrize(
    ("today", "first", "last"),
    [
        (date(2026, 3, 16), date(2025, 6, 30), date(2025, 12, 31)),
        (date(2026, 4, 1), date(2025, 9, 30), date(2026, 3, 31)),
    ],
)
def test_quarters_end_before_today_and_today_stands_last(today: date, first: date, last: date) -> None:
    assert queries.quarter_ends(today, 3) == [first, queries.quarter_ends(today, 3)[1], last, today]


async def test_the_stock_of_each_quarter_is_what_the_ledger_held_then(world: World) -> None:
    await registered(world, "甲装置", date(2025, 9, 30))
    second = await registered(world, "乙装置", date(2025, 10, 1))
    third = await registered(world, "丙装置", date(2026, 2, 1))
    async with world.acting(world.university, at=at("2026-04-10")) as tx:
        assert await revoke(tx, third, "重复登记") is None
        deal = Deal(mode="assignment", signed_on=date(2026, 1, 20), amount=Decimal("120000"))
        assert not hasattr(await record_conversion(tx, second, deal), "code")
    async with world.acting(world.university, at=at("2026-04-10")) as tx:
        stock = await queries.stock(tx)
        income = await queries.income(tx)
    days = dict(zip(stock.days, stock.totals, strict=True))
    assert days[date(2025, 9, 30)] == 1
    assert days[date(2025, 12, 31)] == 2
    assert days[date(2026, 4, 10)] == 2, "what was revoked is no longer in the stock"
    assert min(stock.days) == date(2025, 9, 30), "quarters before the ledger began are left out"
    assert stock.by_status["converted"][-1] == 1
    assert [(one.year, one.contracts, one.total) for one in income] == [(2026, 1, Decimal(120000))]


async def test_the_page_draws_nothing_that_its_tables_do_not_say(site: Site, world: World) -> None:
    ready = await prepare(world)
    await announced(world, ready)
    page = (await (await site.signed_in(world, ready.tenant)).get("/institution/dashboard")).text
    words = re.sub(r"<[^>]+>", " ", page)
    assert re.search(r"申请赋权\s+1\s+公示\s+1\s+签署协议\s+0", words)
    assert page.count("data-chart=") == page.count("<table") > 0
    other = (await (await site.signed_in(world, world.institute)).get("/institution/dashboard")).text
    assert "还没有可统计的数据" in other


async def test_figures_of_the_whole_unit_are_not_for_everybody(site: Site, world: World) -> None:
    completer = await site.signed_in(world, world.university, "completer")
    assert (await completer.get("/institution/dashboard")).status_code == 403
    assert (await site.anonymous().get("/institution/dashboard")).status_code == 303
