"""Delegation during absence: who lends whom which permissions, for which cases, from when to when."""

from sqlalchemy import CheckConstraint, Column, Date, DateTime, ForeignKeyConstraint, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.tables import tenant_table

delegation = tenant_table(
    "delegation",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("lender_id", Uuid, nullable=False),
    Column("delegate_id", Uuid, nullable=False),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("application_id", Uuid, comment="the one application that it is for; empty: every case"),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("lent_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("ended_at", DateTime(timezone=True), comment="before its last day; legal instant"),
    Column("ended_by", Uuid),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["tenant_id", "lender_id"], ["app.person.tenant_id", "app.person.id"]),
    ForeignKeyConstraint(["tenant_id", "delegate_id"], ["app.person.tenant_id", "app.person.id"]),
    ForeignKeyConstraint(
        ["tenant_id", "application_id"], ["app.empowerment_application.tenant_id", "app.empowerment_application.id"]
    ),
    CheckConstraint("first_day <= last_day and lender_id <> delegate_id", name="delegation_period_check"),
    Index("delegation_lender_idx", "tenant_id", "lender_id", "lent_at"),
    Index("delegation_delegate_idx", "tenant_id", "delegate_id", "lent_at"),
    Index("delegation_application_idx", "tenant_id", "application_id"),
    Index("delegation_province_id_idx", "province_id"),
)
