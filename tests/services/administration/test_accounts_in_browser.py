"""People, roles, delegation and credentials in a real browser: axe silent, nothing too wide, no console error, at both widths."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from services.administration.accounts import workflow
from services.administration.delegating import workflow as delegating
from services.administration.machines import workflow as machines
from services.home.pushing.models import push_delivery
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.administration.people import SECURITY, SYSTEM, signing_in
from tests.services.administration.test_delegations import REVIEW, TODAY, form_of
from tests.services.empowerment.test_pages_in_browser import look
from tests.services.negative_list.steps import clock_at
from tests.web import Site
from tests.world import World

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    async with clock_at(world, TODAY):
        yield


async def test_pages_of_the_administrators_and_of_ones_own_account(
    site: Site, world: World, open_page: OpenPage, size: tuple[int, int]
) -> None:
    unit = world.university
    clerk, leader = await signing_in(world, unit, "clerk"), await signing_in(world, unit, "leadership")
    newcomer = await signing_in(world, unit, "newcomer", "nobody")
    for role in (SECURITY, SYSTEM):
        await signing_in(world, unit, role)
    async with world.acting(unit, SECURITY, at=TODAY) as tx:
        await workflow.assign_roles(tx, newcomer, ["finance"], "任职文件")
    async with world.acting(unit, "clerk", at=TODAY) as tx:
        delegation_id = await delegating.lend(tx, form_of(leader, REVIEW))
    async with world.acting(unit, SYSTEM, at=TODAY) as tx:
        await machines.register(tx, "科研管理系统", ["institution:ledger:read"])
    here = "/institution/accounts"
    security = {
        "accounts": here,
        "account": f"{here}/{newcomer}",
        "account-roles": f"{here}/{newcomer}/roles?tried=1&roles=finance&roles=asset",
        "roles": "/institution/settings/roles",
        "delegations-all": "/institution/delegations/all",
        "own-permissions": "/institution/settings/permissions",
    }
    await look(open_page, await site.signed_in(world, unit, SECURITY), size, security)
    system = {"account-leaving": f"{here}/{clerk}/leave", "machines": "/institution/machines"}
    await look(open_page, await site.signed_in(world, unit, SYSTEM), size, system)
    lending = {
        "delegations": "/institution/delegations",
        "delegation": f"/institution/delegations/{delegation_id}",
        "delegation-new": "/institution/delegations/new",
        "sessions": "/institution/sessions",
    }
    await look(open_page, await site.signed_in(world, unit, "clerk"), size, lending)
    await look(
        open_page,
        await site.signed_in(world, unit, "leadership"),
        size,
        {"own-lent": "/institution/settings/permissions"},
    )


async def test_first_pages_that_warn_and_the_roles_of_the_authorities(
    site: Site, world: World, open_page: OpenPage, size: tuple[int, int]
) -> None:
    officer = await site.signed_in(world, world.science, "science_officer", kind="science")
    await look(open_page, officer, size, {"console-roles": "/console/roles", "console-own": "/console/permissions"})
    operator = await site.signed_in(world, world.operator, "operator", kind="operator")
    await look(open_page, operator, size, {"operator-without-scanner": "/operator/"})
    admin = await site.signed_in(world, world.university, SYSTEM)
    form = {"name": "资产系统", "url": "https://assets.example.edu.cn/hook", "events": "asset_mark.marked"}
    made = await admin.post("/institution/deliveries/targets", form, page="/institution/deliveries")
    target = made.headers["location"].partition("/secret")[0]
    assert (await admin.post(f"{target}/test", page="/institution/deliveries")).status_code == 303
    async with world.maintenance.begin() as connection:
        dead = update(push_delivery).where(push_delivery.c.tenant_id == world.university).values(state="dead")
        await connection.execute(dead)
    await look(open_page, admin, size, {"undelivered": "/institution/settings/permissions"})
