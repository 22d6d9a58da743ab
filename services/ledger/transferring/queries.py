"""Where an achievement came from when its institution was merged into this one."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.ledger.transferring.models import achievement_origin
from shared.db.transaction import Transaction


async def origin_of(tx: Transaction, achievement_id: UUID) -> Row[Any] | None:
    """Its number and its institution before; None for what was always here."""
    table = achievement_origin
    return await tx.row(
        select(table).where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id)
    )
