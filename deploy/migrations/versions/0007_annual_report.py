"""Yearly reports: frozen figures with their rows, texts, what was handed over to whom, returns, aggregates, due days.

Revision ID: 0007
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.report_deadline (
  province_id UUID NOT NULL,
  report VARCHAR(40) NOT NULL,
  stage VARCHAR(40) NOT NULL,
  year SMALLINT NOT NULL,
  due_on DATE NOT NULL,
  document VARCHAR(200) NOT NULL,
  entered_by UUID NOT NULL,
  entered_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT report_deadline_pkey PRIMARY KEY (province_id, report, stage, year),
  CONSTRAINT report_deadline_province_id_fkey FOREIGN KEY(province_id) REFERENCES app.province (province_id)
);
comment on column app.report_deadline.report is 'code of the report in the pack';
comment on column app.report_deadline.year is 'the year reported on';
comment on column app.report_deadline.document is 'the paper that sets the day';
comment on column app.report_deadline.entered_by is 'the authority';

CREATE TABLE app.annual_report (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  report VARCHAR(40) NOT NULL,
  year SMALLINT NOT NULL,
  form_version VARCHAR(60) NOT NULL,
  pack_version_id UUID NOT NULL,
  state VARCHAR(12) DEFAULT 'draft' NOT NULL,
  freeze_number SMALLINT DEFAULT '0' NOT NULL,
  edition SMALLINT DEFAULT '0' NOT NULL,
  due_on DATE,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  submitted_at TIMESTAMP WITH TIME ZONE,
  reviewed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT annual_report_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT annual_report_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT annual_report_tenant_id_report_year_key UNIQUE (tenant_id, report, year)
);
CREATE INDEX annual_report_department_id_idx ON app.annual_report (department_id, year);
CREATE INDEX annual_report_province_id_idx ON app.annual_report (province_id, year);
comment on column app.annual_report.form_version is 'the form of its reporting year stays with the report';
comment on column app.annual_report.freeze_number is 'number of the newest freeze';
comment on column app.annual_report.edition is 'how often it was handed over';
comment on column app.annual_report.due_on is 'as it stood when the report was last frozen or handed over';
comment on column app.annual_report.created_at is 'legal instant';
comment on column app.annual_report.submitted_at is 'legal instant of the newest edition';

CREATE TABLE app.report_aggregate (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  report VARCHAR(40) NOT NULL,
  year SMALLINT NOT NULL,
  number SMALLINT NOT NULL,
  state VARCHAR(12) DEFAULT 'compiled' NOT NULL,
  payload JSONB NOT NULL,
  compiled_at TIMESTAMP WITH TIME ZONE NOT NULL,
  forwarded_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT report_aggregate_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT report_aggregate_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT report_aggregate_number_key UNIQUE (tenant_id, report, year, number)
);
CREATE INDEX report_aggregate_department_id_idx ON app.report_aggregate (department_id);
CREATE INDEX report_aggregate_province_id_idx ON app.report_aggregate (province_id);
comment on column app.report_aggregate.department_id is 'who compiled it; the same as tenant_id';
comment on column app.report_aggregate.number is 'which batch of the year';
comment on column app.report_aggregate.compiled_at is 'legal instant';
comment on column app.report_aggregate.forwarded_at is 'legal instant';

CREATE TABLE app.report_freeze (
  tenant_id UUID NOT NULL,
  report_id UUID NOT NULL,
  number SMALLINT NOT NULL,
  as_of DATE NOT NULL,
  known_at TIMESTAMP WITH TIME ZONE NOT NULL,
  frozen_at TIMESTAMP WITH TIME ZONE NOT NULL,
  reason TEXT,
  actor_id UUID,
  CONSTRAINT report_freeze_pkey PRIMARY KEY (tenant_id, report_id, number),
  CONSTRAINT report_freeze_tenant_id_report_id_fkey FOREIGN KEY(tenant_id, report_id) REFERENCES app.annual_report (tenant_id, id)
);
comment on column app.report_freeze.as_of is 'the day whose state is counted';
comment on column app.report_freeze.known_at is 'real instant: what was recorded until then';
comment on column app.report_freeze.frozen_at is 'legal instant';
comment on column app.report_freeze.reason is 'why it was frozen again';

CREATE TABLE app.report_part (
  tenant_id UUID NOT NULL,
  report_id UUID NOT NULL,
  code VARCHAR(40) NOT NULL,
  text TEXT NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT report_part_pkey PRIMARY KEY (tenant_id, report_id, code),
  CONSTRAINT report_part_tenant_id_report_id_fkey FOREIGN KEY(tenant_id, report_id) REFERENCES app.annual_report (tenant_id, id)
);

CREATE TABLE app.report_return (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  report_id UUID NOT NULL,
  submission_id UUID NOT NULL,
  field VARCHAR(60) NOT NULL,
  label VARCHAR(120) NOT NULL,
  reason TEXT NOT NULL,
  returned_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  position SMALLINT DEFAULT '0' NOT NULL,
  CONSTRAINT report_return_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT report_return_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT report_return_tenant_id_report_id_fkey FOREIGN KEY(tenant_id, report_id) REFERENCES app.annual_report (tenant_id, id)
);
CREATE INDEX report_return_department_id_idx ON app.report_return (department_id);
CREATE INDEX report_return_province_id_idx ON app.report_return (province_id);
CREATE INDEX report_return_report_idx ON app.report_return (tenant_id, report_id, recorded_at);
comment on column app.report_return.field is 'part:code or dimension:code';
comment on column app.report_return.returned_at is 'legal instant';
comment on column app.report_return.position is 'order on the form';

CREATE TABLE app.report_stated (
  tenant_id UUID NOT NULL,
  report_id UUID NOT NULL,
  dimension VARCHAR(12) NOT NULL,
  value VARCHAR(80) NOT NULL,
  opening INTEGER DEFAULT '0' NOT NULL,
  first_entry INTEGER DEFAULT '0' NOT NULL,
  added INTEGER DEFAULT '0' NOT NULL,
  removed INTEGER DEFAULT '0' NOT NULL,
  closing INTEGER DEFAULT '0' NOT NULL,
  reason TEXT NOT NULL,
  actor_id UUID,
  CONSTRAINT report_stated_pkey PRIMARY KEY (tenant_id, report_id, dimension, value),
  CONSTRAINT report_stated_tenant_id_report_id_fkey FOREIGN KEY(tenant_id, report_id) REFERENCES app.annual_report (tenant_id, id)
);
comment on column app.report_stated.value is 'code; empty where the ledger has none';
comment on column app.report_stated.reason is 'why the institution reports other figures than were counted';

CREATE TABLE app.report_submission (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  recipient_id UUID NOT NULL,
  recipient_kind VARCHAR(12) NOT NULL,
  report_id UUID,
  aggregate_id UUID,
  report VARCHAR(40) NOT NULL,
  stage VARCHAR(40) NOT NULL,
  year SMALLINT NOT NULL,
  edition SMALLINT NOT NULL,
  state VARCHAR(12) DEFAULT 'submitted' NOT NULL,
  payload JSONB NOT NULL,
  files JSONB NOT NULL,
  submitted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  reviewed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT report_submission_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT report_submission_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT report_submission_tenant_id_report_id_fkey FOREIGN KEY(tenant_id, report_id) REFERENCES app.annual_report (tenant_id, id),
  CONSTRAINT report_submission_tenant_id_aggregate_id_fkey FOREIGN KEY(tenant_id, aggregate_id) REFERENCES app.report_aggregate (tenant_id, id),
  CONSTRAINT report_submission_edition_key UNIQUE (tenant_id, report_id, edition, recipient_id),
  CONSTRAINT report_submission_aggregate_key UNIQUE (tenant_id, aggregate_id, recipient_id)
);
CREATE INDEX report_submission_department_id_idx ON app.report_submission (department_id, year);
CREATE INDEX report_submission_province_id_idx ON app.report_submission (province_id, recipient_kind, year);
CREATE INDEX report_submission_recipient_id_idx ON app.report_submission (recipient_id, year);
comment on column app.report_submission.recipient_kind is 'department, science or finance';
comment on column app.report_submission.report_id is 'of a unit';
comment on column app.report_submission.aggregate_id is 'of a department';
comment on column app.report_submission.files is '[{name, sha256, size}]; made again from the payload when asked for';
comment on column app.report_submission.submitted_at is 'legal instant';

CREATE TABLE app.report_figure (
  tenant_id UUID NOT NULL,
  report_id UUID NOT NULL,
  freeze_number SMALLINT NOT NULL,
  dimension VARCHAR(12) NOT NULL,
  value VARCHAR(80) NOT NULL,
  opening INTEGER DEFAULT '0' NOT NULL,
  first_entry INTEGER DEFAULT '0' NOT NULL,
  added INTEGER DEFAULT '0' NOT NULL,
  removed INTEGER DEFAULT '0' NOT NULL,
  closing INTEGER DEFAULT '0' NOT NULL,
  declared INTEGER,
  n_valued INTEGER DEFAULT '0' NOT NULL,
  amount NUMERIC(24, 2) DEFAULT '0' NOT NULL,
  CONSTRAINT report_figure_pkey PRIMARY KEY (tenant_id, report_id, freeze_number, dimension, value),
  CONSTRAINT report_figure_tenant_id_report_id_freeze_number_fkey FOREIGN KEY(tenant_id, report_id, freeze_number) REFERENCES app.report_freeze (tenant_id, report_id, number)
);
comment on column app.report_figure.value is 'code; empty where the ledger has none';
comment on column app.report_figure.declared is 'by the declared stage, beside the recognised one that is counted';

CREATE TABLE app.report_row (
  tenant_id UUID NOT NULL,
  report_id UUID NOT NULL,
  freeze_number SMALLINT NOT NULL,
  achievement_id UUID NOT NULL,
  opening_version UUID,
  closing_version UUID,
  first_entry BOOLEAN NOT NULL,
  CONSTRAINT report_row_pkey PRIMARY KEY (tenant_id, report_id, freeze_number, achievement_id),
  CONSTRAINT report_row_tenant_id_report_id_freeze_number_fkey FOREIGN KEY(tenant_id, report_id, freeze_number) REFERENCES app.report_freeze (tenant_id, report_id, number),
  CONSTRAINT report_row_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id)
);
comment on column app.report_row.first_entry is 'began in the year by importing an existing ledger';
"""

