"""Opening a tenant at the identity provider, step by step: each looks first, so all of it may be repeated after any failure.

Roles are client roles of the product; each organization has one group per role, and a role counts in the organization alone
whose group gives it. So a person in two units has in each what that unit gave.
"""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.keycloak.administration import Administration, NotAdministered
from tenants.permissions import AUDIENCE_OF_KIND, ROLES

FIRST_ROLE = {
    "institution": "security_admin",
    "science": "science_head",
    "department": "department_officer",
    "finance": "finance_officer",
    "operator": "operator",
}
"""By audience: what the first administrator gets. An institution's security administrator gives all other roles there."""
_MACHINES = frozenset({"integration"})
_SIGNS = "!@#%*-_+="


@dataclass(frozen=True, slots=True)
class Opening:
    """What is wanted at the provider. ``domains`` are the unit's own mail domains, of brokered sign-ins."""

    tenant_id: UUID
    kind: str
    alias: str
    name: str
    domains: tuple[str, ...] = ()
    administrator_name: str = ""
    administrator_email: str = ""
    administrator_role: str = ""

    @property
    def audience(self) -> str:
        return AUDIENCE_OF_KIND[self.kind]

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(code for code, role in ROLES.items() if role.audience == self.audience and code not in _MACHINES)


@dataclass(frozen=True, slots=True)
class Opened:
    """``password`` is the first administrator's first one; empty where they have one already, or nobody was named.
    ``writes`` counts what had to be changed.
    """

    organization_id: str
    administrator: str
    password: str
    writes: int


async def open_tenant(at: Administration, wanted: Opening, tell: Callable[[str], None] = lambda _: None) -> Opened:
    """Every step, in order; ``tell`` is given the words of each that is done.

    :raises NotAdministered: the organization belongs to another tenant, or the role does not fit the unit.
    :raises KeycloakError: a step failed; what was done stays, and all of it may be repeated.
    """
    first = wanted.administrator_role or FIRST_ROLE[wanted.audience]
    if first not in wanted.roles:
        raise NotAdministered(f"该单位没有角色“{first}”，可用：{'、'.join(wanted.roles)}")
    roles = await _put_roles(at, wanted)
    tell("角色")
    organization_id = await _put_organization(at, wanted)
    tell(f"组织 {wanted.alias}")
    groups = await _put_groups(at, organization_id, roles)
    tell("组织的角色组")
    if not wanted.administrator_email:
        return Opened(organization_id, "", "", at.writes)
    person = await _put_administrator(at, wanted)
    await _put_member(at, organization_id, person, groups[first])
    tell(f"首位管理员 {wanted.administrator_email}（{ROLES[first].label}）")
    password = await _first_password(at, person)
    return Opened(organization_id, person, password, at.writes)


async def _put_roles(at: Administration, wanted: Opening) -> dict[str, dict[str, Any]]:
    """The unit's client roles by code; those of every kind of unit are made where they are missing."""
    portal = await at.portal_id()
    path = f"clients/{portal}/roles"
    known = {role["name"] for role in await at.read(path)}
    for code in ROLES:
        if code not in known:
            await at.post(path, {"name": code, "description": ROLES[code].label})
    return {role["name"]: role for role in await at.read(path) if role["name"] in wanted.roles}


async def _put_organization(at: Administration, wanted: Opening) -> str:
    known = await at.organization(wanted.alias)
    attributes = dict((known or {}).get("attributes") or {})
    if known is not None and attributes.get("tenant") not in (None, [], [str(wanted.tenant_id)]):
        raise NotAdministered(
            f"统一身份认证中的组织 {wanted.alias} 已属于另一单位（{attributes['tenant'][0]}），请改用别的别名"
        )
    domains = {one["name"]: one for one in (known or {}).get("domains") or ()}
    domains |= {name: {"name": name, "verified": True} for name in wanted.domains if name not in domains}
    body = {
        **(known or {}),
        "name": wanted.name,
        "alias": wanted.alias,
        "enabled": True,
        "domains": list(domains.values()),
        "attributes": {**attributes, "tenant": [str(wanted.tenant_id)]},
    }
    if known is None:
        await at.post("organizations", body)
        made = await at.organization(wanted.alias)
        if made is None:
            raise NotAdministered(f"统一身份认证中已有另一组织用了名称“{wanted.name}”或者邮箱域名，请核对")
        return str(made["id"])
    if body != known:
        await at.put(f"organizations/{known['id']}", body)
    return str(known["id"])


async def _put_groups(at: Administration, organization_id: str, roles: dict[str, dict[str, Any]]) -> dict[str, str]:
    """One group per role, which gives it; ids by code."""
    path, portal = f"organizations/{organization_id}/groups", await at.portal_id()
    known = {group["name"] for group in await at.read(path, max=500)}
    for code in roles:
        if code not in known:
            await at.post(path, {"name": code})
    groups = {group["name"]: str(group["id"]) for group in await at.read(path, max=500) if group["name"] in roles}
    for code, group_id in groups.items():
        mapping = f"{path}/{group_id}/role-mappings/clients/{portal}"
        if code not in known or code not in {role["name"] for role in await at.read(mapping)}:
            await at.post(mapping, [roles[code]])
    return groups


async def _put_administrator(at: Administration, wanted: Opening) -> str:
    """The account with that address; whoever opens the unit has made sure whose it is, so it counts as verified."""
    known = await at.user_with_address(wanted.administrator_email)
    if known is None:
        body = {
            "username": wanted.administrator_email.lower(),
            "email": wanted.administrator_email,
            "emailVerified": True,
            "enabled": True,
            "firstName": wanted.administrator_name or wanted.administrator_email.partition("@")[0],
        }
        await at.post("users", body)
        known = await at.user_with_address(wanted.administrator_email)
    if known is None:
        raise NotAdministered(f"未能建立账号 {wanted.administrator_email}：用户名已被另一账号使用")
    return str(known["id"])


async def _put_member(at: Administration, organization_id: str, person: str, group_id: str) -> None:
    members = f"organizations/{organization_id}/members"
    if organization_id not in {one["id"] for one in await at.read(f"organizations/members/{person}/organizations")}:
        await at.post(members, person)
    if group_id not in {one["id"] for one in await at.read(f"{members}/{person}/groups")}:
        await at.put(f"organizations/{organization_id}/groups/{group_id}/members/{person}")


async def _first_password(at: Administration, person: str) -> str:
    """A password that must be changed at the first sign-in; empty where the account has one, or signs in elsewhere."""
    if await at.admin.a_get_credentials(person) or await at.read(f"users/{person}/federated-identity"):
        return ""
    kinds = (string.ascii_uppercase, string.ascii_lowercase, string.digits, _SIGNS)
    letters = [secrets.choice(kind) for kind in kinds for _ in range(4)]
    secrets.SystemRandom().shuffle(letters)
    password = "".join(letters)
    await at.put(f"users/{person}/reset-password", {"type": "password", "temporary": True, "value": password})
    return password
