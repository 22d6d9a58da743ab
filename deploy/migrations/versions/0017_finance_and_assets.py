"""What goes to finance and the asset system: screening in the unit's own cycle, marks, deliveries, the internal year, payments.

Revision ID: 0017
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.asset_report (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  report VARCHAR(40) NOT NULL,
  year SMALLINT NOT NULL,
  version SMALLINT NOT NULL,
  as_of DATE NOT NULL,
  known_at TIMESTAMP WITH TIME ZONE NOT NULL,
  due_on DATE,
  payload JSONB NOT NULL,
  reason TEXT,
  state VARCHAR(12) DEFAULT 'sent' NOT NULL,
  sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
  sent_by UUID,
  received_at TIMESTAMP WITH TIME ZONE,
  received_by UUID,
  receipt TEXT,
  receipt_recorded_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT asset_report_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT asset_report_version_key UNIQUE (tenant_id, report, year, version)
);
CREATE INDEX asset_report_newest_idx ON app.asset_report (tenant_id, sent_at);
comment on column app.asset_report.report is 'code of the report in the pack';
comment on column app.asset_report.year is 'the year reported on';
comment on column app.asset_report.as_of is 'the day whose state is counted';
comment on column app.asset_report.known_at is 'real instant: what was recorded until then';
comment on column app.asset_report.due_on is 'as the unit had set it';
comment on column app.asset_report.reason is 'why it was frozen again';
comment on column app.asset_report.sent_at is 'legal instant';
comment on column app.asset_report.sent_by is 'empty: by its day';
comment on column app.asset_report.received_at is 'legal instant';
comment on column app.asset_report.receipt is 'what finance or asset management says to it';
comment on column app.asset_report.receipt_recorded_at is 'real instant';

CREATE TABLE app.asset_report_plan (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  month SMALLINT NOT NULL,
  day SMALLINT NOT NULL,
  ahead_days SMALLINT NOT NULL,
  basis VARCHAR(200) NOT NULL,
  set_at TIMESTAMP WITH TIME ZONE NOT NULL,
  set_by UUID,
  CONSTRAINT asset_report_plan_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT asset_report_plan_month_check CHECK (month between 1 and 12 and day between 1 and 31 and ahead_days between 1 and 90)
);
CREATE INDEX asset_report_plan_newest_idx ON app.asset_report_plan (tenant_id, set_at);
comment on column app.asset_report_plan.day is 'the month''s last day where it has no such day';
comment on column app.asset_report_plan.ahead_days is 'how long before its day the report is called to mind';
comment on column app.asset_report_plan.basis is 'the paper of the unit that sets the day';
comment on column app.asset_report_plan.set_at is 'legal instant';

CREATE TABLE app.exit_sheet (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  number INTEGER NOT NULL,
  payload JSONB NOT NULL,
  recipients JSONB NOT NULL,
  reference VARCHAR(80) NOT NULL,
  sent_on DATE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_by UUID,
  CONSTRAINT exit_sheet_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT exit_sheet_number_key UNIQUE (tenant_id, number)
);
comment on column app.exit_sheet.payload is 'the list as it was sent';
comment on column app.exit_sheet.recipients is 'labels of the authorities that the text names';
comment on column app.exit_sheet.reference is 'of the letter';
comment on column app.exit_sheet.recorded_at is 'legal instant';

CREATE TABLE app.push_target (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  name VARCHAR(80) NOT NULL,
  url VARCHAR(500) NOT NULL,
  events TEXT[] NOT NULL,
  secret BYTEA NOT NULL,
  state VARCHAR(12) DEFAULT 'active' NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  created_by UUID,
  CONSTRAINT push_target_pkey PRIMARY KEY (tenant_id, id)
);
comment on column app.push_target.secret is 'sealed with the installation''s key';
comment on column app.push_target.created_at is 'legal instant';

CREATE TABLE app.screening_plan (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  every_months SMALLINT NOT NULL,
  first_due_on DATE NOT NULL,
  ahead_days SMALLINT NOT NULL,
  reasons TEXT[] NOT NULL,
  basis VARCHAR(200) NOT NULL,
  set_at TIMESTAMP WITH TIME ZONE NOT NULL,
  set_by UUID,
  CONSTRAINT screening_plan_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT screening_plan_every_months_check CHECK (every_months between 1 and 60 and ahead_days between 1 and 180)
);
CREATE INDEX screening_plan_newest_idx ON app.screening_plan (tenant_id, set_at);
comment on column app.screening_plan.first_due_on is 'by when the first round is to be done';
comment on column app.screening_plan.ahead_days is 'how long before its day a round begins';
comment on column app.screening_plan.reasons is 'which achievements are looked at';
comment on column app.screening_plan.basis is 'the paper of the unit that sets the cycle';
comment on column app.screening_plan.set_at is 'legal instant';

CREATE TABLE app.screening_round (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  number INTEGER NOT NULL,
  due_on DATE NOT NULL,
  until DATE NOT NULL,
  reasons TEXT[] NOT NULL,
  state VARCHAR(12) DEFAULT 'open' NOT NULL,
  opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
  opened_by UUID,
  closed_at TIMESTAMP WITH TIME ZONE,
  closed_by UUID,
  summary TEXT,
  counts JSONB,
  CONSTRAINT screening_round_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT screening_round_number_key UNIQUE (tenant_id, number)
);
CREATE UNIQUE INDEX screening_round_open_key ON app.screening_round (tenant_id) WHERE state = 'open';
comment on column app.screening_round.until is 'rights that end until this day are looked at';
comment on column app.screening_round.opened_at is 'legal instant';
comment on column app.screening_round.opened_by is 'empty: by its day';
comment on column app.screening_round.closed_at is 'legal instant';
comment on column app.screening_round.counts is 'how many by result, kept as the round closed';

CREATE TABLE app.push_delivery (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  target_id UUID NOT NULL,
  source_id UUID NOT NULL,
  event VARCHAR(60) NOT NULL,
  payload JSONB NOT NULL,
  state VARCHAR(12) DEFAULT 'waiting' NOT NULL,
  attempts SMALLINT DEFAULT '0' NOT NULL,
  tried INTEGER DEFAULT '0' NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  next_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  settled_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT push_delivery_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT push_delivery_tenant_id_target_id_fkey FOREIGN KEY(tenant_id, target_id) REFERENCES app.push_target (tenant_id, id),
  CONSTRAINT push_delivery_source_key UNIQUE (tenant_id, target_id, source_id)
);
CREATE INDEX push_delivery_newest_idx ON app.push_delivery (tenant_id, created_at);
CREATE INDEX push_delivery_waiting_idx ON app.push_delivery (tenant_id, next_at) WHERE state = 'waiting';
comment on column app.push_delivery.source_id is 'the outbox row; the receiver knows a repetition by it';
comment on column app.push_delivery.attempts is 'since it was asked for last';
comment on column app.push_delivery.tried is 'altogether';
comment on column app.push_delivery.settled_at is 'real instant';

CREATE TABLE app.push_attempt (
  tenant_id UUID NOT NULL,
  delivery_id UUID NOT NULL,
  number INTEGER NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  status SMALLINT,
  fault VARCHAR(200),
  millis INTEGER NOT NULL,
  CONSTRAINT push_attempt_pkey PRIMARY KEY (tenant_id, delivery_id, number),
  CONSTRAINT push_attempt_tenant_id_delivery_id_fkey FOREIGN KEY(tenant_id, delivery_id) REFERENCES app.push_delivery (tenant_id, id)
);
comment on column app.push_attempt.status is 'of the answer; empty where there was none';
comment on column app.push_attempt.fault is 'why there was no answer';

CREATE TABLE app.asset_mark (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  asset_number VARCHAR(60),
  booked_value NUMERIC(20, 2),
  ground TEXT,
  hint JSONB,
  marked_on DATE NOT NULL,
  marked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  marked_by UUID,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  unmarked_on DATE,
  unmarked_at TIMESTAMP WITH TIME ZONE,
  unmarked_by UUID,
  end_recorded_at TIMESTAMP WITH TIME ZONE,
  unmark_reason TEXT,
  CONSTRAINT asset_mark_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT asset_mark_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id),
  CONSTRAINT asset_mark_booked_value_check CHECK (booked_value >= 0 and booked_value < 1e14),
  CONSTRAINT asset_mark_unmarked_on_check CHECK (unmarked_on >= marked_on)
);
CREATE INDEX asset_mark_achievement_idx ON app.asset_mark (tenant_id, achievement_id);
CREATE UNIQUE INDEX asset_mark_live_key ON app.asset_mark (tenant_id, achievement_id) WHERE unmarked_at is null;
comment on column app.asset_mark.asset_number is 'of the card in the asset system';
comment on column app.asset_mark.booked_value is 'yuan; empty where finance states none';
comment on column app.asset_mark.ground is 'finance''s own, where the text books no intangible';
comment on column app.asset_mark.hint is 'what the text said: treatment, article, document, pack';
comment on column app.asset_mark.marked_on is 'the day from which it is marked';
comment on column app.asset_mark.marked_at is 'legal instant';
comment on column app.asset_mark.recorded_at is 'real instant';
comment on column app.asset_mark.unmarked_on is 'the first day on which it is not';
comment on column app.asset_mark.unmarked_at is 'legal instant';
comment on column app.asset_mark.end_recorded_at is 'real instant';

CREATE TABLE app.exit_item (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  ground TEXT NOT NULL,
  decided_on DATE NOT NULL,
  decision VARCHAR(80) NOT NULL,
  listed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  listed_by UUID,
  removed_at TIMESTAMP WITH TIME ZONE,
  removed_by UUID,
  removed_reason TEXT,
  sheet_id UUID,
  CONSTRAINT exit_item_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT exit_item_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id),
  CONSTRAINT exit_item_tenant_id_sheet_id_fkey FOREIGN KEY(tenant_id, sheet_id) REFERENCES app.exit_sheet (tenant_id, id)
);
CREATE INDEX exit_item_achievement_idx ON app.exit_item (tenant_id, achievement_id);
CREATE UNIQUE INDEX exit_item_live_key ON app.exit_item (tenant_id, achievement_id) WHERE removed_at is null;
comment on column app.exit_item.ground is 'why it leaves';
comment on column app.exit_item.decided_on is 'by the leading group';
comment on column app.exit_item.decision is 'number of the minutes';
comment on column app.exit_item.listed_at is 'legal instant';
comment on column app.exit_item.removed_at is 'legal instant';
comment on column app.exit_item.sheet_id is 'with which it was sent first';

CREATE TABLE app.screening_item (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  round_id UUID,
  reasons TEXT[] NOT NULL,
  asked TEXT,
  added_at TIMESTAMP WITH TIME ZONE NOT NULL,
  added_by UUID,
  result VARCHAR(12),
  finding TEXT,
  judged_at TIMESTAMP WITH TIME ZONE,
  judged_by UUID,
  CONSTRAINT screening_item_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT screening_item_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id),
  CONSTRAINT screening_item_tenant_id_round_id_fkey FOREIGN KEY(tenant_id, round_id) REFERENCES app.screening_round (tenant_id, id),
  CONSTRAINT screening_item_round_key UNIQUE (tenant_id, round_id, achievement_id)
);
CREATE INDEX screening_item_achievement_idx ON app.screening_item (tenant_id, achievement_id);
CREATE UNIQUE INDEX screening_item_waiting_key ON app.screening_item (tenant_id, achievement_id) WHERE round_id is null;
comment on column app.screening_item.round_id is 'empty: waits for the next round';
comment on column app.screening_item.asked is 'what whoever handed it in wants to know';
comment on column app.screening_item.added_at is 'legal instant';
comment on column app.screening_item.judged_at is 'legal instant';

CREATE TABLE app.conversion_payment (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  conversion_id UUID NOT NULL,
  received_on DATE NOT NULL,
  amount NUMERIC(20, 2) NOT NULL,
  kind VARCHAR(12) NOT NULL,
  reference VARCHAR(80) NOT NULL,
  remark TEXT,
  live BOOLEAN DEFAULT 'true' NOT NULL,
  revision INTEGER DEFAULT '1' NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT conversion_payment_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT conversion_payment_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id),
  CONSTRAINT conversion_payment_tenant_id_conversion_id_fkey FOREIGN KEY(tenant_id, conversion_id) REFERENCES app.conversion_record (tenant_id, id),
  CONSTRAINT conversion_payment_amount_check CHECK (amount > 0 and amount < 1e14)
);
CREATE INDEX conversion_payment_achievement_idx ON app.conversion_payment (tenant_id, achievement_id);
CREATE INDEX conversion_payment_conversion_idx ON app.conversion_payment (tenant_id, conversion_id);
comment on column app.conversion_payment.reference is 'of the voucher';
comment on column app.conversion_payment.live is 'false: it was recorded by mistake';

CREATE TABLE app.conversion_payment_version (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  version UUID NOT NULL,
  held DATERANGE NOT NULL,
  recorded TSTZRANGE NOT NULL,
  achievement_id UUID NOT NULL,
  conversion_id UUID NOT NULL,
  received_on DATE NOT NULL,
  amount NUMERIC(20, 2) NOT NULL,
  kind VARCHAR(12) NOT NULL,
  reference VARCHAR(80) NOT NULL,
  remark TEXT,
  live BOOLEAN DEFAULT 'true' NOT NULL,
  revision INTEGER NOT NULL,
  reason TEXT,
  actor_id UUID,
  CONSTRAINT conversion_payment_version_pkey PRIMARY KEY (tenant_id, id, version),
  CONSTRAINT conversion_payment_version_tenant_id_id_fkey FOREIGN KEY(tenant_id, id) REFERENCES app.conversion_payment (tenant_id, id),
  CONSTRAINT conversion_payment_version_excl EXCLUDE USING gist (tenant_id WITH =, id WITH =, held WITH &&, recorded WITH &&)
);
CREATE INDEX conversion_payment_version_achievement_idx ON app.conversion_payment_version (tenant_id, achievement_id);
comment on column app.conversion_payment_version.reference is 'of the voucher';
comment on column app.conversion_payment_version.live is 'false: it was recorded by mistake';
"""
NAMES = (
    "screening_plan",
    "screening_round",
    "screening_item",
    "asset_mark",
    "push_target",
    "push_delivery",
    "push_attempt",
    "asset_report_plan",
    "asset_report",
    "conversion_payment",
    "conversion_payment_version",
    "exit_sheet",
    "exit_item",
)
TENANT_ROLES = ("web_institution", "worker")


