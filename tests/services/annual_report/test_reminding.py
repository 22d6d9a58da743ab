"""催报: who is reminded, once a day, what the unit is told, whose log has it."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from services.annual_report.reminding.workflow import remind
from services.home.delivering.workflow import deliver
from services.home.models import message
from shared.audit.tables import audit_entry
from shared.errors import NotFound, Refusal
from tests.services.annual_report.arranging import REPORT, frozen, small_ledger, submitted
from tests.web import Site
from tests.world import START, World

ADDRESS = f"/console/reports/remind/{REPORT}"
LIST = "/console/reports?show=missing"


async def by(world: World, kind: str, *, days: int = 0, report: str = REPORT) -> int | Refusal:
    role = {"science": "science_officer", "department": "department_officer"}[kind]
    async with world.acting(getattr(world, kind), role, kind, at=START + timedelta(days=days)) as tx:
        return await remind(tx, report)


async def told(world: World, tenant: UUID) -> list[str]:
    async with world.working(tenant) as tx:
        await deliver(tx, None)
    async with world.acting(tenant) as tx:
        return [row.title for row in await tx.rows(select(message.c.title).where(message.c.tenant_id == tenant))]


async def test_only_units_that_handed_nothing_in_are_reminded(world: World) -> None:
    await small_ledger(world)
    await submitted(world)
    await frozen(world, world.institute)  # a draft is not handed in, and the authority does not see it
    units = await by(world, "department")
    assert units == 2
    assert not [title for title in await told(world, world.university) if "催报" in title]
    assert [title.startswith("催报：2025 年度") for title in await told(world, world.institute)] == [True]


async def test_once_a_day_by_each_authority(world: World) -> None:
    first = await by(world, "science")
    assert first == 4
    again = await by(world, "science")
    assert isinstance(again, Refusal)
    assert again.code == "report.nobody_to_remind"
    assert again.citation is None  # the limit is the platform's own, no article says it
    # another authority, and another day
    assert await by(world, "department") == 3
    assert await by(world, "science", days=1) == 4
    assert len([title for title in await told(world, world.university) if "催报" in title]) == 3


async def test_two_people_at_once_remind_each_unit_once(world: World) -> None:
    done = await asyncio.gather(by(world, "department"), by(world, "department"))
    assert sum(one for one in done if isinstance(one, int)) == 3
    assert len(await told(world, world.institute)) == 1


async def test_the_unit_sees_in_its_log_who_reminded_it(world: World) -> None:
    await by(world, "department")
    async with world.acting(world.institute) as tx:
        rows = await tx.rows(
            select(audit_entry.c.actor_organisation_id, audit_entry.c.outcome).where(
                audit_entry.c.tenant_id == world.institute, audit_entry.c.action == "annual_report.remind"
            )
        )
    assert [tuple(row) for row in rows] == [(world.department, "done")]


async def test_an_unknown_report_and_a_finance_department_are_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        await by(world, "science", report="no_such_report")
    async with world.acting(world.finance, "finance_officer", "finance") as tx:
        with pytest.raises(NotFound):
            await remind(tx, REPORT)


async def test_the_page_lists_the_missing_and_reminds_them(site: Site, world: World) -> None:
    await small_ledger(world)
    await submitted(world)
    department = await site.signed_in(world, world.department, "department_officer", kind="department")
    page = (await department.get(LIST)).text
    assert "催报未报送单位（2 家）" in page
    names = page.split("的单位")[1].split("收到的报告")[0]
    assert "示例研究院" in names
    assert "滇池示例大学" not in names
    answer = await department.post(ADDRESS, page=LIST)
    assert answer.status_code == 303
    page = (await department.get(answer.headers["location"])).text
    assert "送达 2 家" in page.replace('<span class="nowrap">', "")
    again = await department.post(ADDRESS, page=LIST)
    assert again.status_code == 409
    assert "今天都已催报过" in again.text
    assert "不是政策规定" in again.text


async def test_the_same_form_twice_is_one_reminder(site: Site, world: World) -> None:
    department = await site.signed_in(world, world.department, "department_officer", kind="department")
    key = await department.form_key(LIST)
    for _ in range(2):
        assert (await department.post(ADDRESS, key=key)).status_code == 303
    assert len(await told(world, world.institute)) == 1


async def test_reminding_is_for_those_who_may(site: Site, world: World) -> None:
    assert (await site.anonymous().client.post(ADDRESS)).status_code == 401
    head = await site.signed_in(world, world.science, "science_head", kind="science")
    assert (await head.post(ADDRESS, page="/console/messages", key="x")).status_code == 403
