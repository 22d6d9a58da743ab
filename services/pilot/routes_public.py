"""Who is in a pilot, for everybody: units, from when to when, by which document."""

from typing import Any

from litestar import Request, Response, get

from services.pilot import queries
from services.pilot.models import GUIDELINES
from shared.db.transaction import Transaction
from shared.ui.page import Crumb
from tenants.pages import MenuEntry
from tenants.public_pages import public_page
from tenants.registry import UNIT_KINDS

MENU = (MenuEntry("public", "", "试点单位", "", "/{province}/pilots", "", 30),)
HERE = "试点单位"


@get("/{province:str}/pilots")
async def pilots(request: Request[Any, Any, Any], tx: Transaction, province: str) -> Response[str]:
    """The units of each guideline, and how long the guideline is in force."""
    rows = await queries.public_memberships(tx)
    validity = {one.guideline: one for one in await queries.validity(tx)}
    context = {
        "groups": [
            (code, label, validity.get(code), [row for row in rows if row.guideline == code])
            for code, label in GUIDELINES.items()
        ],
        "unit_kinds": UNIT_KINDS,
    }
    template = "pilot/public/pilots.html"
    return await public_page(request, tx, template, "试点单位", context, here=HERE, crumbs=(Crumb(HERE),))


HANDLERS = (pilots,)
