"""The one metadata object, and the vocabulary in which slices declare their tables.

Every table says its scope, which the catalogue tests, the grants and the distribution by tenant rest on:
``tenant`` rows belong to one tenant and every key begins with ``tenant_id``; ``global`` rows belong to a province;
``local`` tables are reached by definer functions alone.
"""

from typing import Any, Literal

from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

Scope = Literal["tenant", "global", "local"]
SCHEMA = "app"

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    },
)


def tenant_table(name: str, *items: SchemaItem, **options: Any) -> Table:
    """A table of rows that belong to one tenant; ``tenant_id`` is added as the first column and first key part."""
    return Table(
        name, metadata, Column("tenant_id", Uuid, primary_key=True), *items, info={"scope": "tenant"}, **options
    )


def global_table(name: str, *items: SchemaItem, **options: Any) -> Table:
    """A table of rows that belong to a province and are read by its tenants."""
    return Table(name, metadata, *items, info={"scope": "global"}, **options)


def local_table(name: str, *items: SchemaItem, **options: Any) -> Table:
    """A table without grants, reached by definer functions alone."""
    return Table(name, metadata, *items, info={"scope": "local"}, **options)


Json = JSONB(none_as_null=True)


def stream_columns() -> tuple[Column[Any], ...]:
    """What every append-only stream carries, so that an authority may write under an institution's tenant.

    ``department_id`` and ``recipient_id`` are what a competent department's and a recipient's policies scope by; a row
    that concerns neither carries the writer's own organisation there.
    """
    return (
        Column("province_id", Uuid, nullable=False),
        Column("department_id", Uuid, nullable=False),
        Column("recipient_id", Uuid, nullable=False),
        Column("actor_organisation_id", Uuid, nullable=False),
        Column("actor_id", Uuid),
    )


def stream_indexes(table: str) -> tuple[SchemaItem, ...]:
    """The indexes and the foreign key that go with :func:`stream_columns`."""
    return (
        ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
        *(
            Index(f"{table}_{column}_idx", column)
            for column in ("province_id", "department_id", "recipient_id", "actor_organisation_id")
        ),
    )
