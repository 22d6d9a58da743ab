"""Imports: answers to what a row asks, corrected columns, rows that are left out, undoing.

Revision ID: 0010
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE app.ledger_import ADD COLUMN corrections JSONB;
ALTER TABLE app.ledger_import ADD COLUMN left_out INTEGER DEFAULT '0' NOT NULL;
ALTER TABLE app.ledger_import ADD COLUMN undo_note JSONB;
comment on column app.ledger_import.corrections is 'what a person said of columns and units: sheet to letter to field, sheet to unit';
comment on column app.ledger_import.undo_note is 'why it could not be undone: rows with what happened to them';

ALTER TABLE app.ledger_import_row ADD COLUMN block_total BOOLEAN DEFAULT 'false' NOT NULL;
ALTER TABLE app.ledger_import_row ADD COLUMN pending BOOLEAN DEFAULT 'false' NOT NULL;
ALTER TABLE app.ledger_import_row ADD COLUMN revision INTEGER DEFAULT '0' NOT NULL;
comment on column app.ledger_import_row.block_total is 'its rows share one merged amount';
comment on column app.ledger_import_row.pending is 'answered, to be checked again';
CREATE INDEX ledger_import_row_pending_idx ON app.ledger_import_row (tenant_id, import_id, ordinal) WHERE pending;

ALTER TABLE app.import_mapping ADD COLUMN corrections JSONB;
comment on column app.import_mapping.corrections is 'what a person said otherwise than the reader: columns and unit';

CREATE TABLE app.import_answer (
  tenant_id UUID NOT NULL,
  import_id UUID NOT NULL,
  sheet TEXT NOT NULL,
  first_row INTEGER NOT NULL,
  subject VARCHAR(60) NOT NULL,
  value TEXT NOT NULL,
  actor_id UUID,
  answered_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT import_answer_pkey PRIMARY KEY (tenant_id, import_id, sheet, first_row, subject),
  CONSTRAINT import_answer_tenant_id_import_id_fkey FOREIGN KEY(tenant_id, import_id) REFERENCES app.ledger_import (tenant_id, id)
);
comment on column app.import_answer.subject is 'a field, unit, a code that was accepted as it is, or leave_out';
comment on column app.import_answer.value is 'as the cell should read; the reason where the row is left out';
"""

TENANT_ROLES = ("web_institution", "worker")


def upgrade() -> None:
    op.execute(TABLES)
    protect("import_answer")
    scope("import_answer", TENANT_ROLES, "all", "tenant_id")
    grant("select, insert, update, delete", "import_answer", TENANT_ROLES)
    grant("update", "ledger_import_row", "web_institution")
    for_maintenance("import_answer")
