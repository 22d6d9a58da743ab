"""Work of the administration that the queue and the clock run."""

from services.administration import workflow
from shared.db.transaction import Transaction
from shared.tasks.broker import task


@task(upkeep=True)
async def follow_department(tx: Transaction) -> None:
    """Soon after a change of the competent department, and daily for changes whose day has come."""
    await workflow.follow_department(tx)
