"""The pages of rules and their activation in a real browser: axe silent, nothing too wide, no console error."""

from uuid import UUID

import pytest

from tests.journeys.browser import DESKTOP, PHONE, OpenPage
from tests.services.administration.test_policy_pages import HOME, LATER, head, officer, rehearse_all
from tests.services.empowerment.test_pages_in_browser import look
from tests.tenants.second_version import store_second
from tests.tenants.test_activation import decided
from tests.web import Site
from tests.world import World

pytestmark = [pytest.mark.journey, pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])]


async def test_pages_of_rules_and_activation(
    site: Site, world: World, open_page: OpenPage, size: tuple[int, int]
) -> None:
    await decided(world, world.university, 2)
    version = await store_second(world)
    first = await officer(site, world)
    page = f"{HOME}/versions/{version}"
    pages = {
        "policy": HOME,
        "policy-search": f"{HOME}?q=公示期",
        "policy-nothing": f"{HOME}?q=xyz",
        "policy-version": page,
    }
    await look(open_page, first, size, pages)
    sent = await first.post(f"{page}/propose", {"effective_on": str(LATER)}, page=page)
    address = sent.headers["location"].partition("?")[0]
    await look(open_page, first, size, {"policy-rehearsing": address, "policy-versions": f"{HOME}/versions"})
    await rehearse_all(world, UUID(address.rpartition("/")[2]))
    await look(open_page, await head(site, world), size, {"policy-proposal": address})
    clerk = await site.signed_in(world, world.university)
    await look(open_page, clerk, size, {"policy-institution": "/institution/policy"})
