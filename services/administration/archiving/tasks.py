"""The worker's part of an archive."""

from uuid import UUID

from services.administration.archiving import workflow
from shared.db.transaction import Transaction
from shared.keys.keyring import Keyring
from shared.settings import settings
from shared.storage.objects import ObjectStore
from shared.tasks.broker import task, worker_engine


@task(while_suspended=True)
async def make_archive(tx: Transaction, archive_id: str) -> None:
    """Write one archive that somebody asked for; killed in the middle, it begins anew."""
    configuration = settings()
    await workflow.make(
        tx, UUID(archive_id), worker_engine(), ObjectStore(configuration), Keyring(configuration.key_directory)
    )
