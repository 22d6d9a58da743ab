"""Tables of the periodic screening (定期筛查、自评): the unit's cycle, its rounds, the achievements of each with their results."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.tables import Json, tenant_table

ROUND_STATES = {"open": "进行中", "closed": "已结束"}
# Why an achievement is looked at. The first three are chosen by the cycle, the last one by a person.
REASONS = {
    "development": "处于开发阶段",
    "unconverted": "尚未转化",
    "expiring": "权利将届满",
    "handed": "批量交办",
}
CHOSEN_BY_CYCLE = ("development", "unconverted", "expiring")
# What the unit resolves of an achievement; no text prescribes these words.
RESULTS = {
    "promote": ("推进转化", "green"),
    "nurture": ("继续培育", "blue"),
    "custody": ("集中托管运营", "blue"),
    "correct": ("更正台账内容", "orange"),
    "release": ("建议不再维持权利", "secondary"),
}
_ACHIEVEMENT = ["app.achievement.tenant_id", "app.achievement.id"]

# Rows are only added: the newest is the cycle that holds.
screening_plan = tenant_table(
    "screening_plan",
    Column("id", Uuid, primary_key=True),
    Column("every_months", SmallInteger, nullable=False),
    Column("first_due_on", Date, nullable=False, comment="by when the first round is to be done"),
    Column("ahead_days", SmallInteger, nullable=False, comment="how long before its day a round begins"),
    Column("reasons", ARRAY(Text), nullable=False, comment="which achievements are looked at"),
    Column("basis", String(200), nullable=False, comment="the paper of the unit that sets the cycle"),
    Column("set_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("set_by", Uuid),
    CheckConstraint(
        "every_months between 1 and 60 and ahead_days between 1 and 180", name="screening_plan_every_months_check"
    ),
    Index("screening_plan_newest_idx", "tenant_id", "set_at"),
)

screening_round = tenant_table(
    "screening_round",
    Column("id", Uuid, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("until", Date, nullable=False, comment="rights that end until this day are looked at"),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("state", String(12), nullable=False, server_default="open"),
    Column("opened_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("opened_by", Uuid, comment="empty: by its day"),
    Column("closed_at", DateTime(timezone=True), comment="legal instant"),
    Column("closed_by", Uuid),
    Column("summary", Text),
    Column("counts", Json, comment="how many by result, kept as the round closed"),
    UniqueConstraint("tenant_id", "number", name="screening_round_number_key"),
    Index("screening_round_open_key", "tenant_id", unique=True, postgresql_where=text("state = 'open'")),
)

screening_item = tenant_table(
    "screening_item",
    Column("id", Uuid, primary_key=True),
    Column("achievement_id", Uuid, nullable=False),
    Column("round_id", Uuid, comment="empty: waits for the next round"),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("asked", Text, comment="what whoever handed it in wants to know"),
    Column("added_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("added_by", Uuid),
    Column("result", String(12)),
    Column("finding", Text),
    Column("judged_at", DateTime(timezone=True), comment="legal instant"),
    Column("judged_by", Uuid),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], _ACHIEVEMENT),
    ForeignKeyConstraint(["tenant_id", "round_id"], ["app.screening_round.tenant_id", "app.screening_round.id"]),
    UniqueConstraint("tenant_id", "round_id", "achievement_id", name="screening_item_round_key"),
    Index(
        "screening_item_waiting_key",
        "tenant_id",
        "achievement_id",
        unique=True,
        postgresql_where=text("round_id is null"),
    ),
    Index("screening_item_achievement_idx", "tenant_id", "achievement_id"),
)
