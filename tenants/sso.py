"""Single sign-on: the code flow with PKCE, from leaving for the identity provider to a session of ours.

What of the provider's answer is believed stands in ``tenants.identity``; people are keyed by issuer and subject.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from keycloak.pkce_utils import generate_code_challenge, generate_code_verifier

from shared.audit.writing import write_audit
from shared.clock import real_now
from shared.db.transaction import Actor, Scope, Transaction, begin, legal_instant
from shared.ids import new_token, token_hash
from shared.keys.keyring import Keyring
from shared.settings import Settings
from tenants.identity import SECOND_FACTOR, Claims, IdentityProvider, SignInRefused, claims_of
from tenants.isolation import Edge
from tenants.people import person_of_account
from tenants.permissions import ADMINISTRATORS, AUDIENCE_OF_KIND, permissions_of
from tenants.rechecking import kept
from tenants.registry import ROLE_OF_KIND, Tenant
from tenants.standing import standing_of

_REQUEST_SECONDS = 600
# A state that begins so was given to somebody who was sent to sign in once more, strongly: never a second time.
_STRONG = "strong."


class StrongSignInNeeded(Exception):
    """A console is entered with a second factor, and with a password typed within its idle limit: whoever left it open
    is not let in again by the provider's own, longer session. ``return_to`` is where they wanted to go, ``organization`` the
    alias of the one that they had chosen.
    """

    def __init__(self, return_to: str, organization: str) -> None:
        super().__init__(return_to)
        self.return_to = return_to
        self.organization = organization


async def begin_sign_in(
    provider: IdentityProvider, edge: Edge, return_to: str, *, organization: str = "", strong_within: int = 0
) -> tuple[str, str]:
    """(state for the browser's cookie, address of the identity provider).

    ``organization``: which of a person's several, by its alias; the provider asks where none is named.
    ``strong_within``: a second factor is wanted, and a password typed within so many seconds.

    :raises Unavailable: the provider does not answer.
    """
    await provider.require_answer()
    state, nonce, verifier = new_token(), new_token(), generate_code_verifier()
    state = f"{_STRONG}{state}" if strong_within else state
    challenge, _ = generate_code_challenge(verifier)
    await edge.driver.execute(
        "select app.open_sign_in($1, $2, $3, $4, $5)", token_hash(state), nonce, verifier, return_to, _REQUEST_SECONDS
    )
    address = provider.authorisation_address(
        state, nonce, challenge, organization=organization, strong_within=strong_within
    )
    return state, address


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A finished sign-in: the new session's token, and where the person wanted to go."""

    token: str
    return_to: str
    audience: str


async def complete_sign_in(
    provider: IdentityProvider,
    keyring: Keyring,
    settings: Settings,
    edge: Edge,
    *,
    code: str,
    state: str,
    cookie_state: str,
    address: str,
) -> SignedIn:
    """Turn the provider's answer into a session.

    :raises SignInRefused: forged or replayed state, code, nonce, or a token that is not for us.
    :raises StrongSignInNeeded: a console, and not signed in strongly or lately enough for it.
    """
    if not state or not cookie_state or token_hash(state) != token_hash(cookie_state):
        raise SignInRefused("state")
    request = await edge.driver.fetchrow("select * from app.take_sign_in($1)", token_hash(state))
    if request is None or request["nonce"] is None:
        raise SignInRefused("state.unknown")
    tokens = await provider.exchange(code, request["verifier"])
    verified = await provider.verified_identity(tokens.get("id_token", ""), request["nonce"])
    claims = claims_of(verified, provider.client_id)
    tenant = await tenant_of_claims(edge.driver, claims)
    _apart(claims, tenant)
    role = ROLE_OF_KIND[tenant.kind]
    idle = settings.session_idle_minutes if role == "web_institution" else settings.console_idle_minutes
    if role != "web_institution" and not _strong(claims, idle * 60):
        if state.startswith(_STRONG):
            told = "登录管理端须使用第二种认证方式（如动态口令），统一身份认证没有给出，请联系平台运维"
            raise SignInRefused("acr", told, verified)
        raise StrongSignInNeeded(request["return_to"], next(iter(verified["organization"])))
    person_id = await _known_person(edge, tenant, claims, address)
    token = new_token()
    sealed = keyring.encrypt(msgspec.json.encode(kept(tokens)))
    await edge.driver.execute(
        "select app.open_session($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18)",
        token_hash(token),
        role,
        tenant.id,
        tenant.province_id,
        tenant.department_id,
        person_id,
        claims.name,
        claims.unit,
        tenant.name,
        list(claims.roles),
        claims.issuer,
        claims.subject,
        claims.sid,
        claims.acr,
        sealed,
        address,
        int(idle * 60),
        int(settings.session_hours * 3600),
    )
    await edge.driver.execute("select app.limit_sessions($1, $2, $3)", tenant.id, person_id, settings.sessions_at_once)
    return SignedIn(token, request["return_to"], role)


def _strong(claims: Claims, within: int) -> bool:
    """Whether two factors were given, and the password at most so many seconds ago."""
    return claims.acr == SECOND_FACTOR and real_now().timestamp() - claims.authenticated_at <= within


def _apart(claims: Claims, tenant: Tenant) -> None:
    """:raises SignInRefused: the account has two of the three administrators' roles."""
    if len(set(claims.roles).intersection(ADMINISTRATORS)) > 1:
        told = "您的账号同时有两个管理员角色：系统、安全、审计管理员应由不同的人担任，请联系统一身份认证的管理人员"
        raise SignInRefused("roles.administrators", told, _concerning(tenant))


def _concerning(tenant: Tenant) -> Mapping[str, Any]:
    """Whose auditors see a refusal."""
    return {"organization": {"": {"tenant": str(tenant.id)}}}


async def tenant_of_claims(driver: "asyncpg.Connection[asyncpg.Record]", claims: Claims) -> Tenant:
    """:raises SignInRefused: the organization's tenant is unknown here. A suspended one's people come in, to read."""
    row = await driver.fetchrow("select * from app.tenant_of($1)", claims.tenant_id)
    if row is None or row["id"] is None:
        raise SignInRefused("tenant.unknown", "您所在的单位尚未在本平台开通，请联系平台运维")
    return Tenant(**{name: row[name] for name in Tenant.__dataclass_fields__})


async def _known_person(edge: Edge, tenant: Tenant, claims: Claims, address: str) -> UUID:
    """The person's row in their own tenant, with the audit row of the sign-in.

    Every organisation, authority or institution, is a tenant: the sign-in enters it by its tenant_id, which is the axis of
    ``web_institution``.
    """
    scope = Scope("web_institution", tenant.id, tenant.province_id, tenant.id, tenant.department_id)
    tx = Transaction(
        edge.connection, edge.driver, scope, Actor(None, tenant.id, address=address), await legal_instant(edge.driver)
    )
    await begin(edge.driver, scope, regardless=True)
    try:
        person_id = await person_of_account(
            tx,
            claims.issuer,
            claims.subject,
            name=claims.name,
            unit=claims.unit,
            email=claims.email,
            roles=claims.roles,
        )
        standing = await standing_of(tx, person_id)
        if standing.closed:
            told = "您的账号已停用；仍在本单位工作的，请联系本单位系统管理员"
            raise SignInRefused("account.closed", told, _concerning(tenant))
        roles = (*claims.roles, *standing.granted)
        known = bool(permissions_of(roles, AUDIENCE_OF_KIND[tenant.kind]) or standing.lent)
        if known:
            tx.actor = Actor(person_id, tenant.id, claims.name, frozenset(roles), address=address)
            await write_audit(tx, "session.signed_in", "session", None, details={"acr": claims.acr})
    except BaseException:
        await edge.driver.execute("rollback")
        raise
    await edge.driver.execute("commit")
    if not known:  # yet the account is registered: whoever gives roles finds it
        told = "您的账号还没有任何角色。账号已登记，请联系本单位安全管理员分配角色后重新登录"
        raise SignInRefused("roles.none", told, _concerning(tenant))
    return person_id


async def end_session(keyring: Keyring, edge: Edge, token: str) -> str:
    """End one session and return its ID token, for the provider's own sign-out; empty when there was none."""
    sealed = await edge.driver.fetchval("select app.end_session($1)", token_hash(token))
    plain = keyring.decrypt(sealed) if sealed else None
    return str(msgspec.json.decode(plain).get("id_token") or "") if plain else ""


async def machine_claims(provider: IdentityProvider, token: str) -> Claims:
    """The claims of an API bearer token (client credentials).

    :raises SignInRefused: signature, issuer, audience, type or organization is wrong.
    """
    verified = await provider.verified(token, audience=provider.audience, kind="Bearer")
    return claims_of(verified, provider.client_id)
