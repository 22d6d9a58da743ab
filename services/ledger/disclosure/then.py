"""Disclosures at a point: the state of the last event by then, and what was said when it was last handed in by then.

What is typed between two submissions is nobody's word yet and is kept for no day; neither is what was said before versions
were kept. Who may see one is who may see it today.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, func, select, true
from sqlalchemy.sql.selectable import LateralFromClause

from services.ledger.disclosure.models import disclosure, disclosure_statement
from services.ledger.disclosure.queries import VERIFY, behind_one, list_disclosures, shown_to
from services.ledger.points import Point, happened_then
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from tenants.people import person

CASE = "disclosure"
_ACTS = workflow_event.c


def _acts(tx: Transaction, point: Point, *what: ColumnElement[bool]) -> tuple[ColumnElement[bool], ...]:
    """The events of one disclosure by then."""
    own = (_ACTS.tenant_id == tx.tenant_id, _ACTS.case_kind == CASE, _ACTS.case_id == disclosure.c.id)
    return (*own, *what, *happened_then(tx, point, _ACTS.at, _ACTS.recorded_at))


def _reached(tx: Transaction, point: Point, event: str) -> ColumnElement[Any]:
    """When this last happened to it, by then."""
    return select(func.max(_ACTS.at)).where(*_acts(tx, point, _ACTS.event == event)).scalar_subquery()


def _state(tx: Transaction, point: Point) -> ColumnElement[Any]:
    last = select(_ACTS.to_state).where(*_acts(tx, point, _ACTS.to_state.is_not(None)))
    return last.order_by(_ACTS.recorded_at.desc(), _ACTS.id.desc()).limit(1).scalar_subquery()


def _said(tx: Transaction, point: Point) -> LateralFromClause:
    kept = disclosure_statement.c
    own = (kept.tenant_id == tx.tenant_id, kept.disclosure_id == disclosure.c.id)
    last = select(kept.number, kept.said).where(*own, *happened_then(tx, point, kept.at, kept.recorded_at))
    return last.order_by(kept.number.desc()).limit(1).lateral("kept")


def _selected(tx: Transaction, point: Point) -> Select[Any]:
    """Every disclosure with its state then, None where it had not been begun."""
    table, said, state = disclosure.c, _said(tx, point), _state(tx, point).label("state")
    columns = (
        table.id, table.person_id, table.created_at, table.revision, state, said.c.number.label("version"), said.c.said,
        said.c.said["name"].astext.label("name"), said.c.said["type"].astext.label("type"),
        said.c.said["funding"].astext.label("funding"),
        _reached(tx, point, "submitted").label("submitted_at"), _reached(tx, point, "registered").label("verified_at"),
        case((_state(tx, point) == "registered", table.achievement_id)).label("achievement_id"),
        person.c.name.label("discloser"),
    )  # fmt: skip
    return (
        select(*columns)
        .select_from(disclosure)
        .join(person, (person.c.tenant_id == table.tenant_id) & (person.c.id == table.person_id))
        .join(said, true(), isouter=True)
        .where(table.tenant_id == tx.tenant_id, shown_to(tx))
    )


async def disclosure_then(tx: Transaction, disclosure_id: UUID, point: Point) -> Row[Any] | None:
    """One of those that the actor may read; None where it had not been begun."""
    statement = _selected(tx, point)
    row = await tx.row(statement.where(disclosure.c.id == disclosure_id))
    may_read = row is not None and (row.person_id == tx.actor.person_id or VERIFY in tx.actor.permissions)
    return row if may_read and row is not None and row.state is not None else None


async def listed(
    tx: Transaction,
    states: Sequence[str],
    point: Point,
    *,
    person_id: UUID | None,
    behind: UUID | None = None,
    limit: int = 100,
) -> Sequence[Row[Any]]:
    """Those that are in some states, or were at a point, the newest first; as ``queries.list_disclosures`` has them."""
    if not point.past:
        return await list_disclosures(tx, states, person_id=person_id, behind=behind, limit=limit)
    statement = _selected(tx, point)
    statement = statement.where(_state(tx, point).in_(states), *behind_one(tx, behind))
    if person_id is not None:
        statement = statement.where(disclosure.c.person_id == person_id)
    return await tx.rows(statement.order_by(disclosure.c.created_at.desc(), disclosure.c.id.desc()).limit(limit))


async def returns_then(
    tx: Transaction, returns: Sequence[Row[Any]], disclosure_id: UUID, point: Point
) -> list[Row[Any]]:
    """Of the reasons of every return, those that had been given by then."""
    acts = (_ACTS.tenant_id == tx.tenant_id, _ACTS.case_kind == CASE, _ACTS.case_id == disclosure_id)
    given = await tx.scalar(
        select(func.count()).where(
            *acts, _ACTS.event == "returned", *happened_then(tx, point, _ACTS.at, _ACTS.recorded_at)
        )
    )
    return [one for one in returns if one.round <= int(given or 0)]
