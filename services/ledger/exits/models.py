"""Tables of the list of what leaves the management of state assets (退出国有资产管理清单): entries, each sheet that was sent."""

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from shared.db.tables import Json, tenant_table

exit_sheet = tenant_table(
    "exit_sheet",
    Column("id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("payload", Json, nullable=False, comment="the list as it was sent"),
    Column("recipients", Json, nullable=False, comment="labels of the authorities that the text names"),
    Column("reference", String(80), nullable=False, comment="of the letter"),
    Column("sent_on", Date, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("recorded_by", Uuid),
    UniqueConstraint("tenant_id", "number", name="exit_sheet_number_key"),
)

exit_item = tenant_table(
    "exit_item",
    Column("id", Uuid, primary_key=True),
    Column("achievement_id", Uuid, nullable=False),
    Column("ground", Text, nullable=False, comment="why it leaves"),
    Column("decided_on", Date, nullable=False, comment="by the leading group"),
    Column("decision", String(80), nullable=False, comment="number of the minutes"),
    Column("listed_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("listed_by", Uuid),
    Column("removed_at", DateTime(timezone=True), comment="legal instant"),
    Column("removed_by", Uuid),
    Column("removed_reason", Text),
    Column("sheet_id", Uuid, comment="with which it was sent first"),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
    ForeignKeyConstraint(["tenant_id", "sheet_id"], ["app.exit_sheet.tenant_id", "app.exit_sheet.id"]),
    Index(
        "exit_item_live_key", "tenant_id", "achievement_id", unique=True, postgresql_where=text("removed_at is null")
    ),
    Index("exit_item_achievement_idx", "tenant_id", "achievement_id"),
)
