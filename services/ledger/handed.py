"""What is handed to agencies ends with the record that it is about, in the same transaction."""

from uuid import UUID

from sqlalchemy import update

from services.ledger.models import agency_task
from shared.db.transaction import Transaction


async def take_back(tx: Transaction, achievement_id: UUID, reason: str) -> None:
    """No agency sees anything of an achievement any more: it was quarantined, revoked, wiped."""
    table = agency_task
    await tx.execute(
        update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.ended_at.is_(None))
        .values(ended_at=tx.now, reason=reason)
    )
