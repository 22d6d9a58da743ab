"""The report of 2025 from its freeze to the finance department: returned once with a reason at a field, added up, passed on."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.journeys.walking import Enter, Walk

HERE = "/institution/reports/2025/annual_report"
CONSOLE = "/console/reports"
UNIT = "苍山示范学院"
REASON = "请补充兑现人数和金额，并说明未兑现的原因。"
TEXTS = {
    "part:rewards": "奖励报酬已经按规定分配。",
    "part:implementation": "单列管理制度已经印发，台账按月核对。",
    "part:problems": "专业技术经理人不足。",
    "part:suggestions": "建议共享中试平台。",
}


async def freeze_and_write(clerk: Walk) -> None:
    await clerk.open("/institution/reports", "reports")
    await clerk.open(HERE, "report-unfrozen")
    await clerk.sees("2026-03-31", "第十七条")
    await clerk.press("冻结 2025 年末数据", "report-frozen")
    await clerk.sees("首次入账", "数据冻结", "尚未填写")
    # Behind a figure stand its rows; there are as many as it says.
    figure = clerk.page.locator("a[href*='rows?dimension=type&value=plant_variety&column=closing']").first
    number = int((await figure.inner_text()).replace(",", ""))
    await figure.click()
    await clerk.page.wait_for_url("**/rows?**")
    await clerk.look("report-rows")
    assert 0 < await clerk.page.locator("tbody tr").count() == min(number, 20)
    await clerk.open(f"{HERE}/narrative", "report-narrative")
    await clerk.fill(**TEXTS)
    await clerk.press("保存")


async def newest_of(department: Walk) -> str:
    """The address of the newest report that the unit handed over: the list has the newest first."""
    await department.open(CONSOLE)
    row = department.page.locator("tr", has_text=UNIT).locator("a[href^='/console/reports/']")
    href = await row.first.get_attribute("href")
    assert href
    return href


@pytest.mark.requirement("R086", "R087")
async def test_a_report_is_returned_mended_accepted_added_up_and_passed_on(enter: Enter) -> None:
    clerk, head = await enter("cangshan-clerk"), await enter("cangshan-head")
    department = await enter("education-officer")
    await freeze_and_write(clerk)
    await head.open(f"{HERE}/submit", "report-submit")
    await head.press("确认报送", "report-submitted")
    await head.sees("已报送", "省教育厅")

    first = await newest_of(department)
    await department.open(first, "console-report")
    await department.heading(UNIT)
    await department.sees("第十七条", TEXTS["part:problems"])
    await department.press("退回修改", "console-return")
    await department.press("退回修改", status=422)
    await department.fill(**{"part:rewards": REASON})
    await department.press("退回修改")

    await clerk.open(HERE, "report-returned")
    await clerk.sees("已退回修改（1 处", REASON)
    await clerk.open(f"{HERE}/narrative", "report-narrative-returned")
    await clerk.sees(REASON)
    await clerk.fill(**{"part:rewards": "已兑现 32 人、186 万元，其余正在公示。"})
    await clerk.press("保存")
    await head.open(f"{HERE}/submit", "report-resubmit")
    await head.sees("与上次报送相比", "已兑现 32 人")
    await head.press("确认报送")

    second = await newest_of(department)
    assert second != first
    await department.open(second, "console-report-second")
    await department.sees("与上次报送相比", "第 1 次")
    await department.press("接收")
    await pass_on(department)
    await clerk.open(HERE, "report-forwarded")
    await clerk.sees("主管机关查阅记录", "云南省教育厅", "已汇总上报")
    await received_by_the_others(enter, second)


async def pass_on(department: Walk) -> None:
    """With what was accepted before: one aggregate, to the recipients that the pack names."""
    await department.open(f"{CONSOLE}/aggregate/2025/annual_report", "console-accepted")
    await department.sees(UNIT, "高黎贡示范材料研究所")
    await department.press("汇总这 2 家", "console-aggregate")
    await department.sees(UNIT, "第十七条")
    await department.press("报省科技厅、省财政厅")
    await expect(department.page.locator("main")).to_contain_text("已上报")


async def received_by_the_others(enter: Enter, submission: str) -> None:
    """Science and finance read the department's aggregate, never the unit's own report; another department nothing of it."""
    for who in ("science-officer", "finance-officer"):
        walk = await enter(who)
        await walk.open(CONSOLE, f"console-reports-{who}")
        await walk.page.locator("tr", has_text="云南省教育厅").locator("a").first.click()
        await walk.page.wait_for_url("**/console/reports/*-*")
        await walk.look(f"console-aggregate-{who}")
        await walk.sees(UNIT, "本次查阅已记入各单位的操作日志")
        await walk.open(submission, status=404)
    health = await enter("health-officer")
    await health.open(CONSOLE, "console-reports-health")
    await expect(health.page.locator("main")).not_to_contain_text(UNIT)
    await health.open(submission, status=404)
    theirs = await health.page.locator("main").inner_text()
    await health.open(f"{CONSOLE}/{uuid4()}", status=404)
    assert re.sub("[0-9a-f]{16,}", "", theirs) == re.sub(
        "[0-9a-f]{16,}", "", await health.page.locator("main").inner_text()
    ), "a foreign report is as unknown as one that never was"


async def test_an_institution_sees_who_looked(enter: Enter) -> None:
    audit = await enter("gaoligong-audit")
    await audit.open("/institution/audit", "audit-of-looks")
    await audit.sees("云南省教育厅")
