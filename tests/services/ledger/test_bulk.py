"""Many achievements at once: shown row by row before anything is written, then written together, each with its version."""

import re
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger import queries, workflow
from services.ledger.bulk import workflow as bulk
from services.ledger.bulk.models import ledger_batch
from services.ledger.bulk.queries import chosen_rows
from services.ledger.listing import Filters, ledger_page
from services.ledger.models import achievement, achievement_version
from services.ledger.screening.models import screening_item
from shared.audit.tables import audit_entry
from shared.db.records import outbox
from shared.errors import Refusal
from shared.ids import new_id
from tenants.people import account
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
        assert {row.college for row in await chosen_rows(tx, ids)} == {"环境学院", "林学院"}


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
        assert {row.revision for row in await chosen_rows(tx, ids)} == {2}


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


async def college_on(world: World, row_id: UUID, day: str) -> str | None:
    async with world.acting(world.university) as tx:
        page = await ledger_page(tx, Filters(as_of=date.fromisoformat(day)))
        return next((row["college"] for row in page.rows if row["id"] == row_id), None)


@pytest.mark.requirement("R199")
async def test_a_change_of_many_is_undone_to_what_each_had_on_each_day(site: Site, world: World) -> None:
    ids = await two(world)
    async with world.acting(world.university) as tx:
        later = await workflow.correct(tx, ids[0], {"college": "生命学院"}, since=date(2026, 3, 12), reason="调整")
        assert not isinstance(later, Refusal)
    clerk = await site.signed_in(world, world.university)
    assert await confirmed(clerk, asked(ids, since="2026-03-08")) == 303
    assert await college_on(world, ids[0], "2026-03-09") == "生态学院"
    listed = (await clerk.get(f"{HOME}/batches")).text
    assert "所属部门改为“生态学院”" in listed
    async with world.acting(world.university) as tx:
        batch = (await tx.rows(select(ledger_batch)))[0]
    undo = f"{HOME}/batches/{batch.id}/undo"
    assert (await clerk.post(undo, page=f"{HOME}/batches")).status_code == 303
    for day, college in (("2026-03-07", "环境学院"), ("2026-03-09", "环境学院"), ("2026-03-13", "生命学院")):
        assert await college_on(world, ids[0], day) == college, day
    assert await college_on(world, ids[1], "2026-03-13") == "林学院"
    again = await clerk.post(undo, page=BULK)
    assert again.status_code == 409
    async with world.acting(world.university) as tx:
        assert await recounted(tx)
        histories = [await tx.rows(select(achievement_version.c.reason).where(achievement_version.c.id == ids[1]))]
        assert any("撤回批量办理" in (one.reason or "") for one in histories[0]), "both stay in the history"


@pytest.mark.requirement("R199")
async def test_what_somebody_touched_since_is_not_undone_nor_anything_beside_it(site: Site, world: World) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    assert await confirmed(clerk, asked(ids)) == 303
    async with world.acting(world.university) as tx:
        await workflow.correct(tx, ids[1], {"remark": "另一人"}, since=date(2026, 3, 12), reason="补充")
        batch = (await tx.rows(select(ledger_batch)))[0]
    assert "之后有变动，不能整批撤回" in (await clerk.get(f"{HOME}/batches")).text
    async with world.acting(world.university) as tx:
        refusal = await bulk.undo(tx, batch.id)
        assert refusal is not None
        assert (refusal.code, refusal.status) == ("state.stale", 409)
        assert "CS-0002" in refusal.message
    async with world.acting(world.university) as tx:
        assert {row.college for row in await chosen_rows(tx, ids)} == {"生态学院"}
    stranger = await site.signed_in(world, world.institute)
    assert "还没有批量办理过" in (await stranger.get(f"{HOME}/batches")).text
    answers = [await stranger.post(f"{HOME}/batches/{one}/undo", page=BULK) for one in (batch.id, new_id())]
    assert [one.status_code for one in answers] == [404, 404]
    completer = await site.signed_in(world, world.university, "completer")
    assert (await completer.get(f"{HOME}/batches")).status_code == 403


async def test_the_chosen_are_handed_to_the_screening(site: Site, world: World) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    form = asked(ids, action="screen", value="是否仍在转化")
    assert "将移交 2 项" in (await clerk.get(BULK, **form)).text
    assert await confirmed(clerk, form) == 303
    async with world.acting(world.university) as tx:
        items = await tx.rows(select(screening_item.c.achievement_id, screening_item.c.asked))
        assert {one.achievement_id for one in items} == set(ids)
        assert {one.asked for one in items} == {"是否仍在转化"}


async def test_completers_who_have_signed_in_are_reminded_and_the_others_are_told_of(
    site: Site, world: World, maintenance: AsyncEngine
) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    form = asked(ids, action="remind", value="请补充权利号")
    assert "没有登录过平台" in (await clerk.get(BULK, **form)).text
    async with world.acting(world.university) as tx:
        member = (await queries.team_of(tx, ids[0]))[0].person_id
    async with maintenance.begin() as connection:
        values = {"tenant_id": world.university, "issuer": "x", "subject": member.hex, "person_id": member}
        await connection.execute(insert(account).values(**values))
    assert await confirmed(clerk, form) == 303
    async with world.working(world.university) as tx:
        told = [one.payload for one in await tx.rows(select(outbox.c.payload).where(outbox.c.kind == "message"))]
    assert {(one["to_person"], one["text"]) for one in told} == {(str(member), "请补充权利号")}
    assert len(told) == 2


async def test_printing_is_logged_with_what_was_printed(site: Site, world: World, maintenance: AsyncEngine) -> None:
    ids = await two(world)
    clerk = await site.signed_in(world, world.university)
    assert (await clerk.get(PRINT, id=[str(one) for one in ids])).status_code == 200
    async with maintenance.connect() as connection:
        printed = (audit_entry.c.action == "achievement_batch.print") & (audit_entry.c.tenant_id == world.university)
        found = (await connection.execute(select(audit_entry.c.details, audit_entry.c.outcome).where(printed))).all()
    assert [(one.details["codes"], one.outcome) for one in found] == [(["CS-0001", "CS-0002"], "read")]
