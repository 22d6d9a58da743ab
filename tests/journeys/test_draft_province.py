"""A province whose text is a draft: its words on every page, its own steps, lists, notices and two reports."""

import re

import pytest
from playwright.async_api import expect

from tests.journeys.walking import Enter, Walk

DRAFT = "本省政策文本为征求意见稿"


async def banner(walk: Walk) -> None:
    await expect(walk.page.locator(".banner").first).to_contain_text(DRAFT)


async def open_case(walk: Walk, state: str) -> str:
    """The address of a case that waits in a state."""
    await walk.open("/institution/empowerment")
    await walk.page.locator("tr, li", has_text=state).locator("a[href^='/institution/empowerment/']").first.click()
    await walk.page.wait_for_url(re.compile("/empowerment/[0-9a-f-]{36}"))
    return walk.page.url.removeprefix(walk.demo.address).partition("?")[0]


@pytest.mark.requirement("R159")
async def test_an_application_and_its_notice_go_as_the_draft_says(enter: Enter) -> None:
    clerk = await enter("songhuahu-clerk")
    await clerk.open("/institution/", "jilin-workbench")
    await banner(clerk)
    case = await open_case(clerk, "公示")
    await clerk.look("jilin-case")
    await banner(clerk)
    await clerk.sees("单位审批", "不少于15日", "2025 年版")
    await clerk.open("/institution/notices", "jilin-notices")
    await clerk.sees("第 ", "/20 天", "第十三条", "关联交易、协议定价公示")
    head = await enter("songhuahu-head")
    await head.open(f"{case}/agreement")
    for clause in await head.page.locator("[name^=clause-]").all():
        await clause.fill("按申请所列内容")
    for box in await head.page.locator("[name=opinions_heard]").all():
        await box.check()
    await head.press("登记已签署的协议", "jilin-agreement-refused", status=422)
    await banner(head)
    await head.sees("未办理", "二（一）1")


async def test_a_unit_without_rules_of_its_own_cannot_begin(enter: Enter) -> None:
    researcher = await enter("chaganhu-researcher1")
    await researcher.open("/institution/empowerment/new")
    await researcher.page.locator("main input[name=achievement_id]").first.check()
    await researcher.choose(grant_type="ownership")
    await researcher.press("开始填写")
    await researcher.press("提交申请", "jilin-no-rules", status=422)
    await banner(researcher)


async def test_a_hospital_is_not_covered(enter: Enter) -> None:
    researcher = await enter("tianchi-researcher1")
    await researcher.open("/institution/empowerment/new", "jilin-hospital")
    await researcher.sees("现在不能申请赋权", "三（四）")


@pytest.mark.requirement("R130", "R165")
async def test_two_reports_with_their_own_recipients(enter: Enter) -> None:
    clerk = await enter("chaganhu-clerk")
    await clerk.open("/institution/reports", "jilin-reports")
    await clerk.sees("改革年度工作报告", "年度职务科技成果转化情况报告")
    finance = await enter("jl-finance-officer")
    await finance.open("/console/reports", "jilin-finance")
    await expect(finance.page.locator("main")).not_to_contain_text("改革年度工作报告")
    await finance.sees("年度职务科技成果转化情况报告", "松花湖示范大学")
    science = await enter("jl-science-officer")
    await science.open("/console/reports", "jilin-progress")
    await science.sees("已逾期", "2026-01-31")
    # a unit of the centre follows the text as a reference: never overdue
    await expect(science.page.locator("tr", has_text="伊通河示范仪器研究所").first).not_to_contain_text("已逾期")


async def test_the_public_sees_that_it_is_a_draft(enter: Enter) -> None:
    walk = await enter()
    await walk.open("/jilin/policy", "jilin-policy")
    await banner(walk)
    await walk.open("/jilin/lists", "jilin-lists")
    await walk.open("/yunnan/policy")
    await expect(walk.page.locator("body")).not_to_contain_text(DRAFT)
