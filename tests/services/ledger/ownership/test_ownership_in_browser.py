"""The page of ownership in a real browser, empty and with two periods."""

from datetime import date

import pytest
from playwright.async_api import Route

from services.ledger.ownership import workflow
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.ledger.ownership.test_ownership import HALVES, WHOLE
from tests.services.ledger.test_pages import HOME, made
from tests.web import Site
from tests.world import World

LOCAL = "http://localhost"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_the_page_of_ownership(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    row_id = await made(world)
    visitor = await site.signed_in(world, world.university)
    visit = await open_page(size, LOCAL)

    async def answer(route: Route) -> None:
        given = await visitor.client.get(route.request.url.removeprefix(LOCAL))
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    await visit.page.goto(f"{LOCAL}{HOME}/{row_id}/ownership")
    await visit.check("ledger-ownership-empty")
    custody = {"agency": "示例知识产权运营公司", "contract": "T-2026-1", "from": "2026-03-09", "to": None}
    async with world.acting(world.university) as tx:
        await workflow.record_ownership(tx, row_id, WHOLE, since=date(2026, 3, 2), reason="登记")
    async with world.acting(world.university) as tx:
        await workflow.record_ownership(tx, row_id, HALVES, since=date(2026, 3, 9), reason="协议", custody=custody)
    await visit.page.goto(f"{LOCAL}{HOME}/{row_id}/ownership")
    await visit.check("ledger-ownership")
    await visit.page.goto(f"{LOCAL}{HOME}/{row_id}")
    await visit.check("ledger-achievement-records")
