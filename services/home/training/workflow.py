"""Asking that a training unit is made anew; doing it is for the maintenance login, which alone may delete."""

from sqlalchemy import select

from shared.audit.writing import write_audit
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from shared.workflow import record_event

CASE = "training"
ASKED = "reset_asked"


async def ask_reset(tx: Transaction) -> None:
    """Say that everything of the unit is to be thrown away; asking again before it is done changes nothing."""
    if not await asked(tx):
        await record_event(tx, CASE, tx.tenant_id, ASKED)
    await write_audit(tx, "training.ask_reset", CASE, tx.tenant_id)


async def asked(tx: Transaction) -> bool:
    """Whether that waits; once it is done the question is gone with everything else."""
    table = workflow_event.c
    return bool(
        await tx.scalar(
            select(table.id)
            .where(
                table.tenant_id == tx.tenant_id,
                table.case_kind == CASE,
                table.case_id == tx.tenant_id,
                table.event == ASKED,
            )
            .limit(1)
        )
    )
