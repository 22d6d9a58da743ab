"""The rules on a page: found by word, article and code; activation by two people; read only for institutions."""

from datetime import UTC, date, datetime, timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from shared.clock import local_day
from shared.db.local import pack_in_force
from tenants.packs import governing, pack_activation, store_pack
from tenants.rehearsal import pack_rehearsal, rehearse
from tests.tenants.second_version import store_second
from tests.tenants.test_activation import decided
from tests.web import Site, Visitor
from tests.world import START, World

TODAY = local_day(datetime.now(UTC))
LATER = TODAY + timedelta(days=30)
HOME = "/console/policy"


async def officer(site: Site, world: World) -> Visitor:
    return await site.signed_in(world, world.science, "science_officer", kind="science")


async def head(site: Site, world: World) -> Visitor:
    return await site.signed_in(world, world.science, "science_head", kind="science")


async def rehearse_all(world: World, proposal: UUID) -> None:
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(
            select(pack_rehearsal.c.tenant_id).where(pack_rehearsal.c.activation_id == proposal)
        )
        tenants = [row.tenant_id for row in rows]
    for tenant in tenants:
        more = True
        while more:
            async with world.working(tenant) as tx:
                more = await rehearse(tx, proposal)


async def test_rules_are_found_by_word_article_and_code(site: Site, world: World) -> None:
    visitor = await officer(site, world)
    everything = await visitor.get(HOME)
    assert everything.status_code == 200
    for query, found, absent in (
        ({"q": "公示期为15天"}, "第八条(二)", "第十三条"),
        ({"q": "第十三条"}, "2028-11-08", "公示期为15天"),
        ({"q": "notices.empowerment.days"}, "赋权信息公示 · 天数", "第十三条"),
        ({"force": "鼓励"}, "单位负面清单", "公示期为15天"),
        ({"q": "公示期 恰为"}, "天数要求", "第十三条"),
    ):
        answer = (await visitor.get(HOME, **query)).text
        rules = answer[: answer.index('id="readings"')]
        assert found in rules, query
        assert absent not in rules.partition('id="rules-title"')[2], query
    assert "没有符合条件的规则" in (await visitor.get(HOME, q="没有这样的话")).text


@pytest.mark.parametrize(
    ("address", "kind", "role", "tenant"),
    [
        (HOME, "department", "department_officer", "department"),
        (HOME, "finance", "finance_officer", "finance"),
        ("/institution/policy", "institution", "completer", "university"),
    ],
)
async def test_others_read_the_rules(site: Site, world: World, address: str, kind: str, role: str, tenant: str) -> None:
    visitor = await site.signed_in(world, getattr(world, tenant), role, kind=kind)
    answer = await visitor.get(address, q="公示期为15天")
    assert answer.status_code == 200
    assert "第八条(二)" in answer.text
    assert "提议启用" not in answer.text


@pytest.mark.requirement("R214")
async def test_every_reading_stands_with_the_other_one_and_who_decided(site: Site, world: World) -> None:
    visitor = await officer(site, world)
    async with world.acting(world.science, "science_officer", "science") as tx:
        readings = (await governing(tx)).pack.content.readings.values()
    text = (await visitor.get(HOME)).text
    shown = unescape(text[text.index('id="readings"') :])
    for one in readings:
        for words in (one.question, one.used, one.other, one.effect, one.decided_by):
            assert words in shown, one.question


async def test_a_draft_says_so_and_shows_what_nobody_has_seen(site: Site, world: World) -> None:
    """The pack of a draft text carries its banner; a clause whose text was not seen says 原文待核."""
    async with world.acting(world.operator, "operator", "operator") as tx:
        version = await store_pack(tx, "cn-22")
    visitor = await officer(site, world)
    assert "征求意见稿" in (await visitor.get(f"{HOME}/versions/{version}")).text
    unseen = (await visitor.get(HOME, unseen="1")).text
    assert "原文待核" in unseen[unseen.index('id="rules-title"') : unseen.index('id="readings"')]


