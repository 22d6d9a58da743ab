"""From upload to ledger: what is kept, what is staged, what is applied, and that nothing is done twice."""

import asyncio
import json
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from services.ledger.importing import opened, queries, tasks, workflow
from services.ledger.models import achievement, achievement_version
from shared.db.records import outbox, workflow_event
from shared.db.transaction import Actor, Scope
from shared.errors import NotFound, Refusal
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import (
    AS_OF,
    DATA,
    applied,
    checked,
    counted,
    killed_after,
    ledger,
    read_through,
    received,
    sample,
    state_of,
)
from tests.world import World

EXPECTED = json.loads((DATA / "yunnan_university.expected.json").read_text("utf-8"))
_IN_LEDGER = "select count(*) from app.achievement where tenant_id = :tenant"
_STAGED = "select count(*) from app.ledger_import_row where tenant_id = :tenant and import_id = :id"


async def test_the_sample_is_checked_and_imported(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, sample())
    row = await state_of(world, world.university, import_id)
    assert (row.state, row.valid, row.questions, row.refused) == ("checked", 353, 60, 6)
    assert row.as_of_proposed == AS_OF
    assert sum(Decimal(cell["amount"]) for cell in row.summary["sums"]) == Decimal(
        EXPECTED["sum_value_yuan_of_clean_rows"]
    )

    async with world.acting(world.university) as tx:
        assert await workflow.confirm(tx, import_id, AS_OF) is None
    assert await counted(world, _IN_LEDGER, tenant=world.university) == 0
    async with world.working(world.university) as tx:
        await workflow.apply(tx, import_id)
    row = await state_of(world, world.university, import_id)
    assert (row.state, row.first_number, row.last_number) == ("applied", 1, 353)
    async with world.acting(world.university) as tx:
        rows = await tx.rows(achievement.select().where(achievement.c.tenant_id == tx.tenant_id))
        versions = await tx.rows(achievement_version.select().where(achievement_version.c.tenant_id == tx.tenant_id))
        total = await tx.scalar(
            text("select sum from app.ledger_total where tenant_id = :t and dimension = 'all'"), {"t": tx.tenant_id}
        )
        events = await tx.rows(workflow_event.select().where(workflow_event.c.case_id == import_id))
    assert sorted(one.number for one in rows) == list(range(1, 354))
    assert {one.held.lower for one in versions} == {AS_OF}
    assert {one.import_id for one in rows} == {import_id}
    assert total == sum(one.value or 0 for one in rows) == Decimal(EXPECTED["sum_value_yuan_of_clean_rows"])
    by_type = {kind: sum(one.type == kind for one in rows) for kind in {one.type for one in rows}}
    assert sorted(by_type.values()) == sorted(EXPECTED["by_type"].values())
    assert [one.event for one in sorted(events, key=lambda one: one.recorded_at)] == [
        "received", "reading_started", "checked", "confirmed", "applied",
    ]  # fmt: skip


@pytest.mark.requirement("R065")
async def test_a_development_stage_without_criteria_stays_declared(world: World, objects: ObjectStore) -> None:
    await applied(world, world.university, objects, sample())
    async with world.acting(world.university) as tx:
        rows = await tx.rows(achievement.select().where(achievement.c.tenant_id == tx.tenant_id))
    declared = [one for one in rows if one.stage_declared == "development"]
    assert len(declared) == EXPECTED["by_stage"]["开发阶段"]
    assert {one.stage_recognised for one in declared} == {"research"}


async def test_a_killed_worker_goes_on_from_the_last_chunk(world: World, objects: ObjectStore) -> None:
    import_id = await received(world, world.university, objects, sample())
    for _ in range(2):
        async with world.working(world.university) as tx:
            assert await workflow.read_chunk(tx, objects, import_id, size=100)
    # killed in the middle of a chunk: what it staged is gone, what it had open too
    await killed_after(world, world.university, lambda tx: workflow.read_chunk(tx, objects, import_id, size=100))
    opened.let_go(import_id)
    assert await counted(world, _STAGED, tenant=world.university, id=import_id) == 200
    await read_through(world, world.university, objects, import_id)
    row = await state_of(world, world.university, import_id)
    assert (row.valid, row.questions, row.refused) == (353, 60, 6)
    assert row.records_done == 419


