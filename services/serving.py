"""The web server: granian in front of the application."""

import errno
import socket
from typing import cast

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.utils.proxies import wrap_asgi_with_proxy_headers
from litestar.types import ASGIApp, Receive, Scope, Send

from shared.observability.logging import configure_logging
from shared.settings import SettingsError, settings
from shared.ui.assets import build_assets


def serve(host: str, port: int, workers: int) -> None:
    """Serve until a signal; settings and assets are checked before the port is taken.

    The application is imported before the web processes are forked: one that dies is replaced at once.
    """
    settings()
    require_free(host, port)
    import services.app  # noqa: F401

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


def require_free(host: str, port: int) -> None:
    """The web server shares a port with whoever listens there already: half of the visitors would land at the other one.

    :raises SettingsError: the port is taken, or cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "已被其他程序占用，请换一个（--port）" if taken else f"无法使用：{error.strerror}"
            raise SettingsError(f"{host} 的端口 {port} {why}") from error
        except OverflowError as error:
            raise SettingsError(f"端口 {port} 无效，应在 1 到 65535 之间") from error


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
