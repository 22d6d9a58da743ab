"""The page of rights in a real browser, empty and filled."""

from dataclasses import replace
from datetime import date

import pytest
from playwright.async_api import Route

from services.ledger.entry import Right
from services.ledger.rights import workflow
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.ledger.rights.test_right_pages import PATENT, recorded
from tests.services.ledger.test_pages import HOME, made
from tests.web import Site
from tests.world import World

LOCAL = "http://localhost"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_the_page_of_rights(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    empty = await made(world, "一种竹基活性炭电极材料")
    row_id = await recorded(world, right=replace(PATENT, raw="ZL2018 1 0862228.X"))
    async with world.acting(world.university) as tx:
        software = Right("2020SR0000001", "software_copyright", granted_on=date(2020, 5, 20))
        await workflow.record_right(tx, row_id, software, since=date(2026, 3, 10), reason="补充登记证书")
    visitor = await site.signed_in(world, world.university)
    visit = await open_page(size, LOCAL)

    async def answer(route: Route) -> None:
        given = await visitor.client.get(route.request.url.removeprefix(LOCAL))
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    for name, address in {
        "ledger-rights-empty": f"{HOME}/{empty}/rights",
        "ledger-rights": f"{HOME}/{row_id}/rights",
        "ledger-rights-edit": f"{HOME}/{row_id}/rights?number={PATENT.number}",
    }.items():
        await visit.page.goto(f"{LOCAL}{address}")
        await visit.check(name)
