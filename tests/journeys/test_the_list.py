"""The negative list from an opinion without an account to the version that a screening uses (第五条).

Runs after the walks of the public pages: the consultation that stands open there is closed here.
"""

import re
from pathlib import Path

import pytest

from tests.journeys.walking import Enter, Walk

PUBLIC = "/yunnan/lists/empowerment"
OPINION = "建议列举通信和供热设施，便于单位逐项对照。"
PAPER = {
    "held_on": "2026-04-09",
    "participants": "高等院校、科研院所专家 7 人",
    "opinion": "同意提交确定",
    "document": "专家审核与评估意见",
}


async def give_opinion(visitor: Walk) -> str:
    """From the public page; returns the receipt number."""
    await visitor.open("/yunnan/consultations", "list-consultations")
    await visitor.page.locator("main a[href^='/yunnan/consultations/']").first.click()
    await visitor.page.wait_for_url("**/consultations/*-*")
    await visitor.page.locator("main textarea[name=body]").fill(OPINION)
    await visitor.press("提交意见", "list-receipt")
    found = re.search(r"YJ\d{8}-[2-9A-Z]{8}", await visitor.page.locator("main").inner_text())
    assert found
    return found[0]


async def answer(officer: Walk, receipt: str = "") -> None:
    """Answer the opinion of that receipt number, or every one that waits but the newest."""
    waiting = officer.page.locator("main section", has=officer.page.locator("textarea[name=answer]"))
    while True:
        left = await waiting.count()
        if left <= (0 if receipt else 1):
            return
        one = waiting.filter(has_text=receipt) if receipt else waiting.filter(has_not_text=OPINION).first
        await one.locator("textarea[name=answer]").fill("感谢您的意见，已写入说明。")
        await one.locator("select[name=adopted]").select_option("adopted")
        async with officer.page.expect_navigation(wait_until="load"):
            await one.locator("button[type=submit]").click()


async def determine(officer: Walk, head: Walk, version: str) -> None:
    await officer.open(version)
    review = officer.page.locator("#review")
    for name, words in PAPER.items():
        await review.locator(f"[name='{name}']").fill(words)
    for point in await review.locator("[name^='weighed:']").all():
        await point.fill("逐条研究，表述适当。")
    async with officer.page.expect_navigation(wait_until="load"):
        await review.get_by_role("button", name="登记").click()
    await officer.look("list-reviewed")
    await head.open(version)
    joint = head.page.locator("#determination")
    for name, words in {**PAPER, "participants": "省科技厅会同相关单位共 5 家", "document": "会议纪要"}.items():
        await joint.locator(f"[name='{name}']").fill(words)
    async with head.page.expect_navigation(wait_until="load"):
        await joint.get_by_role("button", name="登记").click()


@pytest.mark.requirement("R006", "R007", "R008", "R013")
async def test_a_version_is_published_only_when_every_opinion_is_answered(enter: Enter, tmp_path: Path) -> None:
    visitor, officer, head = await enter(), await enter("science-officer"), await enter("science-head")
    receipt = await give_opinion(visitor)
    await officer.open("/console/lists", "console-lists")
    await officer.page.locator("tr", has_text="征求意见中").locator("a").first.click()
    await officer.page.wait_for_url(re.compile("/console/lists/[0-9a-f-]{36}"))
    await officer.look("list-in-consultation")
    version = officer.page.url.removeprefix(officer.demo.address).partition("?")[0]
    await officer.press("结束征求意见", "list-consultation-running", status=422)
    await officer.sees("2026-04-08（含当日）", "第五条")
    await officer.open(version)
    await officer.page.locator("a[href^='/console/lists/opinions/']").click()
    await officer.page.wait_for_url("**/opinions/**")
    await officer.look("list-opinions")
    opinions = officer.page.url.removeprefix(officer.demo.address).partition("?")[0]
    await officer.sees(receipt, OPINION)
    await answer(officer)

    await officer.open("/console/")
    await officer.move_clock("2026-04-09T09:00")
    await officer.open(version)
    await officer.press("结束征求意见")
    await determine(officer, head, version)
    await head.fill(effective_on="2026-04-20")
    await head.press("公示发布", "list-unanswered", status=422)
    await head.sees("答复", "第五条")
    assert await head.page.locator(".cite-quote").count() >= 1
    await officer.open(opinions)
    await answer(officer, receipt)
    await head.open(version)
    await head.fill(effective_on="2026-04-20")
    await head.press("公示发布", "list-published")
    await head.sees("决定 2026-04-09", "发布 2026-04-09", "生效 2026-04-20", "终止 未终止")
    await read_by_anybody(visitor, tmp_path)


async def read_by_anybody(visitor: Walk, folder: Path) -> None:
    """The permanent page with its dates and downloads, and what changed; the version in force is still the one before."""
    await visitor.open(f"{PUBLIC}/3", "list-public-3")
    await visitor.sees("YN-FQ-011", "2026-04-20", "尚未生效")
    for label, suffix in (("结构化数据", ".json"), ("逗号分隔，UTF-8", ".csv"), ("Excel 工作簿", ".xlsx")):
        got = await visitor.download(label, folder)
        assert got.suffix == suffix
        assert got.stat().st_size > 500
    await visitor.open(f"{PUBLIC}/compare?from=2&to=3", "list-compare")
    await visitor.sees("YN-FQ-011", "YN-FQ-007")
    await visitor.open(PUBLIC)
    await visitor.heading("第 2 版")


@pytest.mark.requirement("R014")
async def test_a_screening_uses_the_version_of_its_day(enter: Enter) -> None:
    clerk = await enter("fuxian-clerk")
    await clerk.open("/institution/empowerment")
    await clerk.page.locator("tr, li", has_text="待排查").locator("a[href^='/institution/empowerment/']").first.click()
    await clerk.page.wait_for_url(re.compile("/empowerment/[0-9a-f-]{36}"))
    screening = clerk.page.url.removeprefix(clerk.demo.address).partition("?")[0] + "/screening"
    await clerk.open(screening, "screening-before")
    await clerk.sees("第 2 版")
    assert await clerk.page.locator("[name='item-YN-FQ-011']").count() == 0
    await clerk.open("/institution/")
    await clerk.move_clock("2026-04-20T09:00")
    await clerk.open(screening, "screening-after")
    await clerk.sees("第 3 版", "YN-FQ-011")
    assert await clerk.page.locator("[name='item-YN-FQ-011']").count() == 2


async def test_the_next_version_is_drafted_from_the_one_in_force(enter: Enter) -> None:
    officer = await enter("science-officer")
    await officer.open("/console/lists/new", "list-draft")
    await officer.page.locator("[name=rule]").select_option(index=1)
    await officer.fill(title="职务科技成果赋权负面清单")
    await officer.press("起草", "list-drafted")
    await officer.sees("YN-FQ-011", "未变")
    await officer.press("新增条目", "list-item")
    await officer.press("新增条目", status=422)
    await officer.page.locator("[name=category]").select_option(index=1)
    await officer.fill(title="可能对通信安全产生重大负面影响的成果", note="转化应用可能危及通信网络安全运行的")
    await officer.press("新增条目")
    await officer.sees("YN-FQ-012", "新增")
    await officer.fill(days="30")
    await officer.press("公开征求意见", "list-put-to-the-public")
    await officer.sees("征求意见中")
