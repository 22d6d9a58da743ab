"""The web server: granian in front of the application."""

from typing import cast

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar.types import ASGIApp, Receive, Scope, Send

from shared.observability.logging import configure_logging
from shared.settings import settings
from shared.ui.assets import build_assets


def serve(host: str, port: int, workers: int) -> None:
    """Serve until a signal; settings and assets are checked before the port is taken.

    The application is imported before the web processes are forked: one that dies is replaced at once.
    """
    import services.app  # noqa: F401

    settings()
    configure_logging()
    build_assets()
    Granian(
        "services.serving:application",
        factory=True,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        loop=Loops.uvloop,
        runtime_threads=1,
        blocking_threads=1,
        backlog=1024,
        log_access=False,
        websockets=False,
        respawn_failed_workers=True,
    ).serve()


def application() -> ASGIApp:
    """Made in each web process."""
    from services.app import create_app
    from shared.observability.metrics import serve_metrics

    configure_logging()
    serve_metrics(settings())
    return behind_proxies(create_app(), settings().trusted_proxies)


def behind_proxies(app: ASGIApp, trusted: str) -> ASGIApp:
    """The application as it sees its visitors: where a trusted proxy passes a request on, at the address that it names."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)

    if not trusted:
        return served
    return cast(ASGIApp, wrap_asgi_with_proxy_headers(served, trusted))
