"""The papers of an achievement, in the order in which they were added."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.ledger.papers.models import ledger_paper
from shared.db.transaction import Transaction


async def papers_of(tx: Transaction, achievement_id: UUID, purpose: str) -> Sequence[Row[Any]]:
    """Every paper of one purpose, withdrawn ones too."""
    table = ledger_paper
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.purpose == purpose)
        .order_by(table.c.added_at, table.c.id)
    )


async def find_paper(
    tx: Transaction, achievement_id: UUID, paper_id: UUID, *, for_update: bool = False
) -> Row[Any] | None:
    """One paper of an achievement of the tenant, withdrawn or not."""
    table = ledger_paper
    statement = select(table).where(
        table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.id == paper_id
    )
    return await tx.row(statement.with_for_update() if for_update else statement)
