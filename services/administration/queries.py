"""What the administration pages read: the audit log, one's own sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, String, select

from services.administration.forms import AuditFilter
from shared.audit.tables import audit_entry, audit_head, audit_seal
from shared.clock import SHANGHAI
from shared.db.transaction import Transaction
from tenants.people import doer, names_of, people_in
from tenants.registry import organisation

PAGE_SIZE = 30
EXPORT_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One entry as a page shows it; ``seal`` is its number in the chain, None while it waits for sealing."""

    position: int
    at: datetime
    actor: str
    action: str
    object_kind: str
    object_id: UUID | None
    outcome: str
    details: Mapping[str, Any]
    address: str
    seal: int | None


def _conditions(wanted: AuditFilter, tenant_id: UUID) -> list[ColumnElement[bool]]:
    entry = audit_entry.c
    found = [entry.tenant_id == tenant_id]
    for column, value in (
        (entry.action, wanted.action),
        (entry.object_kind, wanted.object_kind),
        (entry.outcome, wanted.outcome),
        (entry.actor_id, wanted.actor_id),
        (entry.object_id, wanted.object_id),
    ):
        if value:
            found.append(column == value)
    if wanted.first_day:
        found.append(entry.at >= datetime.combine(wanted.first_day, time(), SHANGHAI))
    if wanted.last_day:
        found.append(entry.at < datetime.combine(wanted.last_day + timedelta(days=1), time(), SHANGHAI))
    return found


async def audit_lines(
    tx: Transaction, wanted: AuditFilter, *, before: int | None = None, limit: int = PAGE_SIZE + 1
) -> list[AuditLine]:
    """Entries of the tenant, newest first; ``before`` is the position of the last one shown."""
    conditions = _conditions(wanted, tx.tenant_id)
    if before is not None:
        conditions.append(audit_entry.c.position < before)
    rows = await tx.rows(
        select(audit_entry, audit_seal.c.number.label("seal"))
        .outerjoin(
            audit_seal,
            (audit_seal.c.tenant_id == audit_entry.c.tenant_id) & (audit_seal.c.entry_id == audit_entry.c.id),
        )
        .where(*conditions)
        .order_by(audit_entry.c.position.desc())
        .limit(limit)
    )
    people = await names_of(tx, people_in(rows))
    authorities = await _organisation_names(
        tx, {row.actor_organisation_id for row in rows if row.actor_organisation_id != tx.tenant_id}
    )
    return [_line(row, people, authorities) for row in rows]


def _line(row: Row[Any], people: Mapping[UUID, str], authorities: Mapping[UUID, str]) -> AuditLine:
    actor = doer(row, people, authorities.get(row.actor_organisation_id) or "系统")
    return AuditLine(
        row.position,
        row.at,
        actor,
        row.action,
        row.object_kind,
        row.object_id,
        row.outcome,
        row.details or {},
        row.address or "",
        row.seal,
    )


async def _organisation_names(tx: Transaction, ids: set[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    rows = await tx.rows(
        select(organisation.c.id, organisation.c.name).where(
            organisation.c.province_id == tx.province_id, organisation.c.id.in_(ids)
        )
    )
    return {row.id: row.name for row in rows}


async def audit_choices(tx: Transaction) -> dict[str, list[str]]:
    """The actions and kinds of object that occur in the tenant's log, for the filter's lists."""
    actions = await tx.rows(_distinct(tx, audit_entry.c.action))
    kinds = await tx.rows(_distinct(tx, audit_entry.c.object_kind))
    return {"action": [row[0] for row in actions], "object_kind": [row[0] for row in kinds]}


def _distinct(tx: Transaction, column: ColumnElement[str]) -> Any:
    return (
        select(column.cast(String).label("value"))
        .where(audit_entry.c.tenant_id == tx.tenant_id)
        .distinct()
        .order_by("value")
    )


async def chain_state(tx: Transaction) -> Row[Any] | None:
    """How far the tenant's chain is sealed."""
    return await tx.row(select(audit_head.c.sealed, audit_head.c.at).where(audit_head.c.tenant_id == tx.tenant_id))
