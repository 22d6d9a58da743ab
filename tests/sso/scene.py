"""The product on a real port, its tenants opened by its own commands in a real Keycloak, and people who sign in there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from click.testing import CliRunner, Result
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from sqlalchemy import text

from services.cli import cli
from shared.settings import Settings, settings
from tests.sso.server import Keycloak, in_thread
from tests.sso.universities import SECRET, by_oidc, by_saml
from tests.sso.visiting import Account, Tourist
from tests.web import Site
from tests.world import World

REALM = "chengguo"
INFRA = Path(__file__).resolve().parents[2] / "infra" / "keycloak"
PORTAL_SECRET, COMMAND_SECRET = "portal-secret", "command-secret"


def filled(name: str, **values: str) -> dict[str, Any]:
    """A file of ``infra/keycloak`` with its placeholders filled."""
    content = (INFRA / name).read_text("utf-8")
    for key, value in values.items():
        content = content.replace(f"${{{key}}}", value)
    read: dict[str, Any] = json.loads(content)
    return read


@dataclass
class Scene:
    """``tenants`` and ``organizations`` (ids at Keycloak) by alias."""

    keycloak: Keycloak
    world: World
    site: Site
    product: str
    configuration: Settings
    environment: dict[str, str]
    tenants: dict[str, UUID] = field(default_factory=dict)
    organizations: dict[str, str] = field(default_factory=dict)

    @property
    def app(self) -> Litestar:
        return self.site.app

    def tourist(self) -> Tourist:
        return Tourist(self.product)

    async def command(self, *words: str) -> Result:
        """``chengguo WORDS`` with this installation's environment."""

        def work() -> Result:
            settings.cache_clear()
            try:
                return CliRunner(env=self.environment).invoke(cli, list(words))
            finally:
                settings.cache_clear()

        result: Result = await in_thread(work)
        return result

    async def open(self, alias: str, kind: str, *more: str, ok: bool = True) -> Result:
        words = ["tenant", "create", "--province", self.world.slug, "--kind", kind, "--name", f"示例{alias}"]
        words += ["--short-name", alias, "--alias", alias, *more]
        if kind == "institution":
            words += ["--unit-kind", "university", "--prefix", alias.replace("-", "")[:12].upper()]
            words += ["--department", self.world.department.hex]
        result = await self.command(*words)
        if ok:
            assert result.exit_code == 0, result.output
            self.tenants[alias] = UUID(result.output.partition("编号 ")[2][:36])
            found = await self.call("GET", f"/organizations?search={alias}")
            (self.organizations[alias],) = [one["id"] for one in found if one["alias"] == alias]
        return result

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The administration of the product's realm."""
        return await self.keycloak.call(method, f"/{REALM}{path}", body)

    async def person(self, username: str, *memberships: tuple[str, str], **more: Any) -> Account:
        """An account of the realm; each membership is (alias of the unit, role there or empty)."""
        email = more.pop("email", f"{username}@{memberships[0][0] if memberships else 'nowhere'}.example")
        account = Account(username, email=email)
        body = {
            "username": username,
            "email": email,
            "emailVerified": True,
            "enabled": True,
            "firstName": f"人员{username}",
            "credentials": [{"type": "password", "value": account.password, "temporary": False}],
            **more,
        }
        user = await self.call("POST", "/users", body)
        for alias, role in memberships:
            await self.call("POST", f"/organizations/{self.organizations[alias]}/members", user)
            if role:
                await self.give(user, alias, role)
        return account

    async def user_id(self, username: str) -> str:
        (found,) = await self.call("GET", f"/users?exact=true&username={username}")
        return str(found["id"])

    async def group(self, alias: str, role: str) -> str:
        groups = await self.call("GET", f"/organizations/{self.organizations[alias]}/groups?max=200")
        return next(str(one["id"]) for one in groups if one["name"] == role)

    async def give(self, user: str, alias: str, role: str) -> None:
        """Put somebody into the group of a unit's role."""
        group = await self.group(alias, role)
        await self.call("PUT", f"/organizations/{self.organizations[alias]}/groups/{group}/members/{user}")

    async def take(self, user: str, alias: str, role: str) -> None:
        group = await self.group(alias, role)
        await self.call("DELETE", f"/organizations/{self.organizations[alias]}/groups/{group}/members/{user}")

    async def silence(self, seconds: int = 46) -> None:
        """Nobody does anything for so long, in all sessions of this province."""
        async with self.world.maintenance.begin() as connection:
            await connection.execute(
                text(
                    "update app.session set seen_at = seen_at - make_interval(secs => :seconds) "
                    "where province_id = :province"
                ),
                {"seconds": seconds, "province": self.world.province_id},
            )

    async def sessions(self, alias: str) -> int:
        async with self.world.maintenance.connect() as connection:
            found = await connection.scalar(
                text("select count(*) from app.session where tenant_id = :tenant"), {"tenant": self.tenants[alias]}
            )
        return int(found or 0)

    async def university(self, name: str, kind: str, *people: str) -> None:
        """A further realm; ``people`` are mail addresses."""
        make = by_oidc if kind == "oidc" else by_saml
        await self.keycloak.call("POST", "", make(name, self.keycloak.url, REALM, people))

    async def broker(self, alias: str, name: str, kind: str, at: str) -> None:
        """The unit ``alias`` signs in at the realm ``at``."""
        server, domain = self.keycloak.url, f"{alias}.example"
        wanted = filled(
            f"broker-{kind}.json", ALIAS=name, NAME=name, ISSUER=f"{server}/realms/{at}", DOMAIN=domain,
            CLIENT_ID="broker", CLIENT_SECRET=SECRET, REALM_ADDRESS=f"{server}/realms/{REALM}",
        )  # fmt: skip
        mappers = wanted.pop("mappers", [])
        await self.call("POST", "/identity-provider/instances", wanted)
        for mapper in mappers:
            await self.call("POST", f"/identity-provider/instances/{name}/mappers", mapper)
        await self.call("POST", f"/organizations/{self.organizations[alias]}/identity-providers", name)


def environment_of(keycloak: Keycloak, product: str) -> dict[str, str]:
    return {
        "CHENGGUO_PUBLIC_URL": product,
        "CHENGGUO_OIDC_ISSUER": f"{keycloak.url}/realms/{REALM}",
        "CHENGGUO_OIDC_CLIENT_SECRET": PORTAL_SECRET,
        "CHENGGUO_KEYCLOAK_SECRET": COMMAND_SECRET,
    }


def realm_for(product: str) -> dict[str, Any]:
    return filled(
        "realm.json",
        CHENGGUO_PUBLIC_URL=product,
        CHENGGUO_OIDC_CLIENT_SECRET=PORTAL_SECRET,
        CHENGGUO_KEYCLOAK_SECRET=COMMAND_SECRET,
    )


@asynccontextmanager
async def listening(app: Litestar, port: int) -> AsyncIterator[None]:
    """The application of this process on a port of loopback: Keycloak's calls and a browser reach it there."""
    server = Server(app, port=port, interface=Interfaces.ASGINL, log_enabled=False)
    serving = asyncio.create_task(server.serve())
    for _ in range(200):
        await asyncio.sleep(0.02)
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            continue
        writer.close()
        break
    yield
    server.stop()  # type: ignore[no-untyped-call]
    await serving
