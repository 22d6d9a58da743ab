"""A notice's life against a real database: who may see it, when it ends, what an objection does, what proves it."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select, update

from services.notices import queries, rules
from services.notices.models import notice, notice_check, notice_objection, notice_text
from services.notices.workflow import (
    MOVES,
    answer_objection,
    change_notice,
    check_notice,
    close_due_notices,
    close_notice,
    publish_notice,
    raise_objection,
    record_interruption,
    withdraw_notice,
)
from shared.db.records import decision, outbox
from shared.errors import NotFound, Refusal
from shared.keys.keyring import Keyring
from tenants.packs import governing
from tests.services.notices.arranging import add_achievement, add_person, at, new_notice
from tests.world import World


async def published(world: World, day: str = "2026-03-02", *, type: str = "patent_right") -> UUID:
    applicant = await add_person(world, world.university, "甲")
    achievement_id = await add_achievement(world, world.university, type=type)
    async with world.acting(world.university, "clerk", at=at(day)) as tx:
        done = await publish_notice(tx, new_notice(achievement_id, applicant))
    assert isinstance(done, UUID)
    return done


async def loaded(world: World, notice_id: UUID) -> queries.Notice:
    async with world.acting(world.university) as tx:
        found = await queries.find_notice(tx, notice_id)
    assert found is not None
    return found


async def has_run(world: World, notice_id: UUID, day: str, hour: int = 9) -> bool:
    async with world.acting(world.university, at=at(day, hour)) as tx:
        found = await queries.find_notice(tx, notice_id)
        assert found is not None
        return rules.notice_has_run(found, (await governing(tx, found.pack_version_id)).pack, tx.now)


@pytest.mark.requirement("R033")
async def test_the_period_is_fifteen_days_after_the_day_of_posting(world: World) -> None:
    notice_id = await published(world)
    assert not await has_run(world, notice_id, "2026-03-17", 23)
    assert await has_run(world, notice_id, "2026-03-18", 0)


async def test_a_shorter_period_is_refused_with_its_article_and_nothing_is_published(world: World) -> None:
    achievement_id = await add_achievement(world, world.university)
    applicant = await add_person(world, world.university, "甲")
    async with world.acting(world.university, at=at("2026-03-02")) as tx:
        refused = await publish_notice(tx, new_notice(achievement_id, applicant, days=14))
    assert isinstance(refused, Refusal)
    assert refused.code == "notice.too_short"
    assert refused.citation is not None
    assert refused.citation.article == "第八条(二)"
    async with world.acting(world.university) as tx:
        assert await queries.list_notices(tx, ("running", "draft", "ended")) == []
        kept = await tx.rows(
            select(decision.c.question, decision.c.verdict).where(decision.c.tenant_id == tx.tenant_id)
        )
    assert ("notice.period", "refused") in [tuple(row) for row in kept]


async def test_missing_content_is_refused(world: World) -> None:
    achievement_id = await add_achievement(world, world.university)
    async with world.acting(world.university, at=at("2026-03-02")) as tx:
        refused = await publish_notice(tx, new_notice(achievement_id))
    assert isinstance(refused, Refusal)
    assert refused.code == "notice.missing.applicants"


async def test_missing_content_and_a_short_period_are_told_at_once(world: World) -> None:
    achievement_id = await add_achievement(world, world.university)
    async with world.acting(world.university, at=at("2026-03-02")) as tx:
        refused = await publish_notice(tx, new_notice(achievement_id, days=14))
    assert isinstance(refused, Refusal)
    assert {"notice.missing.applicants", "notice.too_short"} <= {finding.code for finding in refused.findings}
    assert all(finding.citation.article for finding in refused.findings)


@pytest.mark.requirement("R034")
async def test_what_may_be_a_trade_secret_is_announced_with_basic_facts_only(world: World) -> None:
    found = await loaded(world, await published(world, type="non_patent_technology"))
    assert found.value("achievement_name") == "一种装置的赋权"
    assert found.people
    assert "用于湖泊治理" not in str(found.content)


async def test_a_notice_is_seen_by_its_own_institution_alone(world: World) -> None:
    notice_id = await published(world)
    async with world.acting(world.institute) as tx:
        assert await queries.find_notice(tx, notice_id) is None
        with pytest.raises(NotFound):
            await raise_objection(tx, notice_id, "不同意")


async def test_changed_content_restarts_the_period_and_keeps_what_stood(world: World) -> None:
    notice_id = await published(world)
    async with world.acting(world.university, at=at("2026-03-09")) as tx:
        found = await queries.find_notice(tx, notice_id)
        assert found is not None
        provided = {entry["code"]: entry["value"] or "" for entry in found.content}
        done = await change_notice(
            tx, notice_id, found.title, {**provided, "ownership": "单位 40%，完成人 60%"}, "更正比例"
        )
    assert done is None
    assert not await has_run(world, notice_id, "2026-03-24", 23)
    assert await has_run(world, notice_id, "2026-03-25", 0)
    changed = await loaded(world, notice_id)
    assert changed.people == found.people
    async with world.acting(world.university) as tx:
        numbers = await tx.rows(select(notice_text.c.number).where(notice_text.c.tenant_id == tx.tenant_id))
    assert sorted(row.number for row in numbers) == [1, 2]


async def test_the_same_content_again_restarts_nothing(world: World) -> None:
    notice_id = await published(world)
    async with world.acting(world.university, at=at("2026-03-09")) as tx:
        found = await queries.find_notice(tx, notice_id)
        assert found is not None
        provided = {entry["code"]: entry["value"] or "" for entry in found.content}
        refused = await change_notice(tx, notice_id, found.title, provided, "没有改动")
    assert isinstance(refused, Refusal)
    assert await has_run(world, notice_id, "2026-03-18", 0)


@pytest.mark.parametrize(("minutes", "run_on_the_18th"), [(240, True), (241, False)])
async def test_more_than_four_hours_offline_restart_the_period(
    world: World, minutes: int, run_on_the_18th: bool
) -> None:
    from datetime import timedelta

    notice_id = await published(world)
    began = at("2026-03-10", 8)
    async with world.acting(world.university, at=at("2026-03-11")) as tx:
        done = await record_interruption(tx, notice_id, began, began + timedelta(minutes=minutes), "停电")
    assert done is None
    assert await has_run(world, notice_id, "2026-03-18", 0) is run_on_the_18th


@pytest.mark.parametrize(
    ("day", "hour", "minute", "state"), [("2026-03-17", 23, 50, "open"), ("2026-03-18", 0, 10, "late")]
)
async def test_an_objection_is_in_time_until_midnight_of_the_last_day(
    world: World, day: str, hour: int, minute: int, state: str
) -> None:
    notice_id = await published(world)
    async with world.acting(world.university, "leadership", at=at(day, hour, minute)) as tx:
        objection_id = await raise_objection(tx, notice_id, "比例不妥")
    assert isinstance(objection_id, UUID)
    async with world.acting(world.university) as tx:
        (found,) = await queries.objections_to(tx, notice_id)
    assert found.state == state
    assert found.received_at == at(day, hour, minute)


async def test_an_objection_is_answered_once_and_never_by_its_author(world: World) -> None:
    notice_id = await published(world)
    async with world.acting(world.university, "clerk", at=at("2026-03-12")) as tx:
        objection_id = await raise_objection(tx, notice_id, "比例不妥")
        assert isinstance(objection_id, UUID)
        own = await answer_objection(tx, objection_id, "已核实", upheld=False, result_published=True)
    assert isinstance(own, Refusal)
    assert own.code == "objection.own"
    async with world.acting(world.university, "department_head", at=at("2026-03-13")) as tx:
        assert await answer_objection(tx, objection_id, "已核实", upheld=False, result_published=True) is None
    async with world.acting(world.university, "department_head", at=at("2026-03-13")) as tx:
        again = await answer_objection(tx, objection_id, "再答", upheld=True, result_published=False)
        (found,) = await queries.objections_to(tx, notice_id)
    assert isinstance(again, Refusal)
    assert again.status == 409
    assert (found.state, found.answer) == ("answered", "已核实")
    assert found.result_published_at is not None


async def test_two_who_answer_at_once_leave_one_answer(world: World) -> None:
    notice_id = await published(world)
    async with world.acting(world.university, "leadership", at=at("2026-03-12")) as tx:
        objection_id = await raise_objection(tx, notice_id, "比例不妥")
        assert isinstance(objection_id, UUID)
    await world.person(world.university, "clerk")
    await world.person(world.university, "department_head")

    async def answer(role: str, upheld: bool) -> Refusal | None:
        async with world.acting(world.university, role, at=at("2026-03-13")) as tx:
            return await answer_objection(tx, objection_id, role, upheld=upheld, result_published=False)

    outcomes = await asyncio.gather(answer("clerk", False), answer("department_head", True))
    assert [outcome is None for outcome in outcomes].count(True) == 1
    (lost,) = [outcome for outcome in outcomes if outcome is not None]
    assert lost.code == "state.stale"


async def test_the_daily_task_ends_what_has_run_and_tells_people(world: World) -> None:
    notice_id = await published(world)
    async with world.working(world.university, at=at("2026-03-17", 0, 5)) as tx:
        assert await close_due_notices(tx) == 0
    async with world.working(world.university, at=at("2026-03-18", 0, 5)) as tx:
        assert await close_due_notices(tx) == 1
    async with world.working(world.university, at=at("2026-03-18", 0, 5)) as tx:
        assert await close_due_notices(tx) == 0
    assert (await loaded(world, notice_id)).state == "ended"
    async with world.maintenance.connect() as connection:
        told = await connection.execute(select(outbox.c.payload).where(outbox.c.tenant_id == world.university))
    assert any(row.payload["title"].startswith("公示期满") for row in told)


async def test_a_running_notice_is_not_closed_before_its_end(world: World) -> None:
    notice_id = await published(world)
    async with world.acting(world.university, at=at("2026-03-10")) as tx:
        refused = await close_notice(tx, notice_id)
    assert isinstance(refused, Refusal)
    assert refused.code == "notice.running"
    assert (await loaded(world, notice_id)).state == "running"


async def test_the_hourly_proof_is_signed_once_and_finds_an_altered_text(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    keys = Keyring.create(tmp_path_factory.mktemp("keys"))
    notice_id = await published(world)
    for minute in (10, 50):
        async with world.working(world.university, at=at("2026-03-03", 9, minute)) as tx:
            (found,) = await queries.running_notices(tx)
            assert await check_notice(tx, found, keys.signing("notice"))
    async with world.maintenance.begin() as connection:
        (proof,) = (
            await connection.execute(select(notice_check).where(notice_check.c.notice_id == notice_id))
        ).fetchall()
        await connection.execute(
            update(notice_text).where(notice_text.c.notice_id == notice_id).values(title="另一个名称")
        )
    assert proof.hour == at("2026-03-03", 9)
    assert keys.verify("notice", proof.key_id, proof.signature, proof.statement.encode())
    assert found.content_hash in proof.statement
    async with world.working(world.university, at=at("2026-03-03", 10)) as tx:
        (altered,) = await queries.running_notices(tx)
        assert not await check_notice(tx, altered, keys.signing("notice"))


STATES = ("draft", "running", "ended", "withdrawn")
LEGAL = {
    ("draft", "publish"),
    ("running", "change"),
    ("running", "interrupt"),
    ("running", "withdraw"),
    ("running", "close"),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", [move.name for move in MOVES.moves])
def test_every_move_from_every_state_is_legal_or_refused(state: str, name: str) -> None:
    assert (MOVES.refusal(name, state) is None) is ((state, name) in LEGAL)


async def test_no_verb_moves_a_withdrawn_notice(world: World) -> None:
    notice_id = await published(world)
    async with world.acting(world.university, at=at("2026-03-05")) as tx:
        assert await withdraw_notice(tx, notice_id, "材料有误") is None
    async with world.acting(world.university, at=at("2026-03-20")) as tx:
        outcomes = [
            await withdraw_notice(tx, notice_id, "再撤"),
            await close_notice(tx, notice_id),
            await change_notice(tx, notice_id, "新", {"achievement_name": "新"}, "改"),
            await raise_objection(tx, notice_id, "不同意"),
            await record_interruption(tx, notice_id, at("2026-03-03"), at("2026-03-04"), "停电"),
        ]
        state = await tx.scalar(select(notice.c.state).where(notice.c.tenant_id == tx.tenant_id))
        raised = await tx.rows(select(notice_objection.c.id).where(notice_objection.c.tenant_id == tx.tenant_id))
    assert all(isinstance(outcome, Refusal) for outcome in outcomes)
    assert state == "withdrawn"
    assert not raised
