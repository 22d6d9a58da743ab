"""Security headers on every response: pages, errors, 404, HEAD and redirects alike."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import structlog
from litestar import Request, Response, post
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; report-uri /csp-report"
)
PRIVATE_PATHS: Final = ("/institution", "/console", "/operator", "/api", "/sign-in", "/sign-out", "/clock", "/auth")

_ALWAYS: Final = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_SET_HERE: Final = frozenset(name for name, _ in (*_ALWAYS, _HSTS))
REPORT_LIMIT_BYTES: Final = 16 * 1024
_REPORT_FIELDS: Final = (
    "document-uri",
    "violated-directive",
    "effective-directive",
    "blocked-uri",
    "source-file",
    "line-number",
)


class SecurityHeaders:
    """ASGI application around the whole application, so that answers made outside any route carry the headers too.

    ``https`` says that people reach us by https (behind a proxy the scope does not); only then is HSTS sent. Answers under
    ``private`` are never stored by a browser or proxy, whatever the handler said.
    """

    def __init__(self, app: ASGIApp, *, https: bool, private: Sequence[str] = PRIVATE_PATHS) -> None:
        self._app = app
        self._headers = (*_ALWAYS, _HSTS) if https else _ALWAYS
        self._private = re.compile("|".join(f"{re.escape(path)}(?:/|$)" for path in private))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; complete the headers of its response."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        is_private = self._private.match(scope["path"]) is not None

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._completed(list(message.get("headers", ())), is_private=is_private)
            await send(message)

        await self._app(scope, receive, complete)

    def _completed(self, given: list[tuple[bytes, bytes]], *, is_private: bool) -> list[tuple[bytes, bytes]]:
        kept = []
        cached = False
        for name, value in given:
            lower = name.lower()
            if lower == b"cache-control":
                cached = True
                if is_private:
                    continue
            # A handler may tighten a policy (an upload is served with ``sandbox``), never loosen it by accident.
            if lower in _SET_HERE and not (lower == b"content-security-policy" and value.startswith(b"sandbox")):
                continue
            kept.append((name, value))
        kept.extend(self._headers)
        if is_private:
            kept.append((b"cache-control", b"no-store"))
        elif not cached:
            kept.append((b"cache-control", b"no-cache"))
        return kept


@post("/csp-report", status_code=204, opt={"audience": "browser"}, name="csp_report", include_in_schema=False)
async def csp_report(request: Request[Any, Any, Any]) -> Response[None]:
    """Log what a browser refused to load: named fields only, without queries, and nothing of an oversized report."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > REPORT_LIMIT_BYTES:
            return Response(None, status_code=413)
    try:
        report = json.loads(body).get("csp-report", {})
        shown = {name: str(report[name]).partition("?")[0][:300] for name in _REPORT_FIELDS if name in report}
    except (ValueError, AttributeError, TypeError):
        return Response(None, status_code=400)
    structlog.get_logger("csp").warning(
        "content_refused", **{name.replace("-", "_"): value for name, value in shown.items()}
    )
    return Response(None, status_code=204)
