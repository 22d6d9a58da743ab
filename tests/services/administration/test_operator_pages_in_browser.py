"""The operator's pages in a real browser: axe silent, nothing too wide, no console error, at both widths."""

import pytest

from tenants.calendar import enter_days
from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.administration.test_operator_pages import CALENDAR, PROVINCE, UNITS, opened, operator
from tests.services.empowerment.test_pages_in_browser import look
from tests.tenants.test_calendar import YEAR, stretch
from tests.web import Site
from tests.world import World

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_pages_of_the_operator(site: Site, world: World, open_page: OpenPage, size: tuple[int, int]) -> None:
    visitor = await operator(site, world)
    here = await opened(visitor, world)
    assert (
        await visitor.post(f"{here}/department", {"department": str(world.other_department), "since": "2026-12-01"})
    ).status_code == 303
    async with world.acting(world.operator, "operator", "operator") as tx:
        for one in YEAR[:3]:
            await enter_days(tx, stretch(*one))
        await enter_days(tx, stretch("火把节", "2026-08-06", area="示例州"))
    await look(
        open_page,
        visitor,
        size,
        {
            "operator-home": "/operator/",
            "operator-units": UNITS,
            "operator-units-of-a-kind": f"{UNITS}?kind=finance",
            "operator-unit": here,
            "operator-authority": f"{UNITS}/{world.science}",
            "operator-new-unit": f"{UNITS}/new",
            "operator-change-unit": f"{here}/change",
            "operator-department": f"{here}/department",
            "operator-state": f"{here}/state",
            "operator-province": PROVINCE,
            "operator-calendar": f"{CALENDAR}?year=2026",
            "operator-calendar-unknown": f"{CALENDAR}?year=2027",
            "operator-calendar-empty": f"{CALENDAR}?year=2028",
            "operator-days": f"{CALENDAR}/days",
        },
    )
