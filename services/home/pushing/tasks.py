"""The worker's part of pushing."""

from services.home.pushing import workflow
from shared.db.transaction import Transaction
from shared.keys.keyring import Keyring
from shared.push.sending import Pusher
from shared.settings import settings
from shared.tasks.broker import task


@task(upkeep=True)
async def push_news(tx: Transaction) -> bool:
    """Soon after there is news, after each wait, and once a day: one attempt a transaction, as long as any is due."""
    configuration = settings()
    return await workflow.push_one(tx, Pusher.of(configuration), Keyring(configuration.key_directory))
