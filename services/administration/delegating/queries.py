"""Delegations: those of a person, those that hold, and what was done under them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, or_, select, tuple_

from services.administration.delegating.models import delegation
from shared.audit.tables import audit_entry
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from tenants.people import names_of
from tenants.standing import Lent, own_permissions


@dataclass(frozen=True, slots=True)
class DelegationLine:
    """A delegation with the names of both; ``state`` is running, waiting, over or ended."""

    row: Row[Any]
    lender: str
    delegate: str
    ended_by: str
    state: str


async def delegations(tx: Transaction, *, all_of_unit: bool = False) -> list[DelegationLine]:
    """Those that the actor gave or was given, or all of the unit; the newest first."""
    wanted: list[ColumnElement[bool]] = [delegation.c.tenant_id == tx.tenant_id]
    if not all_of_unit:
        me = tx.actor.person_id
        wanted.append(or_(delegation.c.lender_id == me, delegation.c.delegate_id == me))
    rows = await tx.rows(
        select(delegation).where(*wanted).order_by(delegation.c.lent_at.desc(), delegation.c.id.desc())
    )
    people = {one for row in rows for one in (row.lender_id, row.delegate_id, row.ended_by) if one}
    names = await names_of(tx, list(people))
    return [
        DelegationLine(
            row,
            names.get(row.lender_id, ""),
            names.get(row.delegate_id, ""),
            names.get(row.ended_by, ""),
            _state(tx, row),
        )
        for row in rows
    ]


def _state(tx: Transaction, row: Row[Any]) -> str:
    if row.ended_at is not None:
        return "ended"
    if row.first_day > tx.today:
        return "waiting"
    return "running" if tx.today <= row.last_day else "over"


async def find_delegation(tx: Transaction, delegation_id: UUID, *, locked: bool = False) -> Row[Any] | None:
    mine = select(delegation).where(delegation.c.tenant_id == tx.tenant_id, delegation.c.id == delegation_id)
    return await tx.row(mine.with_for_update() if locked else mine)


async def live_of(tx: Transaction, column: ColumnElement[UUID], person_id: UUID) -> Sequence[Row[Any]]:
    """Delegations that were not ended and whose last day has not passed, by lender or by delegate."""
    return await tx.rows(
        select(delegation)
        .where(
            delegation.c.tenant_id == tx.tenant_id,
            column == person_id,
            delegation.c.ended_at.is_(None),
            delegation.c.last_day >= tx.today,
        )
        .order_by(delegation.c.first_day, delegation.c.id)
    )


async def lent_to(tx: Transaction, person_id: UUID) -> tuple[Lent, ...]:
    """What others have lent a person, as far as the lenders may still do it themselves."""
    found = []
    for row in await live_of(tx, delegation.c.delegate_id, person_id):
        held = await own_permissions(tx, row.lender_id)
        permissions = tuple(one for one in row.permissions if one in held)
        found.append(Lent(row.id, row.lender_id, permissions, row.first_day, row.last_day, row.application_id))
    return tuple(one for one in found if one.permissions)


async def done_for(tx: Transaction, row: Row[Any]) -> Sequence[Row[Any]]:
    """What the delegate did for the lender, from the log of the cases on which they did something, the newest first."""
    event, entry, lender = workflow_event.c, audit_entry.c, str(row.lender_id)
    cases = select(event.case_kind, event.case_id).where(
        event.tenant_id == tx.tenant_id,
        event.actor_id == row.delegate_id,
        event.details["on_behalf_of"].astext == lender,
    )
    return await tx.rows(
        select(entry.action, entry.object_id, entry.at)
        .where(
            entry.tenant_id == tx.tenant_id,
            tuple_(entry.object_kind, entry.object_id).in_(cases),
            entry.actor_id == row.delegate_id,
            entry.details["on_behalf_of"].astext == lender,
        )
        .order_by(entry.position.desc())
        .limit(50)
    )
