"""Applications for empowerment and what happens to them: team, screenings, feasibility, notices, agreement, formalities.

Shares are exact fractions kept as text (``1/3``, ``7/10``); people are ids of ``person``.
"""

from enum import StrEnum

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    Uuid,
    func,
    text,
)

from shared.db.tables import Json, tenant_table


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SCREENING = "screening"
    FEASIBILITY = "feasibility"
    APPROVED = "approved"
    NOTICED = "noticed"
    STEP = "step"
    AGREED = "agreed"
    FORMALISED = "formalised"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


STATES: dict[str, str] = {
    State.DRAFT: "草稿",
    State.SUBMITTED: "待排查",
    State.SCREENING: "暂缓，待认定",
    State.FEASIBILITY: "待可行性评估",
    State.APPROVED: "审核通过，待公示",
    State.NOTICED: "公示与待签协议",
    State.STEP: "办理中",
    State.AGREED: "已签协议，待办手续",
    State.FORMALISED: "已办结",
    State.RETURNED: "退回补正",
    State.REJECTED: "审核不通过",
    State.WITHDRAWN: "已撤回",
}
TONES: dict[str, str] = {
    State.DRAFT: "secondary",
    State.SUBMITTED: "blue",
    State.SCREENING: "yellow",
    State.FEASIBILITY: "blue",
    State.APPROVED: "blue",
    State.NOTICED: "orange",
    State.STEP: "blue",
    State.AGREED: "green",
    State.FORMALISED: "green",
    State.RETURNED: "red",
    State.REJECTED: "red",
    State.WITHDRAWN: "secondary",
}
LIVE = (
    State.SUBMITTED, State.SCREENING, State.FEASIBILITY, State.APPROVED, State.STEP, State.NOTICED, State.RETURNED
)  # fmt: skip
DONE = (State.AGREED, State.FORMALISED)

application = tenant_table(
    "empowerment_application",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("achievement_id", Uuid, nullable=False),
    Column("grant_type", String(40), nullable=False, comment="a right of the pack"),
    Column("grant_mode", String(40), comment="a way of granting of the pack, where it has several"),
    Column("state", String(12), nullable=False),
    Column("step", String(60), comment="the step of the pack that it waits for; empty before submission"),
    Column("applicant_id", Uuid, nullable=False, comment="who entered it"),
    Column("representative_id", Uuid),
    Column("explanation", Text, comment="成果说明"),
    Column("team_information", Text, comment="团队信息, without names"),
    Column("plan", Text, comment="转化方案"),
    Column("materials", Json, comment="texts by the codes of the pack that have no column"),
    Column("conditions", Json, comment="{code: {met, evidence: [codes], note}}"),
    Column("unit_share", String(40)),
    Column("team_share", String(40)),
    Column("co_ownership", String(20)),
    Column("term_first_day", Date),
    Column("term_last_day", Date),
    Column("protection_last_day", Date, comment="法律保护剩余期限 届满日; empty: none or unknown"),
    Column("draft", Json, comment="the form as typed, saved while typing; empty once submitted"),
    Column("pack_version_id", Uuid, nullable=False, comment="the version under which it began"),
    Column("submitted_at", DateTime(timezone=True)),
    Column("return_field", String(60)),
    Column("return_reason", Text),
    Column("created_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("changed_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["tenant_id", "achievement_id"], ["app.achievement.tenant_id", "app.achievement.id"]),
    ForeignKeyConstraint(["tenant_id", "applicant_id"], ["app.person.tenant_id", "app.person.id"]),
    ForeignKeyConstraint(["tenant_id", "representative_id"], ["app.person.tenant_id", "app.person.id"]),
    ForeignKeyConstraint(["province_id", "pack_version_id"], ["app.pack_version.province_id", "app.pack_version.id"]),
    Index("empowerment_application_province_id_idx", "province_id"),
    Index("empowerment_application_state_idx", "tenant_id", "state", "changed_at"),
    Index(
        "empowerment_application_live_key",
        "tenant_id",
        "achievement_id",
        unique=True,
        postgresql_where=text("state not in ('draft', 'formalised', 'rejected', 'withdrawn')"),
    ),
)

