"""Notices, objections, empowerment.

Revision ID: 0004
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.empowerment_application (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  grant_type VARCHAR(20) NOT NULL,
  state VARCHAR(12) NOT NULL,
  applicant_id UUID NOT NULL,
  representative_id UUID,
  explanation TEXT,
  team_information TEXT,
  plan TEXT,
  conditions JSONB,
  unit_share VARCHAR(40),
  team_share VARCHAR(40),
  co_ownership VARCHAR(20),
  term_first_day DATE,
  term_last_day DATE,
  protection_last_day DATE,
  draft JSONB,
  pack_version_id UUID NOT NULL,
  submitted_at TIMESTAMP WITH TIME ZONE,
  return_field VARCHAR(60),
  return_reason TEXT,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT empowerment_application_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT empowerment_application_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT empowerment_application_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id),
  CONSTRAINT empowerment_application_tenant_id_applicant_id_fkey FOREIGN KEY(tenant_id, applicant_id) REFERENCES app.person (tenant_id, id),
  CONSTRAINT empowerment_application_tenant_id_representative_id_fkey FOREIGN KEY(tenant_id, representative_id) REFERENCES app.person (tenant_id, id),
  CONSTRAINT empowerment_application_province_id_pack_version_id_fkey FOREIGN KEY(province_id, pack_version_id) REFERENCES app.pack_version (province_id, id),
  CONSTRAINT empowerment_application_grant_type_check CHECK (grant_type in ('ownership', 'use_right'))
);
CREATE UNIQUE INDEX empowerment_application_live_key ON app.empowerment_application (tenant_id, achievement_id) WHERE state in ('submitted', 'screening', 'feasibility', 'approved', 'noticed', 'returned', 'agreed');
CREATE INDEX empowerment_application_province_id_idx ON app.empowerment_application (province_id);
CREATE INDEX empowerment_application_state_idx ON app.empowerment_application (tenant_id, state, changed_at);
comment on column app.empowerment_application.grant_type is 'ownership or use_right';
comment on column app.empowerment_application.applicant_id is 'who entered it';
comment on column app.empowerment_application.explanation is '成果说明';
comment on column app.empowerment_application.team_information is '团队信息, without names';
comment on column app.empowerment_application.plan is '转化方案';
comment on column app.empowerment_application.conditions is '{code: {met, evidence: [codes], note}}';
comment on column app.empowerment_application.protection_last_day is '法律保护剩余期限 届满日; empty: none or unknown';
comment on column app.empowerment_application.draft is 'the form as typed, saved while typing; empty once submitted';
comment on column app.empowerment_application.pack_version_id is 'the version under which it began';
comment on column app.empowerment_application.created_at is 'legal instant';
comment on column app.empowerment_application.changed_at is 'legal instant';

CREATE TABLE app.notice (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  kind VARCHAR(40) NOT NULL,
  achievement_id UUID NOT NULL,
  achievement_type VARCHAR(40) NOT NULL,
  state VARCHAR(12) NOT NULL,
  days INTEGER NOT NULL,
  published_at TIMESTAMP WITH TIME ZONE,
  restarts JSONB DEFAULT '[]' NOT NULL,
  offline JSONB DEFAULT '[]' NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  text_number INTEGER NOT NULL,
  content_hash VARCHAR(64) NOT NULL,
  pack_version_id UUID NOT NULL,
  created_by UUID,
  CONSTRAINT notice_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT notice_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT notice_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id),
  CONSTRAINT notice_province_id_pack_version_id_fkey FOREIGN KEY(province_id, pack_version_id) REFERENCES app.pack_version (province_id, id),
  CONSTRAINT notice_state_check CHECK (state in ('draft', 'running', 'ended', 'withdrawn') and (state = 'draft' or published_at is not null))
);
CREATE INDEX notice_achievement_id_idx ON app.notice (tenant_id, achievement_id);
CREATE INDEX notice_province_id_idx ON app.notice (province_id);
CREATE INDEX notice_state_idx ON app.notice (tenant_id, state, published_at);
comment on column app.notice.kind is 'the entry under notices of the pack';
comment on column app.notice.published_at is 'legal instant; empty before publication';
comment on column app.notice.restarts is '[{at, reason}]: the count begins again';
comment on column app.notice.offline is '[{from, to, reason}]';
comment on column app.notice.text_number is 'the text that stands now';
comment on column app.notice.content_hash is 'of the text that stands now';

CREATE TABLE app.empowerment_agreement (
  tenant_id UUID NOT NULL,
  application_id UUID NOT NULL,
  clauses JSONB NOT NULL,
  unit_share VARCHAR(40),
  team_share VARCHAR(40),
  co_ownership VARCHAR(20),
  term_first_day DATE,
  term_last_day DATE,
  signed_on DATE NOT NULL,
  effective_on DATE NOT NULL,
  document_hash VARCHAR(64),
  signed_by UUID,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decision_id UUID NOT NULL,
  CONSTRAINT empowerment_agreement_pkey PRIMARY KEY (tenant_id, application_id),
  CONSTRAINT empowerment_agreement_tenant_id_application_id_fkey FOREIGN KEY(tenant_id, application_id) REFERENCES app.empowerment_application (tenant_id, id),
  CONSTRAINT empowerment_agreement_tenant_id_decision_id_fkey FOREIGN KEY(tenant_id, decision_id) REFERENCES app.decision (tenant_id, id),
  CONSTRAINT empowerment_agreement_effective_on_check CHECK (effective_on >= signed_on)
);
comment on column app.empowerment_agreement.clauses is 'text by clause code of the pack';
comment on column app.empowerment_agreement.document_hash is 'object of the signed paper, if kept here';
comment on column app.empowerment_agreement.recorded_at is 'legal instant';

CREATE TABLE app.empowerment_feasibility (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  application_id UUID NOT NULL,
  dimensions JSONB NOT NULL,
  reviewers JSONB NOT NULL,
  conclusion VARCHAR(20) NOT NULL,
  assessed_by UUID,
  assessed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decision_id UUID NOT NULL,
  CONSTRAINT empowerment_feasibility_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT empowerment_feasibility_tenant_id_application_id_fkey FOREIGN KEY(tenant_id, application_id) REFERENCES app.empowerment_application (tenant_id, id),
  CONSTRAINT empowerment_feasibility_tenant_id_decision_id_fkey FOREIGN KEY(tenant_id, decision_id) REFERENCES app.decision (tenant_id, id)
);
CREATE INDEX empowerment_feasibility_application_id_idx ON app.empowerment_feasibility (tenant_id, application_id, assessed_at);
comment on column app.empowerment_feasibility.dimensions is 'findings by dimension of the pack';
comment on column app.empowerment_feasibility.reviewers is 'ids of people';
comment on column app.empowerment_feasibility.conclusion is 'feasible or not_feasible';
comment on column app.empowerment_feasibility.assessed_at is 'legal instant';

CREATE TABLE app.empowerment_formality (
  tenant_id UUID NOT NULL,
  application_id UUID NOT NULL,
  code VARCHAR(60) NOT NULL,
  evidence TEXT NOT NULL,
  done_on DATE NOT NULL,
  document_hash VARCHAR(64),
  recorded_by UUID,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT empowerment_formality_pkey PRIMARY KEY (tenant_id, application_id, code),
  CONSTRAINT empowerment_formality_tenant_id_application_id_fkey FOREIGN KEY(tenant_id, application_id) REFERENCES app.empowerment_application (tenant_id, id)
);
comment on column app.empowerment_formality.evidence is 'what proves it: number or name of the paper';
comment on column app.empowerment_formality.recorded_at is 'legal instant';

CREATE TABLE app.empowerment_member (
  tenant_id UUID NOT NULL,
  application_id UUID NOT NULL,
  person_id UUID NOT NULL,
  position INTEGER NOT NULL,
  share VARCHAR(40),
  confirmed BOOLEAN NOT NULL,
  confirmed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT empowerment_member_pkey PRIMARY KEY (tenant_id, application_id, person_id),
  CONSTRAINT empowerment_member_tenant_id_application_id_fkey FOREIGN KEY(tenant_id, application_id) REFERENCES app.empowerment_application (tenant_id, id),
  CONSTRAINT empowerment_member_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id)
);
CREATE INDEX empowerment_member_person_id_idx ON app.empowerment_member (tenant_id, person_id);
comment on column app.empowerment_member.share is 'of the team''s part, exact';

CREATE TABLE app.empowerment_notice (
  tenant_id UUID NOT NULL,
  application_id UUID NOT NULL,
  notice_id UUID NOT NULL,
  linked_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT empowerment_notice_pkey PRIMARY KEY (tenant_id, application_id, notice_id),
  CONSTRAINT empowerment_notice_tenant_id_application_id_fkey FOREIGN KEY(tenant_id, application_id) REFERENCES app.empowerment_application (tenant_id, id),
  CONSTRAINT empowerment_notice_tenant_id_notice_id_fkey FOREIGN KEY(tenant_id, notice_id) REFERENCES app.notice (tenant_id, id)
);
CREATE UNIQUE INDEX empowerment_notice_notice_id_key ON app.empowerment_notice (tenant_id, notice_id);

CREATE TABLE app.empowerment_screening (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  application_id UUID NOT NULL,
  list_version_id UUID NOT NULL,
  list_number INTEGER NOT NULL,
  list_hash VARCHAR(64) NOT NULL,
  answers JSONB NOT NULL,
  item_answers JSONB NOT NULL,
  result VARCHAR(12) NOT NULL,
  note TEXT,
  screened_by UUID,
  screened_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decision_id UUID NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT empowerment_screening_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT empowerment_screening_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT empowerment_screening_tenant_id_application_id_fkey FOREIGN KEY(tenant_id, application_id) REFERENCES app.empowerment_application (tenant_id, id),
  CONSTRAINT empowerment_screening_province_id_list_version_id_fkey FOREIGN KEY(province_id, list_version_id) REFERENCES app.list_version (province_id, id),
  CONSTRAINT empowerment_screening_tenant_id_decision_id_fkey FOREIGN KEY(tenant_id, decision_id) REFERENCES app.decision (tenant_id, id)
);
CREATE INDEX empowerment_screening_application_id_idx ON app.empowerment_screening (tenant_id, application_id, recorded_at);
CREATE INDEX empowerment_screening_province_id_idx ON app.empowerment_screening (province_id);
comment on column app.empowerment_screening.answers is 'by category of the pack';
comment on column app.empowerment_screening.item_answers is 'by item code: yes or no';
comment on column app.empowerment_screening.result is 'passed, excluded, held';
comment on column app.empowerment_screening.screened_at is 'legal instant';

CREATE TABLE app.notice_check (
  tenant_id UUID NOT NULL,
  notice_id UUID NOT NULL,
  hour TIMESTAMP WITH TIME ZONE NOT NULL,
  intact BOOLEAN NOT NULL,
  hash VARCHAR(64) NOT NULL,
  statement TEXT NOT NULL,
  key_id VARCHAR(40) NOT NULL,
  signature BYTEA NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT notice_check_pkey PRIMARY KEY (tenant_id, notice_id, hour),
  CONSTRAINT notice_check_tenant_id_notice_id_fkey FOREIGN KEY(tenant_id, notice_id) REFERENCES app.notice (tenant_id, id)
);
comment on column app.notice_check.hour is 'the legal hour that it proves';
comment on column app.notice_check.hash is 'computed from what stood at that hour';
comment on column app.notice_check.statement is 'the text that was signed';

CREATE TABLE app.notice_objection (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  notice_id UUID NOT NULL,
  raised_by UUID NOT NULL,
  received_at TIMESTAMP WITH TIME ZONE NOT NULL,
  body TEXT NOT NULL,
  state VARCHAR(12) NOT NULL,
  answer TEXT,
  answered_at TIMESTAMP WITH TIME ZONE,
  answered_by UUID,
  result_published_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT notice_objection_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT notice_objection_tenant_id_notice_id_fkey FOREIGN KEY(tenant_id, notice_id) REFERENCES app.notice (tenant_id, id),
  CONSTRAINT notice_objection_tenant_id_raised_by_fkey FOREIGN KEY(tenant_id, raised_by) REFERENCES app.person (tenant_id, id),
  CONSTRAINT notice_objection_state_check CHECK (state in ('open', 'late', 'answered', 'upheld') and (state in ('answered', 'upheld')) = (answer is not null and answered_at is not null))
);
CREATE INDEX notice_objection_notice_id_idx ON app.notice_objection (tenant_id, notice_id, received_at);
CREATE INDEX notice_objection_state_idx ON app.notice_objection (tenant_id, state);
comment on column app.notice_objection.received_at is 'legal instant';
comment on column app.notice_objection.result_published_at is 'the findings stand on the notice from here on';

CREATE TABLE app.notice_text (
  tenant_id UUID NOT NULL,
  notice_id UUID NOT NULL,
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  content JSONB NOT NULL,
  hash VARCHAR(64) NOT NULL,
  posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  posted_by UUID,
  reason TEXT,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT notice_text_pkey PRIMARY KEY (tenant_id, notice_id, number),
  CONSTRAINT notice_text_tenant_id_notice_id_fkey FOREIGN KEY(tenant_id, notice_id) REFERENCES app.notice (tenant_id, id)
);
comment on column app.notice_text.content is '[{code, label, value, people}] in the order of the pack';
comment on column app.notice_text.hash is 'SHA-256 of the canonical title and content';
comment on column app.notice_text.posted_at is 'legal instant';
comment on column app.notice_text.reason is 'why it was changed';
"""

