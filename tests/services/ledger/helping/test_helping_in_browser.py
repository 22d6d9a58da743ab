"""Both sides of a task in a real browser: handed over, worked on, delivered."""

from datetime import date

import pytest
from playwright.async_api import Route

from services.ledger.helping import workflow
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.ledger.helping.test_helping import OWN, Agencies, agencies, form
from tests.services.ledger.test_pages import HOME, made
from tests.web import Site, Visitor
from tests.world import World

__all__ = ["agencies"]
LOCAL = "http://localhost"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_the_pages_of_a_task(
    site: Site, world: World, agencies: Agencies, open_page: OpenPage, size: tuple[int, int]
) -> None:
    row_id = await made(world)
    visitors = {
        "clerk": await site.signed_in(world, world.university),
        "agent": await site.signed_in(world, agencies.first, "agency", kind="agency"),
    }
    visit = await open_page(size, LOCAL)
    who: list[Visitor] = [visitors["clerk"]]

    async def answer(route: Route) -> None:
        given = await who[0].client.get(route.request.url.removeprefix(LOCAL))
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    await visit.page.goto(f"{LOCAL}{HOME}/{row_id}/agency")
    await visit.check("ledger-agency-empty")
    who[0] = visitors["agent"]
    await visit.page.goto(f"{LOCAL}{OWN}")
    await visit.check("agency-own-empty")
    async with world.acting(world.university) as tx:
        days = {"first_day": date(2020, 1, 1), "last_day": date(2099, 12, 31)}
        task_id = await workflow.hand_over(tx, row_id, form(agencies.first, **days))
    for address, name in ((OWN, "agency-own"), (f"{OWN}/{task_id}", "agency-task")):
        await visit.page.goto(f"{LOCAL}{address}")
        await visit.check(name)
    async with world.acting(agencies.first, "agency", "agency") as tx:
        await workflow.deliver(tx, task_id, "建议先许可后作价投资。", {"market_prospect": "可许可给三家企业。"}, 1)  # type: ignore[arg-type]
    await visit.page.goto(f"{LOCAL}{OWN}/{task_id}")
    await visit.check("agency-task-delivered")
    who[0] = visitors["clerk"]
    await visit.page.goto(f"{LOCAL}{HOME}/{row_id}/agency")
    await visit.check("ledger-agency")
