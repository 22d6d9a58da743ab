"""Single sign-on: OIDC code flow with PKCE, and what of a token we believe.

python-keycloak speaks the protocol; it checks signature and expiry only, so issuer, audience, authorised party, nonce, type and
the organization claim are checked here. The tenant comes from the organization claim alone, never from a request parameter;
people are keyed by issuer and subject.
"""

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import msgspec
from jwcrypto import jwk
from jwcrypto.common import JWException
from jwcrypto.jwt import JWTExpired, JWTInvalidClaimValue, JWTMissingClaim
from keycloak import KeycloakOpenID
from keycloak.exceptions import KeycloakError
from keycloak.pkce_utils import generate_code_challenge, generate_code_verifier

from shared.audit.writing import write_audit
from shared.db.transaction import Actor, Scope, Transaction, begin, legal_instant
from shared.errors import ApplicationError, Unavailable
from shared.ids import new_token, token_hash
from shared.keys.keyring import Keyring
from shared.settings import Settings
from tenants.isolation import Edge
from tenants.people import person_of_account
from tenants.permissions import ADMINISTRATORS
from tenants.registry import ROLE_OF_KIND, Tenant
from tenants.standing import standing_of

ALGORITHMS = ["RS256", "PS256", "ES256"]
_REQUEST_SECONDS = 600
_KEYS_SECONDS = 300.0
_KEYS_AT_MOST_EVERY = 5.0
_INVALID = "登录凭据无效或已过期，请重新登录"
_BACKCHANNEL_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class SignInRefused(ApplicationError):
    """A sign-in that is not believed; ``code`` says which check failed (for the audit log and tests).

    ``claims`` are those of a token that the provider did sign, so that it can be said whom the attempt concerns; None where
    nothing of it may be believed.
    """

    status = 400
    title = "登录没有完成，请重新登录"

    def __init__(self, code: str, message: str = "", claims: Mapping[str, Any] | None = None) -> None:
        super().__init__(message or self.title)
        self.code = code
        self.claims = claims


@dataclass(frozen=True, slots=True)
class Claims:
    """What of a verified token the product uses."""

    issuer: str
    subject: str
    sid: str
    acr: str
    name: str
    email: str
    unit: str
    roles: tuple[str, ...]
    tenant_id: UUID


