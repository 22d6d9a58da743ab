"""A browser and a client at the demo identity provider, as one."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.demo.identity.application import create_app
from deploy.demo.identity.configuration import Configuration
from deploy.demo.identity.sessions import challenge_of

ISSUER = "http://127.0.0.1:9999/realms/chengguo"
PORTAL = "http://127.0.0.1:8080"
REDIRECT = f"{PORTAL}/sign-in/callback"
VERIFIER = "v" * 64


class Browser:
    """A browser and the client behind it, as one."""

    def __init__(self, http: httpx.AsyncClient, told: list[tuple[str, str]]) -> None:
        self.http = http
        self.told = told

    async def page(self, **changes: str) -> httpx.Response:
        query = {
            "response_type": "code",
            "client_id": "portal",
            "redirect_uri": REDIRECT,
            "scope": "openid profile email organization",
            "state": "s1",
            "nonce": "n1",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        } | changes
        return await self.http.get(
            f"{ISSUER}/protocol/openid-connect/auth", params={key: value for key, value in query.items() if value}
        )

    async def pick(self, page: httpx.Response, username: str) -> httpx.Response:
        found = re.search(r'name="session_code" value="([^"]+)"', page.text)
        assert found
        form = {"session_code": found[1], "username": username}
        return await self.http.post(f"{ISSUER}/login-actions/authenticate", data=form)

    async def code(self, username: str = "dianchi-clerk", **changes: str) -> str:
        answer = await self.pick(await self.page(**changes), username)
        return query_of(answer)["code"]

    async def token(self, **form: str) -> httpx.Response:
        body = {"client_id": "portal", "client_secret": "secret"} | form
        return await self.http.post(f"{ISSUER}/protocol/openid-connect/token", data=body)

    async def redeem(self, code: str, **changes: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return await self.token(**(form | changes))

    async def signed_in(self, username: str = "dianchi-clerk") -> dict[str, Any]:
        answer = await self.redeem(await self.code(username))
        assert answer.status_code == 200
        return dict(answer.json())

    async def claims(self, token: str) -> dict[str, Any]:
        keys = (await self.http.get(f"{ISSUER}/protocol/openid-connect/certs")).json()
        return dict(jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"]).claims)


def query_of(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 303
    return {key: values[0] for key, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def open_browser(configuration: Configuration) -> AsyncIterator[Browser]:
    told: list[tuple[str, str]] = []

    async def notify(address: str, token: str) -> None:
        told.append((address, token))

    transport = httpx.ASGITransport(app=create_app(configuration, notify))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        yield Browser(http, told)
