"""Where an achievement was before its institution went over to another one."""

from sqlalchemy import Column, Date, ForeignKeyConstraint, Index, Integer, String, Uuid

from shared.db.tables import tenant_table

achievement_origin = tenant_table(
    "achievement_origin",
    Column("achievement_id", Uuid, primary_key=True),
    Column("former_tenant_id", Uuid, nullable=False),
    Column("former_id", Uuid, nullable=False, comment="the achievement there"),
    Column("former_name", String(100), nullable=False, comment="of the institution"),
    Column("former_code", String(24), nullable=False, comment="the number as printed there; it is still found by"),
    Column("former_number", Integer, nullable=False),
    Column("since", Date, nullable=False),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
    Index("achievement_origin_number_idx", "tenant_id", "former_number"),
)
