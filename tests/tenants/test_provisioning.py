"""Opening a province and its tenants, and putting a pack in force: repeatable, on record, by two people."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from shared.audit.tables import audit_entry
from shared.ids import new_id
from tenants import activation, provisioning
from tenants.provisioning import NewProvince, NewTenant, NotProvisioned
from tenants.registry import find_tenant, list_provinces, organisation, supervision
from tests.tenants.second_version import standing_for
from tests.web import Site
from tests.world import World

SINCE = date(2026, 1, 1)


async def opened(world: World) -> tuple[UUID, UUID, str]:
    """A province of its own with its operator; (province, operator, slug)."""
    province_id, operator = new_id(), new_id()
    slug = f"n{province_id.hex[-10:]}"
    for _ in range(2):
        async with provisioning.operating(world.web, province_id, operator) as tx:
            await provisioning.put_province(tx, NewProvince(province_id, slug[:12], slug, f"新省{slug}", "新省"))
            await provisioning.put_tenant(
                tx,
                NewTenant(
                    id=operator, kind="operator", name=f"{slug}运维", short_name="运维", alias=f"{slug}-op", since=SINCE
                ),
            )
    return province_id, operator, slug


def institution(department: UUID | None, slug: str, **changes: object) -> NewTenant:
    values: dict[str, object] = {
        "id": new_id(),
        "kind": "institution",
        "unit_kind": "university",
        "name": "示例大学",
        "short_name": "示大",
        "alias": f"{slug}-u",
        "number_prefix": "SD",
        "department_id": department,
        "since": SINCE,
        **changes,
    }
    return NewTenant(**values)  # type: ignore[arg-type]


def department(slug: str, name: str = "示例教育厅") -> NewTenant:
    return NewTenant(id=new_id(), kind="department", name=name, short_name=name, alias=f"{slug}-{name}", since=SINCE)


async def test_a_province_and_its_tenants_are_opened_and_opening_again_changes_nothing(world: World) -> None:
    province_id, operator, slug = await opened(world)
    assert next(p for p in await list_provinces(world.web) if p.slug == slug).id == province_id
    competent = department(slug)
    unit = institution(competent.id, slug)
    for expected in (True, False):
        async with provisioning.operating(world.web, province_id, operator) as tx:
            assert await provisioning.put_tenant(tx, competent) is expected
            assert await provisioning.put_tenant(tx, unit) is expected
    listed = await find_tenant(world.web, unit.id)
    assert listed is not None
    assert (listed.alias, listed.department_id, listed.active) == (unit.alias, competent.id, True)
    async with world.maintenance.connect() as connection:
        held = (await connection.execute(select(supervision).where(supervision.c.tenant_id == unit.id))).all()
        audits = await connection.scalar(
            select(func.count()).where(
                audit_entry.c.tenant_id == operator, audit_entry.c.object_id.in_([competent.id, unit.id])
            )
        )
    assert [row.department_id for row in held] == [competent.id]
    assert audits == 2


async def test_a_science_department_stands_for_its_province_in_public(world: World) -> None:
    province_id, operator, slug = await opened(world)
    science = NewTenant(
        id=new_id(), kind="science", name="示例科技厅", short_name="科技厅", alias=f"{slug}-s", since=SINCE
    )
    async with provisioning.operating(world.web, province_id, operator) as tx:
        await provisioning.put_tenant(tx, science)
    assert next(p for p in await list_provinces(world.web) if p.slug == slug).science_id == science.id


async def test_a_new_competent_department_closes_the_old_relation(world: World) -> None:
    province_id, operator, slug = await opened(world)
    old, new = department(slug), department(slug, "示例卫健委")
    unit = institution(old.id, slug)
    moved = institution(new.id, slug, id=unit.id, since=date(2026, 7, 1))
    async with provisioning.operating(world.web, province_id, operator) as tx:
        for step in (old, new, unit, moved):
            await provisioning.put_tenant(tx, step)
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(
            select(supervision.c.department_id, func.upper(supervision.c.held).label("until"))
            .where(supervision.c.tenant_id == unit.id)
            .order_by(func.lower(supervision.c.held))
        )
        assert [tuple(row) for row in rows] == [(old.id, date(2026, 7, 1)), (new.id, None)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"department_id": None}, "行政主管部门"),
        ({"department_id": new_id()}, "行政主管部门"),
        ({"name": "重名大学"}, "已有名为"),
    ],
)
async def test_what_does_not_fit_is_said_and_leaves_nothing(
    world: World, changes: dict[str, object], words: str
) -> None:
    province_id, operator, slug = await opened(world)
    competent = department(slug)
    async with provisioning.operating(world.web, province_id, operator) as tx:
        await provisioning.put_tenant(tx, competent)
        await provisioning.put_tenant(tx, institution(competent.id, f"{slug}x", name="重名大学"))
    wrong = institution(competent.id, slug, **changes)
    with pytest.raises(NotProvisioned, match=words):
        async with provisioning.operating(world.web, province_id, operator) as tx:
            await provisioning.put_tenant(tx, wrong)
    assert await find_tenant(world.web, wrong.id) is None
    async with world.maintenance.connect() as connection:
        assert await connection.scalar(select(func.count()).where(organisation.c.id == wrong.id)) == 0


async def test_a_suspended_tenants_people_stay_signed_in(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.university)
    assert (await clerk.get("/institution/messages")).status_code == 200
    async with provisioning.operating(world.web, world.province_id, world.operator) as tx:
        await provisioning.set_active(tx, world.university, False)
    assert (await clerk.get("/institution/messages")).status_code == 200
    listed = await find_tenant(world.web, world.university)
    assert listed is not None
    assert not listed.active
    async with provisioning.operating(world.web, world.province_id, world.operator) as tx:
        await provisioning.set_active(tx, world.university, True)
    listed = await find_tenant(world.web, world.university)
    assert listed is not None
    assert listed.active


async def test_an_operator_touches_no_other_province(world: World) -> None:
    province_id, operator, _ = await opened(world)
    with pytest.raises(NotProvisioned):
        async with provisioning.operating(world.web, province_id, operator) as tx:
            await provisioning.set_active(tx, world.university, False)


async def in_force(world: World) -> UUID | None:
    async with world.web.connect() as connection:
        found = await connection.scalar(text("select app.pack_in_force(:p)"), {"p": world.province_id})
    return UUID(str(found)) if found else None


async def test_a_pack_governs_once_a_second_person_has_confirmed_it(world: World) -> None:
    before = await in_force(world)
    first, second = new_id(), new_id()
    async with world.maintenance.begin() as connection:
        await connection.execute(text("delete from app.pack_in_force where province_id = :p"), {"p": world.province_id})
    async with (
        standing_for(world),
        provisioning.operating(world.web, world.province_id, world.operator, first) as tx,
    ):
        version = await activation.load(tx, "cn-53")
        assert version == before
        proposal = await activation.propose(tx, version, SINCE)
        assert isinstance(proposal, UUID)
        assert await activation.propose(tx, version, SINCE) == proposal
    assert await in_force(world) is None
    async with provisioning.operating(world.web, world.province_id, world.operator, first) as tx:
        refused = await activation.confirm(tx, proposal)
    assert refused is not None
    assert refused.code == "pack.same_person"
    assert await in_force(world) is None
    async with provisioning.operating(world.web, world.province_id, world.operator, second) as tx:
        assert await activation.confirm(tx, proposal) is None
    assert await in_force(world) == version
    async with provisioning.operating(world.web, world.province_id, world.operator, second) as tx:
        again = await activation.confirm(tx, proposal)
    assert again is not None
    assert again.status == 409
