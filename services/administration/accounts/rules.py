"""Which roles one person may hold together. No article of the policy speaks here: what is wrong is an error of the form."""

from collections.abc import Collection
from uuid import UUID

from tenants.permissions import ADMINISTRATORS, APART, ROLES, labels_of, separated

MACHINES = "integration"
"""The role of software: nobody's."""


def assignable() -> list[str]:
    """Codes of the roles that an institution may give its people, in the order of the table."""
    return [code for code, role in ROLES.items() if role.audience == "institution" and code != MACHINES]


def wrong_roles(actor_id: UUID | None, person_id: UUID, wanted: Collection[str], provided: Collection[str]) -> str:
    """The sentence for the form why these roles cannot be given beside those of the identity provider; empty: they can."""
    if actor_id == person_id:
        return "本人的角色应由另一位安全管理员分配"
    if set(wanted) - set(assignable()):
        return "所选角色不存在，请重新选择"
    together = list(dict.fromkeys((*provided, *wanted)))
    administers = [code for code in together if code in ADMINISTRATORS]
    if len(administers) > 1:
        return f"{'、'.join(labels_of(administers))}应由不同的人担任，一人只能担任其中一个"
    if administers and len(together) > 1:
        others = labels_of(code for code in together if code not in administers)
        return f"{labels_of(administers)[0]}不办理、不查看业务，不能兼任：{'、'.join(others)}"
    return _both_sides(together)


def _both_sides(roles: Collection[str]) -> str:
    """Whether the roles together enter and approve the same acts, which no one of them does alone."""
    held = frozenset().union(*(ROLES[code].permissions for code in roles if code in ROLES))
    lost = held - separated(held)
    if not lost:
        return ""
    sides = [
        ROLES[code].label for code in roles if code in ROLES and (ROLES[code].permissions & (lost | _entering(lost)))
    ]
    return f"同一事项的填写与批准应由不同的人办理，不能由一人兼任：{'、'.join(sides)}"


def _entering(approving: Collection[str]) -> frozenset[str]:
    return frozenset(entering for entering, one in APART if one in approving)
