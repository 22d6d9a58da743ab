"""Who is in a pilot (试点遴选): the only writers.

The science department acts; rows, events and audit stand with the institution.
"""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import Range

from services.pilot import rules
from services.pilot.models import pilot_membership
from services.pilot.queries import memberships
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from shared.workflow import record_decision, record_event, refuse, send
from tenants.packs import governing
from tenants.registry import organisation

KIND = "pilot_membership"
_DAY = timedelta(days=1)


async def _institution(tx: Transaction, tenant_id: UUID) -> Row[Any]:
    """The institution's row of the registry.

    :raises NotFound: no institution of this province.
    """
    row = await tx.row(
        select(organisation).where(
            organisation.c.id == tenant_id,
            organisation.c.province_id == tx.province_id,
            organisation.c.kind == "institution",
        )
    )
    if row is None:
        raise NotFound
    return row


async def select_institution(
    tx: Transaction, tenant_id: UUID, guideline: str, *, first_day: date, selected_on: date, document: str
) -> UUID | Refusal:
    """Enter a unit as selected for a guideline's pilot from a day; returns the membership's id.

    The two guidelines are selected for separately (rule 36); the guideline must be in force on the first day (rule 9).
    """
    unit = await _institution(tx, tenant_id)
    # One selection of a unit at a time, so that the second one sees the first and is told of it.
    await tx.execute(text("select pg_advisory_xact_lock(hashtextextended(:unit, 0))"), {"unit": f"pilot/{tenant_id}"})
    known = await memberships(tx, tenant_id)
    current = await governing(tx)
    membership_id = new_id()
    facts = rules.selection_facts(guideline, unit.unit_kind or "other", first_day, known, central=unit.central)
    answer = rules.may_select(facts, current.pack, tx.today)
    await record_decision(
        tx,
        answer,
        facts,
        KIND,
        membership_id,
        pack_version_id=current.id,
        pack_hash=current.hash,
        tenant_id=tenant_id,
        department_id=unit.department_id,
    )
    refused = (
        Refusal.of(answer)
        or rules.selected_too_late(guideline, first_day, selected_on)
        or rules.overlaps(known, guideline, first_day)
    )
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.select", KIND, membership_id)
    await tx.execute(
        insert(pilot_membership)
        .inline()
        .values(
            tenant_id=tenant_id,
            id=membership_id,
            province_id=tx.province_id,
            guideline=guideline,
            held=Range(first_day, None, bounds="[)"),
            document=document,
            selected_on=selected_on,
        )
    )
    details = {"guideline": guideline, "first_day": first_day.isoformat(), "document": document}
    await _told(tx, unit, membership_id, "selected", details)
    return membership_id


async def end_membership(tx: Transaction, membership_id: UUID, last_day: date, document: str) -> Refusal | None:
    """End a membership after a day, by a document; what was begun until then is not touched here."""
    row = await tx.row(
        select(
            pilot_membership.c.tenant_id,
            pilot_membership.c.guideline,
            func.lower(pilot_membership.c.held).label("first_day"),
            func.upper(pilot_membership.c.held).label("after"),
        )
        .where(pilot_membership.c.province_id == tx.province_id, pilot_membership.c.id == membership_id)
        .with_for_update()
    )
    if row is None:
        raise NotFound
    unit = await _institution(tx, row.tenant_id)
    refused = rules.ends_wrongly(row.guideline, row.first_day, last_day)
    if row.after is not None:
        over = row.after - _DAY
        refused = stale(
            f"该单位的试点资格已于 {over} 终止", f"guidelines.{row.guideline}", guideline=row.guideline, ended_on=over
        )
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.end", KIND, membership_id)
    await tx.execute(
        update(pilot_membership)
        .where(pilot_membership.c.tenant_id == row.tenant_id, pilot_membership.c.id == membership_id)
        .values(
            held=Range(row.first_day, last_day + _DAY, bounds="[)"),
            ended_by=document,
            changed_at=func.clock_timestamp(),
        )
    )
    details = {"guideline": row.guideline, "last_day": last_day.isoformat(), "document": document}
    await _told(tx, unit, membership_id, "ended", details)
    return None


async def _told(tx: Transaction, unit: Row[Any], membership_id: UUID, event: str, details: dict[str, str]) -> None:
    """Event, audit and news under the institution's own tenant."""
    owner = {"tenant_id": unit.id, "department_id": unit.department_id}
    await record_event(tx, KIND, membership_id, event, details=details, **owner)
    await write_audit(tx, f"{KIND}.{event}", KIND, membership_id, details=details, **owner)
    await send(tx, "message", {"what": f"{KIND}.{event}", "id": str(membership_id), **details}, **owner)
