"""Many achievements at once: shown row by row before anything is written, then written together, each with its version."""

import re
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger import workflow
from services.ledger.bulk import workflow as bulk
from services.ledger.listing import Filters, ledger_page
from services.ledger.models import achievement, achievement_version
from shared.audit.tables import audit_entry
from shared.ids import new_id
from tests.services.ledger.test_facets import HOME
from tests.services.ledger.test_workflow import DAY, recounted, registered
from tests.web import Site, Visitor
from tests.world import World

BULK = f"{HOME}/bulk"
PRINT = f"{HOME}/print"


async def two(world: World) -> list[UUID]:
    async with world.acting(world.university) as tx:
        return [await registered(tx, "蓝藻甲"), await registered(tx, "竹炭乙", college="林学院")]


def asked(ids: list[UUID], **values: str) -> dict[str, object]:
    return {
        "id": [str(one) for one in ids], "since": "2026-03-10", "reason": "机构调整", "action": "college",
        "value": "生态学院", **values,
    }  # fmt: skip


def seal_in(text: str) -> str:
    found = re.search(r'name="seal" value="([0-9a-f]*)"', text)
    assert found is not None
    return found[1]


async def confirmed(visitor: Visitor, form: dict[str, object]) -> int:
    """Preview, then confirm what the preview showed; the status of the answer."""
    shown = await visitor.get(BULK, **form)
    assert shown.status_code == 200
    answer = await visitor.post(BULK, {**form, "seal": seal_in(shown.text)}, page=_address(form))
    return answer.status_code


def _address(form: dict[str, object]) -> str:
    pairs = [(name, one) for name, value in form.items() for one in (value if isinstance(value, list) else [value])]
    return f"{BULK}?" + "&".join(f"{name}={one}" for name, one in pairs)


async def test_the_preview_says_of_each_row_what_changes_and_writes_nothing(
    site: Site, world: World, maintenance: AsyncEngine
) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    text = (await clerk.get(BULK, **asked(ids, value="林学院"))).text
    assert "将修改 1 项" in text
    assert "内容不变的 1 项" in text
    early = (await clerk.get(BULK, **asked(ids, since="2020-01-01"))).text
    assert early.count("不能修改") >= 2
    assert "确认修改" not in early
    wrong = await clerk.get(BULK, **asked(ids, new_status="no_such", action="status"))
    assert wrong.text.count("不能修改") >= 2
    async with maintenance.connect() as connection:
        own = achievement_version.c.tenant_id == world.university
        assert len((await connection.execute(select(achievement_version.c.id).where(own))).all()) == 2


async def test_what_the_rules_refuse_is_told_with_its_article(site: Site, world: World) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    text = (await clerk.get(BULK, **asked(ids, action="status", new_status="converted"))).text
    assert "不能修改" in text
    assert "cite-place" in text


async def test_an_appraisal_does_not_become_an_amount(site: Site, world: World) -> None:
    async with world.acting(world.university) as tx:
        one = await registered(tx, "水稻", status="intended", value=Decimal(100))
    clerk = await site.signed_in(world, world.university)
    text = (await clerk.get(BULK, **asked([one], action="status", new_status="converted"))).text
    assert "逐项登记转化及其金额" in text
    assert "确认修改" not in text


async def test_confirming_writes_a_version_per_row_and_one_entry_for_all(
    site: Site, world: World, maintenance: AsyncEngine
) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    assert await confirmed(clerk, asked(ids)) == 303
    async with maintenance.connect() as connection:
        rows = (await connection.execute(select(achievement).where(achievement.c.id.in_(ids)))).all()
        assert {(row.college, row.revision) for row in rows} == {("生态学院", 2)}
        entries = await connection.execute(
            select(audit_entry).where(audit_entry.c.action == "achievement_batch.correct")
        )
        assert [sorted(entry.details["changed"]) for entry in entries] == [["CS-0001", "CS-0002"]]
    async with world.acting(world.university) as tx:
        assert await recounted(tx)


async def test_a_row_that_changed_after_the_preview_stops_the_whole(site: Site, world: World) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    form = asked(ids)
    shown = await clerk.get(BULK, **form)
    async with world.acting(world.university) as tx:
        await workflow.correct(tx, ids[0], {"remark": "另一人"}, since=DAY, reason="补充")
    answer = await clerk.post(BULK, {**form, "seal": seal_in(shown.text)}, page=_address(form))
    assert answer.status_code == 409
    assert "预览之后台账有变动" in answer.text
    async with world.acting(world.university) as tx:
        assert {row.college for row in await bulk.chosen_rows(tx, ids)} == {"环境学院", "林学院"}


async def test_the_same_form_twice_is_one_change(site: Site, world: World) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    form = asked(ids)
    shown = await clerk.get(BULK, **form)
    key = await clerk.form_key(_address(form))
    for _ in range(2):
        answer = await clerk.post(BULK, {**form, "seal": seal_in(shown.text)}, key=key)
        assert answer.status_code == 303
    async with world.acting(world.university) as tx:
        assert {row.revision for row in await bulk.chosen_rows(tx, ids)} == {2}


async def test_all_that_are_filtered_up_to_the_limit(site: Site, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await two(world)
    clerk = await site.signed_in(world, world.university)
    text = (await clerk.get(BULK, all="1", q="蓝藻")).text
    assert "已选 1 项" in text
    form = asked([], all="1", q="蓝藻")
    shown = (await clerk.get(BULK, **form)).text
    assert 'name="all" value="1"' in shown
    assert (await clerk.post(BULK, {**form, "seal": seal_in(shown)}, page=_address(form))).status_code == 303
    async with world.acting(world.university) as tx:
        rows = await ledger_page(tx, Filters(college="生态学院"))
        assert [row["name"] for row in rows.rows] == ["蓝藻甲"]
    monkeypatch.setattr(bulk, "LIMIT", 1)
    assert "超过 1 项，下面只列出前 1 项" in (await clerk.get(BULK, all="1")).text


async def test_every_error_of_the_form_is_told_at_once(site: Site, world: World) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    answer = await clerk.get(BULK, **asked(ids, since="x", reason=""))
    assert answer.status_code == 422
    assert "请填写理由" in answer.text
    assert "变更生效日请按" in answer.text


async def test_others_rows_are_not_among_the_chosen(site: Site, world: World) -> None:
    ids = await two(world)
    stranger = await site.signed_in(world, world.institute)
    texts = [(await stranger.get(BULK, id=[str(one)])).text for one in (ids[0], new_id())]
    assert all("没有选择成果" in text for text in texts)
    assert "没有选择成果" in (await stranger.get(PRINT, id=[str(ids[0])])).text
    completer = await site.signed_in(world, world.university, "completer")
    assert (await completer.get(BULK, id=[str(ids[0])])).status_code == 403
    assert (await site.anonymous().get(BULK)).status_code == 303


async def test_the_chosen_are_printed_with_team_and_rights(site: Site, world: World) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    text = (await clerk.get(PRINT, id=[str(ids[0])])).text
    assert "蓝藻甲" in text
    assert "杨思远、罗玉梅" in text
    assert "竹炭乙" not in text
