"""The claims of the provider's tokens, in the shape of Keycloak 26 with organizations."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from typing import Any

from deploy.demo.identity.configuration import Client, Configuration
from deploy.demo.identity.keys import KeyFolder
from deploy.demo.identity.sessions import Grant, Session
from deploy.demo.organisations import BY_KEY, Organisation
from deploy.demo.people import MachineAccount, Person
from tenants.permissions import ROLES

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def organization_claim(organisation: Organisation) -> dict[str, Any]:
    """`{alias: {"id", "tenant": [tenant id], "domain"}}`."""
    tenant = str(organisation.tenant_id)
    return {organisation.alias: {"tenant": [tenant], "id": tenant, "domain": organisation.domain}}


def person_claims(person: Person, scope: str) -> dict[str, Any]:
    """What is said of a person; the organization only if the client asked for it, as in Keycloak."""
    claims: dict[str, Any] = {
        "sub": str(person.subject),
        "preferred_username": person.username,
        "name": person.name,
        "email": person.email,
        "email_verified": True,
        "portal_roles": list(person.roles),
    }
    if person.unit:
        claims["unit"] = person.unit
    if any(part.partition(":")[0] == "organization" for part in scope.split()):
        claims["organization"] = organization_claim(person.home)
    return claims


def machine_claims(machine: MachineAccount) -> dict[str, Any]:
    organisation = BY_KEY[machine.organisation]
    return {
        "sub": str(machine.subject),
        "preferred_username": f"service-account-{machine.client_id}",
        "name": f"{organisation.name}接口账号",
        "client_id": machine.client_id,
        "email_verified": False,
        "portal_roles": list(machine.roles),
        "organization": organization_claim(organisation),
    }


class TokenMint:
    """Signs what the provider hands out."""

    def __init__(self, configuration: Configuration, keys: KeyFolder) -> None:
        self._configuration = configuration
        self._keys = keys

    def _base(self, kind: str, azp: str, audience: str, seconds: int) -> dict[str, Any]:
        now = int(time.time())
        return {
            "exp": now + seconds,
            "iat": now,
            "jti": secrets.token_urlsafe(18),
            "iss": self._configuration.issuer,
            "aud": audience,
            "typ": kind,
            "azp": azp,
        }

    def answer(self, grant: Grant, client: Client) -> dict[str, Any]:
        """The token endpoint's answer for a person."""
        lifetimes = self._configuration.lifetimes
        session = grant.session
        shared = {
            "auth_time": session.started_at,
            "sid": session.sid,
            "acr": _level(session.person),
            **person_claims(session.person, grant.scope),
        }
        access = self._keys.sign(
            self._base("Bearer", client.client_id, self._configuration.audience, lifetimes.access)
            | shared
            | {"scope": grant.scope}
        )
        identity = self._base("ID", client.client_id, client.client_id, lifetimes.access) | shared
        identity["at_hash"] = half_hash(access)
        if grant.nonce:
            identity["nonce"] = grant.nonce
        return {
            "access_token": access,
            "expires_in": lifetimes.access,
            "refresh_token": grant.refresh,
            "refresh_expires_in": lifetimes.refresh,
            "id_token": self._keys.sign(identity),
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": session.sid,
            "scope": grant.scope,
        }

    def machine_answer(self, client: Client, machine: MachineAccount) -> dict[str, Any]:
        """The token endpoint's answer for client credentials: an access token alone."""
        seconds = self._configuration.lifetimes.access
        claims = self._base("Bearer", client.client_id, self._configuration.audience, seconds)
        claims |= {"acr": "1", "scope": "profile email organization"} | machine_claims(machine)
        return {
            "access_token": self._keys.sign(claims),
            "expires_in": seconds,
            "refresh_expires_in": 0,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": claims["scope"],
        }

    def logout_token(self, session: Session, client: Client) -> str:
        claims = self._base("Logout", client.client_id, client.client_id, 120)
        del claims["azp"]
        claims |= {"sub": str(session.person.subject), "sid": session.sid, "events": {LOGOUT_EVENT: {}}}
        return self._keys.sign(claims, kind="logout+jwt")


def _level(person: Person) -> str:
    """Nobody types anything here; consoles are entered as if a second factor had been given."""
    audiences = {ROLES[role].audience for role in person.roles if role in ROLES}
    return "password" if audiences <= {"institution"} else "second-factor"


def half_hash(token: str) -> str:
    """at_hash of OpenID Connect: the left half of the token's SHA-256, base64url."""
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()
