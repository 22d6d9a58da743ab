"""The ledger at a point: every page, list, sum and answer of a past day, and as it was known; nothing of today in it."""

import re
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from html import unescape
from uuid import UUID

import pytest

from services.home.dashboard import queries as dashboard
from services.ledger import workflow
from services.ledger.entry import Deal
from services.ledger.listing import Filters, ledger_page
from services.ledger.losses import workflow as losses
from services.ledger.ownership import workflow as ownership
from services.ledger.ownership.rules import Owner
from services.ledger.points import Point, point_of
from services.ledger.stages import workflow as stages
from services.ledger.views.queries import facet_counts
from shared.clock import real_now
from shared.errors import Refusal
from tests.services.ledger.losses.test_losses import CHECKS, LOST
from tests.services.ledger.rights.test_right_pages import NUMBER, PATENT, recorded
from tests.services.ledger.stages.test_stage_workflow import DAYS, REPORT, SAID, Kept
from tests.services.ledger.test_workflow import DAY, registered
from tests.services.notices.arranging import at
from tests.web import Site, Visitor
from tests.world import START, World

HOME = "/institution/ledger"
TABS = ("", "/stage", "/rights", "/losses", "/ownership", "/accounting", "/timeline")
TODAY = START.date()


def words_of(page: str) -> str:
    """What a page says, but for its navigation, its forms, and what the history of versions tells."""
    main = page.split("<main")[-1]
    return " ".join(re.sub(r"<[^>]+>", " ", unescape(main)).split())


async def lived(world: World) -> UUID:
    """An achievement with a right, a paper, owners, a lost right and a conversion, each from a day of its own."""
    row_id = await recorded(world, right=PATENT)
    async with world.acting(world.university, at=at("2026-03-12")) as tx:
        paper = await stages.add_proof(tx, Kept(), row_id, REPORT, SAID)
        assert isinstance(paper, UUID), paper
        assert not isinstance(await stages.record_criteria(tx, row_id, DAYS, reason="认定"), Refusal)
    async with world.acting(world.university, at=at("2026-03-13")) as tx:
        whole = (Owner("甲示例研究院", Fraction(1)),)
        done = await ownership.record_ownership(tx, row_id, whole, since=date(2026, 3, 13), reason="登记权属")
        assert not isinstance(done, Refusal)
    async with world.acting(world.university, at=at("2026-03-14")) as tx:
        assert isinstance(await losses.record_loss(tx, row_id, NUMBER, "assigned", LOST, CHECKS), UUID)
    async with world.acting(world.university) as tx:
        deal = Deal(mode="licence", counterparty="乙示例公司", signed_on=date(2026, 3, 15), amount=Decimal("70000"))
        assert isinstance(await workflow.record_conversion(tx, row_id, deal), UUID)
    return row_id


async def shown(visitor: Visitor, address: str, **query: str) -> str:
    answer = await visitor.get(address, **query)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.text


@pytest.mark.requirement("R205")
async def test_each_page_of_an_achievement_is_told_as_of_a_day_and_keeps_it(site: Site, world: World) -> None:
    row_id = await lived(world)
    clerk = await site.signed_in(world, world.university)
    home = f"{HOME}/{row_id}"
    # page: (what is told from when on)
    told = {
        "": ("70,000", "2026-03-15"),
        "/stage": ("技术评估报告.pdf", "2026-03-12"),
        "/rights": (["失效", "已转移"][1], LOST.isoformat()),
        "/losses": ("合同约定转让", "2026-03-14"),
        "/ownership": ("甲示例研究院", "2026-03-13"),
        "/timeline": ("乙示例公司", "2026-03-15"),
    }
    told[""] = ("乙示例公司", "2026-03-15")
    for tab, (words, first) in told.items():
        before = (date.fromisoformat(first) - timedelta(days=1)).isoformat()
        then, after = await shown(clerk, home + tab, as_of=before), await shown(clerk, home + tab, as_of=first)
        assert words not in words_of(then).split("查看历史时点")[0].split("版本")[0], tab
        assert words in words_of(after) or first == TODAY.isoformat(), tab
        assert "回到今天" in then, tab
        assert "登记理由" not in words_of(then), f"{tab}: nothing is entered into the past"
        if tab != "/timeline":
            assert all(f'href="{home}{other}?as_of={before}"' in then for other in TABS[:-1]), tab
        assert "回到今天" not in await shown(clerk, home + tab), tab


