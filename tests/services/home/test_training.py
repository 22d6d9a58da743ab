"""A training unit: worked in like any other, counted and reported nowhere, thrown away without a trace."""

from uuid import UUID

import pytest
from sqlalchemy import select, text

from deploy.demo.training import clear, reset, reset_asked
from services.annual_report.workflow import freeze, submit
from services.ledger.models import province_total
from services.ledger.totals import roll_up
from services.models import metadata
from services.pilot.queries import public_memberships
from shared.db.transaction import Actor, Scope, transaction, unconfined
from shared.errors import Refusal
from shared.ids import new_id
from shared.settings import Settings
from shared.storage.objects import ObjectStore
from tests.services.annual_report.arranging import REPORT, YEAR
from tests.services.empowerment.arranging import select_for_pilot
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World


async def training_unit(world: World) -> UUID:
    tenant = new_id()
    values = {"id": tenant, "province": world.province_id, "alias": tenant.hex}
    async with world.maintenance.begin() as connection:
        await connection.execute(
            text(
                "insert into app.organisation (id, province_id, kind, unit_kind, name, short_name, number_prefix, "
                "department_id) values (:id, :province, 'training', 'university', '练习单位', '练习', 'LX', :id)"
            ),
            values,
        )
        await connection.execute(
            text("select app.put_tenant(:id, :province, 'training', :id, :alias, '练习单位', true)"), values
        )
    return tenant


@pytest.mark.requirement("R196")
async def test_what_is_tried_is_counted_and_reported_nowhere(site: Site, world: World) -> None:
    tenant = await training_unit(world)
    await select_for_pilot(world, tenant)
    await select_for_pilot(world, world.university)
    async with world.acting(tenant) as tx:
        await registered(tx)
    async with world.acting(world.university) as tx:
        await registered(tx)
    scope = Scope("worker_rollup", tenant, world.province_id, tenant, tenant)
    async with transaction(world.tasks, scope, Actor(None, tenant)) as tx:
        await roll_up(tx)
        total = await tx.scalar(
            select(province_total.c.n).where(
                province_total.c.province_id == world.province_id, province_total.c.dimension == "all"
            )
        )
    assert total == 1
    async with world.acting(world.science, "science_officer", "science") as tx:
        assert [row.tenant_id for row in await public_memberships(tx)] == [world.university]
    officer = await site.signed_in(world, world.science, "science_officer", kind="science")
    assert "练习单位" not in (await officer.get("/console/statistics")).text
    async with world.acting(tenant) as tx:
        assert not isinstance(await freeze(tx, REPORT, YEAR), Refusal)
    async with world.acting(tenant, "department_head") as tx:
        refused = await submit(tx, REPORT, YEAR)
        assert isinstance(refused, Refusal)
        assert refused.code == "report.training"


@pytest.mark.requirement("R196")
async def test_the_banner_stands_on_every_page_and_the_button_leaves_nothing_behind(
    site: Site, world: World, configuration: Settings
) -> None:
    tenant = await training_unit(world)
    async with world.acting(tenant) as tx:
        await registered(tx)
    objects = ObjectStore(configuration)
    await objects.put(tenant, b"tried")
    clerk = await site.signed_in(world, tenant, "clerk")
    for address in ("/institution", "/institution/ledger", "/institution/training"):
        assert "练习：不计入统计" in (await clerk.get(address)).text
    other = await site.signed_in(world, world.university, "clerk")
    assert "练习：" not in (await other.get("/institution")).text
    assert (await other.get("/institution/training")).status_code == 404
    assert (await other.post("/institution/training/reset", page="/institution/ledger/bulk")).status_code == 404
    page = "/institution/training"
    assert (await clerk.post("/institution/training/reset", page=page)).status_code == 303
    assert "正在恢复" in (await clerk.get(page)).text
    assert await reset_asked(configuration) == 1
    async with world.maintenance.connect() as connection:
        for table in metadata.tables.values():
            if table.info["scope"] == "tenant" and table.name not in ("supervision", "account", "person"):
                left = await connection.scalar(
                    text(f"select count(*) from app.{table.name} where tenant_id = :tenant"), {"tenant": tenant}
                )
                assert left == 0, table.name
        queued = await connection.scalar(
            text("select count(*) from app.task_queue where strpos(message::text, :tenant) > 0"),
            {"tenant": str(tenant)},
        )
    assert queued == 0
    assert objects.clear_now(tenant) == 0
    await reset(configuration, tenant)
    assert (await clerk.get("/institution/ledger")).status_code == 200


async def test_no_other_tenant_is_ever_cleared(world: World) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx)
    scope = Scope("", world.university, world.province_id, world.university, world.university)
    with pytest.raises(ValueError, match="练习单位"):
        async with unconfined(world.maintenance, scope, Actor(None, world.university)) as tx:
            await clear(tx)
    async with world.acting(world.university) as tx:
        assert await tx.scalar(text("select count(*) from app.achievement where tenant_id = :t"), {"t": tx.tenant_id})
