"""The page of the stage in a real browser, empty and filled, for who writes and who reads."""

from datetime import date

import pytest
from playwright.async_api import Route

from services.ledger.papers.workflow import Paper
from services.ledger.stages import workflow
from shared.documents.uploads import Upload
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.ledger.test_pages import HOME, made
from tests.web import Site, Visitor
from tests.world import World

LOCAL = "http://localhost"
CODES = ("feasible", "intended_use", "benefit", "resources", "measurable")

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_the_page_of_the_stage(
    site: Site, world: World, open_page: OpenPage, size: tuple[int, int], configuration: Settings
) -> None:
    empty = await made(world)
    row_id = await made(world, "一种竹基活性炭电极材料及其在低温条件下的制备方法")
    async with world.acting(world.university) as tx:
        days = {code: date(2026, 3, place) for place, code in enumerate(CODES, 3)}
        await workflow.record_criteria(tx, row_id, days, reason="学术委员会认定")
        said = Paper("stage", "assessment_report", CODES[:2], "评字〔2026〕3号", date(2026, 3, 9))
        file = Upload("低温制备方法技术评估报告（签章扫描件）.pdf", b"%PDF-1.7 report")
        await workflow.add_proof(tx, ObjectStore(configuration), row_id, file, said)
    clerk = await site.signed_in(world, world.university)
    reader = await site.signed_in(world, world.university, "completer")
    visit = await open_page(size, LOCAL)
    visitors: list[Visitor] = [clerk]

    async def answer(route: Route) -> None:
        given = await visitors[0].client.get(route.request.url.removeprefix(LOCAL))
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    await visit.page.goto(f"{LOCAL}{HOME}/{empty}/stage")
    await visit.check("ledger-stage-empty")
    await visit.page.goto(f"{LOCAL}{HOME}/{row_id}/stage")
    await visit.check("ledger-stage")
    visitors[0] = reader
    await visit.page.goto(f"{LOCAL}{HOME}/{row_id}/stage")
    await visit.check("ledger-stage-reader")
    # a date field takes several stops of the Tab key, which the count of stops does not know: asked without them
    assert await visit.unreachable() == []
