"""The way in for everybody: the chooser of provinces, a province's first page, and its policy in force."""

from typing import Any

from litestar import Request, Response, get
from litestar.response import Redirect

from services.administration.reading import rules_of
from services.negative_list.queries import public_kinds
from shared.db.transaction import Transaction
from shared.ui.page import Crumb
from tenants.isolation import all_provinces, engine_of
from tenants.packs import governing
from tenants.pages import MenuEntry, page
from tenants.public_pages import public_page

MENU = (MenuEntry("public", "", "政策依据", "", "/{province}/policy", "", 40),)
HERE = "政策依据"


@get("/")
async def provinces(request: Request[Any, Any, Any]) -> Response[str]:
    """Which provinces this installation serves."""
    found = sorted((await all_provinces(engine_of(request))).values(), key=lambda p: p.slug)
    return page(request, "administration/public/provinces.html", "职务科技成果公开服务平台", {"provinces": found})


@get("/{province:str}")
async def province_front(request: Request[Any, Any, Any], tx: Transaction, province: str) -> Response[Any]:
    """On to the province's list; to the overview where it has none or several."""
    kinds = await public_kinds(tx)
    address = f"/{province}/lists/{kinds[0]}" if len(kinds) == 1 else f"/{province}/lists"
    return Redirect(address, status_code=303)


@get("/{province:str}/policy")
async def policy(request: Request[Any, Any, Any], tx: Transaction, province: str) -> Response[str]:
    """The rules in force: article, quote, value; and every point that can be read in two ways."""
    pack = (await governing(tx)).pack
    context = {
        "pack": pack,
        "documents": rules_of(pack),
        "readings": list(pack.content.readings.items()),
        "banner": pack.banner,
    }
    since = f"，自 {pack.header.effective_from} 起适用" if pack.header.effective_from else ""
    template = "administration/public/policy.html"
    return await public_page(
        request,
        tx,
        template,
        "政策依据与存疑读法",
        context,
        here=HERE,
        crumbs=(Crumb(HERE),),
        subtitle=f"规则版本 {pack.id} {pack.version}{since}",
    )


HANDLERS = (provinces, province_front, policy)
