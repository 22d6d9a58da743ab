"""Every state × move × audience of a merger of institutions, as the table in the README says."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from services.administration.merging import carrying, workflow
from services.administration.merging.forms import MergerForm
from shared.db.transaction import Actor, Scope, Transaction, unconfined
from shared.keys.keyring import Keyring
from shared.settings import settings
from shared.storage.objects import ObjectStore
from tests.driving import Act, Around, Machine, as_role, driven
from tests.world import START

FIRST, SECOND = (as_role(who, "operator", "operator") for who in ("operator", "another_operator"))


async def _merger(around: Around, _: str) -> UUID:
    world = around.world
    async with FIRST(around) as tx:
        wanted = MergerForm(target=world.university, since=START.date(), document="关于并入的通知")
        merger_id = await workflow.propose(tx, world.institute, wanted)
    async with world.working(world.institute) as tx:
        await workflow.examine(tx, merger_id)
    return merger_id


@asynccontextmanager
async def _maintenance(around: Around) -> AsyncIterator[Transaction]:
    world = around.world
    scope = Scope("", world.operator, world.province_id, world.operator, world.operator)
    async with unconfined(world.maintenance, scope, Actor(None, world.operator)) as tx:
        tx.now = START
        yield tx


async def _carry_out(tx: Transaction, merger_id: UUID) -> Any:
    return await carrying.carry_out(tx, ObjectStore(settings()), Keyring(settings().key_directory), merger_id)


MERGERS: Mapping[str, Machine] = {
    "organisation_merger": Machine(
        workflow.MOVES,
        _merger,
        {
            "confirm": Act(workflow.confirm, SECOND),
            "withdraw": Act(lambda tx, one: workflow.withdraw(tx, one, "文件撤销"), FIRST),
            "carry_out": Act(_carry_out, _maintenance),
        },
    )
}
(
    test_what_a_state_does_not_allow_is_refused_and_changes_nothing,
    test_what_a_state_allows_is_done_and_has_its_event,
    test_every_audience_meets_its_guard_before_any_state,
) = driven(MERGERS)
