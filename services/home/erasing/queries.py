"""Orders to erase, what they concern, and what an object in the store is still needed for."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, String, false, func, or_, select, union_all

from services.home.erasing.models import erasure_order
from services.ledger.models import achievement, achievement_right, achievement_version
from shared.audit.tables import audit_entry
from shared.db.tables import metadata
from shared.db.transaction import Transaction
from tenants.registry import organisation

# A shorter word may be an ordinary one, and stands in texts that have nothing to do with it.
TELLING = 4


async def open_orders(tx: Transaction) -> Sequence[Row[Any]]:
    """What was ordered and is not done yet, over all tenants, with whose it is: for the maintenance login."""
    return await tx.rows(
        select(erasure_order, organisation.c.department_id)
        .join(organisation, organisation.c.id == erasure_order.c.tenant_id)
        .where(erasure_order.c.done_at.is_(None))
        .order_by(erasure_order.c.ordered_at)
    )


def tenants() -> Select[Any]:
    """Every organisation that is a tenant, with what its rows carry: for the maintenance login."""
    table = organisation.c
    return select(table.id, table.province_id, table.department_id).order_by(table.id)


async def order_for_update(tx: Transaction, order_id: UUID) -> Row[Any] | None:
    """One open order of the tenant, locked; None when another run has done it."""
    table = erasure_order.c
    return await tx.row(
        select(erasure_order)
        .where(table.tenant_id == tx.tenant_id, table.id == order_id, table.done_at.is_(None))
        .with_for_update()
    )


async def order_of(tx: Transaction, subject_id: UUID) -> Row[Any] | None:
    """The newest order about a record or a person."""
    table = erasure_order.c
    return await tx.row(
        select(erasure_order)
        .where(table.tenant_id == tx.tenant_id, table.subject_id == subject_id)
        .order_by(table.ordered_at.desc(), table.id.desc())
        .limit(1)
    )


async def orders(tx: Transaction, kind: str) -> Sequence[Row[Any]]:
    """The tenant's orders of a kind, newest first."""
    table = erasure_order.c
    return await tx.rows(
        select(erasure_order)
        .where(table.tenant_id == tx.tenant_id, table.kind == kind)
        .order_by(table.ordered_at.desc(), table.id.desc())
        .limit(100)
    )


async def find_order(tx: Transaction, order_id: UUID) -> Row[Any] | None:
    return await tx.row(
        select(erasure_order).where(erasure_order.c.tenant_id == tx.tenant_id, erasure_order.c.id == order_id)
    )


async def telling_words(tx: Transaction, achievement_id: UUID) -> list[str]:
    """The names that an achievement ever had and its rights' numbers, as written: what it can be recognised by elsewhere."""
    names = await tx.rows(
        select(achievement_version.c.name.label("said"))
        .where(achievement_version.c.tenant_id == tx.tenant_id, achievement_version.c.id == achievement_id)
        .union(
            select(achievement.c.name).where(
                achievement.c.tenant_id == tx.tenant_id, achievement.c.id == achievement_id
            )
        )
    )
    rights = await tx.rows(
        select(achievement_right.c.number, achievement_right.c.raw).where(
            achievement_right.c.tenant_id == tx.tenant_id, achievement_right.c.achievement_id == achievement_id
        )
    )
    said = {row.said for row in names} | {one for row in rights for one in (row.number, row.raw) if one}
    return sorted((one for one in said if len(one) >= TELLING), key=len, reverse=True)


async def records_saying(tx: Transaction, words: Sequence[str], own_id: UUID) -> list[str]:
    """Codes of the registered records, besides the record itself, whose name says one of the words."""
    table = achievement.c
    rows = await tx.rows(
        select(table.code)
        .where(
            table.tenant_id == tx.tenant_id,
            table.state == "registered",
            table.id != own_id,
            or_(false(), *(func.strpos(table.name, one) > 0 for one in words)),
        )
        .order_by(table.number)
        .limit(10)
    )
    return [row.code for row in rows]


async def cases_vouching(tx: Transaction, decided: Row[Any]) -> set[tuple[str, UUID]]:
    """The cases whose log names a decision with its hash, and the decision's own: a file of any of them holds it."""
    table = audit_entry.c
    rows = await tx.rows(
        select(table.object_kind, table.object_id).where(
            table.tenant_id == tx.tenant_id,
            table.object_id.is_not(None),
            table.details["decisions"].has_key(str(decided.id)),
        )
    )
    return {(decided.case_kind, decided.case_id), *((row.object_kind, row.object_id) for row in rows)}


async def still_needed(tx: Transaction, digests: Iterable[str]) -> set[str]:
    """Which of these objects a row of the tenant still names, whichever table it stands in."""
    wanted = sorted(set(digests))
    named = [
        select(column.label("digest")).where(column.table.c.tenant_id == tx.tenant_id, column.in_(wanted))
        for table in metadata.tables.values()
        if table.info["scope"] == "tenant"
        for column in table.columns
        if isinstance(column.type, String) and column.name in ("object_hash", "document_hash", "kept_hash")
    ]
    return {row.digest for row in await tx.rows(union_all(*named))} if wanted else set()
