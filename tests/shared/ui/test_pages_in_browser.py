"""The frames and macros in a real browser: accessible, no wider than the window, usable by keys, nothing refused by the policy."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from shared.ui.assets import ROOT, ensure_assets
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.shared.ui.samples import pages

pytestmark = pytest.mark.journey
WORKING = ("console", "institution", "public", "form", "states", "refusal")
STATUS_PAGES = tuple(name for name in pages() if name.startswith("error-"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    ensure_assets()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("preview") / "log"
    command = [
        str(Path(sys.executable).parent / "granian"),
        "--interface",
        "asgi",
        "--factory",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "tests.shared.ui.preview:make_app",
    ]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
    try:
        _wait(f"http://127.0.0.1:{port}/form", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait(url: str, log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(log.read_text("utf-8"))


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
@pytest.mark.parametrize("name", [*WORKING, *STATUS_PAGES])
async def test_page_is_accessible_and_fits(name: str, size: tuple[int, int], address: str, open_page: OpenPage) -> None:
    visit = await open_page(size, address)
    await visit.page.goto(f"/{name}")
    await visit.check(name)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["1440", "390"])
@pytest.mark.parametrize("name", WORKING)
async def test_tab_reaches_everything_and_shows_where(
    name: str, size: tuple[int, int], address: str, open_page: OpenPage
) -> None:
    visit = await open_page(size, address)
    await visit.page.goto(f"/{name}")
    assert await visit.unreachable() == []


async def test_first_tab_stop_leads_past_the_menu(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    await visit.page.goto("/institution")
    await visit.page.keyboard.press("Tab")
    await expect(visit.page.locator(":focus")).to_have_text("跳到正文")
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.locator("main")).to_be_focused()


async def test_menus_open_by_key_and_close_by_escape(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    await visit.page.goto("/institution")
    clock = visit.page.locator("header summary.clock")
    await clock.focus()
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.get_by_role("button", name="前进 1 天")).to_be_visible()
    await visit.check("clock-open")
    await visit.page.keyboard.press("Escape")
    await expect(visit.page.get_by_role("button", name="前进 1 天")).to_be_hidden()
    await expect(clock).to_be_focused()
    await visit.page.keyboard.press("/")
    await expect(visit.page.locator("header [data-search]")).to_be_focused()


async def test_sidebar_opens_on_a_phone(address: str, open_page: OpenPage) -> None:
    visit = await open_page(PHONE, address)
    await visit.page.goto("/institution")
    await expect(visit.page.get_by_role("link", name="单列管理台账")).to_be_hidden()
    await visit.page.get_by_role("button", name="展开菜单").click()
    await expect(visit.page.get_by_role("link", name="单列管理台账")).to_be_visible()
    await visit.page.wait_for_selector("#sidebar.show")
    await visit.check("menu-open")


async def test_without_script_the_menu_and_the_clock_still_work(address: str, open_page: OpenPage) -> None:
    visit = await open_page(PHONE, address, script=False)
    await visit.page.goto("/institution")
    await expect(visit.page.get_by_role("link", name="单列管理台账")).to_be_visible()
    await visit.page.locator(".page-head summary.clock").click()
    await expect(visit.page.locator(".page-head").get_by_role("button", name="前进 1 天")).to_be_visible()


async def test_error_summary_has_the_focus_and_leads_to_each_field(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    await visit.page.goto("/form")
    await expect(visit.page.locator("[data-focus]")).to_be_focused()
    links = visit.page.locator("[data-focus] li a")
    assert await links.count() == 5
    for index in range(5):
        await links.nth(index).click()
        target = await links.nth(index).get_attribute("href")
        await expect(visit.page.locator(str(target))).to_be_focused()


async def test_draft_saves_itself_and_says_so_when_it_cannot(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    visit.expected_statuses = {500}
    await visit.page.goto("/form")
    await visit.page.fill("#f-title", "一种余热循环的茶叶杀青机")
    state = visit.page.locator("[data-draft-state]")
    await expect(state).to_contain_text("草稿已保存", timeout=5000)
    await visit.page.fill("#f-title", "出错")
    await expect(state).to_contain_text("草稿未保存（500）", timeout=5000)
    await visit.page.route("**/draft", lambda route: route.abort())
    await visit.page.fill("#f-title", "断网")
    await expect(state).to_contain_text("网络不通", timeout=5000)


async def test_form_pressed_twice_is_sent_once(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    await visit.page.goto("/form")
    sent: list[str] = []
    visit.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await visit.page.get_by_role("button", name="提交申请").dblclick()
    await visit.page.wait_for_url("**/saved")
    assert await visit.page.locator("p").text_content() == "1"
    assert sent == [f"{address}/saved"]


async def test_unsaved_changes_are_not_left_by_accident(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    await visit.page.goto("/form")
    await visit.page.locator("#f-reason").press_sequentially("改")
    asked: list[str] = []

    async def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        await dialog.accept()  # type: ignore[attr-defined]

    visit.page.on("dialog", stay)
    await visit.page.goto("/states")
    assert asked == ["beforeunload"]


async def test_amount_is_said_in_wan_while_typing(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    await visit.page.goto("/form")
    words = visit.page.locator("[data-money-words]")
    await expect(words).to_have_text("即 100.00005 万元")
    for typed, said in (
        ("12,345", "即 1.2345 万元"),
        ("80000", "即 8.00 万元"),
        ("0.01", "即 0.000001 万元"),
        ("约一百", ""),
    ):
        await visit.page.fill("#f-value", typed)
        await expect(words).to_have_text(said)


async def test_wrong_file_is_named_before_it_travels(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    await visit.page.goto("/form")
    await visit.page.set_input_files(
        "#f-attachment", {"name": "合同.exe", "mimeType": "application/pdf", "buffer": b"x"}
    )
    await expect(visit.page.locator("[data-file-words]")).to_contain_text("“合同.exe”不是可选的文件类型")
    await visit.page.set_input_files(
        "#f-attachment", {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": b"x" * 3000}
    )
    await expect(visit.page.locator("[data-file-words]")).to_have_text("合同.pdf，3 KB")


async def test_selecting_all_counts_and_frees_the_batch_buttons(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    await visit.page.goto("/console")
    receive = visit.page.get_by_role("button", name="批量接收")
    await expect(receive).to_be_disabled()
    await visit.page.get_by_label("全选本页").check()
    await expect(visit.page.locator("[data-check-count]")).to_have_text("已选 7 条")
    await expect(receive).to_be_enabled()


async def test_charts_are_drawn_and_job_progress_replaces_itself(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    await visit.page.goto("/console")
    await expect(visit.page.locator("[data-chart] svg")).to_have_count(2)
    await visit.page.hover("[data-chart=amount-data]", position={"x": 120, "y": 200})
    await visit.page.goto("/states")
    await expect(visit.page.locator("#job-1")).to_have_text("已完成", timeout=6000)
    assert visit.problems == []


async def test_public_page_runs_no_script_and_sets_no_cookie(address: str, open_page: OpenPage) -> None:
    visit = await open_page(DESKTOP, address)
    scripts: list[str] = []
    visit.page.on("request", lambda request: scripts.append(request.url) if request.resource_type == "script" else None)
    await visit.page.goto("/public")
    assert scripts == []
    assert await visit.page.context.cookies() == []
