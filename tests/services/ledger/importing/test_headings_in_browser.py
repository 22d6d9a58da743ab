"""Naming a header by hand in a real browser: by keyboard from the first rows to the check, at both widths."""

import pytest
from playwright.async_api import Route, expect

from shared.documents.uploads import Upload
from shared.storage.objects import ObjectStore
from tests.journeys.browser import DESKTOP, PHONE, OpenPage, Visit
from tests.services.ledger.importing.arranging import checked, plain_rows, state_of, workbook
from tests.services.ledger.importing.test_headings import MEANT, OWN, clerk_of, uploaded
from tests.services.ledger.importing.test_importing_pages import HOME
from tests.services.ledger.importing.test_joining import deal, deals
from tests.web import Site, Visitor
from tests.world import World

LOCAL = "http://localhost"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def connected(visit: Visit, clerk: Visitor) -> None:
    """The browser's requests, forms too, are answered by the application in this process."""

    async def answer(route: Route) -> None:
        asked = route.request
        given = await clerk.client.request(
            asked.method,
            asked.url.removeprefix(LOCAL),
            content=asked.post_data_buffer,
            headers={"content-type": asked.headers.get("content-type", "")} if asked.post_data_buffer else {},
        )
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)


async def test_a_header_is_named_by_keyboard(
    site: Site, world: World, objects: ObjectStore, open_page: OpenPage, size: tuple[int, int]
) -> None:
    clerk = await clerk_of(world, site)
    lines = [["本单位 2025 年度成果情况一览（科研处整理）"], [], list(OWN), *plain_rows(6)]
    content = workbook(lines[1:], lines[0])
    address = await uploaded(clerk, Upload("清单.xlsx", content))
    visit = await open_page(size, LOCAL)
    await connected(visit, clerk)
    page = visit.page
    await page.goto(address)
    await visit.check("import-header")
    await page.locator("#f-first").focus()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_label("第3行")).to_be_checked()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="各列的含义")).to_be_visible()
    await expect(page.get_by_label("第3行")).to_be_checked()
    await visit.check("import-header-columns")
    for letter, field in MEANT.items():
        if letter != "A":
            await page.locator(f"#f-c-0-{letter}").select_option(field)
    visit.expected_statuses.add(422)
    await page.get_by_role("button", name="按此核对").press("Enter")
    await expect(page.locator("[role=alert]")).to_contain_text("必须有一列是成果名称")
    await visit.check("import-header-wrong")
    await expect(page.locator("#f-c-0-B")).to_have_value("completers")
    await page.locator("#f-c-0-A").select_option("name")
    await page.get_by_role("button", name="按此核对").press("Enter")
    await expect(page).to_have_url(f"{LOCAL}{address.removesuffix('/header')}?done=saved")
    await expect(page.get_by_text("正在核对").first).to_be_visible()


async def test_an_import_that_waits_for_its_header_and_one_with_a_further_conversion(
    site: Site, world: World, objects: ObjectStore, open_page: OpenPage, size: tuple[int, int]
) -> None:
    clerk = await clerk_of(world, site)
    waiting = await uploaded(clerk, Upload("清单.xlsx", workbook(plain_rows(2), OWN)))
    import_id = await checked(world, world.university, objects, deals(deal(1, "甲"), deal(1, "乙", 7), deal(1, "丙")))
    visit = await open_page(size, LOCAL)
    await connected(visit, clerk)
    for name, address in {
        "import-mapping": waiting.removesuffix("/header"),
        "import-further": f"{HOME}/{import_id}/questions",
        "import-further-row": f"{HOME}/{import_id}/rows/1",
        "imports-with-mapping": HOME,
    }.items():
        await visit.page.goto(address)
        await visit.check(name)
    await visit.page.goto(f"{HOME}/{import_id}/questions")
    await visit.page.get_by_label("又一次转化").check()
    await visit.page.get_by_role("button", name="用于这 2 行").press("Enter")
    await expect(visit.page.get_by_text("没有需要答复的问题")).to_be_visible()
    assert (await state_of(world, world.university, import_id)).joined == 2
    await visit.page.goto(f"{HOME}/{import_id}/rows?kind=joined")
    await visit.check("import-joined")
