"""The provider as a web application, and the headers that every one of its answers carries."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from deploy.demo.identity.configuration import Configuration, configuration_from, require_loopback
from deploy.demo.identity.pages import policy
from deploy.demo.identity.provider import Notify, Provider, post_logout_token
from deploy.demo.identity.routes import HANDLERS
from shared.settings import settings

_HEADERS = {
    b"content-security-policy": policy().encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cache-control": b"no-store",
}


class Guarded:
    """Adds the headers, on errors too, and answers only to the address it was made for (no name may be bound to it)."""

    def __init__(self, app: ASGIApp, authority: str) -> None:
        self._app = app
        self._authority = authority

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                extra = [(name, value) for name, value in _HEADERS.items() if name not in given]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        if host != self._authority:
            start: Any = {"type": "http.response.start", "status": 421, "headers": [(b"content-type", b"text/plain")]}
            body: Any = {"type": "http.response.body", "body": b"", "more_body": False}
            await sending(start)
            await send(body)
            return
        await self._app(scope, receive, sending)


def create_app(configuration: Configuration, notify: Notify = post_logout_token) -> ASGIApp:
    """The application for one configuration. Raises PartFailureError for an issuer that is not on loopback."""
    require_loopback(configuration.host)
    app = Litestar(
        route_handlers=[Router(path=configuration.path, route_handlers=HANDLERS)],
        openapi_config=None,
        state=State({"provider": Provider(configuration, notify)}),
        request_max_body_size=64 * 1024,
    )
    return Guarded(app, urlsplit(configuration.issuer).netloc)


def from_settings() -> ASGIApp:
    """What the server process runs. Raises SettingsError outside demo mode."""
    return create_app(configuration_from(settings()))
