"""Roles, and what each may do: one table, shown on a page and compared by tests.

Permissions are ``scope:resource:action``. A role belongs to one audience; a person may hold several roles of their own
organisation. No role may both enter and approve the same act.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """``code`` is the client role at the identity provider."""

    code: str
    audience: str
    label: str
    permissions: frozenset[str]


def _role(code: str, audience: str, label: str, *permissions: str) -> Role:
    return Role(code, audience, label, frozenset(permissions))


_READ_LEDGER = ("institution:ledger:read", "institution:notice:read", "institution:home:read")

ROLES: dict[str, Role] = {
    role.code: role
    for role in (
        _role(
            "completer",
            "institution",
            "成果完成人",
            "institution:home:read",
            "institution:ledger:read",
            "institution:notice:read",
            "institution:notice:object",
            "institution:disclosure:write",
            "institution:empowerment:apply",
            "institution:empowerment:read",
        ),
        _role(
            "clerk",
            "institution",
            "责任部门经办人",
            *_READ_LEDGER,
            "institution:ledger:write",
            "institution:ledger:import",
            "institution:ledger:export",
            "institution:disclosure:write",
            "institution:disclosure:verify",
            "institution:empowerment:read",
            "institution:empowerment:review",
            "institution:notice:publish",
            "institution:notice:object",
            "institution:objection:answer",
            "institution:audit:read",
            "institution:report:read",
            "institution:report:write",
        ),
        _role(
            "department_head",
            "institution",
            "责任部门负责人",
            *_READ_LEDGER,
            "institution:ledger:export",
            "institution:disclosure:verify",
            "institution:empowerment:read",
            "institution:empowerment:review",
            "institution:empowerment:sign",
            "institution:notice:publish",
            "institution:notice:object",
            "institution:objection:answer",
            "institution:audit:read",
            "institution:report:read",
            "institution:report:submit",
            "institution:dossier:export",
            "institution:person:erase",
        ),
        _role(
            "leadership",
            "institution",
            "单位领导",
            *_READ_LEDGER,
            "institution:ledger:export",
            "institution:empowerment:read",
            "institution:notice:object",
            "institution:report:read",
            "institution:report:submit",
            "institution:dossier:export",
        ),
        _role(
            "finance",
            "institution",
            "财务部门",
            *_READ_LEDGER,
            "institution:notice:object",
            "institution:report:read",
            "institution:asset:receive",
        ),
        _role(
            "asset",
            "institution",
            "资产管理部门",
            *_READ_LEDGER,
            "institution:notice:object",
            "institution:report:read",
            "institution:asset:receive",
        ),
        _role(
            "discipline",
            "institution",
            "纪检审计（只读）",
            *_READ_LEDGER,
            "institution:empowerment:read",
            "institution:audit:read",
            "institution:report:read",
            "institution:dossier:export",
        ),
        _role(
            "science_officer",
            "science",
            "科技主管部门经办人",
            "console:home:read",
            "console:list:read",
            "console:list:write",
            "console:pilot:read",
            "console:pilot:write",
            "console:report:read",
            "console:report:schedule",
            "console:report:remind",
            "console:statistics:read",
            "console:policy:read",
            "console:policy:propose",
            "console:policy:withdraw",
        ),
        _role(
            "science_head",
            "science",
            "科技主管部门负责人",
            "console:home:read",
            "console:list:read",
            "console:list:determine",
            "console:pilot:read",
            "console:report:read",
            "console:statistics:read",
            "console:policy:read",
            "console:policy:confirm",
            "console:policy:withdraw",
        ),
        _role(
            "department_officer",
            "department",
            "行政主管部门",
            "console:home:read",
            "console:report:read",
            "console:report:review",
            "console:report:forward",
            "console:report:remind",
            "console:statistics:read",
            "console:policy:read",
        ),
        _role(
            "finance_officer",
            "finance",
            "财政部门",
            "console:home:read",
            "console:report:read",
            "console:policy:read",
        ),
        _role(
            "operator",
            "operator",
            "平台运维",
            "operator:home:read",
            "operator:registry:write",
            "operator:pack:propose",
            "operator:pack:confirm",
            "operator:calendar:write",
        ),
        _role(
            "integration",
            "institution",
            "接口账号",
            "institution:ledger:read",
            "institution:ledger:write",
            "institution:ledger:import",
            "institution:disclosure:write",
            "institution:empowerment:apply",
            "institution:empowerment:read",
            "institution:empowerment:sign",
            "institution:notice:read",
            "institution:report:read",
        ),
    )
}

AUDIENCE_OF_KIND = {
    "institution": "institution",
    "science": "science",
    "department": "department",
    "finance": "finance",
    "recipient": "finance",
    "operator": "operator",
}


def permissions_of(roles: Iterable[str], audience: str) -> frozenset[str]:
    """What a person with these roles may do within one audience; roles of another audience count for nothing."""
    held: set[str] = set()
    for code in roles:
        role = ROLES.get(code)
        if role is not None and role.audience == audience:
            held |= role.permissions
    return frozenset(held)


def labels_of(roles: Iterable[str]) -> list[str]:
    return [ROLES[code].label for code in roles if code in ROLES]
