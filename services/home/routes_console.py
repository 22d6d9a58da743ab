"""Messages of whoever is signed in as an authority."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.home.pages import all_read, messages_page, opened
from shared.db.transaction import Transaction
from tenants.suspension import STAYS_OPEN

_OWN = {"permission": "console:home:read"}


@get("/messages", opt=_OWN)
async def messages(request: Request[Any, Any, Any], tx: Transaction, before: str = "") -> Response[str]:
    """消息中心."""
    return await messages_page(request, tx, "console", before)


@post("/messages/{message_id:uuid}/open", opt={**_OWN, **STAYS_OPEN}, status_code=303)
async def open_message(tx: Transaction, message_id: UUID) -> Response[Any]:
    return await opened(tx, "console", message_id)


@post("/messages/read", opt={**_OWN, **STAYS_OPEN}, status_code=303)
async def read_messages(tx: Transaction) -> Response[Any]:
    return await all_read(tx, "console")


HANDLERS = (messages, open_message, read_messages)
