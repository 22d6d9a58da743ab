"""What nobody went on with: an import that was read and neither confirmed nor cancelled ends after its period."""

from datetime import datetime

from sqlalchemy import select

from services.ledger.importing.models import ledger_import
from services.ledger.importing.workflow import MOVES, tidy
from shared.db.transaction import Transaction
from shared.workflow import move

_LEFT = ("mapping", "checked")


async def lapse(tx: Transaction, before: datetime, days: int) -> int:
    """Cancel what was uploaded before an instant and waits for a person since, and drop what was staged; returns how many.

    Nobody decided it, so ``decided_by`` stays empty; ``days`` is the period that its event names.
    """
    table = ledger_import
    rows = await tx.rows(
        select(table.c.id, table.c.state)
        .where(table.c.tenant_id == tx.tenant_id, table.c.created_at < before, table.c.state.in_(_LEFT))
        .order_by(table.c.id)
        .with_for_update(skip_locked=True)
    )
    reason = f"核对后 {days} 天没有确认，按保存期限取消"
    for row in rows:
        stopped = await move(tx, MOVES, row.id, "cancel", row.state, changes={"finished_at": tx.now}, reason=reason)
        assert stopped is None, "the rows are locked"
        await tidy(tx, row.id)
    return len(rows)
