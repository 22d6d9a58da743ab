"""The judges of the running application see: each hole planted in it is found, and without one nothing is."""

from collections.abc import AsyncIterator

import pytest

from shared.tasks import broker
from tests.services.negative_list.steps import clock_at
from tests.tenancy.app_holes import APP_HOLES, AppHole
from tests.tenancy.grounds import Grounds
from tests.tenancy.grounds.asking import taken_back
from tests.world import START

pytestmark = pytest.mark.requirement("R190")


@pytest.fixture
async def holder(grounds: Grounds, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, object]]:
    """Nothing that a spoiled application does is kept; what it keeps in mind is thrown away."""
    made: dict[str, object] = {}
    visits = len(grounds.site.visits)
    monkeypatch.setattr(broker, "worker_engine", lambda: grounds.home.tasks)
    async with clock_at(grounds.home, START):
        with taken_back(made):
            yield made
    del grounds.site.visits[visits:]


@pytest.mark.parametrize("hole", APP_HOLES, ids=lambda hole: hole.name)
async def test_a_hole_planted_in_the_application_is_found(
    grounds: Grounds, holder: dict[str, object], hole: AppHole
) -> None:
    assert await hole.judge(grounds, holder) == [], "a judge that always cries finds nothing"
    with pytest.MonkeyPatch.context() as patch:
        hole.plant(grounds, patch)
        found = await hole.judge(grounds, holder)
    assert any(hole.says in one for one in found), found
