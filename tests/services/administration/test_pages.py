"""操作日志, one's own sessions, 单位设置: who sees what, filters, before and after, export."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select, update

from services.administration.wording import action_label, changes_of
from services.empowerment.queries import notice_ids_of
from services.ledger.models import achievement
from services.ledger.workflow import quarantine
from shared.audit.tables import audit_entry
from shared.audit.writing import write_audit
from shared.clock import SHANGHAI, real_now
from shared.ids import new_id
from tests.services.empowerment.arranging import announced, prepare
from tests.web import Site
from tests.world import World

AUDIT = "/institution/audit"


async def act(world: World, action: str = "achievement.correct", **details: object) -> None:
    async with world.acting(world.university) as tx:
        await write_audit(tx, action, action.split(".")[0], new_id(), details=details)


@pytest.mark.parametrize("address", [AUDIT, f"{AUDIT}/export", "/institution/sessions", "/institution/settings"])
async def test_without_a_session_one_is_sent_to_sign_in(site: Site, address: str) -> None:
    assert (await site.anonymous().get(address)).status_code == 303


@pytest.mark.requirement("R180")
async def test_the_log_is_for_those_who_may_read_it(site: Site, world: World) -> None:
    for role, status in (("clerk", 200), ("discipline", 200), ("completer", 403), ("leadership", 403)):
        visitor = await site.signed_in(world, world.university, role)
        assert (await visitor.get(AUDIT)).status_code == status, role
        assert (await visitor.get(f"{AUDIT}/export")).status_code == status, role


@pytest.mark.requirement("R180")
async def test_an_entry_shows_before_and_after_of_each_field(site: Site, world: World) -> None:
    await act(world, changes={"name": ["旧名称", "新名称"], "value": [None, "100.00"]})
    await act(world, "notice.publish", **{"from": "draft", "to": "running"})
    page = (await (await site.signed_in(world, world.university)).get(AUDIT)).text
    assert "成果：更正" in page
    assert "旧名称" in page
    assert "新名称" in page
    assert "（空）" in page
    assert "公示中" in page
    other = (await (await site.signed_in(world, world.institute)).get(AUDIT)).text
    assert "旧名称" not in other


async def test_filters_narrow_and_pages_follow_each_other(site: Site, world: World) -> None:
    for number in range(35):
        await act(world, "achievement.correct", name=f"第{number}次")
    await act(world, "notice.publish", name="公示那次")
    clerk = await site.signed_in(world, world.university)
    first = (await clerk.get(AUDIT, action="achievement.correct")).text
    assert "公示那次" not in first
    assert "第34次" in first
    assert "第0次" not in first
    async with world.acting(world.university) as tx:
        positions = [
            row.position
            for row in await tx.rows(
                select(audit_entry.c.position)
                .where(audit_entry.c.tenant_id == world.university, audit_entry.c.action == "achievement.correct")
                .order_by(audit_entry.c.position.desc())
            )
        ]
    second = (await clerk.get(AUDIT, action="achievement.correct", before=positions[29])).text
    assert "第0次" in second
    assert "第34次" not in second


async def test_days_are_of_shanghai_and_a_wrong_filter_is_named(site: Site, world: World) -> None:
    await act(world, name="昨天的事")
    async with world.maintenance.begin() as connection:
        yesterday = real_now() - timedelta(days=1)
        await connection.execute(
            update(audit_entry).where(audit_entry.c.tenant_id == world.university).values(at=yesterday)
        )
    await act(world, name="今天的事")
    clerk = await site.signed_in(world, world.university)
    today = real_now().astimezone(SHANGHAI).date().isoformat()
    page = (await clerk.get(AUDIT, **{"from": today})).text
    assert "今天的事" in page
    assert "昨天的事" not in page
    wrong = (await clerk.get(AUDIT, **{"from": "gestern", "to": "2026-13-01", "object": "x"})).text
    assert "有 3 处需要修改" in wrong


async def test_the_export_is_what_is_filtered_and_is_on_the_log(site: Site, world: World) -> None:
    await act(world, "achievement.correct", name="=cmd()")
    await act(world, "notice.publish", name="不在内")
    clerk = await site.signed_in(world, world.university)
    answer = await clerk.get(f"{AUDIT}/export", action="achievement.correct")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    rows = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    told, head, *entries = rows
    assert str(told[0]).startswith("操作日志")
    assert head[0] == "时间"
    assert ["成果：更正" in one for one in entries] == [True]
    async with world.acting(world.university) as tx:
        mine = audit_entry.c.tenant_id == world.university
        rows_ = await tx.rows(select(audit_entry.c.outcome).where(mine, audit_entry.c.action == "audit.exported"))
    outcomes = [row.outcome for row in rows_]
    assert outcomes == ["read"]


@pytest.mark.requirement("R192", "R213")
async def test_of_a_quarantined_record_the_log_tells_nothing_but_to_the_secrecy_office(
    site: Site, world: World
) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    async with world.acting(ready.tenant) as tx:
        (notice_id,) = await notice_ids_of(tx, application_id)
        for kind, about, words in (
            ("achievement", ready.achievement_id, "成果的内容"),
            ("empowerment", application_id, "申请的内容"),
            ("notice", notice_id, "公示的内容"),
            ("achievement", new_id(), "另一项的内容"),
        ):
            await write_audit(tx, f"{kind}.correct", kind, about, details={"changes": {"remark": ["原来", words]}})
        name = await tx.scalar(select(achievement.c.name).where(achievement.c.id == ready.achievement_id))
        await write_audit(tx, "ledger.export", "ledger", None, details={"name": f"含“{name}”一项"})
    told = ("成果的内容", "申请的内容", "公示的内容", str(name))

    async def logs(*roles: str) -> str:
        visitor = await site.signed_in(world, ready.tenant, *roles)
        export = CalamineWorkbook.from_filelike(BytesIO((await visitor.get(f"{AUDIT}/export")).content))
        return (await visitor.get(AUDIT)).text + str(export.get_sheet_by_index(0).to_python())

    before = await logs("clerk")
    assert all(before.count(words) >= 2 for words in told)
    async with world.acting(ready.tenant) as tx:
        assert await quarantine(tx, ready.achievement_id, "疑似涉密") is None
    for role in ("clerk", "discipline", "department_head"):
        shown = await logs(role)
        assert [words for words in told if words in shown] == [], role
        assert shown.count("另一项的内容") == 2, "what is about others stays"
        assert "只由保密工作机构查看" in shown
    office = await logs("discipline", "secrecy")
    assert all(words in office for words in told)


async def test_one_sees_and_ends_ones_own_sessions_only(site: Site, world: World) -> None:
    here = await site.signed_in(world, world.university, "clerk")
    there = await site.signed_in(world, world.university, "clerk")
    stranger = await site.signed_in(world, world.university, "leadership")
    page = (await here.get("/institution/sessions")).text
    assert page.count('/end"') == 1
    assert "本次登录" in page
    address = re.findall(r'action="/institution/sessions/([0-9a-f]+/end)"', page)[0]
    foreign = await stranger.post(f"/institution/sessions/{address}", page="/institution/sessions")
    assert foreign.status_code == 404
    assert (await there.get("/institution/messages")).status_code == 200
    ended = await here.post(f"/institution/sessions/{address}", page="/institution/sessions")
    assert ended.status_code == 303
    assert (await there.get("/institution/messages")).status_code == 303
    assert (await here.get("/institution/messages")).status_code == 200
    for unknown in ("00" * 32, "zz"):
        missing = await here.post(f"/institution/sessions/{unknown}/end", page="/institution/sessions")
        assert missing.status_code == 404


async def test_settings_name_the_unit_and_roles_what_they_may(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.university)
    page = (await clerk.get("/institution/settings")).text
    assert "滇池示例大学" in page
    assert "高等院校" in page
    assert "未被遴选为试点" in page
    roles = (await clerk.get("/institution/settings/roles")).text
    assert "责任部门经办人" in roles
    assert "单列管理台账：导入" in roles
    assert "科技主管部门" not in roles


async def test_another_audience_finds_nothing_here(site: Site, world: World) -> None:
    officer = await site.signed_in(world, world.science, "science_officer", kind="science")
    for address in (AUDIT, "/institution/sessions", "/institution/settings", "/institution/settings/roles"):
        assert (await officer.get(address)).status_code == 404


def test_what_is_not_known_is_shown_by_its_code() -> None:
    assert action_label("unheard.of") == "unheard：of"
    assert changes_of("unheard", {"from": "a", "to": "b"}) == [("状态", "a", "b")]


async def test_help_is_for_everybody(site: Site, world: World) -> None:
    for visitor in (site.anonymous(), await site.signed_in(world, world.university)):
        answer = await visitor.get("/help")
        assert answer.status_code == 200
        assert "公示期按自然日计算" in answer.text
