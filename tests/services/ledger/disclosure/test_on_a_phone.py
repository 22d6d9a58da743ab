"""On a phone: what waits is found, read and approved; a notice is read from the message about it."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Route

from services.home.delivering.workflow import deliver
from tests.journeys.browser import PHONE, OpenPage, browser, open_page
from tests.services.empowerment.arranging import announced, prepare
from tests.services.empowerment.test_pages import NOW
from tests.services.ledger.disclosure.test_pages import FORM, begun
from tests.services.negative_list.steps import clock_at
from tests.web import Site, Visitor
from tests.world import World

__all__ = ["browser", "open_page"]
LOCAL = "http://localhost"
FINGER = 24  # the least side of what is tapped, in css pixels: WCAG 2.2, 2.5.8

pytestmark = pytest.mark.journey


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    async with clock_at(world, NOW):
        yield


async def answered_by(page: Page, visitor: Visitor) -> None:
    """Every request of the browser, forms too, is answered by the application in this process."""

    async def answer(route: Route) -> None:
        asked = route.request
        given = await visitor.client.request(
            asked.method,
            asked.url.removeprefix(LOCAL),
            content=asked.post_data_buffer,
            headers={name: value for name, value in asked.headers.items() if name in ("content-type", "hx-request")},
            follow_redirects=True,
        )
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await page.route("**/*", answer)


async def small_targets(page: Page) -> list[str]:
    """Buttons and links that are buttons, too small for a finger."""
    found: list[str] = await page.evaluate(
        """(least) => [...document.querySelectorAll('main button, main a.btn')].filter((e) => e.checkVisibility())
        .filter((e) => Math.min(e.getBoundingClientRect().width, e.getBoundingClientRect().height) < least)
        .map((e) => e.outerHTML.slice(0, 120))""",
        FINGER,
    )
    return found


@pytest.mark.requirement("R203")
async def test_a_disclosure_is_found_read_and_approved(site: Site, world: World, open_page: OpenPage) -> None:
    researcher = await site.signed_in(world, world.university, "completer")
    edit = await begun(researcher)
    assert (await researcher.post(edit, FORM)).status_code == 303
    clerk = await site.signed_in(world, world.university)
    visit = await open_page(PHONE, LOCAL)
    await answered_by(visit.page, clerk)
    await visit.page.goto(f"{LOCAL}/institution/todo")
    await visit.check("phone-todo")
    await visit.page.locator(f'main a[href="{edit.removesuffix("/edit")}"]').first.click()
    await visit.page.get_by_role("heading", name=FORM["name"]).first.wait_for()
    await visit.check("phone-disclosure")
    assert await small_targets(visit.page) == []
    await visit.page.locator('form[action$="/register"] button[type=submit]').click()
    await visit.page.get_by_text("CS-0001").first.wait_for()
    await visit.check("phone-registered")
    assert "CS-0001" in (await clerk.get("/institution/ledger")).text


@pytest.mark.requirement("R203")
async def test_a_notice_is_read_from_the_message_about_it(site: Site, world: World, open_page: OpenPage) -> None:
    ready = await prepare(world)
    await announced(world, ready)
    async with world.working(ready.tenant, at=NOW) as tx:
        await deliver(tx, None)
    member = await site.signed_in(world, ready.tenant, "completer")
    visit = await open_page(PHONE, LOCAL)
    await answered_by(visit.page, member)
    await visit.page.goto(f"{LOCAL}/institution/messages")
    await visit.check("phone-messages")
    await visit.page.goto(f"{LOCAL}/institution/notices")
    await visit.page.locator('main a[href^="/institution/notices/"]').first.click()
    await visit.page.get_by_text("第 1/15 天").or_(visit.page.get_by_text("公示至")).first.wait_for()
    await visit.check("phone-notice")
    assert await small_targets(visit.page) == []
    assert urlsplit(visit.page.url).path.startswith("/institution/notices/")