TENANT_ROLES = ("web_institution", "worker")
DRAFT = ("report_freeze", "report_row", "report_figure", "report_stated", "report_part")
HANDED_OVER = ("annual_report", "report_submission", "report_return")
READERS = ("web_public", "web_institution", "web_department", "web_finance", "worker")
# Totals that an authority may see per institution; never by college or by pairs.
TOTALS = "dimension::text in ('all', 'type', 'stage', 'status', 'mode', 'year')"


def upgrade() -> None:
    op.execute(TABLES)
    protect("report_deadline", *DRAFT, *HANDED_OVER, "report_aggregate")
    policies()
    grants()


def policies() -> None:
    scope((*DRAFT, *HANDED_OVER), TENANT_ROLES, "all", "tenant_id")
    scope("report_deadline", READERS, "select", "province_id")
    scope("report_deadline", "web_science", "all", "province_id")
    # progress only: the row says how far a report has come, and nothing before it is handed over
    scope("annual_report", "web_science", "select", "province_id", "state <> 'draft'")
    scope("annual_report", "web_department", "all", "department_id", "state <> 'draft'")
    scope("report_submission", "web_science", "select", "province_id", "recipient_kind = 'science'")
    scope("report_submission", "web_department", "all", "department_id")
    scope("report_submission", "web_finance", "select", "recipient_id")
    scope("report_return", "web_department", "all", "department_id")
    scope("report_aggregate", "web_department", "all", "department_id")
    scope("ledger_total", "web_science", "select", "province_id", TOTALS)
    scope("ledger_total", "web_department", "select", "department_id", TOTALS)


def grants() -> None:
    grant("select", "report_deadline", (*READERS, "web_science"))
    grant("insert, update", "report_deadline", "web_science")
    grant("select, insert, update", ("annual_report", "report_submission"), "web_institution")
    grant("select, insert", ("report_freeze", "report_row", "report_figure"), "web_institution")
    grant("select, insert, update, delete", ("report_stated", "report_part"), "web_institution")
    grant("select", "report_return", "web_institution")
    grant("select", (*DRAFT, *HANDED_OVER), "worker")
    grant("select", "annual_report", ("web_science", "web_department"))
    grant("update (state, reviewed_at)", "annual_report", "web_department")
    grant("select", "report_submission", ("web_science", "web_department", "web_finance"))
    grant("insert, update (state, reviewed_at)", "report_submission", "web_department")
    grant("select, insert", "report_return", "web_department")
    grant("select, insert, update (state, payload, compiled_at, forwarded_at)", "report_aggregate", "web_department")
    grant("select", "ledger_total", ("web_science", "web_department"))
    for_maintenance("report_deadline", *DRAFT, *HANDED_OVER, "report_aggregate")
