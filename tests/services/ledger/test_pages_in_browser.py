"""The ledger's pages in a real browser: axe silent, nothing too wide, no console error, everything reached by Tab."""

from datetime import date
from decimal import Decimal

import pytest
from playwright.async_api import Route

from services.ledger import workflow
from services.ledger.bulk import workflow as bulk
from services.ledger.bulk.queries import chosen_rows
from services.ledger.entry import Completer, Deal, Right
from services.ledger.export import request_export
from services.ledger.listing import Filters
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.ledger.test_pages import HOME, made
from tests.web import Site
from tests.world import World

LOCAL = "http://localhost"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_every_page_of_the_ledger(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    statuses = ("not_converted", "intended", "converting")
    for n in range(24):
        team = tuple(Completer(name=f"{'赵钱孙李周'[m]}文{n}") for m in range(n % 5 + 1))
        value = Decimal("3002200.00") * n if n % 3 else None
        name = f"一种用于高原湖泊蓝藻原位絮凝与资源化利用的装置及其控制方法（第{n}号）"
        await made(world, name, status=statuses[n % 3], team=team, value=value, college="环境科学与生态修复学院")
    row_id = await made(world, rights=(Right("201810862228.X", "patent_right", "ZL2018 1 0862228.X"),))
    async with world.acting(world.university) as tx:
        await workflow.correct(tx, row_id, {"status": "converting"}, since=date(2026, 3, 10), reason="签订意向书")
        deal = Deal(mode="licence", counterparty="示例企业", signed_on=date(2026, 3, 12), amount=Decimal("80000.00"))
        await workflow.record_conversion(tx, row_id, deal)
        export_id = await request_export(tx, Filters(), "-number")
        planned = await bulk.plan(tx, await chosen_rows(tx, [row_id]), {"remark": "x"}, date(2026, 3, 12))
        await bulk.apply(tx, planned, bulk.seal_of(planned), {"remark": "x"}, since=date(2026, 3, 12), reason="核对")
    visitor = await site.signed_in(world, world.university)
    visit = await open_page(size, LOCAL)

    async def answer(route: Route) -> None:
        given = await visitor.client.get(route.request.url.removeprefix(LOCAL))
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    pages = {
        "ledger": HOME,
        "ledger-past": f"{HOME}?as_of=2026-03-05&q=蓝藻",
        "ledger-facets": f"{HOME}/facets?status=intended&q=蓝藻",
        "ledger-views": f"{HOME}/views?status=intended",
        "ledger-bulk": f"{HOME}/bulk?all=1&q=第1&action=status&new_status=converted&since=2026-03-10&reason=核对",
        "ledger-print": f"{HOME}/print?id={row_id}",
        "ledger-empty": f"{HOME}?q=没有这个词",
        "ledger-achievement": f"{HOME}/{row_id}",
        "ledger-achievement-past": f"{HOME}/{row_id}?as_of=2026-03-05",
        "ledger-correct": f"{HOME}/{row_id}/correct",
        "ledger-conversion": f"{HOME}/{row_id}/conversions",
        "ledger-revoke": f"{HOME}/{row_id}/moves/revoke",
        "ledger-export": f"{HOME}/exports/{export_id}",
        "ledger-columns": f"{HOME}/columns?columns=people,numbers,college,value",
        "ledger-of-columns": f"{HOME}?columns=people,numbers,college,value,conversions,obtained",
        "ledger-batches": f"{HOME}/batches",
        "ledger-rights-past": f"{HOME}/{row_id}/rights?as_of=2026-03-05",
        "ledger-absent": f"{HOME}/{row_id}/ownership?as_of=2026-03-01&known_on=2026-11-01",
        "ledger-timeline-past": f"{HOME}/{row_id}/timeline?as_of=2026-03-11",
        "dashboard-past": "/institution/dashboard?as_of=2026-03-11",
        "todo": "/institution/todo",
        "messages": "/institution/messages",
    }
    for name, address in pages.items():
        await visit.page.goto(f"{LOCAL}{address}")
        await visit.check(name)
    await visit.page.goto(f"{LOCAL}{HOME}")
    await visit.page.locator(".facet-list").first.wait_for()
    assert await visit.unreachable() == []
    assert await visit.axe() == []
    await visit.page.get_by_role("link", name="下一页").click()
    await visit.page.wait_for_url("**after=**")
    assert await visit.page.locator("#ledger tbody tr").count() == 5
    assert await visit.axe() == []
