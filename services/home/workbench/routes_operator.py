"""The home page of the platform's operator."""

from typing import Any

from litestar import Request, Response, get

from services.home.pages import counters
from shared.db.transaction import Transaction
from tenants.deciders import deciders
from tenants.packs import list_activations, list_versions, reading_of
from tenants.pages import MenuEntry, page
from tenants.registry import KINDS, UNIT_KINDS, list_organisations


@get("/", opt={"permission": "operator:home:read"})
async def operator_home(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Who is registered in the province, which packs govern it, and whether uploads are examined."""
    context = {
        "organisations": await list_organisations(tx),
        "kinds": KINDS,
        "unit_kinds": UNIT_KINDS,
        "versions": await list_versions(tx),
        "activations": await list_activations(tx),
        "by": await deciders(tx),
        "reading": await reading_of(tx),
        "in_force": tx.pack_version_id,
        "today": tx.today,
        "scanner": await request.app.state.scanner.state(),
    }
    return page(request, "home/operator/home.html", "工作台", context)


@get("/counters", opt={"permission": "operator:home:read"})
async def operator_counters(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """How many messages are unread; an operator has no to-dos."""
    return await counters(request, tx, None)


HANDLERS = (operator_home, operator_counters)
MENU = (MenuEntry("operator", "", "工作台", "layout-dashboard", "/operator/", "operator:home:read", 10),)
