"""The application as a signed-in person's browser sees it, without a browser: for page tests."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from sqlalchemy import text

from shared.ids import new_token, token_hash
from tenants.registry import ROLE_OF_KIND
from tests.world import World

BASE = "http://testserver.local"
_KEY = re.compile(r'name="form_key"[^>]*value="([^"]+)"|value="([^"]+)"[^>]*name="form_key"')


class Visitor:
    """One person's cookie jar and the application behind it; anonymous without a session."""

    def __init__(self, app: Litestar, cookie: str = "") -> None:
        cookies = {"chengguo": cookie} if cookie else {}
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False),  # type: ignore[arg-type]
            base_url=BASE,
            cookies=cookies,
            follow_redirects=False,
            timeout=60,
        )

    async def get(self, address: str, **parameters: Any) -> httpx.Response:
        return await self.client.get(address, params=parameters or None)

    async def form_key(self, address: str) -> str:
        """The idempotency key that the form on a page carries."""
        answer = await self.get(address)
        found = _KEY.search(answer.text)
        assert found is not None, f"no form on {address}: {answer.status_code}"
        return found.group(1) or found.group(2)

    async def post(
        self, address: str, form: Mapping[str, Any] | None = None, *, page: str | None = None, key: str | None = None
    ) -> httpx.Response:
        """Send a form as a browser does: with the key of the page it stands on (``page``, by default the address)."""
        form_key = key or await self.form_key(page or address)
        return await self.client.post(address, data={**(form or {}), "form_key": form_key})

    async def upload(
        self, address: str, files: Mapping[str, Any], form: Mapping[str, Any] | None = None, *, page: str | None = None
    ) -> httpx.Response:
        """Send a multipart form; its key goes into the address, where it is read before the body."""
        key = await self.form_key(page or address)
        return await self.client.post(address, params={"form_key": key}, data=form or {}, files=files)


@dataclass(frozen=True, slots=True)
class Visit:
    """One answer: which route, with what status, under which request id."""

    method: str
    address: str
    status: int
    request_id: str


class Recorder:
    """Around the application's routing: notes which route answered what, for the tests at the end of a complete run."""

    def __init__(self, app: ASGIApp, visits: list[Visit]) -> None:
        self.app = app
        self.visits = visits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["type"] == ScopeType.HTTP:
                address = str(scope.get("path_template") or scope["path"])
                request_id = str(scope.get("state", {}).get("request_id", ""))
                self.visits.append(Visit(str(scope["method"]), address, message["status"], request_id))
            await send(message)

        await self.app(scope, receive, noting)


class Site:
    """The application over the session's shared database, and ways to sign anybody in."""

    def __init__(self, app: Litestar) -> None:
        self.app = app
        self.visits: list[Visit] = []
        app.asgi_handler = Recorder(app.asgi_handler, self.visits)

    def anonymous(self) -> Visitor:
        return Visitor(self.app)

    async def signed_in(self, world: World, tenant: UUID, *roles: str, kind: str = "institution") -> Visitor:
        """A visitor with a live session of a tenant's person who holds these roles (clerk by default)."""
        held = list(roles) or ["clerk"]
        token = new_token()
        department = world.department if kind == "institution" else tenant
        async with world.web.connect() as connection:
            await connection.execute(
                text(
                    "select app.open_session(:hash, :role, :tenant, :province, :department, :person, :name, '', :org, "
                    "cast(:roles as text[]), 'test', :subject, :sid, '1', ''::bytea, '127.0.0.1', 3600, 3600)"
                ),
                {
                    "hash": token_hash(token),
                    "role": ROLE_OF_KIND[kind],
                    "tenant": tenant,
                    "province": world.province_id,
                    "department": department,
                    "person": await world.person(tenant, held[0]),
                    "name": "测试人员",
                    "org": "滇池示例大学",
                    "roles": held,
                    "subject": new_token(),
                    "sid": new_token(),
                },
            )
        return Visitor(self.app, token)


@asynccontextmanager
async def running_site(app: Litestar) -> AsyncIterator[Site]:
    """The application between its start-up and its shutdown.

    Its lifespan is held by a task of its own, since a session fixture is set up and torn down in different tasks.
    """
    started, stopping = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with app.lifespan():
            started.set()
            await stopping.wait()

    holder = asyncio.create_task(hold())
    ready = asyncio.create_task(started.wait())
    await asyncio.wait({holder, ready}, return_when=asyncio.FIRST_COMPLETED)
    if holder.done():
        await holder
    yield Site(app)
    stopping.set()
    await holder
