"""Tables of what is pushed to an institution's own systems: addresses, deliveries, each attempt."""

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.tables import Json, tenant_table

TARGET_STATES = {"active": "使用中", "paused": "已暂停", "removed": "已停用"}
DELIVERY_STATES = {"waiting": "等待推送", "delivered": "已送达", "dead": "未送达"}
# What may be pushed, as verbs of the slices send it.
EVENTS = {
    "asset_mark.marked": "资产单独标识",
    "asset_mark.unmarked": "解除资产标识",
    "right.lost": "权利丧失，待账务处理",
    "asset_report.sent": "职务科技成果国有资产情况报送",
    "payment.recorded": "登记到账",
    "payment.corrected": "更正到账",
}
TEST = "test"

push_target = tenant_table(
    "push_target",
    Column("id", Uuid, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("url", String(500), nullable=False),
    Column("events", ARRAY(Text), nullable=False),
    Column("secret", LargeBinary, nullable=False, comment="sealed with the installation's key"),
    Column("state", String(12), nullable=False, server_default="active"),
    Column("created_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("created_by", Uuid),
)

push_delivery = tenant_table(
    "push_delivery",
    Column("id", Uuid, primary_key=True),
    Column("target_id", Uuid, nullable=False),
    Column("source_id", Uuid, nullable=False, comment="the outbox row; the receiver knows a repetition by it"),
    Column("event", String(60), nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", String(12), nullable=False, server_default="waiting"),
    Column("attempts", SmallInteger, nullable=False, server_default="0", comment="since it was asked for last"),
    Column("tried", Integer, nullable=False, server_default="0", comment="altogether"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("next_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("settled_at", DateTime(timezone=True), comment="real instant"),
    ForeignKeyConstraint(["tenant_id", "target_id"], ["app.push_target.tenant_id", "app.push_target.id"]),
    UniqueConstraint("tenant_id", "target_id", "source_id", name="push_delivery_source_key"),
    Index("push_delivery_newest_idx", "tenant_id", "created_at"),
    Index("push_delivery_waiting_idx", "tenant_id", "next_at", postgresql_where=text("state = 'waiting'")),
)

push_attempt = tenant_table(
    "push_attempt",
    Column("delivery_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("status", SmallInteger, comment="of the answer; empty where there was none"),
    Column("fault", String(200), comment="why there was no answer"),
    Column("millis", Integer, nullable=False),
    ForeignKeyConstraint(["tenant_id", "delivery_id"], ["app.push_delivery.tenant_id", "app.push_delivery.id"]),
)
