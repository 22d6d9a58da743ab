"""Proposals of a pack can be withdrawn, are the science department's, and are rehearsed over recorded decisions.

Revision ID: 0009
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE app.pack_activation ADD COLUMN withdrawn_by UUID, ADD COLUMN withdrawn_at TIMESTAMP WITH TIME ZONE;
CREATE UNIQUE INDEX pack_activation_day_key ON app.pack_activation (province_id, effective_on) WHERE withdrawn_at is null;

CREATE TABLE app.pack_rehearsal (
  tenant_id UUID NOT NULL,
  activation_id UUID NOT NULL,
  province_id UUID NOT NULL,
  state VARCHAR(12) DEFAULT 'waiting' NOT NULL,
  total INTEGER DEFAULT '0' NOT NULL,
  done INTEGER DEFAULT '0' NOT NULL,
  after_kind VARCHAR(40),
  after_id UUID,
  counts JSONB DEFAULT '{}' NOT NULL,
  finished_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pack_rehearsal_pkey PRIMARY KEY (tenant_id, activation_id),
  CONSTRAINT pack_rehearsal_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX pack_rehearsal_province_id_idx ON app.pack_rehearsal (province_id, activation_id);
comment on column app.pack_rehearsal.state is 'waiting, running, done';
comment on column app.pack_rehearsal.total is 'decisions of the tenant when it began';
comment on column app.pack_rehearsal.after_kind is 'the last case that was looked at';
comment on column app.pack_rehearsal.counts is 'per question: decisions, changed, cases, and the new verdicts; nothing else of a decision';
"""


def upgrade() -> None:
    op.execute(TABLES)
    protect("pack_rehearsal")
    scope("pack_activation", "web_science", "insert", "province_id", floor=False)
    scope("pack_activation", "web_science", "update", "province_id", floor=False)
    scope("pack_rehearsal", "web_science", "all", "province_id")
    scope("pack_rehearsal", "worker", "all", "tenant_id")
    # who proposed: the names of the department's own people, by the tenant that it enters with; nobody else's
    scope("person", "web_science", "select", "tenant_id")

    grant("insert, update (confirmed_by, confirmed_at, withdrawn_by, withdrawn_at)", "pack_activation", "web_science")
    op.execute("grant execute on function app.put_pack_in_force(uuid, date, uuid) to web_science")
    grant("select, insert", "pack_rehearsal", "web_science")
    grant("select, update", "pack_rehearsal", "worker")
    grant("select (tenant_id, id, province_id, name)", "person", "web_science")
    for_maintenance("pack_rehearsal")
