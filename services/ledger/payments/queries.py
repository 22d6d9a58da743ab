"""What was received of an achievement's conversions, and by year, as of any day and as known then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from services.ledger.models import achievement_version
from services.ledger.payments.models import conversion_payment, conversion_payment_version
from services.ledger.points import NOW, Point, held_then
from services.ledger.queries import not_hidden
from shared.db.transaction import Transaction

SEE = "institution:ledger:read"
RECORD = "institution:payment:write"


@dataclass(frozen=True, slots=True)
class Received:
    """What came in: how many payments, how much in yuan."""

    payments: int
    amount: Decimal


async def payments_of(tx: Transaction, achievement_id: UUID, point: Point = NOW) -> Sequence[Row[Any]]:
    """The payments that stood on the day, by it."""
    table = conversion_payment_version
    return await tx.rows(
        select(table)
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.achievement_id == achievement_id,
            table.c.live,
            *held_then(table, point),
        )
        .order_by(table.c.received_on, table.c.id)
    )


async def versions_of(tx: Transaction, achievement_id: UUID) -> Sequence[Row[Any]]:
    """Every version of every payment, the one recorded last on top."""
    table = conversion_payment_version
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id)
        .order_by(func.lower(table.c.recorded).desc())
    )


async def payment_for_update(tx: Transaction, achievement_id: UUID, payment_id: UUID) -> Row[Any] | None:
    """One payment of an achievement of the tenant, locked."""
    table = conversion_payment
    return await tx.row(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.id == payment_id)
        .with_for_update()
    )


async def received_by_year(tx: Transaction, point: Point = NOW) -> Mapping[int, Received]:
    """What came in by the year of its day, of achievements that stood in the ledger; a year without a payment is not in it."""
    table, of = conversion_payment_version, achievement_version
    year = func.extract("year", table.c.received_on).label("year")
    rows = await tx.rows(
        select(year, func.count().label("n"), func.sum(table.c.amount).label("total"))
        .join(of, (of.c.tenant_id == table.c.tenant_id) & (of.c.id == table.c.achievement_id))
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.live,
            *held_then(table, point),
            of.c.tenant_id == tx.tenant_id,
            of.c.state == "registered",
            *held_then(of, point),
            not_hidden(tx, of.c.id),
        )
        .group_by(year)
    )
    return {int(row.year): Received(row.n, Decimal(row.total)) for row in rows}


async def count_paid(tx: Transaction, point: Point = NOW) -> int:
    """How many achievements have brought in money, each once."""
    table, of = conversion_payment_version, achievement_version
    return int(
        await tx.scalar(
            select(func.count(table.c.achievement_id.distinct()))
            .join(of, (of.c.tenant_id == table.c.tenant_id) & (of.c.id == table.c.achievement_id))
            .where(
                table.c.tenant_id == tx.tenant_id,
                table.c.live,
                *held_then(table, point),
                of.c.tenant_id == tx.tenant_id,
                of.c.state == "registered",
                *held_then(of, point),
                not_hidden(tx, of.c.id),
            )
        )
    )
