"""Registering organisations: every wrong field at once, and a change of department takes place on its day."""

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from services.administration.workflow import follow_department
from services.annual_report.models import annual_report
from services.ledger.models import department_total, ledger_total
from services.ledger.totals import roll_up
from shared.audit.tables import audit_entry
from shared.db.transaction import Actor, Scope, transaction
from shared.errors import FormInvalid, NotFound
from shared.ids import new_id
from tenants import registration
from tenants.packs import governing
from tenants.provisioning import operating
from tenants.registry import find_tenant, list_provinces, organisation, supervision
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import World

CODE = "125300004312060203"  # its check digit fits; the unit is invented


def form(world: World, **changes: str) -> dict[str, str]:
    return {
        "kind": "institution",
        "unit_kind": "university",
        "name": "示例理工大学",
        "short_name": "示理工",
        "alias": f"{world.slug}-lg",
        "prefix": "SLG",
        "credit_code": "",
        "area": "示例州",
        "department": str(world.department),
        "since": "2026-01-01",
        **changes,
    }


def acting(world: World) -> Any:
    return world.acting(world.operator, "operator", "operator")


async def errors(verb: Awaitable[Any]) -> dict[str, str]:
    with pytest.raises(FormInvalid) as wrong:
        await verb
    return wrong.value.errors


async def opened(world: World, **changes: str) -> UUID:
    async with acting(world) as tx:
        return (await registration.register(tx, form(world, **changes))).id


async def test_an_institution_is_opened_with_its_department_and_area(world: World) -> None:
    unit = await opened(world, credit_code=CODE.lower())
    listed = await find_tenant(world.web, unit)
    assert listed is not None
    assert (listed.alias, listed.department_id) == (f"{world.slug}-lg", world.department)
    async with acting(world) as tx:
        known = await registration.registered(tx, unit)
        assert known.row.credit_code == CODE
        assert (known.row.area, known.row.number_prefix, known.row.unit_kind) == ("示例州", "SLG", "university")


async def test_every_wrong_field_is_named_at_once(world: World) -> None:
    await opened(world)
    wrong = form(
        world, unit_kind="school", short_name="", prefix="S-1", credit_code="125300004312060200", department="nobody",
        since="2026-02-30",
    )  # fmt: skip
    async with acting(world) as tx:
        found = await errors(registration.register(tx, wrong))
    assert set(found) == {"unit_kind", "short_name", "alias", "prefix", "credit_code", "department", "since", "name"}
    assert "校验位" in found["credit_code"]
    assert "已被另一单位使用" in found["alias"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"alias": "大学"}, "alias"),
        ({"alias": "a"}, "alias"),
        ({"prefix": "CS"}, "prefix"),
        ({"prefix": ""}, "prefix"),
        ({"since": "2027-01-01"}, "since"),
        ({"since": "1900-01-01"}, "since"),
        ({"since": ""}, "since"),
        ({"department": ""}, "department"),
        ({"kind": "operator"}, "kind"),
        ({"kind": "science"}, "kind"),
        ({"name": "滇池示例大学"}, "name"),
        ({"name": "长" * 101}, "name"),
        ({"credit_code": "1253"}, "credit_code"),
        ({"area": "州" * 41}, "area"),
    ],
)
async def test_one_wrong_field_is_named_alone(world: World, changes: dict[str, str], field: str) -> None:
    async with acting(world) as tx:
        assert list(await errors(registration.register(tx, form(world, **changes)))) == [field]


async def test_an_alias_is_taken_in_the_whole_installation(world: World) -> None:
    other = new_id()
    async with operating(world.web, world.province_id, world.operator) as tx:
        await registration.register(tx, form(world))
    async with acting(world) as tx:
        assert "alias" in await errors(
            registration.change(tx, world.institute, {**CHANGE, "alias": f"{world.slug}-lg"})
        )
        with pytest.raises(NotFound):
            await registration.change(tx, other, CHANGE)


CHANGE = {
    "unit_kind": "institute",
    "name": "示例研究院（新）",
    "short_name": "新院",
    "alias": "",
    "prefix": "CS",
    "area": "",
}


async def test_a_change_keeps_what_stands_and_is_on_the_log(world: World) -> None:
    async with acting(world) as tx:
        assert await registration.change(tx, world.institute, {**CHANGE, "alias": world.institute.hex})
        assert not await registration.change(tx, world.institute, {**CHANGE, "alias": world.institute.hex})
    listed = await find_tenant(world.web, world.institute)
    assert listed is not None
    assert (listed.name, listed.department_id) == ("示例研究院（新）", world.department)
    async with world.maintenance.connect() as connection:
        details = await connection.scalar(
            select(audit_entry.c.details).where(
                audit_entry.c.object_id == world.institute, audit_entry.c.action == "organisation.change"
            )
        )
    assert details is not None
    assert details["changes"] == {"name": ["示例研究院", "示例研究院（新）"], "short_name": ["示例研究院", "新院"]}


