"""单位设置: everything that a unit has registered and sets for itself on one page; what it sets is used where it belongs."""

import pytest
from sqlalchemy import select

from services.annual_report.internal import workflow as internal
from shared.audit.tables import audit_entry
from tenants.unit_settings import own_settings
from tests.services.administration.documents.test_documents import RULES, added
from tests.services.empowerment.arranging import approved, prepare
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

HOME = "/institution/settings"
SENT = {"red_head": "滇池示例大学文件", "notice_place": "学校官网“科研公示”栏 https://example.cn/gs"}


async def test_one_page_has_all_four_and_says_what_is_missing(site: Site, world: World) -> None:
    head = await site.signed_in(world, world.university, "department_head")
    empty = (await head.get(HOME)).text
    for words in (
        "单位制度",
        "尚未登记",
        "内部报送日期",
        "尚未设定",
        "文书红头和公示地点",
        "试点资格",
        f"{HOME}/documents",
    ):
        assert words in empty, words
    assert (await added(head, RULES)).status_code == 303
    async with world.acting(world.university, "department_head") as tx:
        await internal.set_plan(tx, month=3, day=31, ahead_days=14, basis="成果管理办法第八条")
    assert (await head.post(HOME, SENT)).status_code == 303
    full = (await head.get(HOME)).text
    for words in ("现行第 1 版", "每年 3 月 31 日，提前 14 天提醒", "成果管理办法第八条", *SENT.values()):
        assert words in full.replace("&#34;", '"'), words


async def test_the_red_head_is_printed_where_it_is_set(site: Site, world: World) -> None:
    head = await site.signed_in(world, world.university, "department_head", "clerk")
    async with world.acting(world.university) as tx:
        printed = f"/institution/ledger/print?id={await registered(tx)}"
    assert 'class="letterhead"' not in (await head.get(printed)).text
    assert (await head.post(HOME, SENT)).status_code == 303
    assert f'<p class="letterhead">{SENT["red_head"]}</p>' in (await head.get(printed)).text
    assert (await head.post(HOME, {"red_head": "", "notice_place": ""})).status_code == 303
    assert 'class="letterhead"' not in (await head.get(printed)).text


async def test_where_notices_are_put_up_is_said_beside_the_notice(site: Site, world: World) -> None:
    application_id = await approved(world, await prepare(world))
    head = await site.signed_in(world, world.university, "department_head")
    assert (await head.post(HOME, SENT)).status_code == 303
    clerk = await site.signed_in(world, world.university, "clerk")
    announce = (await clerk.get(f"/institution/empowerment/{application_id}/notice")).text
    assert f"本单位的公示地点：{SENT['notice_place']}" in announce


async def test_a_change_is_on_record_and_the_same_again_is_none(site: Site, world: World) -> None:
    head = await site.signed_in(world, world.university, "department_head")
    for _ in range(2):
        assert (await head.post(HOME, SENT)).status_code == 303
    async with world.acting(world.university) as tx:
        logged = await tx.rows(
            select(audit_entry.c.details).where(
                audit_entry.c.tenant_id == tx.tenant_id, audit_entry.c.action == "unit_setting.change"
            )
        )
        assert [one.details["changes"] for one in logged] == [{name: [None, value] for name, value in SENT.items()}]
    async with world.acting(world.institute) as tx:
        assert await own_settings(tx) is None, "another unit's are its own"


async def test_what_is_too_long_is_said_and_kept_as_typed(site: Site, world: World) -> None:
    head = await site.signed_in(world, world.university, "department_head")
    answer = await head.post(HOME, {"red_head": "文" * 61, "notice_place": "公告栏"})
    assert answer.status_code == 422
    assert "红头不能超过 60 字" in answer.text
    assert "公告栏" in answer.text


@pytest.mark.parametrize("role", ["clerk", "leadership", "completer"])
async def test_others_read_and_do_not_set(site: Site, world: World, role: str) -> None:
    visitor = await site.signed_in(world, world.university, role)
    shown = await visitor.get(HOME)
    assert shown.status_code == 200
    assert "由责任部门负责人设定" in shown.text
    assert (await visitor.post(HOME, SENT)).status_code == 403
