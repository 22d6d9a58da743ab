"""The daily look at the screening's cycle."""

from services.ledger.screening import workflow
from shared.db.transaction import Transaction
from shared.tasks.broker import task


@task()
async def follow_screening(tx: Transaction) -> None:
    """Begin the round that is due, remind of the one under way."""
    await workflow.follow_plan(tx)
