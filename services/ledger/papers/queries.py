"""The papers of an achievement, in the order in which they were added."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Text, case, cast, select

from services.ledger.papers.models import ledger_paper
from services.ledger.points import NOW, Point, act_then
from shared.db.records import workflow_event
from shared.db.transaction import Transaction


async def papers_of(tx: Transaction, achievement_id: UUID, purpose: str, point: Point = NOW) -> Sequence[Row[Any]]:
    """Every paper of one purpose, withdrawn ones too; of a past day those that stood by its end, and whether they did."""
    table = ledger_paper
    withdrawn = case((_done(tx, point, "paper_withdrawn", table.c.withdrawn_at), table.c.withdrawn_at))
    columns = [one for one in table.c if one.name != "withdrawn_at"]
    return await tx.rows(
        select(*columns, (table.c.withdrawn_at if not point.past else withdrawn).label("withdrawn_at"))
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.purpose == purpose)
        .where(_done(tx, point, "paper_added", table.c.added_at))
        .order_by(table.c.added_at, table.c.id)
    )


def _done(tx: Transaction, point: Point, event: str, at: ColumnElement[Any]) -> ColumnElement[bool]:
    acts, paper = workflow_event.c, ledger_paper.c
    told = (acts.case_kind == "achievement", acts.case_id == paper.achievement_id, acts.event == event)
    return act_then(tx, point, at, *told, acts.details["paper"].astext == cast(paper.id, Text))


async def find_paper(
    tx: Transaction, achievement_id: UUID, paper_id: UUID, *, for_update: bool = False
) -> Row[Any] | None:
    """One paper of an achievement of the tenant, withdrawn or not."""
    table = ledger_paper
    statement = select(table).where(
        table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.id == paper_id
    )
    return await tx.row(statement.with_for_update() if for_update else statement)
