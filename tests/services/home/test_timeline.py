"""An achievement's way from disclosure to money: every event with its day, who did it and its article."""

import re
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import update

from services.empowerment.models import application
from services.ledger.claiming.models import person_claim
from services.ledger.entry import Completer, Deal, Entry
from services.ledger.workflow import quarantine, record_conversion, register
from shared.ids import new_id
from tests.services.empowerment.arranging import (
    Prepared,
    announced,
    applied,
    is_completer,
    prepare,
    put_list_in_force,
    select_for_pilot,
    sign,
)
from tests.services.notices.arranging import add_person, at
from tests.web import Site
from tests.world import World


def labels(page: str) -> list[str]:
    """What happened, in the order of the page."""
    events = page[page.index('aria-label="经过"') :]
    return re.findall(r'<li class="history-item[^>]*>.*?<span class="badge[^>]*>([^<]+)<', events)


async def in_the_ledger(world: World) -> Prepared:
    """An institution ready to apply, with an achievement that the ledger's own verb registered."""
    team = (
        await add_person(world, world.university, "甲完成人"),
        await add_person(world, world.university, "乙完成人"),
    )
    await is_completer(world, world.university, team[0])
    members = tuple(Completer(one) for one in team)
    obtained = date(2025, 3, 4)
    entry = Entry(name="一种余热装置", type="patent_right", status="not_converted", obtained_on=obtained, team=members)
    async with world.acting(world.university, at=at("2026-01-05")) as tx:
        made = await register(tx, entry, held_from=date(2026, 1, 5))
    assert isinstance(made, UUID), made
    await select_for_pilot(world, world.university)
    return Prepared(world.university, made, team, await put_list_in_force(world))


async def test_the_way_of_an_achievement_stands_in_the_order_of_its_days(site: Site, world: World) -> None:
    ready = await in_the_ledger(world)
    application_id = await announced(world, ready)
    assert await sign(world, ready.tenant, application_id, "2026-03-18") is None
    async with world.acting(ready.tenant, at=at("2026-03-20")) as tx:
        deal = Deal(mode="assignment", counterparty="示例公司", signed_on=date(2026, 3, 19), amount=Decimal("250000"))
        assert not hasattr(await record_conversion(tx, ready.achievement_id, deal), "code")
    clerk = await site.signed_in(world, ready.tenant)
    answer = await clerk.get(f"/institution/ledger/{ready.achievement_id}/timeline")
    assert answer.status_code == 200
    told = labels(answer.text)
    wanted = [
        "登记入账",
        "提交赋权申请",
        "负面清单排查通过",
        "可行性评估通过",
        "发布公示",
        "签署赋权协议",
        "转化合同",
        "登记转化",
    ]
    assert [one for one in told if one in wanted] == wanted
    words = re.sub(r"<[^>]+>", "", answer.text)
    assert "金额 250,000.00 元" in words
    assert "示例公司" in words
    assert "第八条" in words, "the notice tells its article"
    phases = dict(
        re.findall(r'<td data-label="([^"]+)" class="nowrap"><time class="fw-medium" datetime="([^"]+)"', answer.text)
    )
    assert phases["申请赋权"] == "2026-02-20"
    assert phases["公示"] == "2026-03-02"
    assert phases["签署协议"] == "2026-03-18"
    assert phases["转化与合同金额"] == "2026-03-19"
    assert "披露" not in phases, "what was never disclosed here has no day"


async def applicant_is(world: World, ready: Prepared, person: UUID) -> None:
    """The application was entered by somebody else, and the colleague is none of its team."""
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(person_claim).where(person_claim.c.tenant_id == ready.tenant).values(state="ended")
        )
        await connection.execute(
            update(application).where(application.c.tenant_id == ready.tenant).values(applicant_id=person)
        )


async def test_whoever_may_not_open_an_application_does_not_read_of_it(site: Site, world: World) -> None:
    ready = await prepare(world)
    await applied(world, ready)
    address = f"/institution/ledger/{ready.achievement_id}/timeline"
    clerk_reads = labels((await (await site.signed_in(world, ready.tenant)).get(address)).text)
    assert {"载入台账", "提交赋权申请"} <= set(clerk_reads)
    colleague = await site.signed_in(world, world.university, "completer")
    await applicant_is(world, ready, await add_person(world, ready.tenant, "别的申请人"))
    assert "提交赋权申请" not in labels((await colleague.get(address)).text)
    stranger = await site.signed_in(world, world.institute)
    foreign, unknown = await stranger.get(address), await stranger.get(f"/institution/ledger/{new_id()}/timeline")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text == unknown.text.replace(unknown.url.path, foreign.url.path)
    assert (await site.anonymous().get(address)).status_code == 303


async def test_a_quarantined_achievement_tells_nothing(site: Site, world: World) -> None:
    ready = await in_the_ledger(world)
    async with world.acting(ready.tenant) as tx:
        assert await quarantine(tx, ready.achievement_id, "待核实") is None
    page = (
        await (await site.signed_in(world, ready.tenant)).get(f"/institution/ledger/{ready.achievement_id}/timeline")
    ).text
    assert "内容已隔离" in page
    assert "余热" not in page
    assert "待核实" not in page
