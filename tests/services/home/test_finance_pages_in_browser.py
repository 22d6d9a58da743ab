"""What goes to finance and the asset system, in a real browser: axe silent, nothing too wide, everything reached by Tab."""

from datetime import date
from uuid import UUID

import pytest
from playwright.async_api import Route

from services.annual_report.internal import workflow as internal
from services.home.pushing import workflow as pushing
from services.ledger.marking import workflow as marking
from services.ledger.payments import workflow as payments
from services.ledger.screening import workflow as screening
from shared.keys.keyring import Keyring
from shared.settings import Settings
from tests.journeys.browser import DESKTOP, PHONE, OpenPage, browser, open_page
from tests.services.ledger.payments.test_payments import paid, sold
from tests.web import Site
from tests.world import World

__all__ = ["browser", "open_page"]
LOCAL, LEDGER = "http://localhost", "/institution/ledger"

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def arranged(world: World, keyring: Keyring) -> tuple[UUID, UUID, UUID, UUID]:
    """(achievement, payment, round, version), with a mark, an address and what waits for it."""
    row_id, conversion = await sold(world, "一种用于高原湖泊蓝藻原位絮凝与资源化利用的装置及其控制方法")
    idle, _ = await sold(world, "另一种装置")
    async with world.acting(world.university, "department_head") as tx:
        await screening.set_plan(tx, 6, date(2026, 12, 20), 30, ["unconverted"], "单列管理办法第九条")
        await internal.set_plan(tx, 3, 31, 14, "单列管理办法第十二条")
    async with world.acting(world.university) as tx:
        await screening.hand_to_screening(tx, [row_id, idle], "看看能否再许可")
        round_id = await screening.begin_round(tx)
        version = await internal.send_report(tx, "asset_report", 2025)
        assert isinstance(round_id, UUID)
        assert isinstance(version, UUID)
    async with world.acting(world.university, "finance") as tx:
        done = await marking.mark(tx, row_id, marked_on=date(2026, 3, 12), asset_number="W1", ground="审计确认")
        assert isinstance(done, UUID)
        payment = await payments.record_payment(tx, row_id, paid(conversion))
        assert isinstance(payment, UUID)
    async with world.acting(world.university, "system_admin") as tx:
        target = await pushing.add_target(tx, keyring, "资产系统", "https://assets.example.edu.cn/", ["right.lost"])
        await pushing.test_target(tx, target)
    return row_id, payment, round_id, version


async def test_the_pages_of_finance(
    site: Site, world: World, open_page: OpenPage, size: tuple[int, int], configuration: Settings
) -> None:
    row_id, payment, round_id, version = await arranged(world, Keyring(configuration.key_directory))
    office = await site.signed_in(world, world.university, "clerk", "finance", "department_head")
    admin = await site.signed_in(world, world.university, "system_admin")
    visit = await open_page(size, LOCAL)

    async def answer(route: Route) -> None:
        path = route.request.url.removeprefix(LOCAL)
        given = await (admin if "/deliveries" in path else office).client.get(path)
        await route.fulfill(status=given.status_code, headers=dict(given.headers), body=given.content)

    await visit.page.route("**/*", answer)
    pages = {
        "screening": "/institution/screening",
        "screening-round": f"/institution/screening/{round_id}",
        "screening-empty": f"/institution/screening/{round_id}?open=1",
        "assets": "/institution/assets",
        "assets-past": "/institution/assets?as_of=2026-03-12",
        "mark": f"{LEDGER}/{row_id}/mark",
        "payments": f"{LEDGER}/{row_id}/payments",
        "payments-edit": f"{LEDGER}/{row_id}/payments?payment={payment}",
        "payments-past": f"{LEDGER}/{row_id}/payments?as_of=2026-03-04",
        "internal": "/institution/reports/internal",
        "internal-version": f"/institution/reports/internal/{version}",
        "exits": "/institution/exits",
        "deliveries": "/institution/deliveries",
        "dashboard-received": "/institution/dashboard",
    }
    for name, address in pages.items():
        await visit.page.goto(f"{LOCAL}{address}")
        await visit.check(name)
    assert await visit.unreachable() == []
