"""A completer who signs in is linked to the completer whom the ledger names, once the department has confirmed it.

Revision ID: 0015
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.person_claim (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  person_id UUID NOT NULL,
  completer_id UUID NOT NULL,
  state VARCHAR(12) DEFAULT 'submitted' NOT NULL,
  reason TEXT,
  claimed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decided_at TIMESTAMP WITH TIME ZONE,
  decided_by UUID,
  CONSTRAINT person_claim_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT person_claim_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT person_claim_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id),
  CONSTRAINT person_claim_tenant_id_completer_id_fkey FOREIGN KEY(tenant_id, completer_id) REFERENCES app.person (tenant_id, id),
  CONSTRAINT person_claim_state_check CHECK (state in ('submitted', 'confirmed', 'declined', 'withdrawn', 'ended') and person_id <> completer_id)
);
CREATE UNIQUE INDEX person_claim_completer_key ON app.person_claim (tenant_id, completer_id) WHERE state = 'confirmed';
CREATE UNIQUE INDEX person_claim_live_key ON app.person_claim (tenant_id, person_id, completer_id) WHERE state in ('submitted', 'confirmed');
CREATE INDEX person_claim_person_idx ON app.person_claim (tenant_id, person_id);
CREATE INDEX person_claim_province_id_idx ON app.person_claim (province_id);
CREATE INDEX person_claim_state_idx ON app.person_claim (tenant_id, state, claimed_at);
comment on column app.person_claim.person_id is 'who signs in and says so';
comment on column app.person_claim.completer_id is 'whom the ledger names';
comment on column app.person_claim.reason is 'why it was declined or ended';
comment on column app.person_claim.claimed_at is 'legal instant';
comment on column app.person_claim.decided_at is 'legal instant';
"""

TENANT_ROLES = ("web_institution", "worker")


def upgrade() -> None:
    op.execute(TABLES)
    protect("person_claim")
    scope("person_claim", TENANT_ROLES, "all", "tenant_id")
    grant("select, insert, update", "person_claim", TENANT_ROLES)
    for_maintenance("person_claim")
