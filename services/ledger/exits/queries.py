"""The entries that stand, the sheets that were sent."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.ledger.exits.models import exit_item, exit_sheet
from services.ledger.models import achievement
from shared.db.transaction import Transaction

SEE = "institution:report:read"
LIST = "institution:ledger:write"
SEND = "institution:report:submit"
AT_MOST = 5_000


async def entries(tx: Transaction) -> Sequence[Row[Any]]:
    """What stands in the list, by number, at most 5,000; nothing of what is quarantined."""
    table, row = exit_item, achievement
    return await tx.rows(
        select(table, row.c.code, row.c.name, row.c.type, row.c.status, row.c.mode, row.c.value, row.c.value_kind)
        .join(row, (row.c.tenant_id == table.c.tenant_id) & (row.c.id == table.c.achievement_id))
        .where(table.c.tenant_id == tx.tenant_id, table.c.removed_at.is_(None), row.c.state == "registered")
        .order_by(row.c.number)
        .limit(AT_MOST)
    )


async def achievement_by_code(tx: Transaction, code: str) -> Row[Any] | None:
    """A registered achievement by its printed number, locked."""
    row = achievement
    return await tx.row(
        select(row)
        .where(row.c.tenant_id == tx.tenant_id, row.c.code == code, row.c.state == "registered")
        .with_for_update()
    )


async def entry_for_update(tx: Transaction, entry_id: UUID) -> Row[Any] | None:
    """One entry of the tenant, locked."""
    table = exit_item
    return await tx.row(
        select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == entry_id).with_for_update()
    )


async def sheets(tx: Transaction) -> Sequence[Row[Any]]:
    """The sheets that were sent, the newest first."""
    table = exit_sheet
    return await tx.rows(
        select(table).where(table.c.tenant_id == tx.tenant_id).order_by(table.c.number.desc()).limit(200)
    )


async def hidden_codes(tx: Transaction, codes: Sequence[str]) -> set[str]:
    """Which of these achievements are suspected to be classified: they are told of no sheet either."""
    row = achievement
    rows = await tx.rows(
        select(row.c.code).where(row.c.tenant_id == tx.tenant_id, row.c.code.in_(codes), row.c.state == "quarantined")
    )
    return {one.code for one in rows}


async def find_sheet(tx: Transaction, sheet_id: UUID) -> Row[Any] | None:
    """One sheet of the tenant."""
    table = exit_sheet
    return await tx.row(select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == sheet_id))
