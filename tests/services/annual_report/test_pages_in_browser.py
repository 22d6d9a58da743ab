"""The pages of the yearly reports and the sums in a real browser: axe silent, nothing too wide, no console error."""

from uuid import UUID

import pytest

from services.annual_report import workflow as own
from services.annual_report.reviewing import workflow as review
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.annual_report.arranging import REPORT, YEAR, frozen, small_ledger, submitted, written
from tests.services.annual_report.test_pages import CONSOLE, HERE, HOME, officer
from tests.services.empowerment.test_pages_in_browser import look
from tests.web import Site
from tests.world import World

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_pages_of_the_institution(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    await small_ledger(world)
    clerk = await site.signed_in(world, world.university, "clerk")
    await look(open_page, clerk, size, {"reports": HOME, "report-unfrozen": HERE})
    await frozen(world)
    await written(world)
    uneven = {"type:patent_right": {"opening": 4, "first_entry": 0, "added": 1, "removed": 0, "closing": 9}}
    async with world.acting(world.university) as tx:
        assert await own.state_figures(tx, REPORT, YEAR, uneven, "一项未登记") is None
    pages = {"report-year": HERE, "report-narrative": f"{HERE}/narrative", "report-figures": f"{HERE}/figures"}
    pages["report-rows"] = f"{HERE}/rows?dimension=type&value=patent_right&column=closing"
    await look(open_page, clerk, size, pages)
    head = await site.signed_in(world, world.university, "department_head")
    await look(open_page, head, size, {"report-submit": f"{HERE}/submit"})


async def test_pages_of_the_authorities(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    await small_ledger(world)
    first = await submitted(world)
    department = await officer(site, world, "department")
    pages = {
        "console-reports": CONSOLE,
        "console-report": f"{CONSOLE}/{first}",
        "console-return": f"{CONSOLE}/{first}/return",
    }
    await look(open_page, department, size, pages)
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert await review.accept(tx, first) is None
        aggregate_id = await review.aggregate(tx, REPORT, YEAR)
    batches = {
        "console-batches": f"{CONSOLE}/aggregate/{YEAR}/{REPORT}",
        "console-aggregate": f"{CONSOLE}/aggregates/{aggregate_id}",
    }
    await look(open_page, department, size, batches)
    science = await officer(site, world, "science")
    pages = {"console-home": "/console/", "console-deadlines": f"{CONSOLE}/deadlines", "console-progress": CONSOLE}
    pages |= {"console-todo": "/console/todo", "console-trail": "/console/trail"}
    pages |= {"console-missing": f"{CONSOLE}?show=missing", "console-search": "/console/search?q=大学"}
    await look(open_page, science, size, pages)


async def test_homes_with_contracts_of_two_units(
    site: Site, world: World, open_page: OpenPage, size: tuple[int, int]
) -> None:
    await small_ledger(world)
    await small_ledger(world, world.institute)
    for tenant in (world.university, world.institute):
        first = await submitted(world, tenant)
        async with world.acting(world.department, "department_officer", "department") as tx:
            assert await review.accept(tx, first) is None
    async with world.acting(world.department, "department_officer", "department") as tx:
        aggregate_id = await review.aggregate(tx, REPORT, YEAR)
        assert isinstance(aggregate_id, UUID)
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert isinstance(await review.forward(tx, aggregate_id), list)
    for kind in ("science", "department", "finance"):
        await look(open_page, await officer(site, world, kind), size, {f"home-of-{kind}": "/console/"})


async def test_pages_of_the_sums(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    from tests.services.home.test_aggregates import ledgers

    await ledgers(world)
    science = await officer(site, world, "science")
    pages = {f"statistics-{view}": f"/console/statistics?by={view}" for view in ("type", "mode", "year", "institution")}
    await look(open_page, science, size, pages)
