"""The ledger: achievements, their history, conversions, numbers, totals, exports, disclosures.

Revision ID: 0002
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.achievement_gram (
  tenant_id UUID NOT NULL,
  gram VARCHAR(2) NOT NULL,
  achievement_id UUID NOT NULL,
  CONSTRAINT achievement_gram_pkey PRIMARY KEY (tenant_id, gram, achievement_id)
);

CREATE TABLE app.ledger_number (
  tenant_id UUID NOT NULL,
  number INTEGER NOT NULL,
  achievement_id UUID NOT NULL,
  used_at TIMESTAMP WITH TIME ZONE NOT NULL,
  revoked_at TIMESTAMP WITH TIME ZONE,
  reason TEXT,
  CONSTRAINT ledger_number_pkey PRIMARY KEY (tenant_id, number)
);
comment on column app.ledger_number.revoked_at is 'the number stays used, marked 撤销';

CREATE TABLE app.province_total (
  province_id UUID NOT NULL,
  dimension VARCHAR(24) NOT NULL,
  first VARCHAR(80) NOT NULL,
  second VARCHAR(80) DEFAULT '' NOT NULL,
  n BIGINT NOT NULL,
  n_valued BIGINT NOT NULL,
  sum NUMERIC(24, 2) NOT NULL,
  institutions INTEGER NOT NULL,
  rolled_up_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT province_total_pkey PRIMARY KEY (province_id, dimension, first, second),
  CONSTRAINT province_total_province_id_fkey FOREIGN KEY(province_id) REFERENCES app.province (province_id)
);
comment on column app.province_total.dimension is 'all, type, …, or a pair: type_status …';

CREATE TABLE app.achievement (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  number INTEGER NOT NULL,
  code VARCHAR(24) NOT NULL,
  state VARCHAR(12) NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  sort_key VARCHAR(120) NOT NULL,
  type VARCHAR(40) NOT NULL,
  type_group VARCHAR(40),
  right_category VARCHAR(40),
  obtained_on DATE,
  obtained_precision VARCHAR(5),
  stage_declared VARCHAR(20),
  stage_recognised VARCHAR(20),
  stage_since DATE,
  stage_criteria JSONB,
  stage_evidence TEXT[],
  status VARCHAR(20) NOT NULL,
  mode VARCHAR(24),
  value NUMERIC(20, 2),
  value_kind VARCHAR(12),
  conversions INTEGER DEFAULT '0' NOT NULL,
  funding VARCHAR(20),
  technical_field TEXT,
  form TEXT,
  market_prospect TEXT,
  college VARCHAR(80),
  core_technology BOOLEAN DEFAULT 'false' NOT NULL,
  agency VARCHAR(100),
  remark TEXT,
  extra JSONB,
  source VARCHAR(12) NOT NULL,
  import_id UUID,
  value_cents BIGINT GENERATED ALWAYS AS (coalesce((value * 100)::bigint, -1)) STORED,
  obtained_key DATE GENERATED ALWAYS AS (coalesce(obtained_on, date '0002-01-01')) STORED,
  team_size SMALLINT DEFAULT '0' NOT NULL,
  held_from DATE NOT NULL,
  began_on DATE NOT NULL,
  revision INTEGER DEFAULT '1' NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT achievement_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT achievement_value_check CHECK (value >= 0 and value < 1e14),
  CONSTRAINT achievement_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT achievement_tenant_id_number_key UNIQUE (tenant_id, number)
);
CREATE INDEX achievement_import_idx ON app.achievement (tenant_id, import_id) WHERE import_id is not null;
CREATE UNIQUE INDEX achievement_name_key ON app.achievement (tenant_id, name_key) WHERE state <> 'revoked';
CREATE INDEX achievement_obtained_idx ON app.achievement (tenant_id, obtained_key, number);
CREATE INDEX achievement_province_id_idx ON app.achievement (province_id);
CREATE INDEX achievement_sort_key_idx ON app.achievement (tenant_id, sort_key, number);
CREATE INDEX achievement_status_idx ON app.achievement (tenant_id, status, number);
CREATE INDEX achievement_type_idx ON app.achievement (tenant_id, type, number);
CREATE INDEX achievement_value_idx ON app.achievement (tenant_id, value_cents, number);
comment on column app.achievement.number is 'gapless per institution, never used twice';
comment on column app.achievement.code is 'the number as printed';
comment on column app.achievement.name_key is 'NFKC, casefolded, without blanks';
comment on column app.achievement.sort_key is 'pinyin';
comment on column app.achievement.right_category is 'what kind of patent';
comment on column app.achievement.obtained_precision is 'day or month';
comment on column app.achievement.stage_criteria is 'code to date';
comment on column app.achievement.value is 'yuan';
comment on column app.achievement.value_kind is 'amount or appraisal';
comment on column app.achievement.conversions is 'how often converted';
comment on column app.achievement.agency is 'third-party agency that helps';
comment on column app.achievement.extra is 'further columns of an imported ledger';
comment on column app.achievement.held_from is 'the day from which the newest version holds';
comment on column app.achievement.began_on is 'the day from which the first version holds';

CREATE TABLE app.department_total (
  department_id UUID NOT NULL,
  dimension VARCHAR(24) NOT NULL,
  first VARCHAR(80) NOT NULL,
  second VARCHAR(80) DEFAULT '' NOT NULL,
  n BIGINT NOT NULL,
  n_valued BIGINT NOT NULL,
  sum NUMERIC(24, 2) NOT NULL,
  province_id UUID NOT NULL,
  institutions INTEGER NOT NULL,
  rolled_up_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT department_total_pkey PRIMARY KEY (department_id, dimension, first, second),
  CONSTRAINT department_total_department_id_province_id_fkey FOREIGN KEY(department_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX department_total_province_id_idx ON app.department_total (province_id);
comment on column app.department_total.dimension is 'all, type, …, or a pair: type_status …';

CREATE TABLE app.export_job (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  person_id UUID,
  state VARCHAR(12) DEFAULT 'queued' NOT NULL,
  filters JSONB NOT NULL,
  as_of DATE,
  rows_total INTEGER,
  rows_done INTEGER DEFAULT '0' NOT NULL,
  object_hash VARCHAR(64),
  file_name VARCHAR(120),
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  finished_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT export_job_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT export_job_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX export_job_person_idx ON app.export_job (tenant_id, person_id, created_at);
CREATE INDEX export_job_province_id_idx ON app.export_job (province_id);
comment on column app.export_job.person_id is 'who asked';

CREATE TABLE app.ledger_counter (
  tenant_id UUID NOT NULL,
  province_id UUID NOT NULL,
  last_number INTEGER DEFAULT '0' NOT NULL,
  CONSTRAINT ledger_counter_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT ledger_counter_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX ledger_counter_province_id_idx ON app.ledger_counter (province_id);

CREATE TABLE app.ledger_total (
  tenant_id UUID NOT NULL,
  dimension VARCHAR(24) NOT NULL,
  first VARCHAR(80) NOT NULL,
  second VARCHAR(80) DEFAULT '' NOT NULL,
  n BIGINT NOT NULL,
  n_valued BIGINT NOT NULL,
  sum NUMERIC(24, 2) NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  CONSTRAINT ledger_total_pkey PRIMARY KEY (tenant_id, dimension, first, second),
  CONSTRAINT ledger_total_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX ledger_total_department_id_idx ON app.ledger_total (department_id);
CREATE INDEX ledger_total_province_id_idx ON app.ledger_total (province_id, dimension);
comment on column app.ledger_total.dimension is 'all, type, …, or a pair: type_status …';

CREATE TABLE app.achievement_completer (
  tenant_id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  position SMALLINT NOT NULL,
  person_id UUID NOT NULL,
  role VARCHAR(20),
  share_numerator BIGINT,
  share_denominator BIGINT,
  CONSTRAINT achievement_completer_pkey PRIMARY KEY (tenant_id, achievement_id, position),
  CONSTRAINT achievement_completer_share_check CHECK ((share_numerator is null) = (share_denominator is null) and (share_denominator is null or (share_denominator > 0 and share_numerator >= 0 and share_numerator <= share_denominator))),
  CONSTRAINT achievement_completer_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id),
  CONSTRAINT achievement_completer_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id),
  CONSTRAINT achievement_completer_tenant_id_person_id_key UNIQUE (tenant_id, person_id, achievement_id)
);

CREATE TABLE app.achievement_right (
  tenant_id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  position SMALLINT NOT NULL,
  number VARCHAR(80) NOT NULL,
  raw TEXT,
  kind VARCHAR(40) NOT NULL,
  category VARCHAR(40),
  status VARCHAR(20) DEFAULT 'granted' NOT NULL,
  applied_on DATE,
  granted_on DATE,
  expires_on DATE,
  live BOOLEAN DEFAULT 'true' NOT NULL,
  CONSTRAINT achievement_right_pkey PRIMARY KEY (tenant_id, achievement_id, position),
  CONSTRAINT achievement_right_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id)
);
CREATE UNIQUE INDEX achievement_right_number_key ON app.achievement_right (tenant_id, number) WHERE live;
comment on column app.achievement_right.number is 'canonical';
comment on column app.achievement_right.raw is 'as the clerk wrote it';
comment on column app.achievement_right.kind is 'an achievement type';
comment on column app.achievement_right.live is 'false once its achievement is revoked';

CREATE TABLE app.achievement_version (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  version UUID NOT NULL,
  held DATERANGE NOT NULL,
  recorded TSTZRANGE NOT NULL,
  number INTEGER NOT NULL,
  code VARCHAR(24) NOT NULL,
  state VARCHAR(12) NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  sort_key VARCHAR(120) NOT NULL,
  type VARCHAR(40) NOT NULL,
  type_group VARCHAR(40),
  right_category VARCHAR(40),
  obtained_on DATE,
  obtained_precision VARCHAR(5),
  stage_declared VARCHAR(20),
  stage_recognised VARCHAR(20),
  stage_since DATE,
  stage_criteria JSONB,
  stage_evidence TEXT[],
  status VARCHAR(20) NOT NULL,
  mode VARCHAR(24),
  value NUMERIC(20, 2),
  value_kind VARCHAR(12),
  conversions INTEGER DEFAULT '0' NOT NULL,
  funding VARCHAR(20),
  technical_field TEXT,
  form TEXT,
  market_prospect TEXT,
  college VARCHAR(80),
  core_technology BOOLEAN DEFAULT 'false' NOT NULL,
  agency VARCHAR(100),
  remark TEXT,
  extra JSONB,
  source VARCHAR(12) NOT NULL,
  import_id UUID,
  value_cents BIGINT GENERATED ALWAYS AS (coalesce((value * 100)::bigint, -1)) STORED,
  obtained_key DATE GENERATED ALWAYS AS (coalesce(obtained_on, date '0002-01-01')) STORED,
  team JSONB NOT NULL,
  team_size SMALLINT DEFAULT '0' NOT NULL,
  rights JSONB NOT NULL,
  revision INTEGER NOT NULL,
  reason TEXT,
  actor_id UUID,
  CONSTRAINT achievement_version_pkey PRIMARY KEY (tenant_id, id, version),
  CONSTRAINT achievement_version_tenant_id_id_fkey FOREIGN KEY(tenant_id, id) REFERENCES app.achievement (tenant_id, id),
  CONSTRAINT achievement_version_excl EXCLUDE USING gist (tenant_id WITH =, id WITH =, held WITH &&, recorded WITH &&)
);
CREATE INDEX achievement_version_known_idx ON app.achievement_version (tenant_id, number) WHERE upper_inf(recorded);
comment on column app.achievement_version.number is 'gapless per institution, never used twice';
comment on column app.achievement_version.code is 'the number as printed';
comment on column app.achievement_version.name_key is 'NFKC, casefolded, without blanks';
comment on column app.achievement_version.sort_key is 'pinyin';
comment on column app.achievement_version.right_category is 'what kind of patent';
comment on column app.achievement_version.obtained_precision is 'day or month';
comment on column app.achievement_version.stage_criteria is 'code to date';
comment on column app.achievement_version.value is 'yuan';
comment on column app.achievement_version.value_kind is 'amount or appraisal';
comment on column app.achievement_version.conversions is 'how often converted';
comment on column app.achievement_version.agency is 'third-party agency that helps';
comment on column app.achievement_version.extra is 'further columns of an imported ledger';
comment on column app.achievement_version.team is '[{person, role, share: [numerator, denominator] or null}] in order';
comment on column app.achievement_version.rights is '[{number, raw, kind, category, status, dates}] in order';

CREATE TABLE app.conversion_record (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  position SMALLINT NOT NULL,
  mode VARCHAR(24),
  counterparty VARCHAR(200),
  credit_code VARCHAR(18),
  contract_number VARCHAR(80),
  signed_on DATE,
  amount NUMERIC(20, 2),
  terms TEXT,
  remark TEXT,
  live BOOLEAN DEFAULT 'true' NOT NULL,
  revision INTEGER DEFAULT '1' NOT NULL,
  CONSTRAINT conversion_record_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT conversion_record_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id),
  CONSTRAINT conversion_record_amount_check CHECK (amount >= 0 and amount < 1e14)
);
CREATE INDEX conversion_record_achievement_idx ON app.conversion_record (tenant_id, achievement_id, position);
comment on column app.conversion_record.terms is 'terms of payment';

CREATE TABLE app.disclosure (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  person_id UUID NOT NULL,
  state VARCHAR(12) DEFAULT 'draft' NOT NULL,
  name TEXT,
  type VARCHAR(40),
  technical_field TEXT,
  form TEXT,
  stage VARCHAR(20),
  market_prospect TEXT,
  funding VARCHAR(20),
  evidence TEXT[],
  right_number VARCHAR(80),
  obtained_on DATE,
  college VARCHAR(80),
  remark TEXT,
  more JSONB,
  core_technology BOOLEAN DEFAULT 'false' NOT NULL,
  pack_version_id UUID,
  revision INTEGER DEFAULT '1' NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  saved_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  submitted_at TIMESTAMP WITH TIME ZONE,
  verified_at TIMESTAMP WITH TIME ZONE,
  verified_by UUID,
  achievement_id UUID,
  CONSTRAINT disclosure_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT disclosure_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT disclosure_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id),
  CONSTRAINT disclosure_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id)
);
CREATE INDEX disclosure_achievement_idx ON app.disclosure (tenant_id, achievement_id);
CREATE INDEX disclosure_person_idx ON app.disclosure (tenant_id, person_id, created_at);
CREATE INDEX disclosure_province_id_idx ON app.disclosure (province_id);
CREATE INDEX disclosure_state_idx ON app.disclosure (tenant_id, state, submitted_at);
comment on column app.disclosure.person_id is 'who discloses';
comment on column app.disclosure.more is 'further fields of a province''s pack, code to text';
comment on column app.disclosure.submitted_at is 'legal instant';
comment on column app.disclosure.verified_at is 'legal instant';

CREATE TABLE app.conversion_record_version (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  version UUID NOT NULL,
  held DATERANGE NOT NULL,
  recorded TSTZRANGE NOT NULL,
  achievement_id UUID NOT NULL,
  position SMALLINT NOT NULL,
  mode VARCHAR(24),
  counterparty VARCHAR(200),
  credit_code VARCHAR(18),
  contract_number VARCHAR(80),
  signed_on DATE,
  amount NUMERIC(20, 2),
  terms TEXT,
  remark TEXT,
  live BOOLEAN DEFAULT 'true' NOT NULL,
  revision INTEGER NOT NULL,
  reason TEXT,
  actor_id UUID,
  CONSTRAINT conversion_record_version_pkey PRIMARY KEY (tenant_id, id, version),
  CONSTRAINT conversion_record_version_tenant_id_id_fkey FOREIGN KEY(tenant_id, id) REFERENCES app.conversion_record (tenant_id, id),
  CONSTRAINT conversion_record_version_excl EXCLUDE USING gist (tenant_id WITH =, id WITH =, held WITH &&, recorded WITH &&)
);
CREATE INDEX conversion_record_version_achievement_idx ON app.conversion_record_version (tenant_id, achievement_id);
comment on column app.conversion_record_version.terms is 'terms of payment';

CREATE TABLE app.disclosure_completer (
  tenant_id UUID NOT NULL,
  disclosure_id UUID NOT NULL,
  position SMALLINT NOT NULL,
  person_id UUID NOT NULL,
  made_here BOOLEAN DEFAULT 'false' NOT NULL,
  role VARCHAR(20),
  share_numerator BIGINT,
  share_denominator BIGINT,
  CONSTRAINT disclosure_completer_pkey PRIMARY KEY (tenant_id, disclosure_id, position),
  CONSTRAINT disclosure_completer_share_check CHECK ((share_numerator is null) = (share_denominator is null) and (share_denominator is null or (share_denominator > 0 and share_numerator >= 0 and share_numerator <= share_denominator))),
  CONSTRAINT disclosure_completer_tenant_id_disclosure_id_fkey FOREIGN KEY(tenant_id, disclosure_id) REFERENCES app.disclosure (tenant_id, id),
  CONSTRAINT disclosure_completer_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id)
);
CREATE INDEX disclosure_completer_person_idx ON app.disclosure_completer (tenant_id, person_id);
comment on column app.disclosure_completer.made_here is 'the person was entered with this form';

CREATE TABLE app.disclosure_return (
  tenant_id UUID NOT NULL,
  disclosure_id UUID NOT NULL,
  round SMALLINT NOT NULL,
  field VARCHAR(40) NOT NULL,
  reason TEXT NOT NULL,
  actor_id UUID,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT disclosure_return_pkey PRIMARY KEY (tenant_id, disclosure_id, round, field),
  CONSTRAINT disclosure_return_tenant_id_disclosure_id_fkey FOREIGN KEY(tenant_id, disclosure_id) REFERENCES app.disclosure (tenant_id, id)
);
comment on column app.disclosure_return.field is 'empty: the disclosure as a whole';
comment on column app.disclosure_return.at is 'legal instant';
"""

