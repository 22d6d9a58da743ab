"""Saved views of the ledger: a person's own, shared by whoever may, never with somebody's name in them."""

import re
from html import unescape

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger.views.models import ledger_view
from shared.audit.tables import audit_entry
from shared.ids import new_id
from tests.services.ledger.test_facets import HOME, links_of, three
from tests.web import Site, Visitor
from tests.world import World

VIEWS = f"{HOME}/views"


async def save(visitor: Visitor, name: str, query: str = "?type=patent_right", **more: str) -> str:
    """Save a view; returns where that leads, or the page's text where it was refused."""
    answer = await visitor.post(f"{VIEWS}{query}", {"name": name, **more}, page=f"{VIEWS}{query}")
    return answer.headers["location"] if answer.status_code == 303 else answer.text


async def tabs(visitor: Visitor, query: str = "") -> dict[str, str]:
    """Name to address of the views beside the list."""
    return dict(
        links_of((await visitor.get(f"{HOME}/facets?beside=1{query}")).text.replace("</nav>", "</div>"), "views")
    )


async def test_a_view_keeps_filters_and_order_under_a_name(site: Site, world: World, maintenance: AsyncEngine) -> None:
    await three(world)
    clerk = await site.signed_in(world, world.university)
    query = "?type=patent_right&q=蓝藻&sort=name"
    assert "type=patent_right" in await save(clerk, "专利 蓝藻", query)
    kept = await tabs(clerk)
    listed = await clerk.get(kept["专利 蓝藻"])
    assert "蓝藻甲" in listed.text
    assert "蓝藻乙" not in listed.text
    assert "sort=name" in kept["专利 蓝藻"]
    async with maintenance.connect() as connection:
        rows = await connection.execute(
            select(audit_entry).where(
                audit_entry.c.tenant_id == world.university, audit_entry.c.action == "ledger_view.save"
            )
        )
        assert [row.details["fields"] for row in rows] == [["q", "sort", "type"]]


async def test_the_same_name_a_missing_name_and_a_person_are_refused(site: Site, world: World) -> None:
    await three(world)
    clerk = await site.signed_in(world, world.university)
    await save(clerk, "专利")
    assert "已有同名视图" in await save(clerk, "专利")
    assert "请填写视图名称" in await save(clerk, "  ")
    assert "视图不保存人名" in await save(clerk, "某人", "?q=杨思")
    assert "视图不保存人名" in await save(clerk, "某人", "?q=思远")
    assert sorted(await tabs(clerk)) == ["专利", "全部", "管理视图"]


async def test_renaming_and_deleting_are_for_the_owner(site: Site, world: World, maintenance: AsyncEngine) -> None:
    await three(world)
    clerk = await site.signed_in(world, world.university)
    await save(clerk, "甲")
    await save(clerk, "乙", "?status=intended")
    async with maintenance.connect() as connection:
        ids = {row.name: row.id for row in await connection.execute(select(ledger_view))}
    done = await clerk.post(f"{VIEWS}/{ids['甲']}", {"name": "丙"}, page=VIEWS)
    assert done.status_code == 303
    taken = await clerk.post(f"{VIEWS}/{ids['甲']}", {"name": "乙"}, page=VIEWS)
    assert taken.status_code == 422
    assert "已有同名视图" in taken.text
    completer = await site.signed_in(world, world.university, "completer")
    stranger = await site.signed_in(world, world.institute)
    for visitor in (completer, stranger):
        key = {"form_key": await visitor.form_key(f"{VIEWS}?type=patent_right")}
        for tail in ("", "/delete"):
            for view_id in (ids["乙"], new_id()):
                answer = await visitor.post(
                    f"{VIEWS}/{view_id}{tail}", {"name": "丁", **key}, page=f"{VIEWS}?type=x&q=y"
                )
                assert answer.status_code == 404
    assert (await clerk.post(f"{VIEWS}/{ids['乙']}/delete", {}, page=VIEWS)).status_code == 303
    assert sorted(await tabs(clerk)) == ["丙", "全部", "管理视图"]


async def test_a_shared_view_is_seen_by_the_institution_only(site: Site, world: World) -> None:
    await three(world)
    clerk = await site.signed_in(world, world.university)
    completer = await site.signed_in(world, world.university, "completer")
    await save(clerk, "共用", shared="yes")
    await save(clerk, "私用", "?status=intended")
    await save(completer, "不能共用", "?year=2024", shared="yes")
    assert [name for name in await tabs(completer) if name.startswith("共用")]
    assert not [name for name in await tabs(completer) if name.startswith("私用")]
    assert not [name for name in await tabs(clerk) if name.startswith("不能共用")]
    stranger = await site.signed_in(world, world.institute)
    assert sorted(await tabs(stranger)) == ["全部", "管理视图"]


async def test_the_page_asks_to_sign_in_and_says_what_to_do_when_there_is_none(site: Site, world: World) -> None:
    assert (await site.anonymous().get(VIEWS)).status_code == 303
    clerk = await site.signed_in(world, world.university)
    assert re.search("还没有保存过视图", (await clerk.get(VIEWS)).text)


COLUMNS = "college,numbers,value"


def heads_of(page: str) -> list[str]:
    table = page.split("<thead>")[1].split("</thead>")[0]
    return [re.sub(r"<[^>]+>", "", one).strip() for one in re.findall(r"<th scope.*?</th>", table, re.S)]


@pytest.mark.requirement("R169")
async def test_a_view_keeps_the_columns_that_were_chosen_by_links_alone(site: Site, world: World) -> None:
    await three(world)
    clerk = await site.signed_in(world, world.university)
    page = unescape((await clerk.get(f"{HOME}/columns", columns=COLUMNS, status="not_converted")).text)
    up = re.search(r'href="([^"]+)">上移<span class="visually-hidden">：权利号', page)
    assert up is not None
    moved = unescape((await clerk.get(up[1])).text)
    out = re.search(r'href="([^"]+)">移除<span class="visually-hidden">：转化价值', moved)
    assert out is not None
    chosen = unescape((await clerk.get(out[1])).text)
    done = re.search(r'<a class="btn btn-primary" href="([^"]+)">', chosen)
    assert done is not None
    assert "status=not_converted" in done[1], "the filters stay"
    assert heads_of((await clerk.get(done[1])).text) == ["编号", "成果名称", "权利号", "所属部门"]
    query = done[1].split("?")[1]
    assert await save(clerk, "权利", f"?{query}")
    shown = [
        href
        for href in re.findall(r'href="([^"]+)"', unescape((await clerk.get(f"{HOME}/facets", beside=1)).text))
        if "columns=" in href
    ]
    assert any("columns=numbers%2Ccollege" in href and "status=not_converted" in href for href in shown)
    assert "列：权利号、所属部门" in (await clerk.get(VIEWS)).text


async def test_columns_that_there_are_not_are_passed_over(site: Site, world: World) -> None:
    await three(world)
    clerk = await site.signed_in(world, world.university)
    usual = heads_of((await clerk.get(HOME)).text)
    assert usual[2] == "完成人（团队）"
    assert heads_of((await clerk.get(HOME, columns="password,x")).text) == usual
    assert (await clerk.get(f"{HOME}/columns", columns="x")).status_code == 200
    assert (await site.anonymous().get(f"{HOME}/columns")).status_code == 303
