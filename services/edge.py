"""The outermost layer: request id, metrics, and the request's connection given back whatever happened."""

import time
from typing import Any
from urllib.parse import quote_from_bytes

import structlog
from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from shared.ids import new_id
from shared.observability import metrics

log = structlog.get_logger()
_ASSETS = "/assets"
_UNLOGGED = frozenset({_ASSETS, "/healthz", "/readyz"})
_ASCII = bytes(range(128))


class Edge:
    """Wraps everything the application answers, its own 404 and 405 and HEAD included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = new_id().hex
        clear_contextvars()
        bind_contextvars(request_id=state["request_id"])
        started = time.perf_counter()
        status = 500

        # 方法 typed into an address as it stands, which a browser would have escaped
        if not scope["query_string"].isascii():
            scope["query_string"] = quote_from_bytes(scope["query_string"], _ASCII).encode()

        # HEAD is answered as the GET it asks about, without the body
        head = scope["method"] == HttpMethod.HEAD.value
        if head:
            scope["method"] = HttpMethod.GET.value

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [_with_head(*one) for one in message.get("headers", ())]
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app(scope, receive, observed)
        finally:
            edge = state.get("edge")
            if edge is not None:
                await edge.close()
            _measure(scope, status, time.perf_counter() - started)


def _with_head(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Where GET is allowed, HEAD is: it is answered here, and the router does not know it."""
    methods = value.split(b", ") if name.lower() == b"allow" else []
    if b"GET" not in methods or b"HEAD" in methods:
        return name, value
    return name, b", ".join(sorted([*methods, b"HEAD"]))


def _measure(scope: Scope, status: int, seconds: float) -> None:
    route = _ASSETS if scope["path"].startswith(f"{_ASSETS}/") else str(scope.get("path_template") or "-")
    method = str(scope.get("method", "-"))
    metrics.requests.labels(route, method, str(status)).inc()
    metrics.request_seconds.labels(route).observe(seconds)
    if route in _UNLOGGED and status < 500:
        return
    say = log.error if status >= 500 else log.info
    say("request.done", route=route, method=method, status=status, seconds=round(seconds, 4), tenant=_tenant(scope))


def _tenant(scope: Scope) -> str | None:
    """Whose session or token it was; None for visitors."""
    edge = scope["state"].get("edge")
    if edge is not None and edge.session is not None:
        return str(edge.session.tenant_id)
    tenant = scope["state"].get("tenant")
    return str(tenant.id) if tenant is not None else None
