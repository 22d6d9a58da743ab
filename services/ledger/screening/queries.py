"""The cycle, the rounds, their achievements; what waits for whom."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from services.ledger.models import achievement
from services.ledger.screening import rules
from services.ledger.screening.models import screening_item, screening_plan, screening_round
from shared.db.transaction import Transaction
from shared.todo import Todo
from shared.ui.words import day

SEE = "institution:ledger:read"
JUDGE = "institution:ledger:write"
PAGE_SIZE = 50
_AT_ONCE = 200


async def plan(tx: Transaction) -> Row[Any] | None:
    """The cycle that holds; None where the unit has set none."""
    table = screening_plan
    return await tx.row(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id)
        .order_by(table.c.set_at.desc(), table.c.id.desc())
        .limit(1)
    )


async def plans(tx: Transaction) -> Sequence[Row[Any]]:
    """Every cycle that was ever set, the newest first."""
    table = screening_plan
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id)
        .order_by(table.c.set_at.desc(), table.c.id.desc())
        .limit(50)
    )


async def has_plan(tx: Transaction) -> bool:
    """Whether the daily job has anything to look at."""
    return await plan(tx) is not None


async def rounds(tx: Transaction) -> Sequence[Row[Any]]:
    """The rounds, the newest first."""
    table = screening_round
    return await tx.rows(
        select(table).where(table.c.tenant_id == tx.tenant_id).order_by(table.c.number.desc()).limit(200)
    )


async def open_round(tx: Transaction) -> Row[Any] | None:
    """The round that is under way."""
    table = screening_round
    return await tx.row(select(table).where(table.c.tenant_id == tx.tenant_id, table.c.state == "open"))


async def find_round(tx: Transaction, round_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """One round of the tenant."""
    table = screening_round
    statement = select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == round_id)
    return await tx.row(statement.with_for_update() if lock else statement)


async def last_round(tx: Transaction) -> Row[Any] | None:
    """The round with the latest day."""
    table = screening_round
    return await tx.row(select(table).where(table.c.tenant_id == tx.tenant_id).order_by(table.c.due_on.desc()).limit(1))


async def items(
    tx: Transaction, round_id: UUID, *, waiting_only: bool = False, after: int = 0, limit: int = PAGE_SIZE
) -> Sequence[Row[Any]]:
    """The achievements of a round by their numbers, ``after`` one of them; what is quarantined shows nowhere."""
    table, row = screening_item, achievement
    statement = (
        select(table, row.c.code, row.c.number, row.c.name, row.c.status, row.c.stage_recognised)
        .join(row, (row.c.tenant_id == table.c.tenant_id) & (row.c.id == table.c.achievement_id))
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.round_id == round_id,
            row.c.state == "registered",
            row.c.number > after,
        )
        .order_by(row.c.number)
        .limit(limit)
    )
    return await tx.rows(statement.where(table.c.result.is_(None)) if waiting_only else statement)


async def waiting(tx: Transaction) -> Sequence[Row[Any]]:
    """What was handed in and waits for the next round, at most 200."""
    table, row = screening_item, achievement
    return await tx.rows(
        select(table, row.c.code, row.c.name)
        .join(row, (row.c.tenant_id == table.c.tenant_id) & (row.c.id == table.c.achievement_id))
        .where(table.c.tenant_id == tx.tenant_id, table.c.round_id.is_(None), row.c.state == "registered")
        .order_by(row.c.number)
        .limit(_AT_ONCE)
    )


async def items_for_update(tx: Transaction, round_id: UUID, item_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Some achievements of a round, locked in one order."""
    table, row = screening_item, achievement
    return await tx.rows(
        select(table.c.id, table.c.achievement_id, table.c.result, row.c.code)
        .join(row, (row.c.tenant_id == table.c.tenant_id) & (row.c.id == table.c.achievement_id))
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.round_id == round_id,
            table.c.id.in_(item_ids),
            row.c.state == "registered",
        )
        .order_by(table.c.id)
        .with_for_update(of=table)
    )


async def open_codes(tx: Transaction, round_id: UUID) -> list[str]:
    """The codes of a round's achievements without a result; what has left the ledger needs none."""
    table, row = screening_item, achievement
    rows = await tx.rows(
        select(row.c.code)
        .join(table, (row.c.tenant_id == table.c.tenant_id) & (row.c.id == table.c.achievement_id))
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.round_id == round_id,
            table.c.result.is_(None),
            row.c.state == "registered",
        )
        .order_by(row.c.number)
    )
    return [one.code for one in rows]


async def counts(tx: Transaction, round_id: UUID) -> Mapping[str, int]:
    """How many of a round by result; the key "" counts those without one."""
    table, row = screening_item, achievement
    rows = await tx.rows(
        select(func.coalesce(table.c.result, "").label("result"), func.count().label("n"))
        .join(row, (row.c.tenant_id == table.c.tenant_id) & (row.c.id == table.c.achievement_id))
        .where(table.c.tenant_id == tx.tenant_id, table.c.round_id == round_id, row.c.state == "registered")
        .group_by(table.c.result)
    )
    return {one.result: one.n for one in rows}


async def results_of(tx: Transaction, achievement_id: UUID) -> Sequence[Row[Any]]:
    """What screenings made of one achievement, the newest first."""
    table, turn = screening_item, screening_round
    return await tx.rows(
        select(table, turn.c.number, turn.c.due_on)
        .join(turn, (turn.c.tenant_id == table.c.tenant_id) & (turn.c.id == table.c.round_id))
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id)
        .order_by(turn.c.number.desc())
    )


async def todos(tx: Transaction) -> list[Todo]:
    """The round under way, or the next one once it is time to begin it."""
    running = await open_round(tx)
    if running is not None:
        left = (await counts(tx, running.id)).get("", 0)
        subtitle = f"还有 {left} 项没有结论" if left else "各项都有结论，请写小结后结束"
        title = f"第 {running.number} 轮成果筛查自评"
        return [_todo(title, subtitle, running.due_on, f"/institution/screening/{running.id}", "办理")]
    holding = await plan(tx)
    if holding is None:
        return []
    last = await last_round(tx)
    due = rules.next_due(holding.first_due_on, holding.every_months, last.due_on if last is not None else None)
    if tx.today < due - timedelta(days=holding.ahead_days):
        return []
    return [_todo("开始本期成果筛查自评", f"应于 {day(due)} 前完成", due, "/institution/screening", "开始")]


def _todo(title: str, subtitle: str, due: Any, href: str, action: str) -> Todo:
    basis = "条文要求定期筛查、自评，周期由本单位设定"
    return Todo("筛查自评", title, subtitle, href, action, JUDGE, basis, due_on=due, tone="orange")
