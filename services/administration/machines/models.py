"""Software of the unit that calls the API: its name, its scopes, who answers for it. The secrets stand apart."""

from sqlalchemy import Column, DateTime, ForeignKeyConstraint, Index, String, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from shared.db.tables import tenant_table

machine_client = tenant_table(
    "machine_client",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("name", String(60), nullable=False),
    Column("scopes", ARRAY(Text), nullable=False, comment="permissions"),
    Column("responsible_id", Uuid, nullable=False, comment="who answers for it"),
    Column("created_at", DateTime(timezone=True), nullable=False, comment="real instant"),
    Column("created_by", Uuid, nullable=False),
    Column("revoked_at", DateTime(timezone=True), comment="real instant"),
    Column("revoked_by", Uuid),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["tenant_id", "responsible_id"], ["app.person.tenant_id", "app.person.id"]),
    Index("machine_client_name_key", "tenant_id", "name", unique=True, postgresql_where=text("revoked_at is null")),
    Index("machine_client_responsible_idx", "tenant_id", "responsible_id"),
    Index("machine_client_province_id_idx", "province_id"),
)