def upgrade() -> None:
    op.execute(TABLES)
    protect(*NAMES)
    scope(NAMES, TENANT_ROLES, "all", "tenant_id")
    grant("select", NAMES, TENANT_ROLES)
    grant("insert", "screening_plan", "web_institution")
    grant("insert, update (state, closed_at, closed_by, summary, counts)", "screening_round", TENANT_ROLES)
    grant("insert, update (round_id, reasons, result, finding, judged_at, judged_by)", "screening_item", TENANT_ROLES)
    grant(
        "insert, update (unmarked_on, unmarked_at, unmarked_by, unmark_reason, end_recorded_at)",
        "asset_mark",
        "web_institution",
    )
    grant("insert, update", "push_target", "web_institution")
    grant("insert, update", "push_delivery", TENANT_ROLES)
    grant("insert", "push_attempt", "worker")
    grant("insert", "asset_report_plan", "web_institution")
    grant(
        "insert, update (state, received_at, received_by, receipt, receipt_recorded_at)", "asset_report", TENANT_ROLES
    )
    grant("insert, update", "conversion_payment", "web_institution")
    grant("insert, update (recorded)", "conversion_payment_version", "web_institution")
    grant("insert", "exit_sheet", "web_institution")
    grant("insert, update (removed_at, removed_by, removed_reason, sheet_id)", "exit_item", "web_institution")
    for_maintenance(*NAMES)
