"""The rehearsal of a proposed pack, each tenant's by that tenant's own worker."""

from uuid import UUID

from shared.db.transaction import Transaction
from shared.tasks.broker import task
from tenants.rehearsal import rehearse


@task(upkeep=True)
async def rehearse_pack(tx: Transaction, activation: str) -> bool:
    """What a proposed pack would have decided differently, some cases to a transaction."""
    return await rehearse(tx, UUID(activation))
