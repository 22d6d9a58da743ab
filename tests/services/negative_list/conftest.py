"""Lists as the demo shows them, and the legal clock that pages read."""

from collections.abc import AsyncIterator

import pytest

from deploy.demo.lists import seed_lists
from tenants import isolation
from tests.services.negative_list.steps import clock_at, officer
from tests.world import START, World


@pytest.fixture
async def legal_clock(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Pages read the legal clock of the database: it stands at the demo's first instant, and is put back afterwards.

    The process keeps its provinces for two seconds; a test's province is new.
    """
    monkeypatch.setattr(isolation, "_PROVINCES_SECONDS", -1.0)
    async with clock_at(world, START):
        yield


@pytest.fixture
async def seeded(world: World) -> World:
    async with officer(world) as tx:
        await seed_lists(tx)
    return world
