"""The identity provider: its addresses, its keys, and what of a token it signed is believed.

python-keycloak speaks the protocol; it checks signature and expiry only, so issuer, audience, authorised party, nonce, type and
the organization claim are checked here. The tenant comes from the organization claim alone, never from a request parameter.
"""

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from jwcrypto import jwk
from jwcrypto.common import JWException
from jwcrypto.jwt import JWTExpired, JWTInvalidClaimValue, JWTMissingClaim
from keycloak import KeycloakOpenID
from keycloak.exceptions import KeycloakConnectionError, KeycloakError

from shared.clock import real_now
from shared.errors import ApplicationError, Unavailable
from shared.settings import Settings

ALGORITHMS = ["RS256", "PS256", "ES256"]
SECOND_FACTOR = "second-factor"
"""The ``acr`` of a sign-in with two factors; asked for by this name, as ``infra/keycloak`` maps it."""
SKEW_SECONDS = 30
_KEYS_SECONDS = 300.0
_KEYS_AT_MOST_EVERY = 5.0
_ANSWERED_SECONDS = 10.0
_INVALID = "登录凭据无效或已过期，请重新登录"
_AWAY = "统一身份认证暂时不可用，请稍后再试；已登录的用户不受影响"
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


class Ended(Exception):
    """The provider gives no new tokens for a session: it is over there, or the account is disabled or out of its unit."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What of a verified token the product uses; ``authenticated_at`` is when a password was last typed, seconds, 0 unknown."""

    issuer: str
    subject: str
    sid: str
    acr: str
    name: str
    email: str
    unit: str
    roles: tuple[str, ...]
    tenant_id: UUID
    authenticated_at: int = 0


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
        self._answered_at = 0.0

    def authorisation_address(
        self, state: str, nonce: str, challenge: str, *, organization: str = "", strong_within: int = 0
    ) -> str:
        """Where a browser goes to sign in.

        ``organization`` names one of a person's several; ``strong_within`` asks for a second factor and a password typed at
        most so many seconds ago.
        """
        scope = f"organization:{organization}" if organization else "organization"
        strong = {"acr_values": SECOND_FACTOR, "max_age": str(strong_within)} if strong_within else {}
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self.client_id,
                "redirect_uri": self.redirect_uri,
                "scope": f"openid profile email {scope}",
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
                **strong,
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

    async def require_answer(self) -> None:
        """Nobody is sent to a provider that does not answer; an answer holds for ten seconds.

        :raises Unavailable: no answer.
        """
        if time.monotonic() - self._answered_at < _ANSWERED_SECONDS:
            return
        try:
            await self.client.a_well_known()
        except KeycloakError as error:
            raise Unavailable(_AWAY) from error
        self._answered_at = time.monotonic()

    async def exchange(self, code: str, verifier: str) -> dict[str, Any]:
        """:raises SignInRefused: the code is used, foreign, or its verifier is wrong."""
        try:
            tokens = await self.client.a_token(
                grant_type="authorization_code", code=code, redirect_uri=self.redirect_uri, code_verifier=verifier
            )
        except KeycloakError as error:
            if error.response_code in (400, 401):
                raise SignInRefused("code") from error
            raise Unavailable(_AWAY) from error
        return cast(dict[str, Any], tokens)

    async def renewed(self, tokens: Mapping[str, Any]) -> dict[str, Any]:
        """New tokens for those of a session; every refresh token works once, so callers take turns.

        :raises Ended: none are given, or they say something else of the person than before: another organization or role.
        :raises Unavailable: the provider does not answer.
        """
        try:
            fresh = cast(dict[str, Any], await self.client.a_refresh_token(str(tokens["refresh_token"])))
        except KeycloakError as error:
            if error.response_code in (400, 401) and not isinstance(error, KeycloakConnectionError):
                raise Ended from error
            raise Unavailable(_AWAY) from error
        try:
            before = claims_of(_unverified(str(tokens["id_token"])), self.client_id)
            verified = await self.verified(str(fresh.get("id_token", "")), audience=self.client_id, kind="ID")
            now = claims_of(verified, self.client_id)
        except SignInRefused as refused:
            raise Ended from refused
        if (now.issuer, now.subject, now.sid, now.tenant_id) != (
            before.issuer,
            before.subject,
            before.sid,
            before.tenant_id,
        ):
            raise Ended
        if sorted(now.roles) != sorted(before.roles):
            raise Ended
        return fresh

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
                raise Unavailable(_AWAY) from error
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
                leeway=SKEW_SECONDS,
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
        claims = _unverified(token)
        return claims if isinstance(claims, dict) and claims.get("iss") == self.issuer else None

    async def verified_identity(self, id_token: str, nonce: str) -> dict[str, Any]:
        """:raises SignInRefused: also for a wrong authorised party or nonce, and where the two clocks differ."""
        try:
            claims = await self.verified(id_token, audience=self.client_id, kind="ID")
        except SignInRefused as refused:
            if refused.code == "token.expired":
                _one_clock(refused.claims)
            raise
        if claims.get("azp", self.client_id) != self.client_id:
            raise SignInRefused("azp", claims=claims)
        if claims.get("nonce") != nonce:
            raise SignInRefused("nonce", claims=claims)
        _one_clock(claims)
        return claims

    async def verified_logout(self, logout_token: str) -> tuple[str | None, str | None]:
        """(sid, subject) of a back-channel logout token."""
        claims = await self.verified(logout_token, audience=self.client_id, kind="Logout")
        if _BACKCHANNEL_EVENT not in claims.get("events", {}) or "nonce" in claims:
            raise SignInRefused("events")
        if not claims.get("sid") and not claims.get("sub"):
            raise SignInRefused("sid")
        return claims.get("sid"), claims.get("sub")


