"""The addresses, the log of what was pushed to them, what is due."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, tuple_

from services.home.pushing.models import push_attempt, push_delivery, push_target
from shared.clock import real_now
from shared.db.transaction import Transaction

MANAGE = "institution:delivery:manage"
PAGE_SIZE = 50


async def targets(tx: Transaction) -> Sequence[Row[Any]]:
    """The addresses in use or paused, by name."""
    table = push_target
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.state != "removed")
        .order_by(table.c.name, table.c.id)
    )


async def find_target(tx: Transaction, target_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """One address of the tenant."""
    table = push_target
    statement = select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == target_id)
    return await tx.row(statement.with_for_update() if lock else statement)


async def deliveries(
    tx: Transaction, state: str = "", *, before: tuple[datetime, UUID] | None = None, limit: int = PAGE_SIZE
) -> Sequence[Row[Any]]:
    """The log, the newest first, before one of its rows; without what was pushed."""
    table, target, attempt = push_delivery, push_target, push_attempt
    last = (
        select(attempt.c.status, attempt.c.fault, attempt.c.at, attempt.c.millis)
        .where(attempt.c.tenant_id == table.c.tenant_id, attempt.c.delivery_id == table.c.id)
        .order_by(attempt.c.number.desc())
        .limit(1)
        .lateral("last")
    )
    statement = (
        select(
            table.c.id, table.c.event, table.c.state, table.c.tried, table.c.created_at, table.c.next_at,
            table.c.settled_at, target.c.name, last.c.status, last.c.fault, last.c.at, last.c.millis,
        )
        .join(target, (target.c.tenant_id == table.c.tenant_id) & (target.c.id == table.c.target_id))
        .outerjoin(last, last.c.millis.is_not(None))
        .where(table.c.tenant_id == tx.tenant_id)
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    if state:
        statement = statement.where(table.c.state == state)
    if before is not None:
        statement = statement.where(tuple_(table.c.created_at, table.c.id) < before)
    return await tx.rows(statement)


async def count_dead(tx: Transaction) -> int:
    """How many were given up."""
    table = push_delivery
    return int(
        await tx.scalar(
            select(func.count()).select_from(table).where(table.c.tenant_id == tx.tenant_id, table.c.state == "dead")
        )
    )


async def find_delivery(tx: Transaction, delivery_id: UUID) -> Row[Any] | None:
    """One delivery of the tenant, locked."""
    table = push_delivery
    return await tx.row(
        select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == delivery_id).with_for_update()
    )


async def due(tx: Transaction) -> Row[Any] | None:
    """The delivery that has waited longest and is due, locked; one that another worker is at is left to it."""
    table, target = push_delivery, push_target
    return await tx.row(
        select(table, target.c.url, target.c.secret)
        .join(target, (target.c.tenant_id == table.c.tenant_id) & (target.c.id == table.c.target_id))
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.state == "waiting",
            table.c.next_at <= real_now(),
            target.c.state == "active",
        )
        .order_by(table.c.next_at, table.c.id)
        .limit(1)
        .with_for_update(of=table, skip_locked=True)
    )


async def next_at(tx: Transaction) -> datetime | None:
    """When the next delivery is to be tried."""
    table, target = push_delivery, push_target
    found: datetime | None = await tx.scalar(
        select(func.min(table.c.next_at))
        .join(target, (target.c.tenant_id == table.c.tenant_id) & (target.c.id == table.c.target_id))
        .where(table.c.tenant_id == tx.tenant_id, table.c.state == "waiting", target.c.state == "active")
    )
    return found
