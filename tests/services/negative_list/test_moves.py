"""Every state × move × audience of a list version, as the table in the README says."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from services.negative_list.workflow import (
    MOVES,
    close_consultation,
    determine,
    open_consultation,
    publish,
    record_expert_review,
)
from tests.driving import Act, Around, Machine, as_role, driven
from tests.services.negative_list.steps import OPENED, consulted, determined, drafted, officer, published, record_on
from tests.world import START

OFFICER = as_role("science_officer", "science", "science")
HEAD = as_role("science_head", "science", "science")


async def _version(around: Around, state: str) -> UUID:
    world = around.world
    if state == "published":
        return await published(world)
    version_id = await drafted(world)
    if state == "consulting":
        async with officer(world, at=OPENED) as tx:
            assert await open_consultation(tx, version_id, 30) is None
    if state in ("consulted", "determined"):
        await consulted(world, version_id)
    if state == "consulted":
        async with officer(world) as tx:
            assert await record_expert_review(tx, version_id, record_on(tx.today)) is None
    if state == "determined":
        await determined(world, version_id)
    return version_id


LISTS: Mapping[str, Machine] = {
    "list_version": Machine(
        MOVES,
        _version,
        {
            "open_consultation": Act(lambda tx, one: open_consultation(tx, one, 30), OFFICER),
            "close_consultation": Act(close_consultation, OFFICER),
            "determine": Act(lambda tx, one: determine(tx, one, record_on(START.date())), HEAD, by_rule=True),
            "publish": Act(lambda tx, one: publish(tx, one, date(2026, 4, 1)), HEAD, by_rule=True),
        },
    )
}
(
    test_what_a_state_does_not_allow_is_refused_and_changes_nothing,
    test_what_a_state_allows_is_done_and_has_its_event,
    test_every_audience_meets_its_guard_before_any_state,
) = driven(LISTS)
