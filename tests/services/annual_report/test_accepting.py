"""批量接收: what is shown before, one result for each report, one refusal that stops no other."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest_asyncio
from sqlalchemy import select

from services.annual_report.models import annual_report
from services.annual_report.reviewing import workflow as review
from shared.audit.tables import audit_entry
from tests.services.annual_report.arranging import small_ledger, submitted
from tests.web import Site
from tests.world import World

ADDRESS = "/console/reports/accept"


@pytest_asyncio.fixture
async def two(world: World) -> AsyncIterator[tuple[UUID, UUID]]:
    """The reports of two units that wait for their department."""
    await small_ledger(world)
    await small_ledger(world, world.institute)
    yield await submitted(world), await submitted(world, world.institute)


async def states(world: World) -> dict[UUID, str]:
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(
            select(annual_report.c.tenant_id, annual_report.c.state).where(
                annual_report.c.province_id == world.province_id
            )
        )
        return {row.tenant_id: row.state for row in rows}


async def test_those_that_are_chosen_are_accepted_together(site: Site, world: World, two: tuple[UUID, UUID]) -> None:
    visitor = await site.signed_in(world, world.department, "department_officer", kind="department")
    assert "批量接收 2 份待审核的报告" in (await visitor.get("/console/todo")).text
    shown = (await visitor.get(ADDRESS)).text
    assert "滇池示例大学" in shown
    assert "示例研究院" in shown
    none = await visitor.post(ADDRESS, {})
    assert none.status_code == 422
    assert "请至少选择一份报告" in none.text
    key = await visitor.form_key(ADDRESS)
    done, again = [await visitor.post(ADDRESS, {"report": [str(one) for one in two]}, key=key) for _ in range(2)]
    assert done.status_code == again.status_code == 303
    assert await states(world) == {world.university: "accepted", world.institute: "accepted"}
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(
            select(audit_entry.c.tenant_id, audit_entry.c.outcome).where(
                audit_entry.c.province_id == world.province_id, audit_entry.c.action == "annual_report.accept"
            )
        )
    assert sorted(map(tuple, rows)) == sorted([(world.university, "done"), (world.institute, "done")])


async def test_one_that_cannot_be_accepted_is_named_and_stops_no_other(
    site: Site, world: World, two: tuple[UUID, UUID]
) -> None:
    visitor = await site.signed_in(world, world.department, "department_officer", kind="department")
    key = await visitor.form_key(ADDRESS)
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert await review.accept(tx, two[0]) is None  # a colleague was quicker
    answer = await visitor.post(ADDRESS, {"report": [str(one) for one in two]}, key=key)
    assert answer.status_code == 200
    assert "已接收 1 份，1 份未接收" in answer.text
    assert "滇池示例大学" in answer.text
    assert await states(world) == {world.university: "accepted", world.institute: "accepted"}


async def test_only_the_own_department_accepts(site: Site, world: World, two: tuple[UUID, UUID]) -> None:
    other = await site.signed_in(world, world.other_department, "department_officer", kind="department")
    assert "没有待审核的报告" in (await other.get(ADDRESS)).text
    key = await other.form_key("/console/messages")
    for sent in (str(two[0]), str(uuid4()), "nobody"):
        answer = await other.post(ADDRESS, {"report": sent}, key=key)
        assert answer.status_code == 404, sent
    assert await states(world) == {world.university: "submitted", world.institute: "submitted"}
    science = await site.signed_in(world, world.science, "science_officer", kind="science")
    assert (await science.get(ADDRESS)).status_code == 403
    assert (await site.anonymous().get(ADDRESS)).status_code == 303
