"""The daily look at the unit's own day."""

from services.annual_report.internal import workflow
from shared.db.transaction import Transaction
from shared.tasks.broker import task


@task()
async def follow_internal_report(tx: Transaction) -> None:
    """Call to mind, send on the day, ask for the receipt."""
    await workflow.follow_plan(tx)
