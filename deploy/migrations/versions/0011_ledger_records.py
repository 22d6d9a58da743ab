"""What a department records of an achievement beside the ledger's columns: papers, the start of research, rights and their loss.

Revision ID: 0011
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

RECORDED = """
ALTER TABLE app.{table} ADD COLUMN research_started_on DATE, ADD COLUMN research_basis JSONB, ADD COLUMN owners JSONB,
  ADD COLUMN custody JSONB, ADD COLUMN declassified_on DATE;
comment on column app.{table}.owners is '[{{name, credit_code, share: [numerator, denominator]}}], together one whole';
comment on column app.{table}.custody is 'agency, contract, from, to: who keeps it for the unit';
comment on column app.{table}.research_basis is 'dates: code to date; chosen, reason: where another day was taken';
"""
RIGHTS = """
ALTER TABLE app.achievement_right ADD COLUMN published_on DATE, ADD COLUMN created_on DATE, ADD COLUMN fee_year SMALLINT,
  ADD COLUMN fee_due_on DATE, ADD COLUMN ended_on DATE;
CREATE INDEX achievement_right_fee_idx ON app.achievement_right (tenant_id, fee_due_on) WHERE fee_due_on is not null;
comment on column app.achievement_right.published_on is 'first published or used';
comment on column app.achievement_right.created_on is 'finished';
comment on column app.achievement_right.fee_year is 'the last patent year that is paid for';
comment on column app.achievement_right.fee_due_on is 'when the fee of the next one is due, as counted';
comment on column app.achievement_right.ended_on is 'when it lapsed or went to somebody else';
"""
TABLES = """
CREATE TABLE app.ledger_paper (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  purpose VARCHAR(20) NOT NULL,
  kind VARCHAR(40) NOT NULL,
  subjects TEXT[],
  reference VARCHAR(200),
  dated_on DATE,
  file_name VARCHAR(120) NOT NULL,
  media_type VARCHAR(80) NOT NULL,
  size BIGINT NOT NULL,
  object_hash VARCHAR(64) NOT NULL,
  added_at TIMESTAMP WITH TIME ZONE NOT NULL,
  added_by UUID,
  withdrawn_at TIMESTAMP WITH TIME ZONE,
  withdrawn_by UUID,
  withdrawn_reason TEXT,
  CONSTRAINT ledger_paper_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT ledger_paper_size_check CHECK (size > 0),
  CONSTRAINT ledger_paper_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id)
);
CREATE INDEX ledger_paper_achievement_idx ON app.ledger_paper (tenant_id, achievement_id, purpose);
CREATE UNIQUE INDEX ledger_paper_once_key ON app.ledger_paper (tenant_id, achievement_id, purpose, object_hash) WHERE withdrawn_at is null;
comment on column app.ledger_paper.purpose is 'what it proves: stage';
comment on column app.ledger_paper.kind is 'a kind of evidence of the pack';
comment on column app.ledger_paper.subjects is 'which points of it: criteria of the stage';
comment on column app.ledger_paper.reference is 'its number, as printed';
comment on column app.ledger_paper.size is 'bytes';
comment on column app.ledger_paper.object_hash is 'SHA-256 of the bytes, its key in the object store';
comment on column app.ledger_paper.added_at is 'legal instant';
comment on column app.ledger_paper.withdrawn_at is 'legal instant; the paper stays kept';

CREATE TABLE app.right_handover (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  number VARCHAR(80) NOT NULL,
  cause VARCHAR(20) NOT NULL,
  lost_on DATE NOT NULL,
  in_development BOOLEAN NOT NULL,
  performance TEXT NOT NULL,
  change_reason TEXT NOT NULL,
  legal_status TEXT NOT NULL,
  state VARCHAR(12) DEFAULT 'handed' NOT NULL,
  handed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  handed_by UUID,
  received_at TIMESTAMP WITH TIME ZONE,
  received_by UUID,
  booking TEXT,
  CONSTRAINT right_handover_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT right_handover_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id)
);
CREATE INDEX right_handover_achievement_idx ON app.right_handover (tenant_id, achievement_id);
CREATE INDEX right_handover_open_idx ON app.right_handover (tenant_id, handed_at) WHERE state = 'handed';
comment on column app.right_handover.number is 'of the right, canonical';
comment on column app.right_handover.in_development is 'whether development was recognised on that day';
comment on column app.right_handover.handed_at is 'legal instant';
comment on column app.right_handover.received_at is 'legal instant';
comment on column app.right_handover.booking is 'what finance made of it';
"""
TENANT_ROLES = ("web_institution", "worker")


def upgrade() -> None:
    for table in ("achievement", "achievement_version"):
        op.execute(RECORDED.format(table=table))
    op.execute(RIGHTS)
    op.execute(TABLES)
    protect("ledger_paper", "right_handover")
    scope(("ledger_paper", "right_handover"), TENANT_ROLES, "all", "tenant_id")
    grant("select", ("ledger_paper", "right_handover"), TENANT_ROLES)
    grant("insert, update (withdrawn_at, withdrawn_by, withdrawn_reason)", "ledger_paper", "web_institution")
    grant("insert, update (state, received_at, received_by, booking)", "right_handover", "web_institution")
    for_maintenance("ledger_paper", "right_handover")