async def test_a_chunk_delivered_twice_stages_nothing_twice(world: World, objects: ObjectStore) -> None:
    import_id = await received(world, world.university, objects, sample())

    async def deliver() -> None:
        await read_through(world, world.university, objects, import_id)

    await asyncio.gather(deliver(), deliver())
    await deliver()
    assert await counted(world, _STAGED, tenant=world.university, id=import_id) == 419
    assert (await state_of(world, world.university, import_id)).state == "checked"


async def test_applying_twice_or_after_a_kill_doubles_nothing(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, ledger(5))
    async with world.acting(world.university) as tx:
        await workflow.confirm(tx, import_id, AS_OF)
    await killed_after(world, world.university, lambda tx: workflow.apply(tx, import_id))
    assert await counted(world, _IN_LEDGER, tenant=world.university) == 0

    async def deliver() -> None:
        async with world.working(world.university) as tx:
            await workflow.apply(tx, import_id)

    await asyncio.gather(deliver(), deliver())
    assert await counted(world, _IN_LEDGER, tenant=world.university) == 5
    row = await state_of(world, world.university, import_id)
    assert (row.first_number, row.last_number) == (1, 5)


async def test_the_same_file_is_not_imported_twice(world: World, objects: ObjectStore) -> None:
    first = await applied(world, world.university, objects, ledger(3))
    async with world.acting(world.university, "clerk") as tx:
        again = await workflow.receive(tx, objects, ledger(3))
    assert isinstance(again, Refusal)
    assert again.status == 409
    assert again.inputs["import_id"] == str(first)
    assert await counted(world, _IN_LEDGER, tenant=world.university) == 3


async def test_of_two_who_upload_the_same_file_at_once_one_wins(world: World, objects: ObjectStore) -> None:
    async def upload() -> object:
        async with world.acting(world.university) as tx:
            return await workflow.receive(tx, objects, ledger(4))

    answers = await asyncio.gather(upload(), upload())
    refused = [one for one in answers if isinstance(one, Refusal)]
    assert len(refused) == 1
    assert refused[0].inputs["import_id"] in {str(one) for one in answers}


async def test_of_two_who_confirm_at_once_one_wins(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, ledger(4))

    async def confirm() -> Refusal | None:
        async with world.acting(world.university) as tx:
            return await workflow.confirm(tx, import_id, AS_OF)

    answers = await asyncio.gather(confirm(), confirm())
    assert sorted(one is None for one in answers) == [False, True]


async def test_what_the_ledger_has_already_becomes_a_question(world: World, objects: ObjectStore) -> None:
    await applied(world, world.university, objects, ledger(3))
    import_id = await checked(world, world.university, objects, ledger(5))
    row = await state_of(world, world.university, import_id)
    assert (row.valid, row.questions) == (2, 3)
    assert [(group["code"], group["n"]) for group in row.summary["groups"]] == [("already_in_ledger", 3)]


async def test_what_came_into_the_ledger_between_check_and_confirmation_is_held(
    world: World, objects: ObjectStore
) -> None:
    import_id = await checked(world, world.university, objects, ledger(5))
    await applied(world, world.university, objects, ledger(2))
    async with world.acting(world.university) as tx:
        assert await workflow.confirm(tx, import_id, AS_OF) is None
    async with world.working(world.university) as tx:
        await workflow.apply(tx, import_id)
    row = await state_of(world, world.university, import_id)
    assert (row.state, row.valid, row.questions, row.first_number, row.last_number) == ("applied", 3, 2, 3, 5)


