"""Every state × move × audience of addresses that news is pushed to, and of what could not be delivered, as in the README."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from services.home.pushing import workflow
from services.home.pushing.models import EVENTS, push_delivery
from shared.keys.keyring import Keyring
from shared.settings import settings
from tests.driving import Act, Around, Machine, as_role, driven
from tests.services.home.test_pushing import told

ADMIN = as_role("system_admin")


async def _target(around: Around, _: str) -> UUID:
    async with ADMIN(around) as tx:
        keyring = Keyring(settings().key_directory)
        return await workflow.add_target(tx, keyring, "资产系统", "http://127.0.0.1:9/hook", list(EVENTS))


async def _delivery(around: Around, state: str) -> UUID:
    await _target(around, state)
    await told(around.world)
    async with ADMIN(around) as tx:
        found = await tx.scalar(select(push_delivery.c.id).where(push_delivery.c.tenant_id == tx.tenant_id))
    assert isinstance(found, UUID)
    return found


def _changed(name: str) -> Act:
    return Act(lambda tx, one: workflow.change_target(tx, one, name), ADMIN)


PUSHING: Mapping[str, Machine] = {
    "push_target": Machine(workflow.TARGETS, _target, {one: _changed(one) for one in ("pause", "resume", "remove")}),
    "push_delivery": Machine(workflow.DELIVERIES, _delivery, {"send_again": Act(workflow.send_again, ADMIN)}),
}
(
    test_what_a_state_does_not_allow_is_refused_and_changes_nothing,
    test_what_a_state_allows_is_done_and_has_its_event,
    test_every_audience_meets_its_guard_before_any_state,
) = driven(PUSHING)
