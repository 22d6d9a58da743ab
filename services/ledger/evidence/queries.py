"""The papers that a discloser handed in with a disclosure, in the order in which they came."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from services.ledger.disclosure.models import disclosure, disclosure_paper
from services.ledger.papers.rules import SIZE_LIMIT, TYPES
from services.ledger.rules import Vocabulary
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


async def shown(tx: Transaction, disclosure_id: UUID, words: Vocabulary) -> dict[str, Any]:
    """What a page says of the papers."""
    papers = await papers_of(tx, disclosure_id)
    return {
        "papers": [(one, words.labels["evidence"].get(one.kind, one.kind)) for one in papers],
        "types": TYPES,
        "limit": SIZE_LIMIT,
    }
