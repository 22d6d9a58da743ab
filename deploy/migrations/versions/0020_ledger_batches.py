"""What was changed at once can be undone at once; exports say of which list they are; what is quarantined is found by an index.

Revision ID: 0020
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.ledger_batch (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  person_id UUID NOT NULL,
  changes JSONB NOT NULL,
  rows JSONB NOT NULL,
  since DATE NOT NULL,
  reason TEXT NOT NULL,
  state VARCHAR(12) DEFAULT 'done' NOT NULL,
  done_at TIMESTAMP WITH TIME ZONE NOT NULL,
  undone_at TIMESTAMP WITH TIME ZONE,
  undone_by UUID,
  CONSTRAINT ledger_batch_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT ledger_batch_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id)
);
CREATE INDEX ledger_batch_done_idx ON app.ledger_batch (tenant_id, done_at);
comment on column app.ledger_batch.changes is 'the field and what it was changed to';
comment on column app.ledger_batch.rows is '[[achievement, revision that the change made]]';
comment on column app.ledger_batch.since is 'from which day the change holds';
comment on column app.ledger_batch.done_at is 'legal instant';
comment on column app.ledger_batch.undone_at is 'legal instant';
"""

COLUMNS = """
ALTER TABLE app.export_job ADD COLUMN list VARCHAR(24) DEFAULT 'ledger' NOT NULL;
comment on column app.export_job.list is 'which list it is of';
CREATE INDEX achievement_quarantined_idx ON app.achievement (tenant_id, id) WHERE state = 'quarantined';
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(COLUMNS)
    protect("ledger_batch")
    scope("ledger_batch", "web_institution", "all", "tenant_id")
    grant("select, insert, update", "ledger_batch", "web_institution")
    for_maintenance("ledger_batch")
