"""What an organisation was called on a day: a rename ends the old name on its day, and the past keeps it."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    ForeignKeyConstraint,
    Index,
    Row,
    String,
    Uuid,
    cast,
    func,
    insert,
    select,
    text,
)

from shared.audit.writing import write_audit
from shared.db.tables import global_table
from shared.db.transaction import Transaction
from tenants.registry import organisation

former_name = global_table(
    "former_name",
    Column("organisation_id", Uuid, primary_key=True),
    Column("until", Date, primary_key=True, comment="the day of the rename, the first on which the name was another"),
    Column("province_id", Uuid, nullable=False),
    Column("name", String(100), nullable=False),
    Column("short_name", String(40), nullable=False),
    ForeignKeyConstraint(["organisation_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    Index("former_name_province_id_idx", "province_id"),
)


def name_on(day: ColumnElement[date]) -> ColumnElement[str]:
    """The name of the ``organisation`` of a statement on a day: the first former one that ended later, else today's."""
    table = former_name.c
    then = (
        select(table.name)
        .where(
            table.organisation_id == organisation.c.id,
            table.province_id == organisation.c.province_id,
            table.until > day,
        )
        .order_by(table.until)
        .limit(1)
        .correlate(organisation)
        .scalar_subquery()
    )
    return func.coalesce(then, organisation.c.name)


def local_day_of(instant: ColumnElement[Any]) -> ColumnElement[date]:
    """The legal day of an instant, in SQL."""
    return cast(func.timezone("Asia/Shanghai", instant), Date)


def once_called(words: str) -> ColumnElement[bool]:
    """Whether a former name of the ``organisation`` of a statement holds the words."""
    table = former_name.c
    return (
        select(table.organisation_id)
        .where(
            table.organisation_id == organisation.c.id,
            table.province_id == organisation.c.province_id,
            table.name.icontains(words, autoescape=True) | table.short_name.icontains(words, autoescape=True),
        )
        .correlate(organisation)
        .exists()
    )


async def former_names(tx: Transaction, organisation_id: UUID) -> Sequence[Row[Any]]:
    """What an organisation of the province was called before (name, short_name, until), the last one first."""
    table = former_name.c
    return await tx.rows(
        select(table.name, table.short_name, table.until)
        .where(table.organisation_id == organisation_id, table.province_id == tx.province_id)
        .order_by(table.until.desc())
    )


async def own_former_name(tx: Transaction, day: date | None) -> str:
    """What the transaction's own unit was called on a day when that was another name than today's; else empty."""
    if day is None:
        return ""
    rows = await former_names(tx, tx.tenant_id)
    return next((row.name for row in reversed(rows) if row.until > day), "")


async def end_name(tx: Transaction, before: Row[Any], name: str, until: date) -> None:
    """Keep the name that an organisation had until a day; the caller, who has looked that the day fits, writes the new one."""
    await tx.execute(
        insert(former_name).values(
            organisation_id=before.id,
            province_id=tx.province_id,
            until=until,
            name=before.name,
            short_name=before.short_name,
        )
    )
    await tx.execute(text("select app.put_session_name(:tenant, :name)"), {"tenant": before.id, "name": name})
    details = {"changes": {"name": [before.name, name]}, "renamed_on": str(until)}
    await write_audit(tx, "organisation.rename", "organisation", before.id, details=details)
