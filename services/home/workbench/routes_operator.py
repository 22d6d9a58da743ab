"""The home page of the platform's operator."""

from typing import Any

from litestar import Request, Response, get

from services.home.pages import viewer_with_unread
from shared.db.transaction import Transaction
from tenants.packs import list_activations, list_versions
from tenants.pages import MenuEntry, page
from tenants.registry import KINDS, UNIT_KINDS, list_organisations


@get("/", opt={"permission": "operator:home:read"})
async def operator_home(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Who is registered in the province, and which packs govern it."""
    context = {
        "viewer": await viewer_with_unread(request, tx),
        "organisations": await list_organisations(tx),
        "kinds": KINDS,
        "unit_kinds": UNIT_KINDS,
        "versions": await list_versions(tx),
        "activations": await list_activations(tx),
        "in_force": tx.pack_version_id,
        "today": tx.today,
    }
    return page(request, "home/operator/home.html", "工作台", context)


HANDLERS = (operator_home,)
MENU = (MenuEntry("operator", "", "工作台", "layout-dashboard", "/operator/", "operator:home:read", 10),)
