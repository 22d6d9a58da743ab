"""Undoing an import: only while nobody has used its rows, all of it or nothing, and imported again it ends where one ends."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.ledger import workflow as ledger_workflow
from services.ledger.entry import Deal
from services.ledger.importing import undoing, workflow
from services.ledger.listing import Filters, ledger_page
from shared.errors import NotFound, Refusal
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import (
    AS_OF,
    applied,
    counted,
    killed_after,
    ledger,
    sample,
    state_of,
)
from tests.services.ledger.test_workflow import recounted
from tests.world import World

_LIVE = "select count(*) from app.achievement where tenant_id = :tenant and state = 'registered'"
_MARKED = "select count(*) from app.ledger_number where tenant_id = :tenant and revoked_at is not null"


async def ask(world: World, import_id: UUID, tenant: UUID | None = None) -> Refusal | None:
    async with world.acting(tenant or world.university) as tx:
        return await undoing.undo(tx, import_id, "导错了年份")


async def carried_out(world: World, import_id: UUID) -> None:
    async with world.working(world.university) as tx:
        await undoing.carry_out(tx, import_id)
    async with world.working(world.university) as tx:
        await workflow.tidy(tx, import_id)


async def number_of(world: World, number: int) -> UUID:
    async with world.acting(world.university) as tx:
        found = await tx.scalar(
            text("select id from app.achievement where tenant_id = :t and number = :n"),
            {"t": tx.tenant_id, "n": number},
        )
    return UUID(str(found))


async def standing(world: World) -> tuple[list[Any], list[Any]]:
    """The ledger as it stands, without what tells two imports of one file apart; its totals."""
    async with world.acting(world.university) as tx:
        await recounted(tx)
        rows = await tx.rows(
            text(
                "select a.name, a.type, a.status, a.mode, a.value, a.stage_recognised, a.college, a.conversions, a.held_from, "
                "a.remark, a.extra, r.numbers, c.people, d.deals, g.grams from app.achievement a "
                "left join lateral (select array_agg(number order by position) as numbers from app.achievement_right r "
                "  where r.tenant_id = a.tenant_id and r.achievement_id = a.id and r.live) r on true "
                "left join lateral (select array_agg(p.name order by position) as people from app.achievement_completer c "
                "  join app.person p on p.tenant_id = c.tenant_id and p.id = c.person_id "
                "  where c.tenant_id = a.tenant_id and c.achievement_id = a.id) c on true "
                "left join lateral (select array_agg(amount order by position) as deals from app.conversion_record d "
                "  where d.tenant_id = a.tenant_id and d.achievement_id = a.id) d on true "
                "left join lateral (select count(*) as grams from app.achievement_gram g "
                "  where g.tenant_id = a.tenant_id and g.achievement_id = a.id) g on true "
                "where a.tenant_id = :t and a.state = 'registered' order by a.name_key"
            ),
            {"t": tx.tenant_id},
        )
        totals = await tx.rows(
            text(
                "select dimension, first, second, n, n_valued, sum from app.ledger_total where tenant_id = :t and n > 0 "
                "order by 1, 2, 3"
            ),
            {"t": tx.tenant_id},
        )
    return [tuple(row) for row in rows], [tuple(row) for row in totals]


@pytest.mark.requirement("R170")
async def test_import_undo_and_import_again_ends_where_one_import_ends(world: World, objects: ObjectStore) -> None:
    first = await applied(world, world.university, objects, sample())
    once = await standing(world)
    assert await ask(world, first) is None
    assert (await state_of(world, world.university, first)).state == "undoing"
    await carried_out(world, first)
    row = await state_of(world, world.university, first)
    assert (row.state, row.first_number, row.last_number) == ("undone", 1, 353)
    assert await counted(world, _LIVE, tenant=world.university) == 0
    assert await counted(world, _MARKED, tenant=world.university) == 353
    async with world.acting(world.university) as tx:
        total = await tx.scalar(text("select sum(n) from app.ledger_total where tenant_id = :t"), {"t": tx.tenant_id})
        assert total == 0
        assert (await ledger_page(tx, Filters(as_of=AS_OF), limit=10)).rows == []

    second = await applied(world, world.university, objects, sample())
    assert second != first
    assert await standing(world) == once
    assert (await state_of(world, world.university, second)).first_number == 354


async def test_nothing_is_updated_away(world: World, objects: ObjectStore) -> None:
    import_id = await applied(world, world.university, objects, ledger(2))
    await ask(world, import_id)
    await carried_out(world, import_id)
    async with world.acting(world.university) as tx:
        versions = await tx.rows(
            text(
                "select state, upper_inf(recorded) as known, reason, held from app.achievement_version "
                "where tenant_id = :t order by number, lower(recorded)"
            ),
            {"t": tx.tenant_id},
        )
    assert [(one.state, one.known) for one in versions] == [("registered", False), ("revoked", True)] * 2
    assert {one.held.lower for one in versions} == {AS_OF}
    assert {one.reason for one in versions if one.known} == {"撤销导入：导错了年份"}


async def test_a_row_that_somebody_used_is_named_and_nothing_is_undone(world: World, objects: ObjectStore) -> None:
    import_id = await applied(world, world.university, objects, ledger(3))
    async with world.acting(world.university) as tx:
        deal = Deal(mode="licence", signed_on=AS_OF, amount=Decimal(100))
        done = await ledger_workflow.record_conversion(tx, await number_of(world, 2), deal)
        assert isinstance(done, UUID), done
        assert await ledger_workflow.quarantine(tx, await number_of(world, 3), "疑似") is None
    refusal = await ask(world, import_id)
    assert refusal is not None
    assert refusal.status == 409
    assert "CS-0002《第2号示例工艺》登记后已更正或登记转化" in refusal.message
    assert "CS-0003《第3号示例工艺》已隔离" in refusal.message
    assert "CS-0001" not in refusal.message
    assert (await state_of(world, world.university, import_id)).state == "applied"
    assert await counted(world, _LIVE, tenant=world.university) == 2


async def test_a_row_that_another_matter_names_stops_it_too(world: World, objects: ObjectStore) -> None:
    import_id = await applied(world, world.university, objects, ledger(1))
    async with world.maintenance.begin() as connection:
        await connection.execute(
            text(
                "insert into app.disclosure (tenant_id, id, province_id, person_id, state, achievement_id, name) "
                "values (:t, :id, :p, :person, 'registered', :a, '甲')"
            ),
            {
                "t": world.university,
                "id": uuid4(),
                "p": world.province_id,
                "person": await world.person(world.university, "completer"),
                "a": await number_of(world, 1),
            },
        )
    refusal = await ask(world, import_id)
    assert refusal is not None
    assert "CS-0001《第1号示例工艺》已与成果披露关联" in refusal.message


async def test_a_row_used_between_asking_and_undoing_stops_it(world: World, objects: ObjectStore) -> None:
    import_id = await applied(world, world.university, objects, ledger(2))
    assert await ask(world, import_id) is None
    async with world.acting(world.university) as tx:
        assert await ledger_workflow.quarantine(tx, await number_of(world, 1), "疑似") is None
    async with world.working(world.university) as tx:
        await undoing.carry_out(tx, import_id)
    row = await state_of(world, world.university, import_id)
    assert row.state == "applied"
    assert "CS-0001" in row.undo_note["stopped"]
    assert await counted(world, _LIVE, tenant=world.university) == 1
    assert await counted(world, _MARKED, tenant=world.university) == 0


async def test_undoing_twice_or_after_a_kill_undoes_once(world: World, objects: ObjectStore) -> None:
    import_id = await applied(world, world.university, objects, ledger(3))
    answers = await asyncio.gather(ask(world, import_id), ask(world, import_id))
    assert sorted(one is None for one in answers) == [False, True]
    await killed_after(world, world.university, lambda tx: undoing.carry_out(tx, import_id))
    assert await counted(world, _LIVE, tenant=world.university) == 3

    async def deliver() -> None:
        async with world.working(world.university) as tx:
            await undoing.carry_out(tx, import_id)

    await asyncio.gather(deliver(), deliver())
    assert await counted(world, _MARKED, tenant=world.university) == 3
    assert (
        await counted(
            world, "select count(*) from app.achievement_version where tenant_id = :tenant", tenant=world.university
        )
        == 6
    )


async def test_nobody_undoes_another_tenants_import(world: World, objects: ObjectStore) -> None:
    import_id = await applied(world, world.university, objects, ledger(1))
    with pytest.raises(NotFound):
        await ask(world, import_id, world.institute)
