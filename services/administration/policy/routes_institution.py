"""政策规则 for institutions, read only: article beside value, searchable; readings; the version in force."""

from typing import Any

from litestar import Request, Response, get

from services.administration.policy.pages import rules_context
from shared.db.transaction import Transaction
from tenants.pages import MenuEntry, page

HOME = "/institution/policy"


@get("/policy", opt={"permission": "institution:home:read"})
async def rules(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The rules in force, as far as a search finds them."""
    context = await rules_context(tx, dict(request.query_params.items()), HOME)
    return page(request, "administration/institution/policy.html", "政策规则", context)


HANDLERS = (rules,)
MENU = (MenuEntry("institution", "报告与留痕", "政策规则", "book-2", HOME, "institution:home:read", 920),)
