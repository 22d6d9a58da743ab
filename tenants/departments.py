"""The competent department of an institution: a dated relation, and a change that takes place on its day."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import Range

from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import ApplicationError, NotFound
from shared.ids import new_id
from shared.tasks.broker import ask_soon
from tenants.registry import organisation, supervision


class NotProvisioned(ApplicationError):
    """What a command names does not exist, or does not fit; the message says so in Chinese."""

    status = 422
    title = "无法办理"


async def move_department(tx: Transaction, tenant_id: UUID, department_id: UUID, since: date) -> None:
    """Another competent department from a day on: recorded now; on that day the unit, its people who are signed in, its open
    report and its totals follow. What was submitted stays with whom it was submitted to.

    :raises NotProvisioned: the day is not later than the beginning of the present relation.
    """
    row = await tx.row(
        select(organisation)
        .where(
            organisation.c.id == tenant_id,
            organisation.c.province_id == tx.province_id,
            organisation.c.kind == "institution",
        )
        .with_for_update()
    )
    if row is None:
        raise NotFound
    if not await supervise(tx, tenant_id, department_id, since):
        return
    details = {"since": since.isoformat(), "changes": {"department_id": [str(row.department_id), str(department_id)]}}
    await write_audit(tx, "organisation.move_department", "organisation", tenant_id, details=details)
    if since <= tx.today:
        await put_department(tx, tenant_id, department_id)
        ask_soon(tx, "follow_department", tenant_id)


async def put_department(tx: Transaction, tenant_id: UUID, department_id: UUID) -> None:
    """The competent department from now on, in the registry, the directory and the sessions of the unit's people."""
    await tx.execute(
        update(organisation)
        .where(organisation.c.id == tenant_id, organisation.c.province_id == tx.province_id)
        .values(department_id=department_id)
    )
    await tx.execute(
        text("select app.put_department(:tenant, :department)"), {"tenant": tenant_id, "department": department_id}
    )


async def departments_of(tx: Transaction, tenant_id: UUID) -> Sequence[Row[Any]]:
    """The competent departments of an institution, the first one first: name, since, until (the day after the last)."""
    return await tx.rows(
        select(
            organisation.c.name,
            func.lower(supervision.c.held).label("since"),
            func.upper(supervision.c.held).label("until"),
        )
        .join(
            organisation,
            (organisation.c.id == supervision.c.department_id)
            & (organisation.c.province_id == supervision.c.province_id),
        )
        .where(supervision.c.tenant_id == tenant_id, supervision.c.province_id == tx.province_id)
        .order_by("since")
    )


async def department_on(tx: Transaction, day: date) -> UUID | None:
    """Who is the competent department of the transaction's tenant on a day."""
    found = await tx.scalar(
        select(supervision.c.department_id).where(
            supervision.c.tenant_id == tx.tenant_id, supervision.c.held.contains(day)
        )
    )
    return None if found is None else UUID(str(found))


async def department_changes(tx: Transaction) -> bool:
    """Whether a change of the tenant's competent department is recorded and has not taken place yet."""
    latest = select(supervision.c.department_id).where(
        supervision.c.tenant_id == tx.tenant_id, func.upper_inf(supervision.c.held)
    )
    present = select(organisation.c.department_id).where(
        organisation.c.id == tx.tenant_id, organisation.c.province_id == tx.province_id
    )
    return bool(await tx.scalar(latest) not in (None, await tx.scalar(present)))


async def relation_of(tx: Transaction, tenant_id: UUID) -> Row[Any] | None:
    """The last relation (id, department_id, since), which has no end; it may begin on a later day."""
    return await tx.row(
        select(supervision.c.id, supervision.c.department_id, func.lower(supervision.c.held).label("since")).where(
            supervision.c.tenant_id == tenant_id,
            supervision.c.province_id == tx.province_id,
            func.upper_inf(supervision.c.held),
        )
    )


async def supervise(tx: Transaction, tenant_id: UUID, department_id: UUID, since: date) -> bool:
    """The dated relation to the competent department; a change closes the old one on the day before. True when it changed."""
    present = await relation_of(tx, tenant_id)
    if present is not None and present.department_id == department_id:
        return False
    if present is not None:
        if since <= present.since:
            raise NotProvisioned("主管部门变更的生效日期须晚于现有关系的起始日期")
        await tx.execute(
            update(supervision)
            .where(supervision.c.tenant_id == tenant_id, supervision.c.id == present.id)
            .values(held=Range(present.since, since, bounds="[)"))
        )
    await tx.execute(
        insert(supervision).values(
            tenant_id=tenant_id,
            id=new_id(),
            province_id=tx.province_id,
            department_id=department_id,
            held=Range(since, None, bounds="[)"),
        )
    )
    return True
