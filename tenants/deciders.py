"""Who decided about the rules, for those who read no person of the science department: the department and the role."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from tenants.permissions import ROLES
from tenants.registry import organisation

_ACTS = {
    "proposed": "console:policy:propose",
    "confirmed": "console:policy:confirm",
    "withdrawn": "console:policy:withdraw",
}
_OWN = "平台运维"
_NOBODY_YET = "科技主管部门"


async def deciders(tx: Transaction) -> Mapping[tuple[UUID, str], str]:
    """(proposal, act) to who did it: the operator's own acts by name of the role, all others the science department's."""
    event = workflow_event.c
    own = await tx.rows(
        select(event.case_id, event.event).where(
            event.tenant_id == tx.tenant_id,
            event.actor_organisation_id == tx.scope.organisation_id,
            event.case_kind == "pack_activation",
            event.event.in_(_ACTS),
        )
    )
    name = await tx.scalar(
        select(organisation.c.name)
        .where(organisation.c.province_id == tx.province_id, organisation.c.kind == "science")
        .order_by(organisation.c.name)
        .limit(1)
    )
    return _Deciders({(row.case_id, row.event) for row in own}, name or _NOBODY_YET)


class _Deciders(dict[tuple[UUID, str], str]):
    def __init__(self, own: set[tuple[UUID, str]], department: str) -> None:
        super().__init__(dict.fromkeys(own, _OWN))
        self.department = department

    def __missing__(self, key: tuple[UUID, str]) -> str:
        return f"{self.department}（{_roles(_ACTS[key[1]])}）"


def _roles(permission: str) -> str:
    return "或".join(role.label for role in ROLES.values() if permission in role.permissions)
