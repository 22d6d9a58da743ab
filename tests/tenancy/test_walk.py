"""Every route, every role, everybody's objects: what is answered is the reviewed table, and nobody crosses."""

import os
from collections.abc import AsyncIterator

import pytest

from tests.services.negative_list.steps import clock_at
from tests.tenancy.grounds import Grounds
from tests.tenancy.grounds.addresses import routes
from tests.tenancy.grounds.asking import Asking, taken_back
from tests.tenancy.walk import ANONYMOUS, GROUPS, SNAPSHOT, Table, Walk, differences, read, written
from tests.world import START

CALLERS = [*(caller for group in GROUPS.values() for caller in group), ANONYMOUS]
# Routes that answer nobody of the grounds with an own object, and why.
UNREACHED = {
    "POST /institution/accounts/{person_id}/return": "nobody there has left",
    **{
        f"POST /operator/organisations/{{tenant_id}}/merger/{act}": "no merger is under way there"
        for act in ("confirm", "examine", "withdraw")
    },
}
WRITING = bool(os.environ.get("CHENGGUO_WRITE_WALK"))


@pytest.fixture(autouse=True)
async def _legal_clock(grounds: Grounds) -> AsyncIterator[None]:
    async with clock_at(grounds.home, START):
        yield


@pytest.fixture(scope="module")
def walked() -> Table:
    """What this process has walked so far."""
    return {}


@pytest.mark.requirement("R190", "R191", "R192")
@pytest.mark.parametrize("name", CALLERS)
async def test_a_caller_is_answered_as_reviewed_and_crosses_nowhere(grounds: Grounds, walked: Table, name: str) -> None:
    holder: dict[str, object] = {}
    asking = await Asking(grounds, None if name == ANONYMOUS else grounds.caller(name), holder).ready()
    visits = len(grounds.site.visits)
    with taken_back(holder):
        walk = Walk(grounds, asking)
        cells = await walk.run()
    del grounds.site.visits[visits:]  # taken back: no proof that a route works
    for route, cell in cells.items():
        walked.setdefault(route, {})[name] = cell
    assert walk.breaches == []
    changed = [] if WRITING else differences(name, cells)
    assert not changed, "answers changed; if it is meant, run python -m tests.tenancy.walk\n" + "\n".join(changed)


def test_the_table_is_written_or_every_object_was_reached_by_somebody(grounds: Grounds, walked: Table) -> None:
    """An address that answers nobody with its own object would try nothing with another's."""
    permissions = {route.name: f"{route.audience} {route.permission}" for route in routes(grounds.site.app)}
    if WRITING:
        SNAPSHOT.write_text(written(walked, GROUPS, permissions), "utf-8")
    table = read(SNAPSHOT.read_text("utf-8"), GROUPS)
    assert set(table) == set(permissions)
    unreached = [
        route.name
        for route in routes(grounds.site.app)
        if {kind for _, kind in route.parts} - {"code", "draft_code"}
        and route.name not in UNREACHED
        and not any(
            cells.startswith("own ") and not cells.startswith("own 404") for cells in table[route.name].values()
        )
    ]
    assert unreached == []
