"""Who left, to whom what they held went, and who came back."""

from sqlalchemy import Column, Date, DateTime, ForeignKeyConstraint, Index, Text, Uuid, text

from shared.db.tables import Json, tenant_table

departure = tenant_table(
    "departure",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("successor_id", Uuid, comment="empty: nothing was held"),
    Column("last_day", Date, nullable=False),
    Column("reason", Text, nullable=False),
    Column("handed", Json, nullable=False, comment="{what: number handed on or ended}"),
    Column("left_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("left_by", Uuid, nullable=False),
    Column("returned_at", DateTime(timezone=True), comment="legal instant"),
    Column("returned_by", Uuid),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["tenant_id", "person_id"], ["app.person.tenant_id", "app.person.id"]),
    ForeignKeyConstraint(["tenant_id", "successor_id"], ["app.person.tenant_id", "app.person.id"]),
    Index("departure_person_key", "tenant_id", "person_id", unique=True, postgresql_where=text("returned_at is null")),
    Index("departure_successor_idx", "tenant_id", "successor_id"),
    Index("departure_province_id_idx", "province_id"),
)
