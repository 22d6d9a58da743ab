"""The table of separate marks (单独标识): which achievements stand marked in the asset system, since when, on what ground."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Numeric,
    String,
    Text,
    Uuid,
    text,
)

from shared.db.tables import Json, tenant_table

MARK = "职务科技成果单列"

# A mark is never changed: it ends with its reason, and another one begins.
asset_mark = tenant_table(
    "asset_mark",
    Column("id", Uuid, primary_key=True),
    Column("achievement_id", Uuid, nullable=False),
    Column("asset_number", String(60), comment="of the card in the asset system"),
    Column("booked_value", Numeric(20, 2), comment="yuan; empty where finance states none"),
    Column("ground", Text, comment="finance's own, where the text books no intangible"),
    Column("hint", Json, comment="what the text said: treatment, article, document, pack"),
    Column("marked_on", Date, nullable=False, comment="the day from which it is marked"),
    Column("marked_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("marked_by", Uuid),
    Column("recorded_at", DateTime(timezone=True), nullable=False, comment="real instant"),
    Column("unmarked_on", Date, comment="the first day on which it is not"),
    Column("unmarked_at", DateTime(timezone=True), comment="legal instant"),
    Column("unmarked_by", Uuid),
    Column("end_recorded_at", DateTime(timezone=True), comment="real instant"),
    Column("unmark_reason", Text),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
    CheckConstraint("booked_value >= 0 and booked_value < 1e14", name="asset_mark_booked_value_check"),
    CheckConstraint("unmarked_on >= marked_on", name="asset_mark_unmarked_on_check"),
    Index(
        "asset_mark_live_key", "tenant_id", "achievement_id", unique=True, postgresql_where=text("unmarked_at is null")
    ),
    Index("asset_mark_achievement_idx", "tenant_id", "achievement_id"),
)
