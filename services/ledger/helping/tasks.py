"""The job that ends what agencies have in hand when its period is over."""

from services.ledger.helping.workflow import end_over
from shared.db.transaction import Transaction
from shared.tasks.broker import task


@task()
async def end_agency_tasks(tx: Transaction) -> None:
    """Once a day: the agency's page asks the day itself, this closes the row."""
    await end_over(tx)
