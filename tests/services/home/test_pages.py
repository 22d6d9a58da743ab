"""The home pages of every audience: who sees them, what they show, what is nobody else's."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.home.delivering.workflow import deliver
from services.home.queries import messages
from services.home.workbench import queries
from services.ledger.entry import Completer, Deal, Entry
from services.ledger.rules import complete
from services.ledger.workflow import register_many
from shared.db.transaction import Transaction
from shared.ids import new_id
from shared.todo import Todo
from shared.workflow import record_event, send
from tenants.packs import governing
from tests.web import Site
from tests.world import START, World


async def fill_ledger(world: World, tenant: UUID) -> None:
    async with world.acting(tenant) as tx:
        pack = (await governing(tx)).pack
        entries = [
            Entry(name="一种余热回收装置", type="patent_right", status="converted", mode="assignment",
                  obtained_on=date(2025, 3, 4), value=Decimal("1234500"), team=(Completer(name="甲示范"),),
                  deals=(Deal(mode="assignment", amount=Decimal("1234500")),)),
            Entry(name="一种茶叶杀青机", type="patent_right", status="not_converted", obtained_on=date(2025, 4, 5),
                  team=(Completer(name="乙示范"), Completer(name="丙示范"))),
        ]  # fmt: skip
        await register_many(
            tx, [complete(entry, pack, tx.today).entry for entry in entries], held_from=tx.today, source="imported"
        )


async def tell(world: World, title: str, permission: str = "institution:home:read", href: str = "") -> None:
    async with world.acting(world.university) as tx:
        await send(tx, "message", {"title": title, "to_permission": permission, "href": href})
    async with world.working(world.university) as tx:
        await deliver(tx, None)


@pytest.mark.parametrize(
    "address", ["/institution/", "/institution/todo", "/institution/messages", "/console/", "/operator/"]
)
async def test_nobody_looks_in_without_a_session(site: Site, address: str) -> None:
    answer = await site.anonymous().get(address)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?return_to=")


async def test_each_audience_has_its_own_home_and_no_other(site: Site, world: World) -> None:
    people = {
        "/institution/": await site.signed_in(world, world.university),
        "/console/": await site.signed_in(world, world.science, "science_officer", kind="science"),
        "/operator/": await site.signed_in(world, world.operator, "operator", kind="operator"),
    }
    for own, visitor in people.items():
        for address in people:
            assert (await visitor.get(address)).status_code == (200 if address == own else 404), (own, address)


async def test_a_person_without_a_role_of_the_institution_is_refused(site: Site, world: World) -> None:
    visitor = await site.signed_in(world, world.university, "science_officer")
    led = await visitor.get("/institution/")
    assert (led.status_code, led.headers["location"]) == (303, "/institution/settings/permissions")
    assert (await visitor.get("/institution/todo")).status_code == 403


async def test_the_workbench_shows_the_ledger_in_figures_and_rows(site: Site, world: World) -> None:
    await fill_ledger(world, world.university)
    page = (await (await site.signed_in(world, world.university)).get("/institution/")).text
    assert "一种茶叶杀青机" in page
    assert "乙示范、丙示范" in page
    assert "123.45" in page
    assert "已估值 1 项，未评估 1 项" in page.replace('<span class="nowrap">', "").replace("</span>", "")
    other = (await (await site.signed_in(world, world.institute)).get("/institution/")).text
    assert "茶叶杀青机" not in other
    assert "台账还没有成果" in other


async def test_what_waits_is_sorted_by_deadline_and_shown_to_those_who_may_do_it(
    site: Site, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = START.date()

    async def source(_: Transaction) -> list[Todo]:
        def todo(title: str, due: date | None, permission: str) -> Todo:
            return Todo("赋权申请", title, "甲", "/institution/x", "办理", permission, "按第八条计算", due)

        review = "institution:empowerment:review"
        return [
            todo("无期限事项", None, review),
            todo("后到期事项", today + timedelta(days=9), review),
            todo("先到期事项", today + timedelta(days=1), review),
            todo("别人的事项", today, "institution:empowerment:apply"),
        ]

    monkeypatch.setattr(queries, "SOURCES", (source,))
    page = (await (await site.signed_in(world, world.university)).get("/institution/todo")).text
    assert page.index("先到期事项") < page.index("后到期事项") < page.index("无期限事项")
    assert "别人的事项" not in page
    assert "政策未规定期限" in page
    assert "按第八条计算" in page


async def test_what_one_did_and_what_one_began(site: Site, world: World) -> None:
    async with world.acting(world.university) as tx:
        await record_event(tx, "achievement", new_id(), "registered", to_state="registered")
        await record_event(
            tx, "achievement", new_id(), "corrected", from_state="registered", to_state="registered", reason="笔误更正"
        )
    clerk = await site.signed_in(world, world.university)
    done = (await clerk.get("/institution/todo", view="done")).text
    assert "登记入账" in done
    assert "笔误更正" in done
    begun = (await clerk.get("/institution/todo", view="begun")).text
    assert "登记入账" in begun
    assert "笔误更正" not in begun
    other = (
        await (await site.signed_in(world, world.university, "leadership")).get("/institution/todo", view="done")
    ).text
    assert "登记入账" not in other


async def test_a_message_is_opened_once_and_leads_where_it_says(site: Site, world: World) -> None:
    await tell(world, "公示期满", href="/institution/notices")
    clerk = await site.signed_in(world, world.university)
    page = (await clerk.get("/institution/messages")).text
    assert "公示期满" in page
    assert "1 条未读" in page
    async with world.acting(world.university) as tx:
        (row,) = await messages(tx)
    answer = await clerk.post(f"/institution/messages/{row.id}/open", page="/institution/messages")
    assert (answer.status_code, answer.headers["location"]) == (303, "/institution/notices")
    assert "没有未读消息" in (await clerk.get("/institution/messages")).text


async def test_another_tenants_message_looks_like_one_that_does_not_exist(site: Site, world: World) -> None:
    await tell(world, "内部消息")
    async with world.acting(world.university) as tx:
        (row,) = await messages(tx)
    stranger = await site.signed_in(world, world.institute)
    foreign = await stranger.post(f"/institution/messages/{row.id}/open", page="/institution/messages")
    unknown = await stranger.post(f"/institution/messages/{new_id()}/open", page="/institution/messages")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text == unknown.text.replace(unknown.url.path, foreign.url.path)


@pytest.mark.parametrize(
    ("audience", "tenant", "role", "kind"),
    [
        ("institution", "university", "clerk", "institution"),
        ("console", "science", "science_officer", "science"),
        ("console", "department", "department_officer", "department"),
        ("console", "finance", "finance_officer", "finance"),
        ("operator", "operator", "operator", "operator"),
    ],
)
async def test_everybody_has_messages_and_may_mark_them_read(
    site: Site, world: World, audience: str, tenant: str, role: str, kind: str
) -> None:
    tenant_id = getattr(world, tenant)
    async with world.acting(tenant_id, role, kind) as tx:
        await send(tx, "message", {"title": "给本单位", "to_permission": f"{audience}:home:read"})
    async with world.working(tenant_id) as tx:
        if kind != "institution":
            tx.scope = tx.scope.within(tenant_id, tenant_id)
        await deliver(tx, None)
    visitor = await site.signed_in(world, tenant_id, role, kind=kind)
    here = f"/{audience}/messages"
    assert "给本单位" in (await visitor.get(here)).text
    async with world.acting(tenant_id, role, kind) as tx:
        (row,) = await messages(tx)
    assert (await visitor.post(f"{here}/{row.id}/open", page=here)).status_code == 303
    async with world.acting(tenant_id, role, kind) as tx:
        await send(tx, "message", {"title": "又一条", "to_permission": f"{audience}:home:read"})
    async with world.working(tenant_id) as tx:
        if kind != "institution":
            tx.scope = tx.scope.within(tenant_id, tenant_id)
        await deliver(tx, None)
    assert (await visitor.post(f"{here}/read", page=here)).status_code == 303
    assert "没有未读消息" in (await visitor.get(here)).text


async def test_the_console_home_counts_the_province_and_names_no_achievement(site: Site, world: World) -> None:
    await fill_ledger(world, world.university)
    for tenant, role, kind in (
        (world.science, "science_officer", "science"),
        (world.department, "department_officer", "department"),
        (world.finance, "finance_officer", "finance"),
    ):
        page = await (await site.signed_in(world, tenant, role, kind=kind)).get("/console/")
        assert page.status_code == 200
        # a department answers for its own units, a finance department for none
        missing = {"science": "未报送 <b>4</b> 家", "department": "未报送 <b>3</b> 家"}.get(kind)
        assert (missing in page.text) if missing else ("未报送" not in page.text)
        assert "茶叶杀青机" not in page.text


async def test_the_operator_sees_who_is_registered_and_no_tenants_rows(site: Site, world: World) -> None:
    page = (await (await site.signed_in(world, world.operator, "operator", kind="operator")).get("/operator/")).text
    assert "滇池示例大学" in page
    assert "测试省教育厅" in page


async def test_the_sample_ledger_is_offered_in_a_demo_only(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.university)
    assert (await clerk.get("/institution/imports/sample")).status_code == 404
    state = site.app.state
    state.settings, kept = state.settings.model_copy(update={"mode": "demo"}), state.settings
    try:
        answer = await clerk.get("/institution/imports/sample")
        researcher = await site.signed_in(world, world.university, "completer")
        assert (await researcher.get("/institution/imports/sample")).status_code == 403
    finally:
        state.settings = kept
    assert answer.status_code == 200
    assert answer.content[:2] == b"PK"


async def test_nobody_is_led_to_imports_that_they_may_not_open(site: Site, world: World) -> None:
    for role, may in (("clerk", True), ("leadership", False), ("completer", False)):
        visitor = await site.signed_in(world, world.university, role)
        page = (await visitor.get("/institution/")).text
        assert ("/institution/imports" in page) is may, role
        assert ((await visitor.get("/institution/imports")).status_code == 200) is may, role
