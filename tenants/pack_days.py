"""Which pack governed on a past day: what was decided then was decided by it, and is told by it."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import or_, select

from shared.clock import SHANGHAI
from shared.db.transaction import Transaction
from shared.policy.pack import Pack
from tenants.packs import Unreadable, governing, pack_activation


@dataclass(frozen=True, slots=True)
class GoverningThen:
    """The pack of a day. ``since`` is the day from which it governed, None where nothing says so: then it is today's."""

    pack: Pack
    since: date | None = None
    other: bool = False
    """Whether another one governs today."""


async def governing_on(tx: Transaction, day: date | None) -> GoverningThen:
    """The pack that governed at the end of a day: confirmed for that day or an earlier one, and not revoked by then.

    None, and a day of which nothing is known (before the province's first pack, or by a version that this release cannot
    read), is told by the pack in force.

    :raises Unavailable: the province has no pack in force.
    """
    today = await governing(tx)
    if day is None:
        return GoverningThen(today.pack)
    table = pack_activation.c
    over = datetime.combine(day + timedelta(days=1), time.min, SHANGHAI)
    row = await tx.row(
        select(table.pack_version_id, table.effective_on)
        .where(
            table.province_id == tx.province_id,
            table.effective_on <= day,
            table.confirmed_at.is_not(None),
            or_(table.withdrawn_at.is_(None), table.withdrawn_at >= over),
        )
        .order_by(table.effective_on.desc(), table.confirmed_at.desc())
        .limit(1)
    )
    if row is None:
        return GoverningThen(today.pack)
    try:
        then = await governing(tx, row.pack_version_id)
    except Unreadable:
        return GoverningThen(today.pack)
    return GoverningThen(then.pack, row.effective_on, then.id != today.id)
