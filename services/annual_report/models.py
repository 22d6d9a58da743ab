"""Tables of the yearly reports (年度报告): the report, its frozen figures and rows, its texts, what was handed over to whom.

``annual_report`` says how far a report has come and nothing of its content, so that an authority may see the progress;
what an authority reads of the content is its own row of ``report_submission``, frozen when it was handed over.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)

from services.annual_report.figures import COLUMNS
from shared.db.tables import Json, global_table, tenant_table

REPORT_STATES = {
    "draft": "填报中",
    "submitted": "已报送",
    "returned": "退回修改",
    "accepted": "已接收",
    "forwarded": "已汇总上报",
}
SUBMISSION_STATES = {"submitted": "待审核", "returned": "已退回", "accepted": "已接收", "superseded": "已有新版"}
AGGREGATE_STATES = {"compiled": "已汇总，待上报", "forwarded": "已上报"}
_OWNER = ["app.organisation.id", "app.organisation.province_id"]
_REPORT = ["app.annual_report.tenant_id", "app.annual_report.id"]
_FREEZE = ["app.report_freeze.tenant_id", "app.report_freeze.report_id", "app.report_freeze.number"]

report_deadline = global_table(
    "report_deadline",
    Column("province_id", Uuid, primary_key=True),
    Column("report", String(40), primary_key=True, comment="code of the report in the pack"),
    Column("stage", String(40), primary_key=True),
    Column("year", SmallInteger, primary_key=True, comment="the year reported on"),
    Column("due_on", Date, nullable=False),
    Column("document", String(200), nullable=False, comment="the paper that sets the day"),
    Column("entered_by", Uuid, nullable=False, comment="the authority"),
    Column("entered_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["province_id"], ["app.province.province_id"]),
)

annual_report = tenant_table(
    "annual_report",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("department_id", Uuid, nullable=False),
    Column("report", String(40), nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("form_version", String(60), nullable=False, comment="the form of its reporting year stays with the report"),
    Column("pack_version_id", Uuid, nullable=False),
    Column("state", String(12), nullable=False, server_default="draft"),
    Column("freeze_number", SmallInteger, nullable=False, server_default="0", comment="number of the newest freeze"),
    Column("edition", SmallInteger, nullable=False, server_default="0", comment="how often it was handed over"),
    Column("due_on", Date, comment="as it stood when the report was last frozen or handed over"),
    Column("created_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("submitted_at", DateTime(timezone=True), comment="legal instant of the newest edition"),
    Column("reviewed_at", DateTime(timezone=True)),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    UniqueConstraint("tenant_id", "report", "year", name="annual_report_tenant_id_report_year_key"),
    Index("annual_report_province_id_idx", "province_id", "year"),
    Index("annual_report_department_id_idx", "department_id", "year"),
)

report_freeze = tenant_table(
    "report_freeze",
    Column("report_id", Uuid, primary_key=True),
    Column("number", SmallInteger, primary_key=True),
    Column("as_of", Date, nullable=False, comment="the day whose state is counted"),
    Column("known_at", DateTime(timezone=True), nullable=False, comment="real instant: what was recorded until then"),
    Column("frozen_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("reason", Text, comment="why it was frozen again"),
    Column("actor_id", Uuid),
    ForeignKeyConstraint(["tenant_id", "report_id"], _REPORT),
)

# Which achievements a figure consists of, each by the version that held at the beginning and at the end of the year.
report_row = tenant_table(
    "report_row",
    Column("report_id", Uuid, primary_key=True),
    Column("freeze_number", SmallInteger, primary_key=True),
    Column("achievement_id", Uuid, primary_key=True),
    Column("opening_version", Uuid),
    Column("closing_version", Uuid),
    Column("first_entry", Boolean, nullable=False, comment="began in the year by importing an existing ledger"),
    ForeignKeyConstraint(["tenant_id", "report_id", "freeze_number"], _FREEZE),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
)


def figure_values() -> tuple[Column[Any], ...]:
    """One line of figures: opening + first_entry + added − removed = closing; ``amount`` in yuan over ``n_valued``."""
    return (
        Column("dimension", String(12), primary_key=True),
        Column("value", String(80), primary_key=True, comment="code; empty where the ledger has none"),
        *(Column(name, Integer, nullable=False, server_default="0") for name in COLUMNS),
    )


report_figure = tenant_table(
    "report_figure",
    Column("report_id", Uuid, primary_key=True),
    Column("freeze_number", SmallInteger, primary_key=True),
    *figure_values(),
    Column("declared", Integer, comment="by the declared stage, beside the recognised one that is counted"),
    Column("n_valued", Integer, nullable=False, server_default="0"),
    Column("amount", Numeric(24, 2), nullable=False, server_default="0"),
    ForeignKeyConstraint(["tenant_id", "report_id", "freeze_number"], _FREEZE),
)

report_stated = tenant_table(
    "report_stated",
    Column("report_id", Uuid, primary_key=True),
    *figure_values(),
    Column("reason", Text, nullable=False, comment="why the institution reports other figures than were counted"),
    Column("actor_id", Uuid),
    ForeignKeyConstraint(["tenant_id", "report_id"], _REPORT),
)

report_part = tenant_table(
    "report_part",
    Column("report_id", Uuid, primary_key=True),
    Column("code", String(40), primary_key=True),
    Column("text", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "report_id"], _REPORT),
)

report_aggregate = tenant_table(
    "report_aggregate",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("department_id", Uuid, nullable=False, comment="who compiled it; the same as tenant_id"),
    Column("report", String(40), nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("number", SmallInteger, nullable=False, comment="which batch of the year"),
    Column("state", String(12), nullable=False, server_default="compiled"),
    Column("payload", Json, nullable=False),
    Column("compiled_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("forwarded_at", DateTime(timezone=True), comment="legal instant"),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    UniqueConstraint("tenant_id", "report", "year", "number", name="report_aggregate_number_key"),
    Index("report_aggregate_province_id_idx", "province_id"),
    Index("report_aggregate_department_id_idx", "department_id"),
)

# One row per recipient. ``department_id`` is the department that received or sent it; where no department is concerned
# (a unit's report straight to the science department) it is the sender itself, so that a department sees its own alone.
report_submission = tenant_table(
    "report_submission",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("department_id", Uuid, nullable=False),
    Column("recipient_id", Uuid, nullable=False),
    Column("recipient_kind", String(12), nullable=False, comment="department, science or finance"),
    Column("report_id", Uuid, comment="of a unit"),
    Column("aggregate_id", Uuid, comment="of a department"),
    Column("report", String(40), nullable=False),
    Column("stage", String(40), nullable=False),
    Column("year", SmallInteger, nullable=False),
    Column("edition", SmallInteger, nullable=False),
    Column("state", String(12), nullable=False, server_default="submitted"),
    Column("payload", Json, nullable=False),
    Column("files", Json, nullable=False, comment="[{name, sha256, size}]; made again from the payload when asked for"),
    Column("submitted_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("reviewed_at", DateTime(timezone=True)),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    ForeignKeyConstraint(["tenant_id", "report_id"], _REPORT),
    ForeignKeyConstraint(["tenant_id", "aggregate_id"], ["app.report_aggregate.tenant_id", "app.report_aggregate.id"]),
    UniqueConstraint("tenant_id", "report_id", "edition", "recipient_id", name="report_submission_edition_key"),
    UniqueConstraint("tenant_id", "aggregate_id", "recipient_id", name="report_submission_aggregate_key"),
    Index("report_submission_province_id_idx", "province_id", "recipient_kind", "year"),
    Index("report_submission_department_id_idx", "department_id", "year"),
    Index("report_submission_recipient_id_idx", "recipient_id", "year"),
)

report_return = tenant_table(
    "report_return",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("department_id", Uuid, nullable=False),
    Column("report_id", Uuid, nullable=False),
    Column("submission_id", Uuid, nullable=False),
    Column("field", String(60), nullable=False, comment="part:code or dimension:code"),
    Column("label", String(120), nullable=False),
    Column("reason", Text, nullable=False),
    Column("returned_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("position", SmallInteger, nullable=False, server_default="0", comment="order on the form"),
    ForeignKeyConstraint(["tenant_id", "province_id"], _OWNER),
    ForeignKeyConstraint(["tenant_id", "report_id"], _REPORT),
    Index("report_return_report_idx", "tenant_id", "report_id", "recorded_at"),
    Index("report_return_province_id_idx", "province_id"),
    Index("report_return_department_id_idx", "department_id"),
)
