"""Work of the notices that runs by the clock: end what has run, prove hourly what stands."""

from services.notices import queries, workflow
from shared.db.transaction import Transaction
from shared.keys.keyring import Keyring
from shared.settings import settings
from shared.tasks.broker import task


@task()
async def close_notices(tx: Transaction) -> None:
    """Daily, just after midnight: every notice whose period is over is ended and people are told."""
    await workflow.close_due_notices(tx)


@task()
async def check_notices(tx: Transaction) -> None:
    """Hourly: a signed proof per running notice that it stood unchanged."""
    key = None
    for found in await queries.running_notices(tx):
        key = key or Keyring(settings().key_directory).signing("notice")
        await workflow.check_notice(tx, found, key)
