"""Work of an import that the queue runs; each may be delivered twice."""

from functools import lru_cache
from uuid import UUID

from services.ledger.importing import answering, undoing, wiping, workflow
from shared.db.transaction import Transaction
from shared.settings import settings
from shared.storage.objects import ObjectStore
from shared.tasks.broker import task


@lru_cache(maxsize=1)
def _objects() -> ObjectStore:
    return ObjectStore(settings())


@task(workflow.QUEUE)
async def read_import_chunk(tx: Transaction, import_id: str) -> bool:
    """Read an uploaded ledger to its end, one chunk to a transaction."""
    return await workflow.read_chunk(tx, _objects(), UUID(import_id))


@task(workflow.QUEUE)
async def apply_import(tx: Transaction, import_id: str) -> None:
    """Write what was confirmed into the ledger."""
    await workflow.apply(tx, UUID(import_id))


@task(workflow.QUEUE)
async def tidy_import(tx: Transaction, import_id: str) -> None:
    """Let go of what is staged and no longer needed."""
    await workflow.tidy(tx, UUID(import_id))


@task(workflow.QUEUE)
async def undo_import(tx: Transaction, import_id: str) -> None:
    """Take what an import registered out of the ledger again."""
    await undoing.carry_out(tx, UUID(import_id))


@task(workflow.QUEUE)
async def settle_answers(tx: Transaction, import_id: str) -> bool:
    """Check answered rows again, many at a time, and register what became right."""
    return await answering.settle_rest(tx, UUID(import_id))


@task(workflow.QUEUE)
async def wipe_copy(tx: Transaction, import_id: str) -> None:
    """Write the kept copy anew without rows that a person said are classified."""
    await wiping.wipe_copy(tx, _objects(), UUID(import_id))


@task(workflow.QUEUE)
async def drop_copy(tx: Transaction, kept_hash: str) -> None:
    """Remove a copy that was written anew, once nothing reads it."""
    await wiping.drop_copy(tx, _objects(), kept_hash)
