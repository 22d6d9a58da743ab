"""The pages of empowerment and notices in a real browser: axe silent, nothing too wide, no console error."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Route

from services.notices.workflow import raise_objection
from tests.journeys.browser import DESKTOP, PHONE, OpenPage, Visit
from tests.services.empowerment.arranging import announced, applied, approved, notice_of, prepare, screened
from tests.services.empowerment.test_pages import HOME, NOW, drafted
from tests.services.negative_list.steps import clock_at
from tests.web import Site, Visitor
from tests.world import World

# An origin that the browser trusts; every request is answered by the application in this process.
LOCAL = "http://localhost"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    """The application reads the legal clock of the database."""
    async with clock_at(world, NOW):
        yield


async def look(open_page: OpenPage, visitor: Visitor, size: tuple[int, int], pages: dict[str, str]) -> None:
    """Open addresses as a signed-in person, answered by the application in this process, and check each."""
    visit: Visit = await open_page(size, LOCAL)

    async def answer(route: Route) -> None:
        given = await visitor.client.get(route.request.url.removeprefix(LOCAL))
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    for name, address in pages.items():
        await visit.page.goto(address)
        await visit.check(name)


async def test_pages_of_the_applicant(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    ready = await prepare(world)
    application_id = await drafted(world, ready)
    visitor = await site.signed_in(world, ready.tenant, "completer")
    pages = {"empowerment-new": f"{HOME}/new", "empowerment-edit": f"{HOME}/{application_id}/edit"}
    await look(open_page, visitor, size, pages)


async def test_pages_of_an_institution_outside_the_pilot(
    site: Site, world: World, open_page: OpenPage, size: tuple[int, int]
) -> None:
    ready = await prepare(world, selected=False)
    visitor = await site.signed_in(world, ready.tenant, "completer")
    await look(open_page, visitor, size, {"empowerment-refused": f"{HOME}/new"})


@pytest.mark.parametrize("step", ["screening", "feasibility", "notice"])
async def test_pages_of_the_review(
    site: Site, world: World, open_page: OpenPage, size: tuple[int, int], step: str
) -> None:
    ready = await prepare(world)
    reach = {"screening": applied, "feasibility": screened, "notice": approved}[step]
    application_id = await reach(world, ready)
    visitor = await site.signed_in(world, ready.tenant, "clerk")
    pages = {
        f"empowerment-{step}": f"{HOME}/{application_id}/{step}",
        "empowerment-return": f"{HOME}/{application_id}/return",
    }
    await look(open_page, visitor, size, pages)


async def test_pages_of_an_announced_case(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready, NOW.date().isoformat())
    notice_id = await notice_of(world, ready.tenant, application_id)
    async with world.acting(ready.tenant, "leadership", at=NOW) as tx:
        objection_id = await raise_objection(tx, notice_id, "权属比例不妥，请核实")
    visitor = await site.signed_in(world, ready.tenant, "department_head")
    notices = "/institution/notices"
    pages = {
        "empowerment-list": HOME,
        "empowerment-case": f"{HOME}/{application_id}",
        "empowerment-agreement": f"{HOME}/{application_id}/agreement",
        "notices-list": notices,
        "notices-notice": f"{notices}/{notice_id}",
        "notices-answer": f"{notices}/{notice_id}/objections/{objection_id}",
        "notices-change": f"{notices}/{notice_id}/change",
        "notices-interruption": f"{notices}/{notice_id}/interruption",
    }
    await look(open_page, visitor, size, pages)
