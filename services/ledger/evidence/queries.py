"""The papers that a discloser handed in with a disclosure, in the order in which they came."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Text, and_, cast, func, not_, select

from services.ledger.disclosure.models import disclosure, disclosure_paper
from services.ledger.papers.rules import SIZE_LIMIT, TYPES
from services.ledger.points import NOW, Point, act_then
from services.ledger.rules import Vocabulary
from shared.db.records import workflow_event
from shared.db.transaction import Transaction


async def papers_of(tx: Transaction, disclosure_id: UUID) -> Sequence[Row[Any]]:
    """Those that stand; what was taken away is shown nowhere."""
    table = disclosure_paper
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.disclosure_id == disclosure_id)
        .where(table.c.withdrawn_at.is_(None))
        .order_by(table.c.added_at, table.c.id)
    )


async def papers_of_achievement(tx: Transaction, achievement_id: UUID) -> Sequence[Row[Any]]:
    """Those of the disclosure from which an achievement was registered."""
    table = disclosure_paper
    return await tx.rows(
        select(table)
        .join(disclosure, (disclosure.c.tenant_id == table.c.tenant_id) & (disclosure.c.id == table.c.disclosure_id))
        .where(table.c.tenant_id == tx.tenant_id, disclosure.c.achievement_id == achievement_id)
        .where(table.c.withdrawn_at.is_(None))
        .order_by(table.c.added_at, table.c.id)
    )


async def find_paper(tx: Transaction, disclosure_id: UUID, paper_id: UUID) -> Row[Any] | None:
    """One that stands."""
    return next((one for one in await papers_of(tx, disclosure_id) if one.id == paper_id), None)


async def kinds_with_paper(tx: Transaction, disclosure_id: UUID) -> set[str]:
    """The kinds of evidence that a standing paper proves."""
    return {one.kind for one in await papers_of(tx, disclosure_id)}


async def last_version(tx: Transaction, disclosure_id: UUID, kind: str) -> int:
    """The highest version of a kind, of what was taken away too; 0 where there was none."""
    table = disclosure_paper
    found = await tx.scalar(
        select(func.max(table.c.version)).where(
            table.c.tenant_id == tx.tenant_id, table.c.disclosure_id == disclosure_id, table.c.kind == kind
        )
    )
    return int(found or 0)


async def disclosed_papers(tx: Transaction, achievement_id: UUID, words: Vocabulary) -> list[tuple[Row[Any], str]]:
    """What an achievement's page says of the papers that were disclosed with it: each with its kind in words."""
    papers = await papers_of_achievement(tx, achievement_id)
    return [(one, words.labels["evidence"].get(one.kind, one.kind)) for one in papers]


async def papers_then(tx: Transaction, disclosure_id: UUID, point: Point) -> Sequence[Row[Any]]:
    """Those that stood at a point; one that was taken away since is told with that, and opened no more."""
    table = disclosure_paper
    added = _done(tx, point, "paper_added", table.c.added_at)
    gone = and_(table.c.withdrawn_at.is_not(None), _done(tx, point, "paper_taken_away", table.c.withdrawn_at))
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.disclosure_id == disclosure_id, added, not_(gone))
        .where(table.c.file_name.is_not(None))
        .order_by(table.c.added_at, table.c.id)
    )


def _done(tx: Transaction, point: Point, event: str, at: ColumnElement[Any]) -> ColumnElement[bool]:
    acts, paper = workflow_event.c, disclosure_paper.c
    told = (acts.case_kind == "disclosure", acts.case_id == paper.disclosure_id, acts.event == event)
    return act_then(tx, point, at, *told, acts.details["paper"].astext == cast(paper.id, Text))


async def shown(tx: Transaction, disclosure_id: UUID, words: Vocabulary, point: Point = NOW) -> dict[str, Any]:
    """What a page says of the papers."""
    papers = await (papers_then(tx, disclosure_id, point) if point.past else papers_of(tx, disclosure_id))
    return {
        "papers": [(one, words.labels["evidence"].get(one.kind, one.kind)) for one in papers],
        "types": TYPES,
        "limit": SIZE_LIMIT,
    }
