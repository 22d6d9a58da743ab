"""What an operator reads of the registry: organisations with alias, competent departments over time, and pilots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.pilot.queries import MembershipRow, public_memberships
from shared.db.transaction import Transaction
from tenants.departments import departments_of
from tenants.names import former_names
from tenants.registration import Registered, registered
from tenants.registry import list_organisations, organisation


@dataclass(frozen=True, slots=True)
class Relation:
    """A competent department from a day to a day (included); ``last_day`` None while it lasts."""

    name: str
    first_day: date
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Unit:
    """An organisation as its page shows it; ``relations`` and ``memberships`` are empty for an authority.

    ``formerly`` are its former names, the last one first.
    """

    registered: Registered
    competent: str
    relations: list[Relation]
    memberships: list[MembershipRow]
    formerly: Sequence[Row[Any]]

    @property
    def row(self) -> Row[Any]:
        return self.registered.row


async def listed(tx: Transaction, kind: str) -> Sequence[Row[Any]]:
    """The organisations of the province; ``kind`` keeps to one kind."""
    return [row for row in await list_organisations(tx) if not kind or row.kind == kind]


async def pilots_today(tx: Transaction) -> dict[UUID, list[str]]:
    """Which units are in which pilot today."""
    found: dict[UUID, list[str]] = {}
    for one in await public_memberships(tx):
        if one.holds_on(tx.today):
            found.setdefault(one.tenant_id, []).append(one.label)
    return found


async def unit(tx: Transaction, tenant_id: UUID) -> Unit:
    """:raises NotFound: no such organisation in this province."""
    known = await registered(tx, tenant_id)
    relations = await _relations(tx, tenant_id)
    name = await tx.scalar(
        select(organisation.c.name).where(
            organisation.c.id == known.row.department_id, organisation.c.province_id == tx.province_id
        )
    )
    memberships = [one for one in await public_memberships(tx) if one.tenant_id == tenant_id]
    return Unit(known, str(name), relations, memberships, await former_names(tx, tenant_id))


async def _relations(tx: Transaction, tenant_id: UUID) -> list[Relation]:
    rows = await departments_of(tx, tenant_id)
    return [
        Relation(row.name, row.since, row.until - timedelta(days=1) if row.until else None) for row in reversed(rows)
    ]


async def departments(tx: Transaction) -> list[tuple[UUID, str]]:
    """The competent departments that an institution may be handed to."""
    rows = await list_organisations(tx)
    return [(row.id, row.name) for row in rows if row.kind == "department" and row.state == "active"]
