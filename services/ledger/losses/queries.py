"""Handovers: those of one achievement, those that wait for finance."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, case, cast, literal, select

from services.ledger.losses.models import right_handover
from services.ledger.models import achievement
from services.ledger.points import NOW, Point, act_then
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from shared.todo import Todo
from shared.ui.words import day

RECEIVE = "institution:asset:receive"


_RECEIPT = ("state", "received_at", "received_by", "booking")


async def handovers_of(tx: Transaction, achievement_id: UUID, point: Point = NOW) -> Sequence[Row[Any]]:
    """Newest first; of a past day those that were handed over by its end, with what finance had made of them."""
    table, acts = right_handover, workflow_event.c
    received = act_then(
        tx, point, table.c.received_at, acts.case_kind == "right_handover", acts.case_id == table.c.id,
        acts.event == "received",
    )  # fmt: skip
    handed = act_then(
        tx, point, table.c.handed_at, acts.case_kind == "achievement", acts.case_id == table.c.achievement_id,
        acts.event == "right_lost", acts.details["handover"].astext == cast(table.c.id, Text),
    )  # fmt: skip
    then = {name: case((received, table.c[name])) for name in _RECEIPT} if point.past else {}
    then |= {"state": case((received, table.c.state), else_=literal("handed"))} if point.past else {}
    return await tx.rows(
        select(*(then.get(one.name, one).label(one.name) for one in table.c))
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id)
        .where(handed)
        .order_by(table.c.handed_at.desc(), table.c.id.desc())
    )


async def handover_for_update(tx: Transaction, achievement_id: UUID, handover_id: UUID) -> Row[Any] | None:
    """One handover of an achievement of the tenant, locked."""
    table = right_handover
    return await tx.row(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.id == handover_id)
        .with_for_update()
    )


async def todos(tx: Transaction) -> list[Todo]:
    """Handovers that finance and asset management have not booked yet, oldest first."""
    table, row = right_handover, achievement
    rows = await tx.rows(
        select(table.c.number, table.c.lost_on, row.c.id, row.c.code)
        .join(row, (row.c.tenant_id == table.c.tenant_id) & (row.c.id == table.c.achievement_id))
        .where(table.c.tenant_id == tx.tenant_id, table.c.state == "handed", row.c.state != "quarantined")
        .order_by(table.c.handed_at)
        .limit(50)
    )
    return [
        Todo(
            "权利丧失",
            f"{one.number} 自 {day(one.lost_on)} 起不再属于本单位",
            one.code,
            f"/institution/ledger/{one.id}/losses",
            "账务处理",
            RECEIVE,
            "政策没有规定天数；核实后由财务、资产管理部门进行账务处理",
        )
        for one in rows
    ]
