"""Serving the built assets: from memory, immutable, in the encoding the browser takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from litestar import asgi
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from shared.ui.assets import ADDRESS, BUILT, HASHED_NAME, ensure_assets

CONTENT_TYPES: Final = {
    "css": b"text/css; charset=utf-8",
    "js": b"text/javascript; charset=utf-8",
    "svg": b"image/svg+xml",
}
_ENCODINGS: Final = (("br", ".br"), ("gzip", ".gz"), ("identity", ""))


@dataclass(frozen=True, slots=True)
class ServedFile:
    """One asset in its encodings (``br``, ``gzip``, ``identity``)."""

    content_type: bytes
    etag: bytes
    bodies: Mapping[str, bytes]


class Assets:
    """The files of one built set, read into memory on the first request."""

    def __init__(self, built: Path = BUILT) -> None:
        self._built = built
        self._files: dict[str, ServedFile] | None = None

    def load(self) -> None:
        """Read the set, building it first when it is the project's own and missing or old."""
        if self._built == BUILT:
            ensure_assets()
        self._files = {
            path.name: ServedFile(
                CONTENT_TYPES[path.suffix[1:]],
                b'"' + path.name.split(".")[-2].encode() + b'"',
                {encoding: path.with_name(path.name + suffix).read_bytes() for encoding, suffix in _ENCODINGS},
            )
            for path in self._built.iterdir()
            if HASHED_NAME.fullmatch(path.name)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD; anything else is 405, an unknown name 404."""
        if scope["type"] != ScopeType.HTTP:
            return
        if self._files is None:
            self.load()
        assert self._files is not None
        method = scope["method"]
        found = self._files.get(scope["path"].strip("/").rsplit("/", 1)[-1])
        if method not in ("GET", "HEAD"):
            await _answer(send, 405, [(b"allow", b"GET, HEAD")], b"", head=False)
        elif found is None:
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
            await _answer(send, 404, headers, "没有这个文件\n".encode(), head=method == "HEAD")
        else:
            await _send_file(scope, send, found, head=method == "HEAD")


async def _send_file(scope: Scope, send: Send, file: ServedFile, *, head: bool) -> None:
    asked = {name.lower(): value for name, value in scope["headers"]}
    encoding = accepted_encoding(asked.get(b"accept-encoding", b"").decode("latin-1"))
    etag = file.etag[:-1] + b"-" + encoding.encode() + b'"'
    headers = [
        (b"content-type", file.content_type),
        (b"cache-control", b"public, max-age=31536000, immutable"),
        (b"vary", b"accept-encoding"),
        (b"etag", etag),
    ]
    if asked.get(b"if-none-match") == etag:
        await _answer(send, 304, headers, b"", head=True)
        return
    if encoding != "identity":
        headers.append((b"content-encoding", encoding.encode()))
    await _answer(send, 200, headers, file.bodies[encoding], head=head)


def accepted_encoding(header: str) -> str:
    """The best of br, gzip and identity that an Accept-Encoding header allows; a quality of zero forbids."""
    allowed = set()
    for entry in header.lower().split(","):
        name, _, parameters = entry.partition(";")
        quality = parameters.replace(" ", "").removeprefix("q=") if parameters else "1"
        if quality.strip("0.") or quality == "1":
            allowed.add(name.strip())
    return next((name for name, _ in _ENCODINGS if name in allowed), "identity")


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes, *, head: bool) -> None:
    if status != 304:
        headers = [*headers, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body, "more_body": False})


_served = Assets()


@asgi(ADDRESS.rstrip("/"), is_mount=True, copy_scope=True, opt={"exclude_from_auth": True}, name="assets")
async def assets_handler(scope: Scope, receive: Receive, send: Send) -> None:
    """The route of ``/assets/…`` for ``create_app``."""
    await _served(scope, receive, send)