async def test_nobody_reads_them_unasked(site: Site, world: World) -> None:
    assert (await site.anonymous().get(HOME)).status_code == 303
    clerk = await site.signed_in(world, world.university)
    assert (await clerk.get(HOME)).status_code == 404
    department = await site.signed_in(world, world.department, "department_officer", kind="department")
    version = await store_second(world)
    page = f"{HOME}/versions/{version}"
    assert (await department.get(page)).status_code == 200
    key = await department.form_key(HOME) if 'name="form_key"' in (await department.get(HOME)).text else f"{uuid4()}.x"
    refused = await department.post(f"{page}/propose", {"effective_on": str(LATER)}, key=key)
    assert refused.status_code == 403


@pytest.mark.parametrize(("kind", "role"), [("department", "department_officer"), ("finance", "finance_officer")])
async def test_others_read_what_is_proposed_and_no_count_of_its_rehearsal(
    site: Site, world: World, kind: str, role: str
) -> None:
    await decided(world, world.university, 2)
    version = await store_second(world)
    first = await officer(site, world)
    page = f"{HOME}/versions/{version}"
    sent = await first.post(f"{page}/propose", {"effective_on": str(LATER)}, page=page)
    address = sent.headers["location"].partition("?")[0]
    await rehearse_all(world, UUID(address.rpartition("/")[2]))
    visitor = await site.signed_in(world, getattr(world, kind), role, kind=kind)
    assert address in (await visitor.get(f"{HOME}/versions")).text
    shown = await visitor.get(address)
    assert shown.status_code == 200
    assert str(LATER) in shown.text
    assert "赋权信息公示 · 天数" in shown.text
    for words in ("试算", "确认启用</h2>", "撤回提议", "测试science_officer"):
        assert words not in shown.text, words
    assert (await visitor.get(f"{address}/progress")).status_code == 404


async def test_two_people_put_a_version_in_force_after_seeing_what_changes(site: Site, world: World) -> None:
    await decided(world, world.university, 2)
    version = await store_second(world)
    first = await officer(site, world)
    page = f"{HOME}/versions/{version}"
    compared = (await first.get(page)).text
    assert "赋权信息公示 · 天数" in compared
    assert '<span class="visually-hidden">原为 </span>15' in compared
    assert '<span class="visually-hidden">改为 </span>20' in compared
    wrong = await first.post(f"{page}/propose", {"effective_on": "2026-02-30"}, page=page)
    assert wrong.status_code == 422
    assert "生效日期请按 2026-03-16 的格式填写" in wrong.text
    assert 'value="2026-02-30"' in wrong.text
    past = await first.post(f"{page}/propose", {"effective_on": str(TODAY - timedelta(days=1))}, page=page)
    assert past.status_code == 422
    assert "早于今天" in past.text
    key = await first.form_key(page)
    done, again = [await first.post(f"{page}/propose", {"effective_on": str(LATER)}, key=key) for _ in range(2)]
    assert done.status_code == again.status_code == 303
    address = done.headers["location"].partition("?")[0]
    assert again.headers["location"].partition("?")[0] == address
    proposal = UUID(address.rpartition("/")[2])

    second = await head(site, world)
    waiting = (await second.get(address)).text
    assert "试算完成后才能确认" in waiting
    assert "测试science_officer" in waiting
    assert "进行中" in (await second.get(f"{address}/progress")).text
    await rehearse_all(world, proposal)
    assert (await second.get(f"{address}/progress")).headers["hx-redirect"] == address
    asked = (await second.get("/console/todo")).text
    assert "确认启用版本 2026.1" in asked
    assert address in asked
    assert address not in (await first.get("/console/todo")).text
    ready = (await second.get(address)).text
    assert "2 项结果不同" in ready
    assert "变为不予办理 2" in ready
    assert "须由另一人确认" not in ready
    assert "滇池示例大学" not in ready.partition("<main")[2].partition("<footer")[0]
    confirmed = await second.post(f"{address}/confirm", page=address)
    assert confirmed.status_code == 303
    assert address not in (await second.get("/console/todo")).text
    assert "已确认，待生效" in (await second.get(f"{HOME}/versions")).text
    clerk = await site.signed_in(world, world.university)
    coming = (await clerk.get("/institution/policy")).text
    assert "将启用" in coming
    assert str(LATER) in coming
    late = await second.post(f"{address}/withdraw", {"reason": "晚了"}, key=await second.form_key("/console/"))
    assert late.status_code == 409


