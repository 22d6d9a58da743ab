"""Who owned an achievement from when to when, as is known now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.ledger.models import achievement_version
from services.ledger.points import NOW, Point
from shared.db.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Period:
    """Owners and custody from a day to the day before ``until``; ``until`` is None while it lasts."""

    since: date
    until: date | None
    owners: Sequence[dict[str, Any]]
    custody: dict[str, Any] | None


async def periods(tx: Transaction, achievement_id: UUID, point: Point = NOW) -> list[Period]:
    """The periods known now, newest first; versions that say the same of both are one period. Of a past day: those until
    then; of an instant: as they were known.
    """
    table = achievement_version
    known = func.upper_inf(table.c.recorded) if point.known_at is None else table.c.recorded.op("@>")(point.known_at)
    begun = [func.lower(table.c.held) <= point.as_of] if point.as_of is not None else []
    rows = await tx.rows(
        select(table.c.held, table.c.owners, table.c.custody)
        .where(table.c.tenant_id == tx.tenant_id, table.c.id == achievement_id, known, *begun)
        .order_by(func.lower(table.c.held))
    )
    found: list[Period] = []
    for row in rows:
        owners = row.owners or []
        last = found[-1] if found else None
        if last is not None and (last.owners, last.custody) == (owners, row.custody):
            found[-1] = Period(last.since, row.held.upper, owners, row.custody)
        else:
            found.append(Period(row.held.lower, row.held.upper, owners, row.custody))
    return [one for one in reversed(found) if one.owners or one.custody]
