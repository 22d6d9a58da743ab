"""Rendered public pages kept in the process, asked of the database at most once a second whether they still hold."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.response.base import ASGIResponse

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
    """One rendered page. ``checked`` is when it was last known to hold, in seconds of real time."""

    stamp: str
    body: bytes
    etag: str
    checked: float
    answer: ASGIResponse


_kept: OrderedDict[tuple[str, str, str], Kept] = OrderedDict()


async def kept_page(request: Request[Any, Any, Any], province: str, key: str, render: Render) -> ASGIResponse:
    """The page ``key`` of a province, rendered by ``render`` when something that it shows has changed.

    While one request looks, the others get what stands, so that a rush never reaches the database.

    :raises NotFound: no such province.
    """
    place = (request.app.state.settings.public_url, province, key)
    kept = _kept.get(place)
    now = real_now().timestamp()
    if kept is None or now - kept.checked > SECONDS:
        if kept is not None:
            kept.checked = now
        kept = await _looked(request, province, place, kept, render)
    if request.headers.get("if-none-match") == kept.etag:
        return _answer(b"", kept.etag, 304)
    if KEY_PLACE.encode() in kept.body:
        fresh = new_form_key(request.app.state.keyring.form_key, "").encode()
        return _answer(kept.body.replace(KEY_PLACE.encode(), fresh), kept.etag)
    return kept.answer


def _answer(body: bytes, etag: str, status: int = 200) -> ASGIResponse:
    headers = {"etag": etag, "cache-control": "no-cache"}
    return ASGIResponse(body=body, media_type="text/html", headers=headers, status_code=status)


async def _looked(
    request: Request[Any, Any, Any], province: str, place: tuple[str, str, str], kept: Kept | None, render: Render
) -> Kept:
    async with asynccontextmanager(public_transaction)(request, province) as tx:
        stamp = f"{await public_stamp(tx)}/{_clock(request, tx)}"
        if kept is None or kept.stamp != stamp:
            kept = _keep(place, stamp, (await render(tx)).encode())
    kept.checked = real_now().timestamp()
    return kept


def _clock(request: Request[Any, Any, Any], tx: Transaction) -> str:
    """Pages say the legal day; in a demo they show the clock itself."""
    return str(tx.now) if request.app.state.settings.is_demo else str(tx.today)


def _keep(place: tuple[str, str, str], stamp: str, body: bytes) -> Kept:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    _kept[place] = Kept(stamp, body, etag, 0.0, _answer(body, etag))
    _kept.move_to_end(place)
    while len(_kept) > LIMIT:
        _kept.popitem(last=False)
    return _kept[place]
