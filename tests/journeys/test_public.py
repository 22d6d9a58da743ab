"""What anybody may see without signing in: the list in force, its history, comparison, downloads; no cookie, no script."""

import hashlib
import json
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.journeys.walking import Enter

LIST = "/yunnan/lists/empowerment"


async def test_the_list_its_history_and_its_items_stand_open(enter: Enter) -> None:
    walk = await enter()
    await walk.open("/", "public-provinces")
    await walk.press("云南省", exact=False)
    assert walk.page.url.endswith(LIST)
    await walk.look("public-list")
    await walk.sees("YN-FQ-001", "已终止", "第五条", "版本沿革")
    await walk.open(f"{LIST}/1", "public-list-1")
    await walk.sees("第 1 版", "YN-FQ-008")
    await walk.open("/yunnan/lists/items/YN-FQ-002", "public-item")
    await walk.sees("可能对社会稳定产生负面影响的成果", "系统性")
    await walk.open(f"{LIST}/compare?from=1&to=2", "public-compare")
    await walk.sees("YN-FQ-009", "YN-FQ-008")
    for path, name in (("consultations", "consultations"), ("pilots", "pilots"), ("policy", "policy")):
        await walk.open(f"/yunnan/{path}", f"public-{name}")
    assert await walk.page.context.cookies() == [], "public pages set no cookie"


async def test_without_script_the_list_is_searched_and_read(enter: Enter) -> None:
    walk = await enter(script=False)
    await walk.page.goto(LIST)
    await walk.fill(q="伦理")
    await walk.page.get_by_role("button", name="查询").click()
    await walk.sees("YN-FQ-006", "YN-FQ-007")
    await expect(walk.page.locator("main table").first).not_to_contain_text("YN-FQ-001")


async def test_a_download_is_what_its_hash_says(enter: Enter, tmp_path: Path) -> None:
    walk = await enter()
    await walk.page.goto(f"{LIST}/2")
    said = await walk.page.locator("main").inner_text()
    got = await walk.download("结构化数据", tmp_path)
    digest = hashlib.sha256(got.read_bytes()).hexdigest()
    assert digest in said.replace("\n", ""), "the page names the hash of the file it hands out"
    codes = {item["code"] for item in json.loads(got.read_text("utf-8"))["items"]}
    assert {"YN-FQ-001", "YN-FQ-010"} <= codes
    table = await walk.download("逗号分隔，UTF-8", tmp_path)
    assert "YN-FQ-010" in table.read_text("utf-8-sig")
    book = await walk.download("Excel 工作簿", tmp_path)
    assert book.read_bytes()[:2] == b"PK"


async def test_an_opinion_needs_no_account(enter: Enter) -> None:
    walk = await enter()
    await walk.open(LIST)
    await walk.press("提出意见（无需注册）", "public-opinion", exact=False)
    await walk.press("提交意见", "public-opinion-errors", status=422)
    await walk.page.locator("main textarea").first.fill("建议写明由哪个部门作出认定。")
    await walk.press("提交意见", "public-opinion-received")
    await walk.sees("回执")


@pytest.mark.parametrize("path", ["/nothing", "/yunnan/lists/empowerment/99", "/atlantis/lists"])
async def test_what_is_not_there_is_said_in_chinese(enter: Enter, path: str) -> None:
    walk = await enter()
    await walk.open(path, "not-found" if path == "/nothing" else "", status=404)
    await expect(walk.page.locator("h1")).to_contain_text("没有找到")
