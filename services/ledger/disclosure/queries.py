"""What disclosures there are: one with its team and its returns, lists, what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, or_, select, tuple_

from services.ledger.disclosure.models import (
    DISCLOSURE_STATES,
    disclosure,
    disclosure_completer,
    disclosure_return,
    disclosure_statement,
)
from services.ledger.queries import not_hidden
from shared.db.transaction import Transaction
from shared.todo import Todo
from tenants.people import person
from tenants.registry import organisation

VERIFY = "institution:disclosure:verify"
WRITE = "institution:disclosure:write"
PAGE_SIZE = 50
_NO_DEADLINE = "政策要求“及时”，没有规定天数"


@dataclass(frozen=True, slots=True)
class DisclosedMember:
    """One completer of a disclosure in the order in which they were named."""

    person_id: UUID
    name: str
    share: Fraction | None
    made_here: bool


async def find_disclosure(tx: Transaction, disclosure_id: UUID, *, for_update: bool = False) -> Row[Any] | None:
    """One disclosure of the tenant; locked when it is about to move."""
    statement = select(disclosure).where(disclosure.c.tenant_id == tx.tenant_id, disclosure.c.id == disclosure_id)
    return await tx.row(statement.with_for_update() if for_update else statement)


async def readable_disclosure(tx: Transaction, disclosure_id: UUID) -> Row[Any] | None:
    """One's own, or any of the tenant for those who verify; anything else is as if it did not exist."""
    row = await tx.row(
        select(disclosure).where(disclosure.c.tenant_id == tx.tenant_id, disclosure.c.id == disclosure_id, shown_to(tx))
    )
    return row if row is not None and (row.person_id == tx.actor.person_id or VERIFY in tx.actor.permissions) else None


def shown_to(tx: Transaction) -> ColumnElement[bool]:
    """Not what became a record that is suspected to be classified."""
    became = disclosure.c.achievement_id
    return or_(became.is_(None), not_hidden(tx, became))


async def members_of(tx: Transaction, disclosure_id: UUID) -> list[DisclosedMember]:
    """The team in order, with names and exact shares."""
    table = disclosure_completer
    rows = await tx.rows(
        select(table, person.c.name.label("person_name"))
        .join(person, (person.c.tenant_id == table.c.tenant_id) & (person.c.id == table.c.person_id))
        .where(table.c.tenant_id == tx.tenant_id, table.c.disclosure_id == disclosure_id)
        .order_by(table.c.position)
    )
    return [
        DisclosedMember(
            row.person_id,
            row.person_name or "",
            Fraction(row.share_numerator, row.share_denominator) if row.share_denominator else None,
            row.made_here,
        )
        for row in rows
    ]


async def shares_of(tx: Transaction, disclosure_id: UUID) -> list[tuple[str, str | None]]:
    """(person id, exact share) of the team in order, as text."""
    team = await members_of(tx, disclosure_id)
    return [(str(one.person_id), str(one.share) if one.share is not None else None) for one in team]


async def returns_of(tx: Transaction, disclosure_id: UUID) -> Sequence[Row[Any]]:
    """The reasons of every return, newest round first."""
    table = disclosure_return
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.disclosure_id == disclosure_id)
        .order_by(table.c.round.desc(), table.c.field)
    )


async def list_disclosures(
    tx: Transaction, states: Sequence[str], *, person_id: UUID | None, behind: UUID | None = None, limit: int = 100
) -> Sequence[Row[Any]]:
    """Disclosures in some states, newest first: of one person, or of everybody for those who verify.

    ``behind`` leaves those that are older than one; an id that is none of the tenant's leaves nothing.
    """
    table = disclosure
    statement = (
        select(table, person.c.name.label("discloser"))
        .join(person, (person.c.tenant_id == table.c.tenant_id) & (person.c.id == table.c.person_id))
        .where(table.c.tenant_id == tx.tenant_id, table.c.state.in_(states), shown_to(tx), *behind_one(tx, behind))
        .order_by(table.c.created_at.desc(), table.c.id.desc())
        .limit(limit)
    )
    if person_id is not None:
        statement = statement.where(table.c.person_id == person_id)
    return await tx.rows(statement)


def behind_one(tx: Transaction, behind: UUID | None) -> list[ColumnElement[bool]]:
    """Those that are older than one."""
    table = disclosure.c
    if behind is None:
        return []
    mark = select(table.created_at, table.id).where(table.tenant_id == tx.tenant_id, table.id == behind).subquery()
    return [tuple_(table.created_at, table.id) < select(mark.c.created_at, mark.c.id).scalar_subquery()]


async def unit_kind_of(tx: Transaction) -> str | None:
    """Which kind of unit the tenant is; the pack's fields may depend on it."""
    kind = await tx.scalar(
        select(organisation.c.unit_kind).where(
            organisation.c.id == tx.tenant_id, organisation.c.province_id == tx.province_id
        )
    )
    return str(kind) if kind else None


async def last_round(tx: Transaction, disclosure_id: UUID) -> int:
    table = disclosure_return
    found = await tx.scalar(
        select(func.max(table.c.round)).where(table.c.tenant_id == tx.tenant_id, table.c.disclosure_id == disclosure_id)
    )
    return int(found or 0)


async def last_version(tx: Transaction, disclosure_id: UUID) -> int:
    """How many versions are kept of what a disclosure said."""
    table = disclosure_statement
    kept = select(func.max(table.c.number)).where(
        table.c.tenant_id == tx.tenant_id, table.c.disclosure_id == disclosure_id
    )
    return int(await tx.scalar(kept) or 0)


async def todos(tx: Transaction) -> list[Todo]:
    """Disclosures that wait for verification, and one's own that came back."""
    found: list[Todo] = []
    if VERIFY in tx.actor.permissions:
        for row in await list_disclosures(tx, ["submitted"], person_id=None):
            found.append(_todo(row, f"{row.discloser or ''} 披露", "核实", VERIFY, "blue"))
    if WRITE in tx.actor.permissions and tx.actor.person_id is not None:
        for row in await list_disclosures(tx, ["returned"], person_id=tx.actor.person_id):
            found.append(_todo(row, DISCLOSURE_STATES["returned"], "修改", WRITE, "orange"))
    return found


def _todo(row: Row[Any], words: str, action: str, permission: str, tone: str) -> Todo:
    return Todo(
        kind="成果披露",
        title=row.name or "（未命名）",
        subtitle=words,
        href=f"/institution/disclosures/{row.id}",
        action=action,
        permission=permission,
        basis=_NO_DEADLINE,
        tone=tone,
    )
