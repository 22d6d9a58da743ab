"""Daily upkeep of what is kept for a time only."""

from datetime import timedelta

from sqlalchemy import delete

from shared.clock import real_now
from shared.db.records import idempotency_key
from shared.db.transaction import Transaction
from shared.tasks.broker import task

KEYS_KEPT = timedelta(days=7)


@task(upkeep=True)
async def forget_keys(tx: Transaction) -> None:
    """Idempotency keys are kept seven days, in real time: nobody repeats a request later than that."""
    await tx.execute(
        delete(idempotency_key).where(
            idempotency_key.c.tenant_id == tx.tenant_id, idempotency_key.c.at < real_now() - KEYS_KEPT
        )
    )
