"""What waits for whom, with the deadline and how it was counted."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import update

from services.empowerment.models import agreement
from services.empowerment.todos import todos
from services.empowerment.workflow import return_for_correction
from services.notices.todos import todos as notice_todos
from services.notices.workflow import raise_objection
from shared.todo import Todo
from tests.services.empowerment.arranging import announced, applied, notice_of, prepare, sign
from tests.services.notices.arranging import at
from tests.world import World


async def waiting(world: World, day: str, role: str = "clerk", tenant: UUID | None = None) -> list[Todo]:
    async with world.acting(tenant or world.university, role, at=at(day)) as tx:
        return await todos(tx)


async def test_a_running_notice_is_due_on_its_last_day_and_then_waits_to_be_signed(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    (running,) = await waiting(world, "2026-03-09")
    assert (running.kind, running.due_on) == ("公示届满", date(2026, 3, 17))
    assert "第 7/15 天" in running.basis
    assert "第八条" in running.basis
    (over,) = await waiting(world, "2026-03-18")
    assert (over.kind, over.permission) == ("待签协议", "institution:empowerment:sign")
    assert over.href == f"/institution/empowerment/{application_id}/agreement"
    assert await waiting(world, "2026-03-18", tenant=world.institute) == []


async def test_an_objection_waits_for_those_who_answer(world: World) -> None:
    ready = await prepare(world)
    notice_id = await notice_of(world, ready.tenant, await announced(world, ready))
    async with world.acting(ready.tenant, "leadership", at=at("2026-03-10")) as tx:
        await raise_objection(tx, notice_id, "比例不妥")
        (one,) = await notice_todos(tx)
    assert one.permission == "institution:objection:answer"
    assert one.href.startswith(f"/institution/notices/{notice_id}/objections/")
    (over,) = await waiting(world, "2026-03-18")
    assert over.kind == "公示届满"
    assert "异议 1 件待答复" in over.subtitle
    # The period has ended by itself: that is no lateness of anybody's.
    assert over.lapses


async def test_a_returned_application_waits_for_its_applicant_alone(world: World) -> None:
    ready = await prepare(world)
    application_id = await applied(world, ready)
    (screening,) = await waiting(world, "2026-02-21")
    assert screening.kind == "负面清单"
    async with world.acting(ready.tenant, "clerk", at=at("2026-02-21")) as tx:
        await return_for_correction(tx, application_id, "plan", "请补充")
    assert await waiting(world, "2026-02-22") == []
    (own,) = await waiting(world, "2026-02-22", "completer")
    assert own.href == f"/institution/empowerment/{application_id}/edit"


@pytest.mark.requirement("R187")
async def test_the_end_of_an_agreed_term_is_called_to_mind_half_a_year_before(world: World) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    assert await sign(world, ready.tenant, application_id, "2026-03-18") is None
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(agreement)
            .where(agreement.c.tenant_id == ready.tenant, agreement.c.application_id == application_id)
            .values(term_last_day=date(2026, 12, 31))
        )
    early = [one for one in await waiting(world, "2026-07-03") if one.kind == "协议到期"]
    assert early == []
    (one,) = [one for one in await waiting(world, "2026-07-04") if one.kind == "协议到期"]
    assert (one.due_on, one.href) == (date(2026, 12, 31), f"/institution/empowerment/{application_id}")
    assert [one for one in await waiting(world, "2027-01-01") if one.kind == "协议到期"] == []
