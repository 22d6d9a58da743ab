"""Roles, and what each may do: one table, shown on a page and compared by tests.

Permissions are ``scope:resource:action``. A role belongs to one audience; a person may hold several roles of their own
organisation. Nobody may both enter and approve the same act (``APART``), and the three administrators are kept apart from
each other and from all business (``ADMINISTRATORS``): :func:`permissions_of` holds both for whatever roles somebody has,
wherever they come from, so that a wrong grant gives less and never more.
"""

from collections.abc import Iterable, Mapping
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

ADMINISTRATORS = ("system_admin", "security_admin", "audit_admin")
"""Kept apart from each other: whoever holds two of them holds none. They see no business data."""
APART = (
    ("institution:report:write", "institution:report:submit"),
    ("console:list:write", "console:list:determine"),
    ("console:policy:propose", "console:policy:confirm"),
)
"""(entering, approving) one and the same kind of act: who holds both, by several roles or by delegation, does not approve."""
ENTERED: Mapping[str, tuple[str, ...]] = {
    "institution:disclosure:verify": ("submitted",),
    "institution:empowerment:review": ("submitted",),
    "institution:empowerment:sign": ("submitted",),
    "console:list:determine": (
        "drafted",
        "item_added",
        "item_revised",
        "item_withdrawn",
        "item_ended",
        "item_restored",
    ),
}
"""Approving permission to the events by which somebody entered a case: on that very case they do not approve."""
PERSONAL = frozenset(
    {
        "institution:account:read",
        "institution:account:close",
        "institution:role:assign",
        "institution:delegation:give",
        "institution:delegation:oversee",
        "institution:machine:manage",
        "institution:audit:read",
        "institution:audit:detail",
        "institution:disclosure:write",
        "institution:empowerment:apply",
        "institution:notice:object",
        "institution:person:erase",
    }
)
"""Not to be delegated: what administers accounts or oversees others, and what somebody does in their own name."""

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
            "institution:person:read",
        ),
        _role(
            "clerk",
            "institution",
            "责任部门经办人",
            *_READ_LEDGER,
            "institution:ledger:write",
            "institution:ledger:import",
            "institution:payment:write",
            "institution:ledger:export",
            "institution:person:read",
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
            "institution:audit:detail",
            "institution:delegation:give",
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
            "institution:schedule:write",
            "institution:person:erase",
            "institution:person:read",
            "institution:audit:detail",
            "institution:delegation:give",
        ),
        _role(
            "leadership",
            "institution",
            "单位领导",
            *_READ_LEDGER,
            "institution:ledger:export",
            "institution:empowerment:read",
            "institution:notice:object",
            "institution:person:read",
            "institution:report:read",
            "institution:report:submit",
            "institution:dossier:export",
            "institution:archive:export",
            "institution:delegation:give",
        ),
        _role(
            "finance",
            "institution",
            "财务部门",
            *_READ_LEDGER,
            "institution:notice:object",
            "institution:report:read",
            "institution:asset:receive",
            "institution:payment:write",
            "institution:asset:mark",
            "institution:delegation:give",
        ),
        _role(
            "asset",
            "institution",
            "资产管理部门",
            *_READ_LEDGER,
            "institution:notice:object",
            "institution:report:read",
            "institution:asset:receive",
            "institution:asset:mark",
            "institution:delegation:give",
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
            "institution:audit:detail",
            "institution:person:read",
            "institution:delegation:give",
        ),
        _role(
            "system_admin",
            "institution",
            "系统管理员",
            "institution:account:read",
            "institution:account:close",
            "institution:machine:manage",
            "institution:delivery:manage",
        ),
        _role(
            "security_admin",
            "institution",
            "安全管理员",
            "institution:account:read",
            "institution:role:assign",
            "institution:delegation:oversee",
        ),
        _role(
            "audit_admin",
            "institution",
            "审计管理员",
            "institution:account:read",
            "institution:audit:read",
        ),
        _role(
            "secrecy",
            "institution",
            "保密工作机构",
            "institution:home:read",
            "institution:secrecy:judge",
            "institution:person:read",
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
            "expert",
            "science",
            "评审专家（只读）",
            "console:list:read",
            "console:policy:read",
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
            "agency",
            "finance",
            "技术转移机构（只看受托事项）",
            "console:home:read",
            "console:agency:work",
        ),
        _role(
            "operator",
            "operator",
            "平台运维",
            "operator:home:read",
            "operator:registry:write",
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
            "institution:person:read",
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
    "training": "institution",
    "science": "science",
    "department": "department",
    "finance": "finance",
    "recipient": "finance",
    "agency": "finance",
    "operator": "operator",
}


def effective(roles: Iterable[str]) -> tuple[str, ...]:
    """The roles that count: an administrator is nothing beside it, and of two administrators' roles neither counts."""
    held = tuple(dict.fromkeys(roles))
    administers = [code for code in held if code in ADMINISTRATORS]
    if not administers:
        return held
    return tuple(administers) if len(administers) == 1 else ()


def separated(held: Iterable[str]) -> frozenset[str]:
    """Permissions without those that approve what others of them enter."""
    found = frozenset(held)
    return found - {approving for entering, approving in APART if entering in found}


def permissions_of(roles: Iterable[str], audience: str) -> frozenset[str]:
    """What a person with these roles may do within one audience; roles of another audience count for nothing."""
    held: set[str] = set()
    for code in effective(roles):
        role = ROLES.get(code)
        if role is not None and role.audience == audience:
            held |= role.permissions
    return separated(held)


def own_permission(database_role: str) -> str:
    """What everybody who is signed in may do, with whatever roles or none: see to their own account."""
    audience = {"web_institution": "institution", "web_operator": "operator"}.get(database_role, "console")
    return f"{audience}:self:read"


def labels_of(roles: Iterable[str]) -> list[str]:
    return [ROLES[code].label for code in roles if code in ROLES]