async def test_a_change_of_department_takes_place_on_its_day(site: Site, world: World) -> None:
    """Until then the old one is competent; what was submitted before stays with it; on the day all that is open goes over."""
    unit = await opened(world)
    await arrange(world, unit)
    clerk = await site.signed_in(world, unit)
    async with acting(world) as tx:
        await registration.move(tx, unit, {"department": str(world.other_department), "since": "2026-04-01"})
        assert "since" in await errors(
            registration.move(tx, unit, {"department": str(world.department), "since": "2026-04-01"})
        )
    for day, expected in (("2026-03-31", world.department), ("2026-04-01", world.other_department)):
        async with world.working(unit, at=at(day, 0, 1)) as tx:
            await follow_department(tx)
        assert await standing(world, unit) == (expected, expected, {"draft": expected, "submitted": world.department})
    assert (await clerk.get("/institution/messages")).status_code == 200
    scope = Scope("worker_rollup", unit, world.province_id, unit, world.department)
    async with transaction(world.tasks, scope, Actor(None, unit)) as tx:
        await roll_up(tx)
    async with world.maintenance.connect() as connection:
        cells = await connection.execute(
            select(department_total.c.department_id, department_total.c.n).where(
                department_total.c.province_id == world.province_id, department_total.c.first == "示例"
            )
        )
        assert {row.department_id: row.n for row in cells} == {world.department: 0, world.other_department: 7}


async def arrange(world: World, unit: UUID) -> None:
    """A total that has been rolled up, a report in hand, and one that was submitted."""
    common = {"tenant_id": unit, "province_id": world.province_id, "department_id": world.department}
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(ledger_total).values(dimension="type", first="示例", second="", n=7, n_valued=0, sum=0, **common)
        )
        for year, state in ((2024, "submitted"), (2025, "draft")):
            await connection.execute(
                insert(annual_report).values(
                    id=new_id(), report="conversion_report", year=year, state=state, form_version="1",
                    pack_version_id=world.pack_version_id, created_at=at("2026-01-05"), **common,
                )
            )  # fmt: skip
    scope = Scope("worker_rollup", unit, world.province_id, unit, world.department)
    async with transaction(world.tasks, scope, Actor(None, unit)) as tx:
        await roll_up(tx)


async def standing(world: World, unit: UUID) -> tuple[Any, Any, dict[str, UUID]]:
    async with world.maintenance.connect() as connection:
        own = await connection.scalar(select(organisation.c.department_id).where(organisation.c.id == unit))
        total = await connection.scalar(select(ledger_total.c.department_id).where(ledger_total.c.tenant_id == unit))
        rows = await connection.execute(
            select(annual_report.c.state, annual_report.c.department_id).where(annual_report.c.tenant_id == unit)
        )
        listed = await find_tenant(world.web, unit)
        assert listed is not None
        assert listed.department_id == own
        return own, total, {row.state: row.department_id for row in rows}


async def test_a_department_that_is_competent_already_or_is_none_is_refused(world: World) -> None:
    unit = await opened(world)
    async with acting(world) as tx:
        for wrong in (str(world.department), str(world.finance), "nobody", ""):
            assert "department" in await errors(
                registration.move(tx, unit, {"department": wrong, "since": "2026-04-01"})
            )
        both = await errors(registration.move(tx, unit, {"department": "", "since": "2029-01-01"}))
        assert set(both) == {"department", "since"}
        with pytest.raises(NotFound):
            await registration.move(tx, world.finance, {"department": str(world.department), "since": "2026-04-01"})
    async with world.maintenance.connect() as connection:
        held = await connection.execute(select(supervision.c.department_id).where(supervision.c.tenant_id == unit))
        assert [row.department_id for row in held] == [world.department]


async def mode(world: World) -> str:
    async with world.acting(world.university) as tx:
        return str((await governing(tx)).pack.mode)


async def test_a_provinces_mode_counts_at_once(world: World) -> None:
    assert await mode(world) == "enforced"
    async with acting(world) as tx:
        await registration.change_province(tx, {"name": "测试省", "short_name": "测", "mode": "advisory"})
        assert set(await errors(registration.change_province(tx, {"name": "", "short_name": "", "mode": "x"}))) == {
            "name", "short_name", "mode",
        }  # fmt: skip
    assert await mode(world) == "advisory"
    assert next(one for one in await list_provinces(world.web) if one.slug == world.slug).short_name == "测"