async def test_a_proposal_is_withdrawn_with_a_reason(site: Site, world: World) -> None:
    version = await store_second(world)
    first = await officer(site, world)
    page = f"{HOME}/versions/{version}"
    sent = await first.post(f"{page}/propose", {"effective_on": str(LATER)}, page=page)
    address = sent.headers["location"].partition("?")[0]
    assert (await first.post(f"{address}/confirm", page=address)).status_code == 403
    empty = await first.post(f"{address}/withdraw", {"reason": " "}, page=address)
    assert empty.status_code == 422
    assert "请填写撤回原因" in empty.text
    assert (await first.post(f"{address}/withdraw", {"reason": "文本有误"}, page=address)).status_code == 303
    assert "已撤回" in (await first.get(f"{HOME}/versions")).text


async def test_an_unknown_version_and_another_province_s_are_the_same(site: Site, world: World) -> None:
    visitor = await officer(site, world)
    unknown = await visitor.get(f"{HOME}/versions/{uuid4()}")
    assert unknown.status_code == 404
    assert (await visitor.get(f"{HOME}/proposals/{uuid4()}")).status_code == 404
    async with world.maintenance.connect() as connection:
        foreign = (
            await connection.execute(
                select(pack_activation.c.id).where(pack_activation.c.province_id != world.province_id).limit(1)
            )
        ).scalar()
    if foreign is not None:
        assert (await visitor.get(f"{HOME}/proposals/{foreign}")).status_code == 404


async def test_two_people_revoke_a_confirmed_version_before_its_day(site: Site, world: World) -> None:
    version = await store_second(world)
    first, second = await officer(site, world), await head(site, world)
    page = f"{HOME}/versions/{version}"
    sent = await first.post(f"{page}/propose", {"effective_on": str(LATER)}, page=page)
    address = sent.headers["location"].partition("?")[0]
    await rehearse_all(world, UUID(address.rpartition("/")[2]))
    assert (await second.post(f"{address}/confirm", page=address)).status_code == 303
    nothing = await second.post(f"{address}/revocation/confirm", key=await second.form_key(f"{HOME}/versions"))
    assert nothing.status_code == 409
    empty = await first.post(f"{address}/revocation", {"revocation": " "}, page=address)
    assert empty.status_code == 422
    assert "请填写撤销原因" in empty.text
    assert (await first.post(f"{address}/revocation", {"revocation": "上位文件已改"}, page=address)).status_code == 303
    assert "撤销待确认" in (await first.get(f"{HOME}/versions")).text
    assert await governs_from(world, LATER) == [version]  # one person revokes nothing
    assert "确认撤销版本 2026.1" in (await second.get("/console/todo")).text
    assert "上位文件已改" in (await second.get(address)).text
    done = await second.post(f"{address}/revocation/confirm", page=address)
    assert done.status_code == 303
    assert await governs_from(world, LATER) == []
    assert "已撤销" in (await first.get(f"{HOME}/versions")).text
    again = await first.post(f"{page}/propose", {"effective_on": str(LATER)}, page=page)
    assert again.headers["location"].partition("?")[0] != address  # its day is free


async def test_rules_whose_revocation_nobody_confirmed_in_time_say_so_on_every_page(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.university)
    async with world.maintenance.begin() as connection:
        # proposed before its day, which has come since
        values = {
            "id": uuid4(), "province_id": world.province_id, "pack_version_id": world.pack_version_id,
            "effective_on": TODAY, "proposed_by": uuid4(), "proposed_at": START, "confirmed_by": uuid4(),
            "confirmed_at": START, "revocation_by": uuid4(), "revocation_at": START, "revocation_reason": "上位文件已改",
        }  # fmt: skip
        await connection.execute(insert(pack_activation).values(values))
    assert "有人提议撤销" in (await clerk.get("/institution/ledger")).text
    assert "有人提议撤销" in (await (await officer(site, world)).get(f"{HOME}/versions")).text


async def governs_from(world: World, day: date) -> list[UUID]:
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(
            select(pack_in_force.c.pack_version_id).where(
                pack_in_force.c.province_id == world.province_id, pack_in_force.c.effective_on == day
            )
        )
        return [row.pack_version_id for row in rows]
