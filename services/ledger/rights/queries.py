"""Which annual fees come due and which rights end, out of the days that were counted when the right was recorded."""

from datetime import timedelta

from sqlalchemy import select

from services.ledger.models import achievement, achievement_right
from shared.db.transaction import Transaction
from shared.todo import Todo
from shared.ui.words import day

# How long before its day a fee becomes something to do: our own, no rule's.
AHEAD = timedelta(days=60)
# How long before its last day the end of a right is called to mind: our own too.
ENDING = timedelta(days=180)
SHOWN = 50


async def todos(tx: Transaction) -> list[Todo]:
    """Annual fees that are due within 60 days or late, then rights whose term ends within 180 days or has ended."""
    return [*await _fees(tx), *await _ending(tx)]


async def _ending(tx: Transaction) -> list[Todo]:
    right, row = achievement_right, achievement
    rows = await tx.rows(
        select(row.c.id, row.c.code, right.c.number, right.c.expires_on)
        .join(row, (row.c.tenant_id == right.c.tenant_id) & (row.c.id == right.c.achievement_id))
        .where(
            right.c.tenant_id == tx.tenant_id,
            right.c.live,
            right.c.status == "granted",
            right.c.expires_on <= tx.today + ENDING,
            row.c.state == "registered",
        )
        .order_by(right.c.expires_on, row.c.number)
        .limit(SHOWN)
    )
    return [
        Todo(
            "权利届满",
            f"{one.number} 的保护期{'于' if one.expires_on >= tx.today else '已于'} {day(one.expires_on)} 届满",
            one.code,
            f"/institution/ledger/{one.id}/{'rights' if one.expires_on >= tx.today else 'losses'}",
            "查看" if one.expires_on >= tx.today else "登记丧失",
            "institution:ledger:write",
            "法定保护期按登记的日期推算，见该成果的“权利和年费”页",
            due_on=one.expires_on,
            tone="orange",
            lapses=True,
        )
        for one in rows
    ]


async def _fees(tx: Transaction) -> list[Todo]:
    """The nearest first."""
    right, row = achievement_right, achievement
    rows = await tx.rows(
        select(row.c.id, row.c.code, right.c.number, right.c.fee_due_on)
        .join(row, (row.c.tenant_id == right.c.tenant_id) & (row.c.id == right.c.achievement_id))
        .where(
            right.c.tenant_id == tx.tenant_id,
            right.c.live,
            right.c.status == "granted",
            right.c.fee_due_on <= tx.today + AHEAD,
            row.c.state == "registered",
        )
        .order_by(right.c.fee_due_on, row.c.number)
        .limit(SHOWN)
    )
    return [
        Todo(
            "专利年费",
            f"{one.number} 的年费应于 {day(one.fee_due_on)} 前缴纳",
            one.code,
            f"/institution/ledger/{one.id}/rights",
            "登记缴费",
            "institution:ledger:write",
            "专利法第四十三条；专利年度自申请日起算，上一年度期满前缴纳，期满日遇节假日顺延",
            due_on=one.fee_due_on,
            tone="orange",
        )
        for one in rows
    ]
