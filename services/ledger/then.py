"""One achievement's pages at a point: its record of today, or of a past day as it was known then."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request, Response

from services.ledger.display import record_tabs, words_of
from services.ledger.points import Point, point_of
from services.ledger.queries import Detail, achievement_detail, find_achievement
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.ui.page import Crumb
from tenants.pages import page

_HOME = "/institution/ledger"


@dataclass(frozen=True, slots=True)
class Standing:
    """What was asked for; ``detail`` is None where the ledger had no such achievement at that point."""

    point: Point
    detail: Detail | None


async def record_at(tx: Transaction, achievement_id: UUID, point: Point) -> Standing:
    """The record as an address asks for it.

    :raises NotFound: unknown, another tenant's; quarantined, on whatever day it is looked at.
    """
    row = await find_achievement(tx, achievement_id)
    if row is None or row.state == "quarantined":
        raise NotFound
    return Standing(point, await achievement_detail(tx, achievement_id, as_of=point.as_of, known_at=point.known_at))


async def asked_record(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Standing:
    """The same, as the address of a page says.

    :raises NotFound: unknown, another tenant's; quarantined, on whatever day it is looked at.
    """
    return await record_at(tx, achievement_id, point_of(request.query_params, tx.today))


async def absent(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, point: Point, tab: str
) -> Response[str]:
    """A tab of an achievement that the ledger did not have at that point; nothing of today is told."""
    home = f"{_HOME}/{achievement_id}"
    context = {
        "point": point,
        "here": f"{home}{request.url.path.rpartition(str(achievement_id))[2]}",
        "tabs": record_tabs(achievement_id, await words_of(tx), tab, point),
        "today": tx.today,
        "path": _HOME,
    }
    crumbs = (Crumb("单列管理台账", _HOME), Crumb("该日尚未登记", home), Crumb(tab))
    return page(request, "ledger/institution/absent.html", "该日尚未登记", context, crumbs=crumbs)
