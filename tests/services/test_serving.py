"""Behind a TLS proxy the log and the rate limits see the visitor, and nobody else can pretend to be one."""

from typing import Any, cast

import pytest
from litestar.types import ASGIApp

from services.serving import behind_proxies


@pytest.mark.parametrize(
    ("trusted", "from_", "said", "seen"),
    [
        ("10.0.0.2", "10.0.0.2", b"203.0.113.9", "203.0.113.9"),
        ("10.0.0.0/24,127.0.0.1", "10.0.0.7", b"198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.2", "203.0.113.50", b"198.51.100.1", "203.0.113.50"),
        ("", "10.0.0.2", b"198.51.100.1", "10.0.0.2"),
    ],
)
async def test_only_a_trusted_proxy_names_the_visitor(trusted: str, from_: str, said: bytes, seen: str) -> None:
    found: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        found.append(scope["client"][0])

    scope = {"type": "http", "scheme": "http", "client": (from_, 5000), "headers": [(b"x-forwarded-for", said)]}
    await behind_proxies(cast(ASGIApp, app), trusted)(cast(Any, scope), cast(Any, None), cast(Any, None))
    assert found == [seen]
