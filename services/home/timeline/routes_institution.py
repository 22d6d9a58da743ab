"""One achievement's way from disclosure to money, for the screen and for paper."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from services.home.timeline import queries
from services.ledger import queries as ledger
from services.ledger.points import NOW, point_of
from services.ledger.then import absent
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.ui.page import Crumb
from tenants.pages import page

_LEDGER = "/institution/ledger"


@get("/ledger/{achievement_id:uuid}/timeline", opt={"permission": "institution:ledger:read"})
async def show_timeline(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """Every event with its day, who did it and its article; what is quarantined tells nothing."""
    now = await ledger.find_achievement(tx, achievement_id)
    if now is None:
        raise NotFound
    hidden = now.state == "quarantined"
    point = NOW if hidden else point_of(request.query_params, tx.today)
    detail = await ledger.achievement_detail(tx, achievement_id, as_of=point.as_of, known_at=point.known_at)
    if detail is None:
        return await absent(request, tx, achievement_id, point, "从披露到转化")
    title = "（疑似涉密，内容已隔离）" if hidden else detail.row.name
    home = f"{_LEDGER}/{achievement_id}"
    context = {
        "row": detail.row,
        "team": [] if hidden else detail.team,
        "hidden": hidden,
        "timeline": None if hidden else await queries.timeline(tx, detail, now.began_on, point),
        "home": home,
        "here": f"{home}/timeline",
        "point": point,
        "today": tx.today,
    }
    crumbs = (Crumb("单列管理台账", _LEDGER), Crumb(title, home), Crumb("全过程"))
    return page(request, "home/institution/timeline.html", title, context, crumbs=crumbs)


HANDLERS = (show_timeline,)
