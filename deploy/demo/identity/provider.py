"""The provider as one object: what the handlers share, and the checks that need more than one part of it."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

import httpx
import structlog

from deploy.demo.identity.configuration import Client, Configuration
from deploy.demo.identity.keys import KeyFolder
from deploy.demo.identity.sessions import Desk, RefusedError, Session, SignInRequest
from deploy.demo.identity.tokens import TokenMint, machine_claims, person_claims
from deploy.demo.people import MACHINES

log = structlog.get_logger()
Notify = Callable[[str, str], Awaitable[None]]


class UnknownClientError(Exception):
    """The client or its redirect address is not registered: nobody may be sent there. The text is for the page."""


async def post_logout_token(address: str, token: str) -> None:
    """Back-channel logout; a client that does not answer is signed out here all the same."""
    try:
        async with httpx.AsyncClient(timeout=2.0) as client:
            await client.post(address, data={"logout_token": token})
    except httpx.HTTPError as error:
        log.warning("backchannel_logout_failed", address=address, error=type(error).__name__)


class Provider:
    """One per process."""

    def __init__(self, configuration: Configuration, notify: Notify = post_logout_token) -> None:
        self.configuration = configuration
        self.keys = KeyFolder(configuration.key_folder)
        self.desk = Desk(configuration.lifetimes)
        self.mint = TokenMint(configuration, self.keys)
        self._notify = notify

    def discovery(self) -> dict[str, Any]:
        issuer = self.configuration.issuer
        protocol = f"{issuer}/protocol/openid-connect"
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{protocol}/auth",
            "token_endpoint": f"{protocol}/token",
            "introspection_endpoint": f"{protocol}/token/introspect",
            "userinfo_endpoint": f"{protocol}/userinfo",
            "end_session_endpoint": f"{protocol}/logout",
            "jwks_uri": f"{protocol}/certs",
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "scopes_supported": ["openid", "profile", "email", "organization"],
            "code_challenge_methods_supported": ["S256"],
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            "authorization_response_iss_parameter_supported": True,
        }

    def checked_client(self, values: Mapping[str, str]) -> Client:
        """The client of an authorisation request. Raises UnknownClientError."""
        client = self.configuration.clients.get(values.get("client_id", ""))
        if client is None:
            raise UnknownClientError("请求登录的应用未登记。")
        if values.get("redirect_uri", "") not in client.redirect_uris:
            raise UnknownClientError("应用给出的返回地址未登记。")
        return client

    def sign_in_request(self, values: Mapping[str, str]) -> SignInRequest:
        """A checked request of a known client. Raises RefusedError for what is told to the client."""
        if values.get("response_type") != "code":
            raise RefusedError("unsupported_response_type", "Only response_type=code is supported")
        if "openid" not in values.get("scope", "").split():
            raise RefusedError("invalid_scope", "Scope openid is required")
        if not values.get("code_challenge"):
            raise RefusedError("invalid_request", "Missing parameter: code_challenge_method")
        if values.get("code_challenge_method") != "S256":
            raise RefusedError(
                "invalid_request", "Invalid parameter: code challenge method is not matching the configured one"
            )
        return SignInRequest(
            client_id=values["client_id"],
            redirect_uri=values["redirect_uri"],
            scope=values["scope"],
            state=values.get("state", ""),
            nonce=values.get("nonce", ""),
            challenge=values["code_challenge"],
        )

    def authenticated(self, form: Mapping[str, str], authorization: str) -> Client:
        """The client of a back-end call, by client_secret_basic or client_secret_post. Raises RefusedError."""
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                pair = base64.b64decode(encoded, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                pair = ""
            client_id, _, secret = (unquote(part) for part in pair.partition(":"))
        client = self.configuration.clients.get(client_id)
        if client is None or not secrets.compare_digest(client.secret.encode(), secret.encode()):
            raise RefusedError("unauthorized_client", "Invalid client or Invalid client credentials")
        return client

    def tokens(self, form: Mapping[str, str], client: Client) -> dict[str, Any]:
        """The token endpoint. Raises RefusedError."""
        kind = form.get("grant_type", "")
        if kind == "client_credentials":
            if client.machine is None:
                raise RefusedError("unauthorized_client", "Client not enabled to retrieve service account")
            return self.mint.machine_answer(client, client.machine)
        if kind == "authorization_code":
            code, verifier = form.get("code", ""), form.get("code_verifier", "")
            grant = self.desk.redeem(code, client.client_id, form.get("redirect_uri", ""), verifier)
        elif kind == "refresh_token":
            grant = self.desk.refresh(form.get("refresh_token", ""), client.client_id)
        else:
            raise RefusedError("unsupported_grant_type", "Unsupported grant_type")
        return self.mint.answer(grant, client)

    def active_claims(self, token: str) -> dict[str, Any] | None:
        """The claims of an access token that is valid now: signature, expiry, and its session still there."""
        claims = self.keys.read(token)
        if claims is None or claims.get("typ") != "Bearer" or int(claims.get("exp", 0)) <= time.time():
            return None
        if "sid" in claims and self.desk.session(claims["sid"]) is None:
            return None
        return claims

    def userinfo(self, token: str) -> dict[str, Any] | None:
        claims = self.active_claims(token)
        if claims is None:
            return None
        session = self.desk.session(claims.get("sid", ""))
        if session is not None:
            return person_claims(session.person, claims.get("scope", ""))
        machine = next((found for found in MACHINES if found.client_id == claims.get("client_id")), None)
        return machine_claims(machine) if machine else None

    async def end(self, sid: str) -> Session | None:
        """End a session and tell every client that was given a code of it."""
        session = self.desk.end(sid)
        if session is not None:
            for client in (self.configuration.clients[client_id] for client_id in sorted(session.clients)):
                if client.backchannel_uri:
                    await self._notify(client.backchannel_uri, self.mint.logout_token(session, client))
        return session
