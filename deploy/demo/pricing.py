"""Notices of proposed prices (关联交易、协议定价公示) in the province whose text asks for them, some running, some over."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import func, select

from deploy.demo.acting import Demo, at, done
from deploy.demo.organisations import Organisation
from services.ledger.models import achievement
from services.notices.models import notice
from services.notices.rules import NewNotice
from services.notices.workflow import publish_notice
from shared.db.transaction import Transaction

KIND = "pricing"
# institution: day of publication, length in days (at least what the text says), proposed price
_ANNOUNCED = {
    "songhuahu": ((date(2026, 3, 6), 15, "1,260,000 元"), (date(2026, 3, 12), 20, "480,000 元")),
    "xianghai": ((date(2026, 3, 11), 15, "2,050,000 元"),),
    "chaganhu": ((date(2026, 2, 9), 15, "356,000 元"),),
}


async def announce_prices(demo: Demo, institution: Organisation) -> None:
    """The notices of an institution that has any, unless it has published one already."""
    for number, (day, days, price) in enumerate(_ANNOUNCED.get(institution.key, ())):
        async with demo.acting(f"{institution.key}-clerk", at(day, 9)) as tx:
            published = await tx.scalar(
                select(func.count()).where(notice.c.tenant_id == tx.tenant_id, notice.c.kind == KIND)
            )
            if published > number:
                continue
            achievement_id, name = await _intended(tx, number)
            said = {"achievement_name": name, "proposed_price": price}
            new = NewNotice(KIND, achievement_id, f"{name}协议定价公示", said, {}, days)
            done(await publish_notice(tx, new))


async def _intended(tx: Transaction, number: int) -> tuple[UUID, str]:
    """One of the achievements for which a contract is being talked about."""
    table = achievement.c
    row = await tx.row(
        select(table.id, table.name)
        .where(table.tenant_id == tx.tenant_id, table.status == "intended", table.state == "registered")
        .order_by(table.number.desc())
        .offset(number)
        .limit(1)
    )
    assert row is not None
    return row.id, row.name