# Internal: no role but the institution's own and its worker has a policy or a grant on any of these.
TENANT_ROLES = ("web_institution", "worker")
STREAMS = (
    "notice_text",
    "empowerment_screening",
    "empowerment_feasibility",
    "empowerment_notice",
    "empowerment_agreement",
    "empowerment_formality",
)
CURRENT = ("notice", "notice_objection", "empowerment_application", "empowerment_member")
ALL = (*CURRENT, *STREAMS, "notice_check")


def upgrade() -> None:
    op.execute(TABLES)
    protect(*ALL)
    scope((*CURRENT, *STREAMS), TENANT_ROLES, "all", "tenant_id")
    scope("notice_check", "worker", "all", "tenant_id")
    scope("notice_check", "web_institution", "select", "tenant_id")
    grant("select, insert", (*STREAMS, "notice_objection", "notice"), TENANT_ROLES)
    grant(
        "update (state, published_at, restarts, offline, ended_at, text_number, content_hash)", "notice", TENANT_ROLES
    )
    grant("update (state, answer, answered_at, answered_by, result_published_at)", "notice_objection", TENANT_ROLES)
    grant("select, insert, update", "empowerment_application", TENANT_ROLES)
    grant("select, insert, update, delete", "empowerment_member", TENANT_ROLES)
    grant("select, insert", "notice_check", "worker")
    grant("select", "notice_check", "web_institution")
    for_maintenance(*ALL)
