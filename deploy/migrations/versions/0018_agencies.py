"""What an institution hands to a transfer agency, seen by that agency alone while it lasts; what a returned disclosure said.

Revision ID: 0018
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

RETURNED = """
ALTER TABLE app.disclosure ADD COLUMN returned_as JSONB;
comment on column app.disclosure.returned_as is 'what it said when it last came back, field to text; the team as ids and shares';
"""
TASKS = """
CREATE TABLE app.agency_task (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  recipient_id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  service VARCHAR(40) NOT NULL,
  first_day DATE NOT NULL,
  last_day DATE NOT NULL,
  instruction TEXT,
  handed JSONB NOT NULL,
  asks TEXT[] NOT NULL,
  state VARCHAR(12) DEFAULT 'open' NOT NULL,
  body TEXT,
  proposed JSONB,
  revision INTEGER DEFAULT '1' NOT NULL,
  handed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  handed_by UUID,
  delivered_at TIMESTAMP WITH TIME ZONE,
  ended_at TIMESTAMP WITH TIME ZONE,
  reason TEXT,
  CONSTRAINT agency_task_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT agency_task_period_check CHECK (first_day <= last_day),
  CONSTRAINT agency_task_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT agency_task_recipient_id_province_id_fkey FOREIGN KEY(recipient_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT agency_task_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id)
);
CREATE INDEX agency_task_achievement_idx ON app.agency_task (tenant_id, achievement_id);
CREATE UNIQUE INDEX agency_task_once_key ON app.agency_task (tenant_id, achievement_id, recipient_id, service) WHERE ended_at is null;
CREATE INDEX agency_task_province_id_idx ON app.agency_task (province_id);
CREATE INDEX agency_task_recipient_id_idx ON app.agency_task (recipient_id, last_day) WHERE ended_at is null;
comment on column app.agency_task.recipient_id is 'the agency to which it is handed';
comment on column app.agency_task.service is 'code of the pack';
comment on column app.agency_task.handed is 'what the agency sees of the achievement, label to text';
comment on column app.agency_task.asks is 'fields of the ledger that it may fill in';
comment on column app.agency_task.body is 'what it worked out';
comment on column app.agency_task.proposed is 'field to text, of those asked';
comment on column app.agency_task.handed_at is 'legal instant';
comment on column app.agency_task.delivered_at is 'legal instant';
comment on column app.agency_task.ended_at is 'legal instant; from then on the agency sees it no more';
comment on column app.agency_task.reason is 'why it was given back or ended';
"""
TENANT_ROLES = ("web_institution", "worker")


def upgrade() -> None:
    op.execute(RETURNED)
    op.execute(TASKS)
    protect("agency_task")
    scope("agency_task", TENANT_ROLES, "all", "tenant_id")
    # An agency enters as recipients do: its own rows, and none that has ended.
    scope("agency_task", "web_finance", "select", "recipient_id", "ended_at is null")
    scope("agency_task", "web_finance", "update", "recipient_id", "ended_at is null", floor=False)
    grant("select", "agency_task", (*TENANT_ROLES, "web_finance"))
    grant("insert, update (state, revision, ended_at, reason)", "agency_task", "web_institution")
    grant("update (state, body, proposed, revision, delivered_at)", "agency_task", "web_finance")
    grant("update (state, ended_at, reason)", "agency_task", "worker")
    for_maintenance("agency_task")