async def test_accounting_is_hinted_by_what_was_recognised_on_the_day(site: Site, world: World) -> None:
    row_id = await lived(world)
    clerk = await site.signed_in(world, world.university)
    before = await shown(clerk, f"{HOME}/{row_id}/accounting", as_of="2026-03-09")
    after = await shown(clerk, f"{HOME}/{row_id}/accounting", as_of="2026-03-12")
    assert "认定阶段：研究阶段" in before
    assert "认定阶段：开发阶段" in after


@pytest.mark.requirement("R205")
async def test_what_became_known_later_is_not_told_of_an_earlier_instant(site: Site, world: World) -> None:
    row_id = await recorded(world, right=PATENT)
    known = real_now().isoformat()
    async with world.acting(world.university) as tx:
        await ownership.record_ownership(tx, row_id, (Owner("甲示例研究院", Fraction(1)),), since=DAY, reason="补登")
        assert isinstance(await losses.record_loss(tx, row_id, NUMBER, "assigned", LOST, CHECKS), UUID)
        assert isinstance(await stages.add_proof(tx, Kept(), row_id, REPORT, SAID), UUID)
        await workflow.correct(tx, row_id, {"college": "林学院"}, since=DAY, reason="补登学院")
        await workflow.record_conversion(
            tx, row_id, Deal(mode="licence", counterparty="乙示例公司", signed_on=DAY, amount=Decimal(1))
        )
    clerk = await site.signed_in(world, world.university)
    home = f"{HOME}/{row_id}"
    for tab, words in (
        ("", "林学院"), ("", "乙示例公司"), ("/ownership", "甲示例研究院"), ("/losses", "合同约定转让"),
        ("/stage", "技术评估报告.pdf"), ("/timeline", "乙示例公司"), ("/rights", "已转移"),
    ):  # fmt: skip
        assert words in await shown(clerk, home + tab), tab
        then = words_of(await shown(clerk, home + tab, known_at=known))
        assert words not in then.split("登记一项权利")[0], tab
    machine = await site.signed_in(world, world.university)
    listed = (await machine.get(HOME, known_at=known)).text
    assert "林学院" not in listed.split("ledger-t")[1]
    async with world.acting(world.university) as tx:
        point = point_of({"known_at": known}, tx.today)
        assert (await dashboard.funnel(tx, point))[5] == ("已转化", 0)
        assert await dashboard.income(tx, point) == []
        assert (await dashboard.funnel(tx))[5] == ("已转化", 1)
        assert len(await dashboard.income(tx)) == 1


async def test_before_it_stood_in_the_ledger_nothing_of_it_is_told(site: Site, world: World) -> None:
    row_id = await lived(world)
    clerk = await site.signed_in(world, world.university)
    for tab in TABS[1:]:
        text = await shown(clerk, f"{HOME}/{row_id}{tab}", as_of="2026-03-01")
        assert "该日台账中没有该成果" in text, tab
        assert "蓝藻" not in text, tab
        assert f'href="{HOME}/{row_id}{tab}"' in text, "the way back to today"
    assert (await clerk.get(f"/api/achievements/{row_id}", as_of="2026-03-01")).status_code in (401, 403, 404)
    stranger = await site.signed_in(world, world.institute)
    for tab in TABS:
        assert (await stranger.get(f"{HOME}/{row_id}{tab}", as_of="2026-03-10")).status_code == 404, tab