member = tenant_table(
    "empowerment_member",
    Column("application_id", Uuid, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("share", String(40), comment="of the team's part, exact"),
    Column("confirmed", Boolean, nullable=False),
    Column("confirmed_at", DateTime(timezone=True)),
    ForeignKeyConstraint(
        ["tenant_id", "application_id"], ["app.empowerment_application.tenant_id", "app.empowerment_application.id"]
    ),
    ForeignKeyConstraint(["tenant_id", "person_id"], ["app.person.tenant_id", "app.person.id"]),
    Index("empowerment_member_person_id_idx", "tenant_id", "person_id"),
)

screening = tenant_table(
    "empowerment_screening",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("application_id", Uuid, nullable=False),
    Column("list_version_id", Uuid, comment="empty: the unit's own list, or none is asked for"),
    Column("list_number", Integer),
    Column("list_hash", String(64)),
    Column("list_title", Text, comment="name and version of the unit's own list"),
    Column("answers", Json, nullable=False, comment="by category of the pack"),
    Column("item_answers", Json, nullable=False, comment="by item code: yes or no"),
    Column("result", String(12), nullable=False, comment="passed, excluded, held"),
    Column("note", Text),
    Column("screened_by", Uuid),
    Column("screened_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("decision_id", Uuid, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(
        ["tenant_id", "application_id"], ["app.empowerment_application.tenant_id", "app.empowerment_application.id"]
    ),
    ForeignKeyConstraint(["province_id", "list_version_id"], ["app.list_version.province_id", "app.list_version.id"]),
    ForeignKeyConstraint(["tenant_id", "decision_id"], ["app.decision.tenant_id", "app.decision.id"]),
    Index("empowerment_screening_application_id_idx", "tenant_id", "application_id", "recorded_at"),
    Index("empowerment_screening_province_id_idx", "province_id"),
)

feasibility = tenant_table(
    "empowerment_feasibility",
    Column("id", Uuid, primary_key=True),
    Column("application_id", Uuid, nullable=False),
    Column("dimensions", Json, nullable=False, comment="findings by dimension of the pack"),
    Column("reviewers", Json, nullable=False, comment="ids of people"),
    Column("conclusion", String(20), nullable=False, comment="feasible or not_feasible"),
    Column("assessed_by", Uuid),
    Column("assessed_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("decision_id", Uuid, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "application_id"], ["app.empowerment_application.tenant_id", "app.empowerment_application.id"]
    ),
    ForeignKeyConstraint(["tenant_id", "decision_id"], ["app.decision.tenant_id", "app.decision.id"]),
    Index("empowerment_feasibility_application_id_idx", "tenant_id", "application_id", "assessed_at"),
)

application_notice = tenant_table(
    "empowerment_notice",
    Column("application_id", Uuid, primary_key=True),
    Column("notice_id", Uuid, primary_key=True),
    Column("linked_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(
        ["tenant_id", "application_id"], ["app.empowerment_application.tenant_id", "app.empowerment_application.id"]
    ),
    ForeignKeyConstraint(["tenant_id", "notice_id"], ["app.notice.tenant_id", "app.notice.id"]),
    Index("empowerment_notice_notice_id_key", "tenant_id", "notice_id", unique=True),
)

agreement = tenant_table(
    "empowerment_agreement",
    Column("application_id", Uuid, primary_key=True),
    Column("clauses", Json, nullable=False, comment="text by clause code of the pack"),
    Column("unit_share", String(40)),
    Column("team_share", String(40)),
    Column("co_ownership", String(20)),
    Column("term_first_day", Date),
    Column("term_last_day", Date),
    Column("signed_on", Date, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("document_hash", String(64), comment="object of the signed paper, if kept here"),
    Column("signed_by", Uuid),
    Column("recorded_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("decision_id", Uuid, nullable=False),
    ForeignKeyConstraint(
        ["tenant_id", "application_id"], ["app.empowerment_application.tenant_id", "app.empowerment_application.id"]
    ),
    ForeignKeyConstraint(["tenant_id", "decision_id"], ["app.decision.tenant_id", "app.decision.id"]),
    CheckConstraint("effective_on >= signed_on", name="empowerment_agreement_effective_on_check"),
)

formality = tenant_table(
    "empowerment_formality",
    Column("application_id", Uuid, primary_key=True),
    Column("code", String(60), primary_key=True),
    Column("evidence", Text, nullable=False, comment="what proves it: number or name of the paper"),
    Column("done_on", Date, nullable=False),
    Column("document_hash", String(64)),
    Column("recorded_by", Uuid),
    Column("recorded_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    ForeignKeyConstraint(
        ["tenant_id", "application_id"], ["app.empowerment_application.tenant_id", "app.empowerment_application.id"]
    ),
)
