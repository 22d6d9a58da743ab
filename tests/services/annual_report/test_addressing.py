"""Recipients that nobody is registered for: said to the sender on the page, to the operator by a message; never passed over."""

import pytest
from sqlalchemy import text, update

from services.annual_report.reviewing import queries as reviewing
from services.annual_report.reviewing import workflow as review
from shared.db.serialising import load_json
from shared.errors import Refusal
from tenants.registry import organisation
from tests.services.annual_report.arranging import REPORT, YEAR, small_ledger, submitted, under_pack
from tests.services.annual_report.test_reviewing import accepted
from tests.web import Site
from tests.world import World


async def unregister(world: World, *tenants: object) -> None:
    async with world.maintenance.begin() as connection:
        await connection.execute(update(organisation).where(organisation.c.id.in_(tenants)).values(state="suspended"))


async def announced(world: World) -> list[tuple[str, str]]:
    """(tenant, title) of the news that waits to be put before an organisation of this province."""
    async with world.maintenance.connect() as connection:
        found = await connection.execute(
            text("select message from app.task_queue where message ->> 'actor_name' = 'announce'")
        )
        news = [one if isinstance(one, dict) else load_json(one) for one in found.scalars()]
    return [
        (one["kwargs"]["tenant"], one["kwargs"]["title"])
        for one in news
        if one["kwargs"]["tenant"] == str(world.operator)
    ]


@pytest.mark.requirement("R165")
async def test_who_is_not_registered_is_named_to_the_sender_and_told_to_the_operator(site: Site, world: World) -> None:
    await small_ledger(world)
    await under_pack(world, "cn-22")
    await unregister(world, world.science)
    await submitted(world, report="work_report", texts={"work": "上一年度工作已完成。"})
    async with world.acting(world.department, "department_officer", "department") as tx:
        assert [row.report for row in await reviewing.received(tx, YEAR)] == ["work_report"]
    ((_, title),) = await announced(world)
    assert "接收单位尚未登记：" in title
    clerk = await site.signed_in(world, world.university)
    assert "平台上尚未登记：" in (await clerk.get(f"/institution/reports/{YEAR}/work_report")).text


async def test_nothing_is_passed_on_where_nobody_is_registered(site: Site, world: World) -> None:
    await accepted(world, world.university)
    async with world.acting(world.department, "department_officer", "department") as tx:
        aggregate_id = await review.aggregate(tx, REPORT, YEAR)
    officer = await site.signed_in(world, world.department, "department_officer", kind="department")
    address = f"/console/reports/aggregates/{aggregate_id}"
    assert "平台上尚未登记" not in (await officer.get(address)).text
    await unregister(world, world.science, world.finance)
    assert "平台上尚未登记：" in (await officer.get(address)).text
    async with world.acting(world.department, "department_officer", "department") as tx:
        refused = await review.forward(tx, aggregate_id)  # type: ignore[arg-type]
        assert isinstance(refused, Refusal)
        assert refused.code == "report.no_recipient"
        assert refused.citation is not None
    assert len(await announced(world)) == 1