@pytest.mark.requirement("R213")
async def test_what_is_quarantined_is_told_of_no_former_day(site: Site, world: World) -> None:
    row_id = await lived(world)
    async with world.acting(world.university) as tx:
        assert await workflow.quarantine(tx, row_id, "疑似") is None
        assert (await ledger_page(tx, Filters(as_of=date(2026, 3, 10)))).rows == []
        assert (await facet_counts(tx, Filters(as_of=date(2026, 3, 10)), ["type"]))["type"].counts == {}
        point = Point(date(2026, 3, 15))
        assert (await dashboard.funnel(tx, point))[1] == ("登记在册", 0)
        assert sum((await dashboard.stock(tx, point)).totals) == 0
        assert await dashboard.income(tx, point) == []
    clerk = await site.signed_in(world, world.university)
    assert "蓝藻" not in await shown(clerk, HOME, as_of="2026-03-10")
    text = await shown(clerk, f"{HOME}/{row_id}", as_of="2026-03-10")
    assert "蓝藻" not in text
    assert "已经隔离" in text
    assert "蓝藻" not in await shown(clerk, f"{HOME}/{row_id}/timeline", as_of="2026-03-10")
    for tab in TABS[1:-1]:
        assert (await clerk.get(f"{HOME}/{row_id}{tab}", as_of="2026-03-10")).status_code == 404, tab


async def test_the_dashboard_counts_as_of_the_day(site: Site, world: World) -> None:
    await lived(world)
    async with world.acting(world.university) as tx:
        revoked = await registered(tx, "乙装置")
        deal = Deal(mode="licence", signed_on=DAY, amount=Decimal("5"))
        assert isinstance(await workflow.record_conversion(tx, revoked, deal), UUID)
        assert await workflow.revoke(tx, revoked, "重复") is None
    async with world.acting(world.university) as tx:
        then = Point(date(2026, 3, 14))
        assert dict(await dashboard.funnel(tx, then))["已转化"] == 0
        assert dict(await dashboard.funnel(tx))["已转化且载明金额"] == 1
        assert await dashboard.income(tx, then) == []
        assert [one.total for one in await dashboard.income(tx)] == [Decimal(70000)], "what was revoked is no income"
        assert (await dashboard.stock(tx, then)).days[-1] == date(2026, 3, 14)
    clerk = await site.signed_in(world, world.university)
    page = await shown(clerk, "/institution/dashboard", as_of="2026-03-14")
    assert "正在查看历史时点：2026-03-14" in page
    assert "还没有登记转化合同" in page


async def test_the_day_that_is_chosen_is_kept_on_the_way_from_the_list(site: Site, world: World) -> None:
    row_id = await lived(world)
    clerk = await site.signed_in(world, world.university)
    known = real_now()
    text = unescape(await shown(clerk, HOME, as_of="2026-03-10", known_at=known.isoformat()))
    href = next((one for one in re.findall(r'href="([^"]+)"', text) if f"{HOME}/{row_id}?" in one), "")
    assert "as_of=2026-03-10" in href
    assert f"known_at={known:%Y-%m-%d}" in href
    on = await shown(clerk, HOME, as_of="2026-03-10", known_on="2026-03-20")
    assert 'name="known_on" type="date" class="form-control" value="2026-03-20"' in on
    assert "2026-03-20 23:59" in on, "to the end of the day"


async def test_a_correction_from_before_the_beginning_is_refused_with_words(site: Site, world: World) -> None:
    row_id = await recorded(world, right=PATENT)
    clerk = await site.signed_in(world, world.university)
    address = f"{HOME}/{row_id}/correct"
    form = {
        "name": "一种高原湖泊蓝藻原位絮凝装置", "type": "patent_right", "status": "not_converted", "team": "杨思远 1/3\n罗玉梅",
        "numbers": NUMBER, "college": "林学院", "reason": "补登", "since": "2026-03-01",
    }  # fmt: skip
    answer = await clerk.post(address, form)
    assert answer.status_code == 422
    assert "早于该成果进入台账的日期2026-03-02" in words_of(answer.text).replace(" ", "")


def test_an_address_that_cannot_be_read_asks_for_today() -> None:
    for query in (
        {"as_of": "x"}, {"as_of": "2026-13-01"}, {"as_of": TODAY.isoformat()}, {"as_of": "9999-12-31"},
        {"known_at": "2026-03-01T00:00:00"}, {"known_at": "0001-01-01T00:00:00+08:00"}, {"known_on": "9999-12-31"},
        {"known_on": "0001-01-01"}, {},
    ):  # fmt: skip
        assert not point_of(query, TODAY).past, query
    assert point_of({"known_on": "2026-03-01"}, TODAY).known_on == date(2026, 3, 1)
