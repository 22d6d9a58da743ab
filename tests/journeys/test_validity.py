"""Who is in which pilot, how long, and what is left when it is over: runs last, since the clock goes years ahead."""

import re

import pytest
from playwright.async_api import expect

from tests.journeys.walking import Enter, Walk


async def signed_case(walk: Walk) -> str:
    """The address of the case whose agreement on a right of use was signed in time."""
    await walk.open("/institution/empowerment")
    await walk.page.locator("tr, li", has_text="已签协议").locator("a[href^='/institution/empowerment/']").first.click()
    await walk.page.wait_for_url(re.compile("/empowerment/[0-9a-f-]{36}"))
    return walk.page.url.removeprefix(walk.demo.address).partition("?")[0]


async def test_the_province_selects_for_each_guideline_by_itself(enter: Enter) -> None:
    officer = await enter("science-officer")
    await officer.open("/console/pilots", "pilots")
    await officer.sees("有效期 2025-11-09 至 2028-11-08", "存疑", "今天可以开始新的申请")
    await officer.open("/console/pilots/new", "pilots-new")
    await officer.page.locator("[name=institution]").select_option(label="苍山示范学院")
    await officer.choose(guideline="empowerment")
    await officer.fill(document="第二批试点单位遴选结果（演示）", first_day="2025-11-01")
    await officer.press("登记", status=422)
    today = (await officer.clock())[:10]
    await officer.open("/console/pilots/new")
    await officer.page.locator("[name=institution]").select_option(label="苍山示范学院")
    await officer.choose(guideline="empowerment")
    await officer.fill(document="第二批试点单位遴选结果（演示）", selected_on=today, first_day=today)
    await officer.press("登记", "pilots-selected")
    await officer.sees("第二批试点单位遴选结果")
    researcher = await enter("cangshan-researcher1")
    await researcher.open("/institution/empowerment/new")
    await expect(researcher.page.locator("main")).not_to_contain_text("现在不能申请赋权")


@pytest.mark.requirement("R024", "R047")
async def test_after_the_last_day_nothing_begins_and_what_was_signed_goes_on(enter: Enter) -> None:
    researcher, clerk = await enter("fuxian-researcher1"), await enter("fuxian-clerk")
    case = await signed_case(clerk)
    await clerk.sees("协议有效")
    await clerk.open("/institution/")
    await clerk.move_clock("2028-11-09T09:00")
    await researcher.open("/institution/empowerment/new", "pilot-disputed-day")
    await researcher.sees("2028-11-09", "两种算法", "第十三条")
    officer = await enter("science-officer")
    await officer.open("/console/pilots", "pilots-disputed")
    await officer.sees("今天须人工认定")
    await clerk.open("/institution/")
    await clerk.move_clock("2028-11-10T09:00")
    await researcher.open("/institution/empowerment/new", "pilot-over")
    await researcher.sees("现在不能申请赋权", "有效期至2028-11-08", "第十三条")
    await clerk.open(case, "agreement-goes-on")
    await clerk.sees("协议按约定继续履行", "第七条(一)2")
