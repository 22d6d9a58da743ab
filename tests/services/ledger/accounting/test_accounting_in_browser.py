"""The page of accounting hints in a real browser."""

import pytest
from playwright.async_api import Route

from services.ledger.entry import Right
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.ledger.test_pages import HOME, made
from tests.web import Site
from tests.world import World

LOCAL = "http://localhost"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_the_page_of_hints(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    row_id = await made(world, rights=(Right("201810862228.X", "patent_right"),))
    visitor = await site.signed_in(world, world.university, "finance")
    visit = await open_page(size, LOCAL)

    async def answer(route: Route) -> None:
        given = await visitor.client.get(route.request.url.removeprefix(LOCAL))
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    await visit.page.goto(f"{LOCAL}{HOME}/{row_id}/accounting?research_cost=300000&fees=12000")
    await visit.check("ledger-accounting")
    assert await visit.unreachable() == []
