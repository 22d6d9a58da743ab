"""The import pages in a real browser: axe silent, nothing too wide, no console error."""

import pytest
from playwright.async_api import Route

from services.ledger.importing.queries import held_rows
from services.ledger.importing.undoing import carry_out, undo
from shared.storage.objects import ObjectStore
from tests.journeys.browser import DESKTOP, PHONE, OpenPage, Visit
from tests.services.ledger.importing.arranging import applied, checked, ledger, received, sample
from tests.services.ledger.importing.test_importing_pages import HOME, upload
from tests.web import Site
from tests.world import World

# An origin that the browser trusts; every request is answered by the application in this process.
LOCAL = "http://localhost"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_pages_of_an_import(
    site: Site, world: World, objects: ObjectStore, open_page: OpenPage, size: tuple[int, int]
) -> None:
    clerk = await site.signed_in(world, world.university)
    visit: Visit = await open_page(size, LOCAL)

    async def answer(route: Route) -> None:
        given = await clerk.client.get(route.request.url.removeprefix(LOCAL))
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    await visit.page.goto(HOME)
    await visit.check("imports-empty")
    reading = await received(world, world.university, objects, ledger(3))
    import_id = await checked(world, world.university, objects, sample())
    async with world.acting(world.university) as tx:
        asks = (await held_rows(tx, import_id, "question"))[0].ordinal
    undone = await applied(world, world.university, objects, ledger(2, first=50))
    async with world.acting(world.university) as tx:
        assert await undo(tx, undone, "导错了年份") is None
    async with world.working(world.university) as tx:
        await carry_out(tx, undone)
    done = await applied(world, world.university, objects, ledger(5))
    for name, address in {
        "imports": HOME,
        "import-reading": f"{HOME}/{reading}",
        "import-check": f"{HOME}/{import_id}",
        "import-questions": f"{HOME}/{import_id}/questions",
        "import-row": f"{HOME}/{import_id}/rows/{asks}",
        "import-rows": f"{HOME}/{import_id}/rows?kind=question",
        "import-refused": f"{HOME}/{import_id}/rows?kind=refused",
        "import-done": f"{HOME}/{done}",
        "import-registered": f"{HOME}/{done}/rows?kind=valid",
        "import-undone": f"{HOME}/{undone}",
    }.items():
        await visit.page.goto(address)
        await visit.check(name)


async def test_the_page_of_a_bad_file(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    clerk = await site.signed_in(world, world.university)
    refused = await upload(clerk, b"MZ\x90\0" + b"\0" * 200)
    visit: Visit = await open_page(size, LOCAL)

    async def answer(route: Route) -> None:
        address = route.request.url.removeprefix(LOCAL)
        given = refused if address == "/refused" else await clerk.client.get(address)
        await route.fulfill(status=200, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    await visit.page.goto("/refused")
    await visit.check("import-bad-file")
