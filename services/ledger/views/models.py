"""Saved views of the ledger: filters, order and columns under a name."""

from sqlalchemy import Boolean, Column, DateTime, ForeignKeyConstraint, String, Text, UniqueConstraint, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.tables import Json, tenant_table

NAME_LIMIT = 40

ledger_view = tenant_table(
    "ledger_view",
    Column("id", Uuid, primary_key=True),
    Column("person_id", Uuid, nullable=False, comment="whose it is"),
    Column("name", String(NAME_LIMIT), nullable=False),
    Column("shared", Boolean, nullable=False, server_default="false"),
    Column("query", Json, nullable=False, comment="filters and order, as an address has them"),
    Column("columns", ARRAY(Text), comment="empty: those of the list"),
    Column("saved_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "person_id"], ["app.person.tenant_id", "app.person.id"]),
    UniqueConstraint("tenant_id", "person_id", "name", name="ledger_view_tenant_id_person_id_name_key"),
)
