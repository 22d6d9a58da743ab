"""A version from its draft to its end, in the real database, one step and one refusal at a time."""

import hashlib
import json
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from deploy.demo.lists import seed_lists
from services.negative_list.drafting.workflow import add_item, draft_version, end_item, restore_item, revise_item
from services.negative_list.models import ListState, list_item, list_version, list_wording
from services.negative_list.queries import (
    consultation_of,
    consultations,
    content_of,
    version_in_force,
    version_row,
    versions,
    wordings_of,
)
from services.negative_list.workflow import (
    MOVES,
    close_consultation,
    determine,
    open_consultation,
    publish,
    record_expert_review,
)
from shared.audit.tables import audit_entry
from shared.db.records import decision, outbox, workflow_event
from shared.db.transaction import Actor, Scope, transaction
from shared.errors import NotFound, Refusal
from tests.services.negative_list.steps import (
    OPENED,
    RULE,
    consulted,
    determined,
    drafted,
    head,
    instant,
    officer,
    published,
    record_on,
    refusal,
)
from tests.world import START, World, make_world


def visitor(world: World, address: str = "192.0.2.1") -> tuple[Scope, Actor]:
    scope = Scope("web_public", world.science, world.province_id, world.science, world.science)
    return scope, Actor(None, world.science, address=address)


@pytest.mark.requirement("R006", "R013")
async def test_a_published_version_has_its_dates_hash_event_decision_and_publication(world: World) -> None:
    version_id = await published(world, effective_on=date(2026, 4, 1))
    async with world.acting(world.university) as tx:
        [version] = await versions(tx, "empowerment")
        content = await content_of(tx, "empowerment", 1)
    assert version.decided_on == date(2026, 2, 16)
    assert version.published_at == START
    assert version.effective_on == date(2026, 4, 1)
    assert version.ended_on is None
    assert content is not None
    assert hashlib.sha256(content.encode()).hexdigest() == version.hash
    assert [item["title"] for item in json.loads(content)["items"]] == ["甲"]
    async with officer(world) as tx:
        events = await tx.rows(
            select(workflow_event.c.event)
            .where(workflow_event.c.tenant_id == world.science, workflow_event.c.case_id == version_id)
            .order_by(workflow_event.c.recorded_at)
        )
        names = [row.event for row in events]
        decided = await tx.rows(
            select(decision.c.verdict).where(
                decision.c.tenant_id == world.science, decision.c.question == "list.may_publish"
            )
        )
    assert names == [
        "drafted",
        "item_added",
        "consultation_opened",
        "consultation_closed",
        "review_recorded",
        "determined",
        "determination_recorded",
        "published",
    ]
    assert [row.verdict for row in decided] == ["allowed", "allowed"]
    async with world.maintenance.connect() as connection:
        sent = await connection.scalars(
            select(outbox.c.payload["what"].astext).where(outbox.c.tenant_id == world.science)
        )
        assert sorted(sent) == ["list_consultation", "list_version"]


@pytest.mark.parametrize("state", [ListState.DRAFT, ListState.CONSULTING, ListState.CONSULTED])
async def test_publishing_before_a_step_is_done_is_refused_with_article_5(world: World, state: ListState) -> None:
    version_id = await drafted(world)
    if state is ListState.CONSULTING:
        async with officer(world, at=OPENED) as tx:
            await open_consultation(tx, version_id, 30)
    if state is ListState.CONSULTED:
        await consulted(world, version_id)
    async with head(world) as tx:
        refused = refusal(await publish(tx, version_id, date(2026, 4, 1)))
    assert refused.citation is not None
    assert refused.citation.article == "第五条"
    assert refused.status == 422
    async with officer(world) as tx:
        row = await version_row(tx, version_id)
        assert row is not None
        assert row.state == state
        refusals = await tx.scalar(
            select(func.count())
            .select_from(audit_entry)
            .where(audit_entry.c.tenant_id == world.science, audit_entry.c.outcome == "refused")
        )
    assert refusals == 1


async def test_a_consultation_without_opinions_must_be_closed_and_not_before_its_last_day(world: World) -> None:
    version_id = await drafted(world)
    async with officer(world, at=OPENED) as tx:
        await open_consultation(tx, version_id, 30)
    async with officer(world, at=OPENED + timedelta(days=30)) as tx:
        refused = refusal(await close_consultation(tx, version_id))
    assert refused.code == "list.consultation_running"
    assert refused.citation is not None
    async with officer(world, at=OPENED + timedelta(days=31)) as tx:
        assert await close_consultation(tx, version_id) is None
        round_ = await consultation_of(tx, version_id)
    assert round_ is not None
    assert round_.received == 0


