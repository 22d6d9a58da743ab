"""The page of a unit's own rules in a real browser, empty and with versions."""

import pytest
from playwright.async_api import Route

from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.administration.documents.test_documents import HOME, RULES, added
from tests.web import Site
from tests.world import World

LOCAL = "http://localhost"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_the_page_of_rules(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    visitor = await site.signed_in(world, world.university, "department_head")
    visit = await open_page(size, LOCAL)

    async def answer(route: Route) -> None:
        given = await visitor.client.get(route.request.url.removeprefix(LOCAL))
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    await visit.page.goto(f"{LOCAL}{HOME}")
    await visit.check("unit-documents-empty")
    await added(visitor, RULES)
    await added(visitor, {**RULES, "in_force_on": "2099-01-01", "changes": "增加集中托管一章"}, b"%PDF-1.7 two")
    await visit.page.goto(f"{LOCAL}{HOME}")
    await visit.check("unit-documents")