TENANT_ROLES = ("web_institution", "worker")
CURRENT = ("achievement", "achievement_completer", "achievement_right", "conversion_record")
VERSIONS = ("achievement_version", "conversion_record_version")
OTHERS = ("ledger_counter", "ledger_number", "achievement_gram", "ledger_total", "export_job")
DISCLOSURE = ("disclosure", "disclosure_completer", "disclosure_return")
ROLL_UPS = ("province_total", "department_total")
TENANT_TABLES = (*CURRENT, *VERSIONS, *OTHERS, *DISCLOSURE)


def upgrade() -> None:
    op.execute(TABLES)
    protect(*TENANT_TABLES, *ROLL_UPS)
    policies()
    grants()


def policies() -> None:
    scope(TENANT_TABLES, TENANT_ROLES, "all", "tenant_id")
    scope("ledger_total", "worker_rollup", "select", "province_id")
    scope(ROLL_UPS, "worker_rollup", "all", "province_id")
    scope("province_total", ("web_science", "web_public"), "select", "province_id")
    scope("department_total", "web_science", "select", "province_id")
    scope("department_total", "web_department", "select", "department_id")


def grants() -> None:
    grant("select, insert, update", ("achievement", "conversion_record"), TENANT_ROLES)
    grant("select, insert, update, delete", ("achievement_completer", "achievement_right"), TENANT_ROLES)
    grant("select, insert, update (recorded)", VERSIONS, TENANT_ROLES)
    grant("select, insert, update", ("ledger_counter", "ledger_total", "export_job"), TENANT_ROLES)
    grant("select, insert, update (revoked_at, reason)", "ledger_number", TENANT_ROLES)
    grant("select, insert, delete", "achievement_gram", TENANT_ROLES)
    grant("select, insert, update", "disclosure", TENANT_ROLES)
    grant("select, insert, update, delete", "disclosure_completer", TENANT_ROLES)
    grant("select, insert", "disclosure_return", TENANT_ROLES)
    grant("select", "ledger_total", "worker_rollup")
    grant("select, insert, update", ROLL_UPS, "worker_rollup")
    grant("select", "province_total", ("web_science", "web_public"))
    grant("select", "department_total", ("web_science", "web_department"))
    for_maintenance(*TENANT_TABLES, *ROLL_UPS)