@pytest.mark.requirement("R008")
async def test_what_was_weighed_stands_in_the_expert_record(world: World) -> None:
    version_id = await drafted(world)
    async with officer(world) as tx:
        assert await record_expert_review(tx, version_id, record_on(tx.today)) is None
        stored = await tx.scalar(
            text("select considerations from app.list_proceeding where version_id = :v"), {"v": version_id}
        )
    assert stored == {"敏感性": "已评估"}


async def test_determination_needs_the_expert_record_and_a_day_after_the_consultation(world: World) -> None:
    version_id = await drafted(world)
    await consulted(world, version_id)
    async with head(world) as tx:
        assert refusal(await determine(tx, version_id, record_on(tx.today))).code == "list.no_experts"
    async with officer(world) as tx:
        await record_expert_review(tx, version_id, record_on(tx.today))
    async with head(world) as tx:
        too_early = refusal(await determine(tx, version_id, record_on(date(2026, 2, 14))))
        tomorrow = refusal(await determine(tx, version_id, record_on(tx.today + timedelta(days=1))))
    assert (too_early.code, tomorrow.code) == ("list.determined_before_consulted", "list.future_day")
    async with head(world) as tx:
        row = await version_row(tx, version_id)
        assert row is not None
        assert row.state == ListState.CONSULTED


async def test_effect_is_never_before_publication(world: World) -> None:
    version_id = await drafted(world)
    await consulted(world, version_id)
    await determined(world, version_id)
    async with head(world) as tx:
        refused = refusal(await publish(tx, version_id, tx.today - timedelta(days=1)))
    assert refused.code == "list.effective_before_published"


@pytest.mark.requirement("R014")
async def test_the_next_version_ends_the_one_before_and_its_ended_item_stays_readable(world: World) -> None:
    """Rule 58: an entry that ended on 2027-02-01 is listed as of 01-31 and former as of 02-01."""
    await published(world, ("甲", "乙"), effective_on=START.date())
    opened = START + timedelta(days=200)
    async with officer(world, at=opened) as tx:
        second = await draft_version(tx, RULE, "测试负面清单")
        assert isinstance(second, UUID)
        assert await end_item(tx, second, "CS-FQ-002", "并入第一条") is None
        assert await revise_item(tx, second, "CS-FQ-001", "甲（修订）", "新的说明") is None
        assert await add_item(tx, second, "ethics", "丙", "说明") == "CS-FQ-003"
    await consulted(world, second, opened=opened)
    await determined(world, second)
    async with head(world, at=instant(date(2027, 1, 4))) as tx:
        assert await publish(tx, second, date(2027, 2, 1)) is None
    async with world.acting(world.university) as tx:
        before = await version_in_force(tx, date(2027, 1, 31))
        after = await version_in_force(tx, date(2027, 2, 1))
        too_early = await version_in_force(tx, START.date() - timedelta(days=1))
        history = await wordings_of(tx, "CS-FQ-002")
    assert too_early is None
    assert before is not None
    assert after is not None
    assert [(item.code, item.title) for item in before.items] == [("CS-FQ-001", "甲"), ("CS-FQ-002", "乙")]
    assert [(item.code, item.title) for item in after.items] == [("CS-FQ-001", "甲（修订）"), ("CS-FQ-003", "丙")]
    assert [(item.code, item.ended_on) for item in after.former] == [("CS-FQ-002", date(2027, 2, 1))]
    assert before.ended_on == date(2027, 2, 1)
    assert [(version.number, entry.title) for version, entry in history] == [(2, "乙"), (1, "乙")]


async def test_an_item_that_only_the_draft_has_is_taken_out_and_a_change_can_be_undone(world: World) -> None:
    await published(world, ("甲",))
    async with officer(world, at=START + timedelta(days=1)) as tx:
        second = await draft_version(tx, RULE, "测试负面清单")
        assert isinstance(second, UUID)
        code = await add_item(tx, second, "ethics", "丙", "说明")
        assert isinstance(code, str)
        assert await end_item(tx, second, code, "不再拟定") is None
        assert await revise_item(tx, second, "CS-FQ-001", "改", "改") is None
        assert await restore_item(tx, second, "CS-FQ-001") is None
        row = await version_row(tx, second)
    assert row is not None
    assert row.draft["items"] == [
        {"code": "CS-FQ-001", "category": "major_interest", "title": "甲", "note": "甲的说明", "mark": "kept"}
    ]


async def test_items_are_frozen_while_the_public_is_asked(world: World) -> None:
    version_id = await drafted(world)
    async with officer(world, at=OPENED) as tx:
        await open_consultation(tx, version_id, 30)
        assert refusal(await add_item(tx, version_id, "ethics", "丙", "说明")).kind == "state"
        assert refusal(await revise_item(tx, version_id, "CS-FQ-001", "改", "改")).kind == "state"


async def test_one_draft_of_a_kind_at_a_time(world: World) -> None:
    await drafted(world)
    async with officer(world) as tx:
        assert refusal(await draft_version(tx, RULE, "又一个", "CS-FQ")).kind == "state"


