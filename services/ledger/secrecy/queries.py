"""What the secrecy office reads: records that wait for its judgement, and how often the gate closed in each month."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.ledger.models import achievement
from services.ledger.secrecy.models import secrecy_count, secrecy_setting
from shared.db.transaction import Transaction

JUDGE = "institution:secrecy:judge"
_MONTHS = 24


async def setting_of(tx: Transaction) -> Row[Any] | None:
    """What the unit decided about counting; None as long as it decided nothing, and nothing is counted."""
    return await tx.row(select(secrecy_setting).where(secrecy_setting.c.tenant_id == tx.tenant_id))


async def counts_of(tx: Transaction) -> Sequence[Row[Any]]:
    """(month, n), newest first; months without any are left out."""
    table = secrecy_count.c
    return await tx.rows(
        select(table.month, table.n).where(table.tenant_id == tx.tenant_id).order_by(table.month.desc()).limit(_MONTHS)
    )


async def quarantined(tx: Transaction) -> Sequence[Row[Any]]:
    """The records that wait, by number, without a word of what they say."""
    table = achievement.c
    return await tx.rows(
        select(table.id, table.code, table.recorded_at)
        .where(table.tenant_id == tx.tenant_id, table.state == "quarantined")
        .order_by(table.number)
    )
