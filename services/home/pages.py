"""What the home routes of all audiences share: the messages of whoever is signed in."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from litestar import Request, Response

from services.home import queries, workflow
from shared.db.transaction import Transaction
from shared.keyset import place_of, place_text
from shared.ui.links import with_query
from shared.ui.page import MenuSection, Viewer
from tenants.pages import base_context, page, redirect


async def viewer_with_unread(request: Request[Any, Any, Any], tx: Transaction) -> Viewer:
    """The viewer of this request with the number of their unread messages."""
    viewer: Viewer = base_context(request)["viewer"]
    return replace(viewer, unread=await queries.unread_count(tx))


async def with_counts(request: Request[Any, Any, Any], tx: Transaction, todo: str, waiting: int) -> dict[str, Any]:
    """The viewer with the unread messages, and the menu with how much waits at the entry ``todo``."""
    menu = tuple(
        MenuSection(
            one.heading, tuple(replace(item, badge=waiting if item.href == todo else None) for item in one.items)
        )
        for one in base_context(request)["menu"]
    )
    return {"viewer": await viewer_with_unread(request, tx), "menu": menu, "counted": True}


async def counters(request: Request[Any, Any, Any], tx: Transaction, waiting: int | None) -> Response[str]:
    """The numbers at the bell and at the to-dos, as a fragment that a page asks for once it stands."""
    context = {"unread": await queries.unread_count(tx), "waiting": waiting}
    return page(request, "home/shared/counters.html", "", context, headers={"cache-control": "no-store"})


async def messages_page(request: Request[Any, Any, Any], tx: Transaction, audience: str, before: str) -> Response[str]:
    """The person's messages, newest first, by keyset."""
    rows = await queries.messages(tx, before=place_of(before))
    shown, more = rows[: queries.PAGE_SIZE], len(rows) > queries.PAGE_SIZE
    here = f"/{audience}/messages"
    viewer = await viewer_with_unread(request, tx)
    return page(
        request,
        "home/shared/messages.html",
        "消息中心",
        {
            "messages": shown,
            "here": here,
            "viewer": viewer,
            "newest": here if before else None,
            "older": with_query(here, {"before": place_text(shown[-1].recorded_at, shown[-1].id)}) if more else None,
            "mails": await queries.mailbox(tx),
        },
    )


async def opened(tx: Transaction, audience: str, message_id: UUID) -> Response[Any]:
    """Mark as read, and go where the message leads."""
    return redirect(tx, await workflow.open_message(tx, message_id) or f"/{audience}/messages")


async def all_read(tx: Transaction, audience: str) -> Response[Any]:
    await workflow.read_all(tx)
    return redirect(tx, f"/{audience}/messages", done="done")
