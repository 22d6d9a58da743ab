"""The product and the demo's identity provider in one process, and ways to make the provider say something else."""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.demo.identity.provider import Provider
from shared.audit.tables import audit_entry
from tests.web import BASE, Site, Visitor

ISSUER = "http://127.0.0.1:9998/realms/chengguo"
Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(slots=True)
class Scene:
    """The product, the provider behind it, and a maintenance engine to look with."""

    site: Site
    idp: Provider
    http: httpx.AsyncClient
    maintenance: AsyncEngine
    web: AsyncEngine

    def visitor(self) -> Visitor:
        return self.site.anonymous()

    def answers(self, change: Change, patch: pytest.MonkeyPatch) -> None:
        """From now on the provider's ID tokens have other claims."""
        honest = self.idp.mint.answer

        def altered(*arguments: Any) -> dict[str, Any]:
            tokens = honest(*arguments)
            claims = self.idp.keys.read(tokens["id_token"])
            assert claims is not None
            return {**tokens, "id_token": self.idp.keys.sign(change(claims))}

        patch.setattr(self.idp.mint, "answer", altered)

    async def authorise(self, visitor: Visitor, person: str = "dianchi-clerk", return_to: str = "") -> str:
        """The way to the provider and the person's choice there; returns the address back."""
        start = await visitor.get("/sign-in", **({"return_to": return_to} if return_to else {}))
        assert start.status_code == 303
        shown = await self.http.get(start.headers["location"])
        found = re.search(r'name="session_code" value="([^"]+)"', shown.text)
        assert found, shown.text
        picked = await self.http.post(
            f"{ISSUER}/login-actions/authenticate", data={"session_code": found[1], "username": person}
        )
        self.http.cookies.clear()
        address = str(picked.headers["location"])
        assert address.startswith(f"{BASE}/sign-in/callback?")
        return address.removeprefix(BASE)

    async def sign_in(self, visitor: Visitor, person: str = "dianchi-clerk", return_to: str = "") -> httpx.Response:
        return await visitor.get(await self.authorise(visitor, person, return_to))


async def is_signed_in(visitor: Visitor) -> bool:
    return (await visitor.get("/institution/messages")).status_code == 200


def without(name: str) -> Change:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def with_(**values: Any) -> Change:
    return lambda claims: {**claims, **values}


def organization(**entries: Any) -> Change:
    return with_(organization=entries)


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def unsigned(*parts: dict[str, Any]) -> str:
    return ".".join(encoded(json.dumps(part).encode()) for part in parts)


async def refusals_audited(scene: Scene) -> list[tuple[str, str, str]]:
    """(institution, code, way) of every refused sign-in in the audit log, oldest first."""
    table = audit_entry.c
    async with scene.maintenance.connect() as connection:
        rows = await connection.execute(
            select(table.tenant_id, table.details, table.outcome)
            .where(table.action == "session.refused")
            .order_by(table.at)
        )
        found = rows.all()
    assert all(row.outcome == "refused" for row in found)
    return [(str(row.tenant_id), row.details["code"], row.details["way"]) for row in found]
