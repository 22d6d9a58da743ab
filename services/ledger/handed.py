"""What is handed to agencies ends with the record that it is about, in the same transaction; agencies are told by a message."""

from uuid import UUID

from sqlalchemy import update

from services.ledger.models import agency_task
from shared.db.transaction import Transaction
from shared.workflow import send

ENDED = "一项委托已经结束"


async def tell_agency(tx: Transaction, agency_id: UUID, title: str) -> None:
    """Send an agency a message about what it has in hand.

    Its words say nothing of the achievement: the page does, and only while the task lasts.
    """
    told = {"to_organisation": str(agency_id), "to_permission": "console:agency:work", "title": title}
    await send(tx, "told_elsewhere", {**told, "href": "/console/agency"})


async def take_back(tx: Transaction, achievement_id: UUID, reason: str) -> None:
    """No agency sees anything of an achievement any more: it was quarantined, revoked, wiped."""
    table = agency_task
    ended = await tx.rows(
        update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.ended_at.is_(None))
        .values(ended_at=tx.now, reason=reason)
        .returning(table.c.recipient_id)
    )
    for row in ended:
        await tell_agency(tx, row.recipient_id, ENDED)
