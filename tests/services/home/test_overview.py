"""The authorities' home: deadlines with their article, progress, contracts, what waits, what was done; nobody's rows."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta

import openpyxl
import pytest
import pytest_asyncio

from services.annual_report.reviewing import workflow as review
from shared.clock import local_day, real_now
from tests.services.annual_report.arranging import REPORT, YEAR, small_ledger, submitted
from tests.services.home.test_aggregates import ledgers
from tests.web import Site, Visitor
from tests.world import World

HOME, TODO, TRAIL = "/console/", "/console/todo", "/console/trail"
ROLES = {
    "science": "science_officer",
    "department": "department_officer",
    "finance": "finance_officer",
}


async def person(site: Site, world: World, kind: str) -> Visitor:
    return await site.signed_in(world, getattr(world, kind), ROLES[kind], kind=kind)


def plain(html: str) -> str:
    return html.replace('<span class="nowrap">', "").replace("</span>", "")


@pytest_asyncio.fixture
async def forwarded(world: World) -> AsyncIterator[World]:
    """Two units of the department reported, were accepted, added up and passed on."""
    await small_ledger(world)
    await small_ledger(world, world.institute)
    for tenant in (world.university, world.institute):
        first = await submitted(world, tenant)
        async with world.acting(world.department, "department_officer", "department") as tx:
            assert await review.accept(tx, first) is None
    async with world.acting(world.department, "department_officer", "department") as tx:
        aggregate = await review.aggregate(tx, REPORT, YEAR)
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert isinstance(await review.forward(tx, aggregate), list)  # type: ignore[arg-type]
    yield world


async def test_the_due_day_stands_with_its_article_and_the_days_left(site: Site, world: World) -> None:
    science = await person(site, world, "science")
    page = plain((await science.get(HOME)).text)
    assert "尚未公布" in page
    assert "第十七条" in page
    due_on = local_day(real_now()) + timedelta(days=45)
    async with world.acting(world.science, "science_officer", "science") as tx:
        assert await review.set_deadline(tx, REPORT, "unit", YEAR, due_on, "通知") is None
    page = plain((await science.get(HOME)).text)
    assert "<small>还有</small>45<small>天</small>" in page
    assert "由省级主管机关每年确定" in page


async def test_the_pilots_term_has_its_day_and_its_disputed_reading(site: Site, world: World) -> None:
    for kind in ROLES:
        page = plain((await (await person(site, world, kind)).get(HOME)).text)
        assert "2025-11-09" in page
        assert "另一读法末日为 2028-11-09" in page
        assert "/1,096 天" in page


async def test_contracts_of_forwarded_reports_are_the_recipients_sums(site: Site, forwarded: World) -> None:
    for kind in ROLES:
        page = plain((await (await person(site, forwarded, kind)).get(HOME)).text)
        # two units with one licence of 500,000 yuan each
        assert "2025 年转化合同金额" in page
        assert ">100.00<" in page
        assert 'data-chart="deals-data"' in page
        for name in ("旧一", "新增", "并入一"):
            assert name not in page


async def test_the_workbook_has_the_contracts_and_the_progress_beside_the_totals(site: Site, forwarded: World) -> None:
    science = await person(site, forwarded, "science")
    sent = await science.get("/console/statistics/workbook")
    book = openpyxl.load_workbook(io.BytesIO(sent.content))
    assert book.sheetnames == ["统计汇总", "转化合同", "报送进度"]
    contracts = [row for row in book["转化合同"].iter_rows(min_row=5, values_only=True) if row[0] == YEAR]
    assert [row[1] for row in contracts] == [2]
    progress = list(book["报送进度"].iter_rows(min_row=5, values_only=True))
    whole = next(row for row in progress if row[1] == "合计")
    assert whole[2:6] == (4, 2, 0, 2)
    # no single unit stands on these sheets
    assert not [
        cell for name in book.sheetnames[1:] for row in book[name].values for cell in row if cell == "滇池示例大学"
    ]


async def test_one_units_contracts_are_not_told_as_a_sum(site: Site, world: World) -> None:
    await small_ledger(world)
    await submitted(world)
    page = plain((await (await person(site, world, "department")).get(HOME)).text)
    assert "50.00" not in page
    assert "2025 年只收到 1 家单位的报告" in page
    # nothing came to the science department yet
    assert "收到两家以上单位的年度报告后" in plain((await (await person(site, world, "science")).get(HOME)).text)


async def test_sums_hide_one_institutions_small_cells(site: Site, world: World) -> None:
    await ledgers(world)
    page = (await (await person(site, world, "science")).get(HOME)).text
    assert "&lt;3" in page
    assert "甲一" not in page
    assert "单列台账总量" not in (await (await person(site, world, "finance")).get(HOME)).text


async def test_what_waits_says_that_no_rule_sets_a_day(site: Site, world: World) -> None:
    first = await submitted_by_university(world)
    page = plain((await (await person(site, world, "department")).get(TODO)).text)
    assert f"/console/reports/{first}" in page
    assert "政策未规定期限" in page
    science = plain((await (await person(site, world, "science")).get(TODO)).text)
    assert "确定 2025 年度科技成果转化年度报告的截止日期" in science
    assert "第十七条" in science
    assert "没有待办事项" in (await (await person(site, world, "finance")).get(TODO)).text


async def submitted_by_university(world: World) -> object:
    await small_ledger(world)
    return await submitted(world)


async def test_done_is_ones_own_and_names_the_unit(site: Site, world: World) -> None:
    first = await submitted_by_university(world)
    department = await person(site, world, "department")
    answer = await department.post(f"/console/reports/{first}/accept", page=f"/console/reports/{first}")
    assert answer.status_code == 303
    done = (await department.get(TODO, view="done")).text
    assert "接收：滇池示例大学" in done
    assert "接收" not in (await (await person(site, world, "science")).get(TODO, view="done")).text
    begun = (await department.get(HOME, view="begun")).text
    assert "接收：滇池示例大学" not in begun


async def test_the_trail_is_the_authoritys_own(site: Site, world: World) -> None:
    first = await submitted_by_university(world)
    department = await person(site, world, "department")
    await department.get(f"/console/reports/{first}")
    trail = (await department.get(TRAIL)).text
    assert "查阅" in trail
    assert "年度报告" in trail
    other = (await (await person(site, world, "science")).get(TRAIL)).text
    assert "查阅</span>" not in other
    assert "还没有记录" in other or "登录" in other


async def test_a_look_at_many_units_is_one_act(site: Site, world: World) -> None:
    await ledgers(world)
    science = await person(site, world, "science")
    await science.get("/console/statistics", by="institution")
    page = plain((await science.get(HOME)).text)
    assert "等 3 家　台账汇总数" in page


async def test_the_trail_turns_pages(site: Site, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.home.overview import trail

    monkeypatch.setattr(trail, "PAGE_SIZE", 1)
    first = await submitted_by_university(world)
    department = await person(site, world, "department")
    for _ in range(2):
        await department.get(f"/console/reports/{first}")
    page = (await department.get(TRAIL)).text
    older = page.split('rel="next" href="')[1].split('"')[0]
    assert "查阅" in (await department.get(older)).text


@pytest.mark.parametrize("address", [TODO, TRAIL])
async def test_these_pages_are_the_authorities_alone(site: Site, world: World, address: str) -> None:
    assert (await site.anonymous().get(address)).status_code == 303
    assert (await (await site.signed_in(world, world.university, "clerk")).get(address)).status_code == 404
    assert (await (await person(site, world, "finance")).get(address)).status_code == 200
