"""The numbers at the bell and at the to-dos: on every page of whoever is signed in, asked for after the page."""

import pytest

from services.home.delivering.workflow import deliver
from shared.db.transaction import Transaction
from shared.todo import Todo
from shared.workflow import send
from tests.web import Site
from tests.world import World

WHO = [
    ("institution", "university", "clerk", "institution", "/institution/ledger"),
    ("console", "science", "science_officer", "science", "/console/pilots"),
    ("operator", "operator", "operator", "operator", "/operator/"),
]


@pytest.mark.parametrize(("audience", "tenant", "role", "kind", "elsewhere"), WHO)
async def test_a_page_asks_for_its_counters_and_they_say_what_is_unread(
    site: Site, world: World, audience: str, tenant: str, role: str, kind: str, elsewhere: str
) -> None:
    tenant_id = getattr(world, tenant)
    async with world.acting(tenant_id, role, kind) as tx:
        for title in ("第一条", "第二条"):
            await send(tx, "message", {"title": title, "to_permission": f"{audience}:home:read"})
    async with world.working(tenant_id) as tx:
        if kind != "institution":
            tx.scope = tx.scope.within(tenant_id, tenant_id)
        await deliver(tx, None)
    visitor = await site.signed_in(world, tenant_id, role, kind=kind)
    page = (await visitor.get(elsewhere)).text
    assert f'hx-get="/{audience}/counters" hx-trigger="load"' in page
    assert page.count('id="bell-side"') == page.count('id="bell-top"') == 1
    assert "条未读" not in page, "a page that did not count says no number"
    answer = await visitor.get(f"/{audience}/counters")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.count("消息中心，2 条未读") == 2
    assert "<html" not in answer.text


async def test_the_to_dos_that_one_may_do_are_counted(
    site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def source(_: Transaction) -> list[Todo]:
        review, apply = "institution:empowerment:review", "institution:empowerment:apply"
        return [
            Todo("赋权申请", "事项", "甲", "/institution/x", "办理", right, "") for right in (review, review, apply)
        ]

    monkeypatch.setattr("services.home.workbench.queries.SOURCES", (source,))
    clerk = await site.signed_in(world, world.university)
    counted = (await clerk.get("/institution/counters")).text
    assert '<span class="visually-hidden">待办 </span>2</span>' in counted
    workbench = (await clerk.get("/institution/")).text
    assert '<span class="visually-hidden">待办 </span>2</span>' in workbench
    assert "/institution/counters" not in workbench, "what a page has counted itself is not asked for again"
    leader = await site.signed_in(world, world.university, "leadership")
    assert "待办 " not in (await leader.get("/institution/counters")).text


async def test_counters_are_for_whoever_may_read_a_home(site: Site, world: World) -> None:
    assert (await site.anonymous().get("/institution/counters")).status_code == 303
    stranger = await site.signed_in(world, world.university, "science_officer")
    assert (await stranger.get("/institution/counters")).status_code == 403
    assert (await stranger.get("/console/counters")).status_code == 404
