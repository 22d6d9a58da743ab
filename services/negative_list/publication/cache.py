"""Rendered public pages kept in the process, asked of the database at most once a second whether they still hold.

A page is kept by its whole address, since a page may repeat any part of it. It shows nobody who looks: no session is read.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.enums import ScopeType
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, Receive, Scope, Send

from services.negative_list.queries import public_stamp
from shared.clock import real_now
from shared.db.transaction import Transaction
from tenants.isolation import new_form_key, public_transaction

SECONDS = 1.0
LIMIT = 256
# Stands where a page's form key goes while the page is kept; every answer gets a key of its own.
KEY_PLACE = "form-key-goes-here"

Render = Callable[[Transaction], Awaitable[str]]


@dataclass(slots=True)
class Kept:
    """One rendered page of a route. ``checked`` is when it was last known to hold, in seconds of real time; a page with a
    form key is never sent as it stands.
    """

    stamp: str
    body: bytes
    etag: str
    checked: float
    answer: ASGIResponse
    route: str
    keyed: bool

    def holds(self) -> bool:
        return real_now().timestamp() - self.checked <= SECONDS


Place = tuple[str, str, bytes]
_kept: OrderedDict[Place, Kept] = OrderedDict()


class KeptPages:
    """ASGI application in front of the router: a page that was found to hold within the last second is sent as it stands.

    Everything else goes on to the router: a page to be looked at again, one with a form, a visitor who has it already.
    """

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the kept page, or pass the request on."""
        if scope["type"] == ScopeType.HTTP and scope["method"] == "GET":
            kept = _kept.get((self._public_url, scope["path"], scope["query_string"]))
            if kept is not None and not kept.keyed and kept.holds() and not _conditional(scope):
                scope["path_template"] = kept.route
                await kept.answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _conditional(scope: Scope) -> bool:
    return any(name == b"if-none-match" for name, _ in scope["headers"])


async def kept_page(request: Request[Any, Any, Any], province: str, render: Render) -> ASGIResponse:
    """The page at the request's address, rendered by ``render`` when something that it shows has changed.

    While one request looks, the others get what stands, so that a rush never reaches the database.

    :raises NotFound: no such province.
    """
    place = (request.app.state.settings.public_url, request.scope["path"], request.scope["query_string"])
    kept = _kept.get(place)
    if kept is None or not kept.holds():
        if kept is not None:
            kept.checked = real_now().timestamp()
        kept = await _looked(request, province, place, kept, render)
    if request.headers.get("if-none-match") == kept.etag:
        return _answer(b"", kept.etag, 304)
    if kept.keyed:
        fresh = new_form_key(request.app.state.keyring.form_key, "").encode()
        return _answer(kept.body.replace(KEY_PLACE.encode(), fresh), kept.etag)
    return kept.answer


def _answer(body: bytes, etag: str, status: int = 200) -> ASGIResponse:
    headers = {"etag": etag, "cache-control": "no-cache"}
    return ASGIResponse(body=body, media_type="text/html", headers=headers, status_code=status)


async def _looked(
    request: Request[Any, Any, Any], province: str, place: Place, kept: Kept | None, render: Render
) -> Kept:
    async with asynccontextmanager(public_transaction)(request, province) as tx:
        stamp = f"{await public_stamp(tx)}/{_clock(request, tx)}/{request.scope['state']['province']}"
        if kept is None or kept.stamp != stamp:
            kept = _keep(place, stamp, (await render(tx)).encode(), request.scope["path_template"])
    kept.checked = real_now().timestamp()
    return kept


def _clock(request: Request[Any, Any, Any], tx: Transaction) -> str:
    """Pages say the legal day; in a demo they show the clock itself."""
    return str(tx.now) if request.app.state.settings.is_demo else str(tx.today)


def _keep(place: Place, stamp: str, body: bytes, route: str) -> Kept:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    _kept[place] = Kept(stamp, body, etag, 0.0, _answer(body, etag), route, KEY_PLACE.encode() in body)
    _kept.move_to_end(place)
    while len(_kept) > LIMIT:
        _kept.popitem(last=False)
    return _kept[place]
