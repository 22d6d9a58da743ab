"""我的成果: what a completer sees of their own work."""

from decimal import Decimal
from typing import Any

from litestar import Request, Response, get

from services.empowerment.models import STATES, TONES
from services.home.mine import queries
from services.ledger.claiming.queries import namesakes
from services.ledger.display import TONES as STATUS_TONES
from services.ledger.display import words_of
from shared.db.transaction import Transaction
from tenants.packs import governing
from tenants.pages import MenuEntry, page

_HERE = "/institution/mine"
_CLAIM = "institution:disclosure:write"
MENU = (MenuEntry("institution", "单列管理", "我的成果", "user-star", _HERE, _CLAIM, 21),)


@get("/mine", opt={"permission": _CLAIM})
async def my_works(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Achievements with their status, applications, agreements and contracts; and who on the ledger one may still be."""
    found = await queries.works(tx)
    amounts = [one.amount for one in found if one.amount is not None]
    context = {
        "works": found,
        "limit": queries.LIMIT,
        "total": sum(amounts, Decimal(0)) if amounts else None,
        "contracts": sum(len(one.contracts) for one in found),
        "running": sum(1 for one in found for case in one.applications if case.state not in _OVER),
        "converted": sum(1 for one in found if one.row.status == "converted"),
        "namesakes": await namesakes(tx),
        "words": await words_of(tx),
        "grants": {code: one.label for code, one in (await governing(tx)).pack.content.grant_types.items()},
        "states": STATES,
        "tones": TONES,
        "status_tones": STATUS_TONES,
        "may_apply": "institution:empowerment:apply" in tx.actor.permissions,
    }
    return page(request, "home/institution/mine.html", "我的成果", context)


_OVER = ("formalised", "rejected", "withdrawn")
HANDLERS = (my_works,)