async def test_rows_of_one_file_that_repeat_each_other_are_held(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, sample())
    async with world.acting(world.university) as tx:
        rows = await queries.held_rows(tx, import_id, "question", limit=100)
    assert sum(any(issue["code"] == "duplicate" for issue in row.issues) for row in rows) == len(EXPECTED["duplicates"])


@pytest.mark.parametrize(("as_of", "code"), [(None, "as_of_missing"), (date(2030, 1, 1), "as_of_ahead")])
async def test_without_a_possible_as_of_day_nothing_is_imported(
    world: World, objects: ObjectStore, as_of: date | None, code: str
) -> None:
    import_id = await checked(world, world.university, objects, ledger(1, title=""))
    assert (await state_of(world, world.university, import_id)).as_of_proposed is None
    async with world.acting(world.university) as tx:
        refusal = await workflow.confirm(tx, import_id, as_of)
    assert refusal is not None
    assert refusal.code == f"import.{code}"
    assert (await state_of(world, world.university, import_id)).state == "checked"


async def test_a_cancelled_import_keeps_no_rows_and_may_be_uploaded_again(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, ledger(3))
    async with world.acting(world.university) as tx:
        assert await workflow.cancel(tx, import_id) is None
    async with world.working(world.university) as tx:
        await workflow.tidy(tx, import_id)
    assert await counted(world, _STAGED, tenant=world.university, id=import_id) == 0
    assert await applied(world, world.university, objects, ledger(3)) != import_id


async def test_once_applied_staging_holds_no_names_of_people(world: World, objects: ObjectStore) -> None:
    import_id = await applied(world, world.university, objects, ledger(3))
    async with world.working(world.university) as tx:
        await workflow.tidy(tx, import_id)
    assert await counted(world, _STAGED + " and entry is not null", tenant=world.university, id=import_id) == 0
    assert await counted(world, _STAGED + " and achievement_id is not null", tenant=world.university, id=import_id) == 3


async def test_the_clerk_is_told_of_what_was_checked_and_what_was_imported(world: World, objects: ObjectStore) -> None:
    await applied(world, world.university, objects, ledger(2))
    async with world.working(world.university) as tx:
        rows = await tx.rows(outbox.select().where(outbox.c.tenant_id == tx.tenant_id).order_by(outbox.c.created_at))
    assert [row.payload["title"] for row in rows] == ["《台账.xlsx》核对完成，请确认导入", "《台账.xlsx》已导入 2 项"]
    assert {row.payload["to_person"] for row in rows} == {str(await world.person(world.university, "clerk"))}


async def test_another_tenant_sees_and_moves_nothing(world: World, objects: ObjectStore) -> None:
    import_id = await checked(world, world.university, objects, ledger(2))
    async with world.acting(world.institute) as tx:
        assert await queries.find_import(tx, import_id) is None
        assert await queries.list_imports(tx) == []
        for verb in (workflow.confirm(tx, import_id, AS_OF), workflow.cancel(tx, import_id)):
            with pytest.raises(NotFound):
                await verb
    async with world.acting(world.institute) as tx:
        assert not isinstance(await workflow.receive(tx, objects, ledger(2)), Refusal)


async def test_the_tasks_take_an_import_to_its_end_chunk_by_chunk(world: World, objects: ObjectStore) -> None:
    """As the worker runs them, each step in a transaction of its own; 2,000 records to a chunk."""
    import_id = await received(world, world.university, objects, ledger(2_500))
    scope = Scope("worker", world.university, world.province_id, world.university, world.department)
    actor = Actor(None, world.university)
    await tasks.read_import_chunk.run(world.tasks, scope, actor, import_id=str(import_id))
    async with world.acting(world.university) as tx:
        assert await workflow.confirm(tx, import_id, AS_OF) is None
    await tasks.apply_import.run(world.tasks, scope, actor, import_id=str(import_id))
    await tasks.tidy_import.run(world.tasks, scope, actor, import_id=str(import_id))
    assert await counted(world, _IN_LEDGER, tenant=world.university) == 2_500
    assert await counted(world, _STAGED + " and entry is not null", tenant=world.university, id=import_id) == 0
