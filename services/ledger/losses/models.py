"""The table of handovers: a right that the unit lost, what was checked, what finance made of it."""

from sqlalchemy import Boolean, Column, Date, DateTime, ForeignKeyConstraint, Index, String, Text, Uuid, text

from shared.db.tables import tenant_table

STATES = {"handed": "待财务、资产管理部门处理", "received": "已处理"}
# Why a right is lost, and the status that it gets.
CAUSES = {
    "assigned": ("转让", "transferred"),
    "contributed": ("作价投资", "transferred"),
    "lapsed": ("未缴年费等原因终止", "lapsed"),
    "expired": ("保护期届满", "lapsed"),
    "other": ("其他原因", "lapsed"),
}

right_handover = tenant_table(
    "right_handover",
    Column("id", Uuid, primary_key=True),
    Column("achievement_id", Uuid, nullable=False),
    Column("number", String(80), nullable=False, comment="of the right, canonical"),
    Column("cause", String(20), nullable=False),
    Column("lost_on", Date, nullable=False),
    Column("in_development", Boolean, nullable=False, comment="whether development was recognised on that day"),
    Column("performance", Text, nullable=False),
    Column("change_reason", Text, nullable=False),
    Column("legal_status", Text, nullable=False),
    Column("state", String(12), nullable=False, server_default="handed"),
    Column("handed_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("handed_by", Uuid),
    Column("received_at", DateTime(timezone=True), comment="legal instant"),
    Column("received_by", Uuid),
    Column("booking", Text, comment="what finance made of it"),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
    Index("right_handover_achievement_idx", "tenant_id", "achievement_id"),
    Index("right_handover_open_idx", "tenant_id", "handed_at", postgresql_where=text("state = 'handed'")),
)
