"""What a merger has counted in the institution that goes over."""

from uuid import UUID

from services.administration.merging import workflow
from shared.db.transaction import Transaction
from shared.tasks.broker import task


@task(upkeep=True)
async def examine_merger(tx: Transaction, merger: str) -> None:
    """What goes over and what stands in the way, as the institution's own worker."""
    await workflow.examine(tx, UUID(merger))
