"""The authorities' search: units they answer for, reports that reached them, published items of the lists."""

from typing import Any

from litestar import Request, Response, get

from services.annual_report.reviewing import queries as reports
from services.home.pages import viewer_with_unread
from services.negative_list.publication import queries as lists
from shared.db.transaction import Transaction
from tenants.pages import SearchBox, page
from tenants.registry import UNIT_KINDS

HOME = "/console/search"
SEARCH = (SearchBox("console", HOME, "查找单位、年度报告、清单条目", "console:home:read"),)
_LONGEST = 60


@get("/search", opt={"permission": "console:home:read"})
async def search(request: Request[Any, Any, Any], tx: Transaction, q: str = "") -> Response[str]:
    """What the authority may see that holds the words; a report's content is looked at on its own page alone."""
    words = q.strip()[:_LONGEST]
    context = {
        "viewer": await viewer_with_unread(request, tx),
        "words": words,
        "units": await reports.units_like(tx, words) if words else [],
        "received": await reports.received_from(tx, words) if words else [],
        "items": await lists.published_items_like(tx, words) if words else [],
        "unit_kinds": UNIT_KINDS,
        "today": tx.today,
    }
    return page(request, "home/console/search.html", "查找", context)


HANDLERS = (search,)
