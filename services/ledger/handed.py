"""States and moves of what is handed to agencies. It ends with the record that it is about, in the same transaction; agencies
are told by a message.
"""

from uuid import UUID

from sqlalchemy import select

from services.ledger.models import AGENCY_TASK_STATES, agency_task
from services.ledger.rules import KEPT
from shared.db.transaction import Transaction
from shared.workflow import Move, Moves, move, send

ENDED = "一项委托已经结束"
_MANAGE, _WORK = "institution:ledger:write", "console:agency:work"
MOVES = Moves(
    "agency_task",
    agency_task,
    AGENCY_TASK_STATES,
    (
        Move("deliver", frozenset({"open"}), "delivered", "delivered_by_agency", _WORK, "交付"),
        Move("give_back", frozenset({"delivered"}), "open", "given_back_to_agency", _MANAGE, "退回机构修改"),
        Move("accept", frozenset({"delivered"}), "accepted", "accepted_from_agency", _MANAGE, "采纳"),
        Move("end", frozenset({"open", "delivered"}), "ended", "ended_for_agency", _MANAGE, "终止委托"),
    ),
    articles=("enumerations.agency_service", *KEPT),
)


async def tell_agency(tx: Transaction, agency_id: UUID, title: str) -> None:
    """Send an agency a message about what it has in hand.

    Its words say nothing of the achievement: the page does, and only while the task lasts.
    """
    told = {"to_organisation": str(agency_id), "to_permission": _WORK, "title": title}
    await send(tx, "told_elsewhere", {**told, "href": "/console/agency"})


async def take_back(tx: Transaction, achievement_id: UUID, reason: str) -> None:
    """No agency sees anything of an achievement any more: it was quarantined, revoked, wiped."""
    table = agency_task
    live = await tx.rows(
        select(table.c.id, table.c.state, table.c.recipient_id)
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.ended_at.is_(None))
        .order_by(table.c.id)
        .with_for_update()
    )
    for row in live:
        changes = {"ended_at": tx.now, "reason": reason}
        stopped = await move(tx, MOVES, row.id, "end", row.state, changes=changes, reason=reason)
        assert stopped is None, "the rows are locked"
        await tell_agency(tx, row.recipient_id, ENDED)
