"""The archives that a unit asked for."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from shared.db.transaction import Transaction
from tenants.archive.models import tenant_archive

EXPORT = "institution:archive:export"
_SHOWN = 10


async def listed(tx: Transaction) -> Sequence[Row[Any]]:
    """The newest first."""
    table = tenant_archive.c
    return await tx.rows(
        select(tenant_archive).where(table.tenant_id == tx.tenant_id).order_by(table.asked_at.desc()).limit(_SHOWN)
    )


async def find(tx: Transaction, archive_id: UUID) -> Row[Any] | None:
    table = tenant_archive.c
    return await tx.row(select(tenant_archive).where(table.tenant_id == tx.tenant_id, table.id == archive_id))


async def running(tx: Transaction) -> Row[Any] | None:
    """The one that is being made; there is one at a time."""
    table = tenant_archive.c
    return await tx.row(
        select(tenant_archive).where(table.tenant_id == tx.tenant_id, table.finished_at.is_(None)).limit(1)
    )
