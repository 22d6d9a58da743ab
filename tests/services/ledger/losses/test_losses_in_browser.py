"""The page of lost rights in a real browser: before, after, and as finance sees it."""

from datetime import date

import pytest
from playwright.async_api import Route

from services.ledger.entry import Right
from services.ledger.losses import workflow
from services.ledger.rights.workflow import record_right
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.ledger.losses.test_losses import CHECKS, LOST
from tests.services.ledger.rights.test_right_pages import NUMBER, recorded
from tests.services.ledger.test_pages import HOME
from tests.web import Site, Visitor
from tests.world import World

LOCAL = "http://localhost"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_the_page_of_lost_rights(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    row_id = await recorded(world)
    visitors: list[Visitor] = [await site.signed_in(world, world.university)]
    visit = await open_page(size, LOCAL)

    async def answer(route: Route) -> None:
        given = await visitors[-1].client.get(route.request.url.removeprefix(LOCAL))
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    await visit.page.goto(f"{LOCAL}{HOME}/{row_id}/losses")
    await visit.check("ledger-losses-empty")
    async with world.acting(world.university) as tx:
        software = Right("2020SR0000001", "software_copyright", granted_on=date(2020, 5, 20))
        await record_right(tx, row_id, software, since=date(2026, 3, 10), reason="补充登记证书")
        await workflow.record_loss(tx, row_id, NUMBER, "assigned", LOST, CHECKS)
    visitors.append(await site.signed_in(world, world.university, "finance"))
    await visit.page.goto(f"{LOCAL}{HOME}/{row_id}/losses")
    await visit.check("ledger-losses-finance")
