"""Notices, the texts that stood, the proofs that they stood, and objections.

A notice is internal: it is a tenant row that no authority and no visitor has a grant on. Names of applicants are not in
it: its content keeps ids of people, read when the page is shown.
"""

from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    Uuid,
    func,
)

from shared.db.tables import Json, tenant_table


class NoticeState(StrEnum):
    """Where a notice stands. Whether its period is over is not a state: the rule says so."""

    DRAFT = "draft"
    RUNNING = "running"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


class ObjectionState(StrEnum):
    """``late`` came after the period: it is recorded and answered, and blocks nothing."""

    OPEN = "open"
    LATE = "late"
    ANSWERED = "answered"
    UPHELD = "upheld"


STATES: dict[str, str] = {
    NoticeState.DRAFT: "未发布",
    NoticeState.RUNNING: "公示中",
    NoticeState.ENDED: "已结束",
    NoticeState.WITHDRAWN: "已撤回",
}
OBJECTION_STATES: dict[str, str] = {
    ObjectionState.OPEN: "待答复",
    ObjectionState.LATE: "期满后提出，待答复",
    ObjectionState.ANSWERED: "已答复，异议不成立",
    ObjectionState.UPHELD: "已答复，异议成立",
}

notice = tenant_table(
    "notice",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("kind", String(40), nullable=False, comment="the entry under notices of the pack"),
    Column("achievement_id", Uuid, nullable=False),
    Column("achievement_type", String(40), nullable=False),
    Column("state", String(12), nullable=False),
    Column("days", Integer, nullable=False),
    Column("published_at", DateTime(timezone=True), comment="legal instant; empty before publication"),
    Column("restarts", Json, nullable=False, server_default="[]", comment="[{at, reason}]: the count begins again"),
    Column("offline", Json, nullable=False, server_default="[]", comment="[{from, to, reason}]"),
    Column("ended_at", DateTime(timezone=True)),
    Column("text_number", Integer, nullable=False, comment="the text that stands now"),
    Column("content_hash", String(64), nullable=False, comment="of the text that stands now"),
    Column("pack_version_id", Uuid, nullable=False),
    Column("created_by", Uuid),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
    ForeignKeyConstraint(["province_id", "pack_version_id"], ["app.pack_version.province_id", "app.pack_version.id"]),
    CheckConstraint(
        "state in ('draft', 'running', 'ended', 'withdrawn') and (state = 'draft' or published_at is not null)",
        name="notice_state_check",
    ),
    Index("notice_province_id_idx", "province_id"),
    Index("notice_state_idx", "tenant_id", "state", "published_at"),
    Index("notice_achievement_id_idx", "tenant_id", "achievement_id"),
)

notice_text = tenant_table(
    "notice_text",
    Column("notice_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    Column("content", Json, nullable=False, comment="[{code, label, value, people}] in the order of the pack"),
    Column("hash", String(64), nullable=False, comment="SHA-256 of the canonical title and content"),
    Column("posted_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("posted_by", Uuid),
    Column("reason", Text, comment="why it was changed"),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "notice_id"], ["app.notice.tenant_id", "app.notice.id"]),
)

notice_check = tenant_table(
    "notice_check",
    Column("notice_id", Uuid, primary_key=True),
    Column("hour", DateTime(timezone=True), primary_key=True, comment="the legal hour that it proves"),
    Column("intact", Boolean, nullable=False),
    Column("hash", String(64), nullable=False, comment="computed from what stood at that hour"),
    Column("statement", Text, nullable=False, comment="the text that was signed"),
    Column("key_id", String(40), nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "notice_id"], ["app.notice.tenant_id", "app.notice.id"]),
)

notice_objection = tenant_table(
    "notice_objection",
    Column("id", Uuid, primary_key=True),
    Column("notice_id", Uuid, nullable=False),
    Column("raised_by", Uuid, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("body", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("answer", Text),
    Column("answered_at", DateTime(timezone=True)),
    Column("answered_by", Uuid),
    Column("result_published_at", DateTime(timezone=True), comment="the findings stand on the notice from here on"),
    ForeignKeyConstraint(["tenant_id", "notice_id"], ["app.notice.tenant_id", "app.notice.id"]),
    ForeignKeyConstraint(["tenant_id", "raised_by"], ["app.person.tenant_id", "app.person.id"]),
    CheckConstraint(
        "state in ('open', 'late', 'answered', 'upheld') and "
        "(state in ('answered', 'upheld')) = (answer is not null and answered_at is not null)",
        name="notice_objection_state_check",
    ),
    Index("notice_objection_notice_id_idx", "tenant_id", "notice_id", "received_at"),
    Index("notice_objection_state_idx", "tenant_id", "state"),
)