def _one_clock(claims: Mapping[str, Any] | None) -> None:
    """An ID token comes straight from the provider, made this very moment: another time in it is another clock.

    :raises SignInRefused: they differ by more than is let pass everywhere.
    """
    made = (claims or {}).get("iat")
    if not isinstance(made, int | float):
        return
    apart = round(real_now().timestamp() - made)
    if abs(apart) > SKEW_SECONDS:
        told = f"平台服务器的时钟与统一身份认证相差 {abs(apart)} 秒（平台{'快' if apart > 0 else '慢'}），请联系平台运维校准时间"
        raise SignInRefused("clock", told, claims)


def _segment(token: str, position: int) -> bytes:
    part = token.split(".")[position]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _unverified(token: str) -> dict[str, Any]:
    """The claims of a token whose signature was checked before."""
    return cast(dict[str, Any], msgspec.json.decode(_segment(token, 1)))


def claims_of(verified: Mapping[str, Any], client_id: str = "portal") -> Claims:
    """The claims that matter; exactly one organization with one tenant, and an address that was verified if there is one.

    :raises SignInRefused: no organization, several, one that names no tenant, or an address that nobody verified.
    """
    organizations = verified.get("organization")
    if not isinstance(organizations, dict) or not organizations:
        raise SignInRefused("organization.none", "您的账号没有加入任何单位，请联系本单位管理员")
    if len(organizations) != 1:
        raise SeveralOrganizations(tuple(sorted(map(str, organizations))))
    tenant_id = tenant_named_by(verified)
    if tenant_id is None:
        raise SignInRefused("organization.tenant", "您所在的单位尚未在本平台开通，请联系平台运维")
    if verified.get("email") and not verified.get("email_verified"):
        raise SignInRefused(
            "email.unverified", "您的邮箱地址尚未验证，请先在统一身份认证中完成验证，或联系本单位管理员", verified
        )
    return Claims(
        issuer=str(verified["iss"]),
        subject=str(verified["sub"]),
        sid=str(verified.get("sid", "")),
        acr=str(verified.get("acr", "")),
        name=str(verified.get("name") or verified.get("preferred_username") or "未命名"),
        email=str(verified.get("email") or ""),
        unit=str(verified.get("unit", "")),
        roles=_roles(verified, next(iter(organizations.values())), client_id),
        tenant_id=tenant_id,
        authenticated_at=int(verified.get("auth_time") or 0),
    )


def _roles(verified: Mapping[str, Any], organization: Any, client_id: str) -> tuple[str, ...]:
    """Those of the organization's own groups, so that a role in one unit is none in another; else the account's."""
    granted = organization.get("resource_access") if isinstance(organization, dict) else None
    if isinstance(granted, dict):
        own = granted.get(client_id) or {}
        return tuple(str(role) for role in own.get("roles", ()))
    return tuple(str(role) for role in verified.get("portal_roles") or ())


class SeveralOrganizations(SignInRefused):
    """The account is in several organizations and the token names them all: one must be chosen, by its alias."""

    def __init__(self, aliases: tuple[str, ...]) -> None:
        super().__init__("organization.several", "您的账号属于多个单位，请选择一个单位登录；换一个单位须重新登录")
        self.aliases = aliases


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
