"""Tasks of agencies: for the institution those of one achievement, for an agency those that are its own today."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, case, exists, or_, select

from services.ledger.models import achievement, agency_task
from services.ledger.points import NOW, Point, happened_then
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from shared.todo import Todo
from tenants.registry import organisation

AGENCY = "agency"
WORK = "console:agency:work"
MANAGE = "institution:ledger:write"
READ = "institution:ledger:read"


async def agencies(tx: Transaction) -> Sequence[Row[Any]]:
    """The transfer organisations of the province that an institution may invite: id, name."""
    return await tx.rows(
        select(organisation.c.id, organisation.c.name)
        .where(
            organisation.c.province_id == tx.province_id,
            organisation.c.kind == AGENCY,
            organisation.c.state == "active",
        )
        .order_by(organisation.c.name)
    )


# What a task says of itself stands there for its present state only.
_OF_STATE = ("body", "proposed", "reason", "delivered_at", "ended_at")


async def tasks_of(tx: Transaction, achievement_id: UUID, point: Point = NOW) -> Sequence[Row[Any]]:
    """What was handed over of one achievement, newest first, with the agency's name; of a past day, in the state of its last
    event by then.
    """
    table, acts = agency_task, workflow_event
    then = (
        select(acts.c.to_state)
        .where(
            acts.c.tenant_id == tx.tenant_id,
            acts.c.case_kind == "agency_task",
            acts.c.case_id == table.c.id,
            acts.c.to_state.is_not(None),
            *happened_then(tx, point, acts.c.at, acts.c.recorded_at),
        )
        .order_by(acts.c.recorded_at.desc(), acts.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    told = {name: case((then == table.c.state, table.c[name])) for name in _OF_STATE} | {"state": then}
    columns = [(told.get(one.name, one) if point.past else one).label(one.name) for one in table.c]
    return await tx.rows(
        select(*columns, organisation.c.name.label("agency_name"))
        .join(organisation, _agency())
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id)
        .where(*([then.is_not(None)] if point.past else []))
        .order_by(table.c.handed_at.desc(), table.c.id.desc())
    )


def _agency() -> ColumnElement[bool]:
    return (organisation.c.id == agency_task.c.recipient_id) & (organisation.c.province_id == agency_task.c.province_id)


async def task_for_update(tx: Transaction, achievement_id: UUID, task_id: UUID) -> Row[Any] | None:
    """One task of the institution, locked."""
    table = agency_task
    return await tx.row(
        select(table, organisation.c.name.label("agency_name"))
        .join(organisation, _agency())
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.id == task_id)
        .with_for_update(of=table)
    )


def _own_today(tx: Transaction) -> tuple[ColumnElement[bool], ...]:
    """An agency's own tasks within their period; the policy of its role says the first two as well."""
    table = agency_task
    return (
        table.c.recipient_id == tx.scope.organisation_id,
        table.c.ended_at.is_(None),
        table.c.first_day <= tx.today,
        table.c.last_day >= tx.today,
    )


def _owner() -> ColumnElement[bool]:
    return (organisation.c.id == agency_task.c.tenant_id) & (organisation.c.province_id == agency_task.c.province_id)


async def own_tasks(tx: Transaction) -> Sequence[Row[Any]]:
    """What an agency has in hand today, the earliest end first, with the institution's name."""
    table = agency_task
    return await tx.rows(
        select(table, organisation.c.name.label("institution"))
        .join(organisation, _owner())
        .where(*_own_today(tx))
        .order_by(table.c.last_day, table.c.id)
        .limit(200)
    )


async def own_task(tx: Transaction, task_id: UUID, *, for_update: bool = False) -> Row[Any] | None:
    """One of an agency's own tasks within its period; ended, early, late or somebody else's is as if it did not exist."""
    table = agency_task
    statement = (
        select(table, organisation.c.name.label("institution"))
        .join(organisation, _owner())
        .where(*_own_today(tx), table.c.id == task_id)
    )
    return await tx.row(statement.with_for_update(of=table) if for_update else statement)


async def over(tx: Transaction, today: date) -> Sequence[Row[Any]]:
    """Tasks of the tenant whose period is over, or whose achievement is no longer registered."""
    table, row = agency_task, achievement
    return await tx.rows(
        select(table.c.id, table.c.state, table.c.achievement_id, table.c.recipient_id, table.c.last_day)
        .join(row, (row.c.tenant_id == table.c.tenant_id) & (row.c.id == table.c.achievement_id))
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.ended_at.is_(None),
            or_(table.c.last_day < today, row.c.state != "registered"),
        )
        .order_by(table.c.id)
        .with_for_update(of=table)
    )


async def any_live(tx: Transaction) -> bool:
    """Whether the tenant has anything with an agency."""
    live = exists().where(agency_task.c.tenant_id == tx.tenant_id, agency_task.c.ended_at.is_(None))
    return bool(await tx.scalar(select(live)))


async def todos(tx: Transaction) -> list[Todo]:
    """Deliveries that wait for the department."""
    table = agency_task
    rows = await tx.rows(
        select(table.c.achievement_id, organisation.c.name, achievement.c.name.label("title"), achievement.c.code)
        .join(organisation, _agency())
        .join(
            achievement, (achievement.c.tenant_id == table.c.tenant_id) & (achievement.c.id == table.c.achievement_id)
        )
        .where(table.c.tenant_id == tx.tenant_id, table.c.ended_at.is_(None), table.c.state == "delivered")
        .order_by(table.c.delivered_at)
        .limit(50)
    )
    return [
        Todo(
            "委托服务",
            f"{one.name} 已交付：{one.title}",
            one.code,
            f"/institution/ledger/{one.achievement_id}/agency",
            "核对采纳",
            MANAGE,
            "政策没有规定天数；核对后采纳、退回或者终止",
        )
        for one in rows
    ]