@pytest.mark.parametrize("state", list(ListState))
async def test_every_state_allows_only_its_own_moves(state: ListState) -> None:
    legal = {
        ListState.DRAFT: {"open_consultation"},
        ListState.CONSULTING: {"close_consultation"},
        ListState.CONSULTED: {"open_consultation", "determine"},
        ListState.DETERMINED: {"publish"},
        ListState.PUBLISHED: set(),
    }
    everything = {"console:list:write", "console:list:determine"}
    assert {move.name for move in MOVES.available(state, everything)} == legal[state]


async def test_the_one_who_drafts_does_not_determine_or_publish() -> None:
    assert [m.name for m in MOVES.available(ListState.DETERMINED, {"console:list:write"})] == []
    assert [m.name for m in MOVES.available(ListState.DRAFT, {"console:list:determine"})] == []


async def test_two_people_publish_at_once_and_one_is_told(world: World) -> None:
    version_id = await drafted(world)
    await consulted(world, version_id)
    await determined(world, version_id)
    async with head(world) as tx:
        assert await publish(tx, version_id, tx.today) is None
    async with head(world) as tx:
        second = refusal(await publish(tx, version_id, tx.today))
    assert second.kind == "state"
    async with world.acting(world.university) as tx:
        assert len(await versions(tx, "empowerment")) == 1


async def test_nobody_but_the_science_department_sees_a_draft(world: World) -> None:
    version_id = await drafted(world)
    for tenant, role, kind in (
        (world.university, "clerk", "institution"),
        (world.department, "department_officer", "department"),
        (world.finance, "finance_officer", "finance"),
    ):
        async with world.acting(tenant, role, kind) as tx:
            assert await version_row(tx, version_id) is None
    scope, actor = visitor(world)
    async with transaction(world.web, scope, actor) as tx:
        assert await version_row(tx, version_id) is None
    async with officer(world) as tx:
        assert await version_row(tx, version_id) is not None


async def test_another_provinces_lists_are_invisible_even_without_a_filter(world: World) -> None:
    other = await make_world(world.maintenance, world.web, world.tasks)
    version_id = await published(world)
    for tenant, role, kind in (
        (other.university, "clerk", "institution"),
        (other.science, "science_officer", "science"),
    ):
        async with other.acting(tenant, role, kind) as tx:
            for table in (list_version, list_item, list_wording):
                assert await tx.scalar(select(func.count()).select_from(table)) == 0
    async with other.acting(other.science, "science_officer", "science") as tx:
        with pytest.raises(NotFound):
            await add_item(tx, version_id, "ethics", "x", "y")


async def test_published_wording_cannot_be_changed_by_any_serving_role(world: World) -> None:
    await published(world)
    async with officer(world) as tx:
        with pytest.raises(DBAPIError, match="permission denied"):
            await tx.execute(update(list_wording).values(title="偷改"))
        await tx.driver.execute("rollback; begin")
    async with world.acting(world.university) as tx:
        with pytest.raises(DBAPIError, match="permission denied"):
            await tx.execute(update(list_version).values(title="偷改"))
        await tx.driver.execute("rollback; begin")


async def test_the_demos_list_stands_as_it_is_shown(world: World) -> None:
    async with officer(world) as tx:
        await seed_lists(tx)
        assert tx.now == START
    async with world.acting(world.university) as tx:
        second, first = await versions(tx, "empowerment")
        in_force = await version_in_force(tx, START.date())
        newest, *_ = await consultations(tx)
    assert in_force is not None
    assert in_force.id == second.id
    assert (len(second.items), len(second.former), len(first.items)) == (9, 1, 8)
    assert (second.decided_on, second.effective_on) == (date(2026, 2, 6), date(2026, 3, 1))
    assert first.ended_on == date(2026, 3, 1)
    assert newest.day_number(START.date()) == 7
    assert newest.days_left(START.date()) == 23


async def test_nothing_is_changed_by_a_refusal(world: World) -> None:
    async with officer(world) as tx:
        result = await draft_version(tx, RULE, "没有前缀")
        assert isinstance(result, Refusal)
    async with officer(world) as tx:
        assert await tx.scalar(select(func.count()).select_from(list_version)) == 0


async def test_a_version_cannot_be_stored_as_published_without_its_dates(world: World) -> None:
    async with officer(world) as tx:
        with pytest.raises(DBAPIError, match="list_version_published_check"):
            await tx.execute(
                insert(list_version)
                .inline()
                .values(
                    id=world.science,
                    province_id=world.province_id,
                    kind="empowerment",
                    rule=RULE,
                    owner="province",
                    purpose="",
                    number=1,
                    title="",
                    state="published",
                    basis={},
                    draft={},
                    drafted_at=START,
                )
            )
        await tx.driver.execute("rollback; begin")
