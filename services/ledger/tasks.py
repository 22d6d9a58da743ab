"""Jobs of the ledger: roll-ups of the totals, and exports."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from services.ledger import export
from services.ledger.forms import filters_of
from services.ledger.models import export_job
from services.ledger.past.rolling import roll_up_changes
from services.ledger.totals import roll_up
from shared.db.transaction import Transaction
from shared.settings import settings
from shared.storage.objects import ObjectStore
from shared.tasks.broker import task


@task(upkeep=True, role="worker_rollup")
async def roll_up_totals(tx: Transaction) -> None:
    """Make the province's and its departments' totals what their institutions' add up to, today's and every day's."""
    await roll_up(tx)
    await roll_up_changes(tx)


@task(while_suspended=True)
async def write_export(tx: Transaction, export_id: str) -> None:
    """Write one export that somebody asked for."""
    asked = await tx.row(
        select(export_job.c.filters).where(export_job.c.tenant_id == tx.tenant_id, export_job.c.id == UUID(export_id))
    )
    if asked is not None:
        filters = replace(filters_of(asked.filters, tx.today), masked=bool(asked.filters.get("masked")))
        await export.write_export(tx, UUID(export_id), ObjectStore(settings()), filters, asked.filters.get("sort", ""))