class IdentityProvider:
    """The configured issuer: its addresses and its cached keys. One per process and event loop."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.oidc_issuer.rstrip("/")
        self.client_id = settings.oidc_client_id
        self.audience = settings.api_audience
        server, _, realm = self.issuer.rpartition("/realms/")
        self.client = KeycloakOpenID(
            server_url=server + "/",
            realm_name=realm,
            client_id=settings.oidc_client_id,
            client_secret_key=settings.oidc_client_secret.get_secret_value(),
            timeout=10,
        )
        self.redirect_uri = f"{settings.public_url.rstrip('/')}/sign-in/callback"
        self.signed_out_uri = f"{settings.public_url.rstrip('/')}/signed-out"
        self._keys: jwk.JWKSet | None = None
        self._key_ids: frozenset[str] = frozenset()
        self._keys_at = 0.0

    def authorisation_address(self, state: str, nonce: str, challenge: str) -> str:
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self.client_id,
                "redirect_uri": self.redirect_uri,
                "scope": "openid profile email organization",
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
        )
        return f"{self.issuer}/protocol/openid-connect/auth?{query}"

    def end_session_address(self, id_token: str) -> str:
        query = urlencode(
            {
                "id_token_hint": id_token,
                "client_id": self.client_id,
                "post_logout_redirect_uri": self.signed_out_uri,
            }
        )
        return f"{self.issuer}/protocol/openid-connect/logout?{query}"

    async def exchange(self, code: str, verifier: str) -> dict[str, Any]:
        """:raises SignInRefused: the code is used, foreign, or its verifier is wrong."""
        try:
            tokens = await self.client.a_token(
                grant_type="authorization_code", code=code, redirect_uri=self.redirect_uri, code_verifier=verifier
            )
        except KeycloakError as error:
            if error.response_code in (400, 401):
                raise SignInRefused("code") from error
            raise Unavailable("统一身份认证暂时不可用，请稍后再试；已登录的用户不受影响") from error
        return cast(dict[str, Any], tokens)

    async def keys(self, key_id: str | None = None) -> jwk.JWKSet:
        """The issuer's signing keys, cached; an unknown key id reads them again, at most every five seconds."""
        age = time.monotonic() - self._keys_at
        unknown = key_id is not None and key_id not in self._key_ids and age > _KEYS_AT_MOST_EVERY
        if self._keys is None or age > _KEYS_SECONDS or unknown:
            try:
                listed = (await self.client.a_certs())["keys"]
            except KeycloakError as error:
                if self._keys is not None:
                    return self._keys
                raise Unavailable("统一身份认证暂时不可用，请稍后再试；已登录的用户不受影响") from error
            signing = [key for key in listed if key.get("use", "sig") == "sig"]
            fresh = jwk.JWKSet()
            for key in signing:
                fresh.add(jwk.JWK(**key))
            self._keys, self._key_ids = fresh, frozenset(key.get("kid", "") for key in signing)
            self._keys_at = time.monotonic()
        return self._keys

    async def verified(self, token: str, *, audience: str, kind: str) -> dict[str, Any]:
        """The claims of a token whose signature, expiry, issuer, audience and type are right.

        :raises SignInRefused: with the check that failed as its code.
        """
        try:
            header = msgspec.json.decode(_segment(token, 0))
        except (ValueError, IndexError, msgspec.DecodeError) as error:
            raise SignInRefused("malformed") from error
        try:
            claims = await self.client.a_decode_token(
                token,
                key=await self.keys(header.get("kid")),
                algs=ALGORITHMS,
                leeway=5,
                check_claims={"iss": self.issuer, "aud": audience, "exp": None},
            )
        except (JWTExpired, JWTInvalidClaimValue, JWTMissingClaim) as error:
            # the signature is checked before the claims are
            code = "token.expired" if isinstance(error, JWTExpired) else "token.claims"
            raise SignInRefused(code, _INVALID, self._own(token)) from error
        except (JWException, ValueError, KeyError, TypeError) as error:
            raise SignInRefused("token.signature", _INVALID) from error
        if claims.get("typ") != kind:
            raise SignInRefused("typ", claims=claims)
        return cast(dict[str, Any], claims)

    def _own(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a token with a right signature, if this very issuer made it."""
        claims = msgspec.json.decode(_segment(token, 1))
        return claims if isinstance(claims, dict) and claims.get("iss") == self.issuer else None

    async def verified_identity(self, id_token: str, nonce: str) -> dict[str, Any]:
        """:raises SignInRefused: also for a wrong authorised party or nonce."""
        claims = await self.verified(id_token, audience=self.client_id, kind="ID")
        if claims.get("azp", self.client_id) != self.client_id:
            raise SignInRefused("azp", claims=claims)
        if claims.get("nonce") != nonce:
            raise SignInRefused("nonce", claims=claims)
        return claims

    async def verified_logout(self, logout_token: str) -> tuple[str | None, str | None]:
        """(sid, subject) of a back-channel logout token."""
        claims = await self.verified(logout_token, audience=self.client_id, kind="Logout")
        if _BACKCHANNEL_EVENT not in claims.get("events", {}) or "nonce" in claims:
            raise SignInRefused("events")
        if not claims.get("sid") and not claims.get("sub"):
            raise SignInRefused("sid")
        return claims.get("sid"), claims.get("sub")


def _segment(token: str, position: int) -> bytes:
    part = token.split(".")[position]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def claims_of(verified: dict[str, Any]) -> Claims:
    """The claims that matter; exactly one organization with one tenant.

    :raises SignInRefused: no organization, several, or one that names no tenant.
    """
    organizations = verified.get("organization")
    if not isinstance(organizations, dict) or not organizations:
        raise SignInRefused("organization.none", "您的账号没有加入任何单位，请联系本单位管理员")
    if len(organizations) != 1:
        raise SignInRefused("organization.several", "您的账号属于多个单位，请在登录时选择一个单位")
    tenant_id = tenant_named_by(verified)
    if tenant_id is None:
        raise SignInRefused("organization.tenant", "您所在的单位尚未在本平台开通，请联系平台运维")
    roles = verified.get("portal_roles") or []
    return Claims(
        issuer=str(verified["iss"]),
        subject=str(verified["sub"]),
        sid=str(verified.get("sid", "")),
        acr=str(verified.get("acr", "")),
        name=str(verified.get("name") or verified.get("preferred_username") or "未命名"),
        email=str(verified["email"]) if verified.get("email") and verified.get("email_verified") else "",
        unit=str(verified.get("unit", "")),
        roles=tuple(str(role) for role in roles),
        tenant_id=tenant_id,
    )


def tenant_named_by(verified: Mapping[str, Any]) -> UUID | None:
    """The tenant that a token's one organization names; None where there is not exactly one."""
    organizations = verified.get("organization")
    if not isinstance(organizations, dict) or len(organizations) != 1:
        return None
    (organization,) = organizations.values()
    named = organization.get("tenant") if isinstance(organization, dict) else None
    try:
        return UUID(named[0] if isinstance(named, list) else str(named))
    except (ValueError, IndexError, TypeError, AttributeError):
        return None


async def begin_sign_in(provider: IdentityProvider, edge: Edge, return_to: str) -> tuple[str, str]:
    """(state for the browser's cookie, address of the identity provider)."""
    state, nonce, verifier = new_token(), new_token(), generate_code_verifier()
    challenge, _ = generate_code_challenge(verifier)
    await edge.driver.execute(
        "select app.open_sign_in($1, $2, $3, $4, $5)", token_hash(state), nonce, verifier, return_to, _REQUEST_SECONDS
    )
    return state, provider.authorisation_address(state, nonce, challenge)


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
    """
    if not state or not cookie_state or token_hash(state) != token_hash(cookie_state):
        raise SignInRefused("state")
    request = await edge.driver.fetchrow("select * from app.take_sign_in($1)", token_hash(state))
    if request is None or request["nonce"] is None:
        raise SignInRefused("state.unknown")
    tokens = await provider.exchange(code, request["verifier"])
    claims = claims_of(await provider.verified_identity(tokens.get("id_token", ""), request["nonce"]))
    tenant = await tenant_of_claims(edge.driver, claims)
    _apart(claims, tenant)
    person_id = await _known_person(edge, tenant, claims, address)
    token = new_token()
    role = ROLE_OF_KIND[tenant.kind]
    idle = settings.session_idle_minutes if role == "web_institution" else settings.console_idle_minutes
    sealed = keyring.encrypt(
        msgspec.json.encode({name: tokens.get(name) for name in ("id_token", "refresh_token", "access_token")})
    )
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


def _apart(claims: Claims, tenant: Tenant) -> None:
    """:raises SignInRefused: the account has two of the three administrators' roles."""
    if len(set(claims.roles).intersection(ADMINISTRATORS)) > 1:
        told = "您的账号同时有两个管理员角色：系统、安全、审计管理员应由不同的人担任，请联系统一身份认证的管理人员"
        raise SignInRefused("roles.administrators", told, _concerning(tenant))


def _concerning(tenant: Tenant) -> Mapping[str, Any]:
    """Whose auditors see a refusal."""
    return {"organization": {"": {"tenant": str(tenant.id)}}}


async def tenant_of_claims(driver: "asyncpg.Connection[asyncpg.Record]", claims: Claims) -> Tenant:
    """:raises SignInRefused: the organization's tenant is unknown here, or suspended."""
    row = await driver.fetchrow("select * from app.tenant_of($1)", claims.tenant_id)
    if row is None or row["id"] is None:
        raise SignInRefused("tenant.unknown", "您所在的单位尚未在本平台开通，请联系平台运维")
    tenant = Tenant(**{name: row[name] for name in Tenant.__dataclass_fields__})
    if not tenant.active:
        raise SignInRefused("tenant.suspended", "您所在的单位已暂停使用本平台", _concerning(tenant))
    return tenant


async def _known_person(edge: Edge, tenant: Tenant, claims: Claims, address: str) -> UUID:
    """The person's row in their own tenant, with the audit row of the sign-in.

    Every organisation, authority or institution, is a tenant: the sign-in enters it by its tenant_id, which is the axis of
    ``web_institution``.
    """
    scope = Scope("web_institution", tenant.id, tenant.province_id, tenant.id, tenant.department_id)
    tx = Transaction(
        edge.connection, edge.driver, scope, Actor(None, tenant.id, address=address), await legal_instant(edge.driver)
    )
    await begin(edge.driver, scope)
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
        if (await standing_of(tx, person_id)).closed:
            told = "您的账号已停用；仍在本单位工作的，请联系本单位系统管理员"
            raise SignInRefused("account.closed", told, _concerning(tenant))
        tx.actor = Actor(person_id, tenant.id, claims.name, frozenset(claims.roles), address=address)
        await write_audit(tx, "session.signed_in", "session", None, details={"acr": claims.acr})
    except BaseException:
        await edge.driver.execute("rollback")
        raise
    await edge.driver.execute("commit")
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
    return claims_of(await provider.verified(token, audience=provider.audience, kind="Bearer"))
