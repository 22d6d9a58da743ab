"""Tables of the yearly report within the unit (报送财务、资产管理部门): the day that the unit sets, each frozen version."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
)

from shared.db.tables import Json, tenant_table

STATES = {"sent": "待确认接收", "received": "已确认接收", "superseded": "已有更正版本"}

# Rows are only added: the newest is the day that holds.
asset_report_plan = tenant_table(
    "asset_report_plan",
    Column("id", Uuid, primary_key=True),
    Column("month", SmallInteger, nullable=False),
    Column("day", SmallInteger, nullable=False, comment="the month's last day where it has no such day"),
    Column("ahead_days", SmallInteger, nullable=False, comment="how long before its day the report is called to mind"),
    Column("basis", String(200), nullable=False, comment="the paper of the unit that sets the day"),
    Column("set_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("set_by", Uuid),
    CheckConstraint(
        "month between 1 and 12 and day between 1 and 31 and ahead_days between 1 and 90",
        name="asset_report_plan_month_check",
    ),
    Index("asset_report_plan_newest_idx", "tenant_id", "set_at"),
)

# A version never changes but for its receipt: a correction is another version with its reason.
asset_report = tenant_table(
    "asset_report",
    Column("id", Uuid, primary_key=True),
    Column("report", String(40), nullable=False, comment="code of the report in the pack"),
    Column("year", SmallInteger, nullable=False, comment="the year reported on"),
    Column("version", SmallInteger, nullable=False),
    Column("as_of", Date, nullable=False, comment="the day whose state is counted"),
    Column("known_at", DateTime(timezone=True), nullable=False, comment="real instant: what was recorded until then"),
    Column("due_on", Date, comment="as the unit had set it"),
    Column("payload", Json, nullable=False),
    Column("reason", Text, comment="why it was frozen again"),
    Column("state", String(12), nullable=False, server_default="sent"),
    Column("sent_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("sent_by", Uuid, comment="empty: by its day"),
    Column("received_at", DateTime(timezone=True), comment="legal instant"),
    Column("received_by", Uuid),
    Column("receipt", Text, comment="what finance or asset management says to it"),
    Column("receipt_recorded_at", DateTime(timezone=True), comment="real instant"),
    UniqueConstraint("tenant_id", "report", "year", "version", name="asset_report_version_key"),
    Index("asset_report_newest_idx", "tenant_id", "sent_at"),
)
