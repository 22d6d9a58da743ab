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
"""
NAMES = (
    "screening_plan",
    "screening_round",
    "screening_item",
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
    for_maintenance(*NAMES)
