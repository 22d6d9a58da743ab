"""Imports of ledgers: what was uploaded, its staged records, remembered columns.

Revision ID: 0006
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.ledger_import (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  state VARCHAR(12) DEFAULT 'uploaded' NOT NULL,
  source VARCHAR(8) NOT NULL,
  file_name VARCHAR(200) NOT NULL,
  sha256 VARCHAR(64) NOT NULL,
  kept_hash VARCHAR(64) NOT NULL,
  size BIGINT NOT NULL,
  note JSONB NOT NULL,
  layout JSONB NOT NULL,
  pack_version_id UUID NOT NULL,
  rows_total INTEGER NOT NULL,
  rows_done INTEGER DEFAULT '0' NOT NULL,
  records_done INTEGER DEFAULT '0' NOT NULL,
  valid INTEGER DEFAULT '0' NOT NULL,
  questions INTEGER DEFAULT '0' NOT NULL,
  refused INTEGER DEFAULT '0' NOT NULL,
  summary JSONB,
  as_of_proposed DATE,
  as_of DATE,
  first_number INTEGER,
  last_number INTEGER,
  uploaded_by UUID,
  uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decided_by UUID,
  finished_at TIMESTAMP WITH TIME ZONE,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  error TEXT,
  CONSTRAINT ledger_import_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT ledger_import_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX ledger_import_created_idx ON app.ledger_import (tenant_id, created_at);
CREATE UNIQUE INDEX ledger_import_live_key ON app.ledger_import (tenant_id, sha256) WHERE state not in ('failed', 'cancelled', 'undone');
CREATE INDEX ledger_import_province_id_idx ON app.ledger_import (province_id);
comment on column app.ledger_import.source is 'page, api or command';
comment on column app.ledger_import.sha256 is 'of the original, which is not kept';
comment on column app.ledger_import.kept_hash is 'of the values-only workbook in the object store';
comment on column app.ledger_import.size is 'of the original, bytes';
comment on column app.ledger_import.note is 'positions that the kept workbook does not say itself';
comment on column app.ledger_import.layout is 'sheets, headings and how each column was read';
comment on column app.ledger_import.pack_version_id is 'by which it is read, from upload to confirmation';
comment on column app.ledger_import.rows_total is 'sheet rows to read';
comment on column app.ledger_import.records_done is 'where the next chunk begins';
comment on column app.ledger_import.summary is 'what the check page tells: groups of issues, sums, counts';
comment on column app.ledger_import.as_of_proposed is 'as the file states it';
comment on column app.ledger_import.as_of is 'as the clerk confirmed it';
comment on column app.ledger_import.uploaded_at is 'legal instant';
comment on column app.ledger_import.decided_by is 'who confirmed or cancelled';
comment on column app.ledger_import.finished_at is 'legal instant';
comment on column app.ledger_import.error is 'why it could not go on, for the clerk';

CREATE TABLE app.import_mapping (
  tenant_id UUID NOT NULL,
  heading VARCHAR(64) NOT NULL,
  fields JSONB NOT NULL,
  import_id UUID NOT NULL,
  used_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT import_mapping_pkey PRIMARY KEY (tenant_id, heading),
  CONSTRAINT import_mapping_tenant_id_import_id_fkey FOREIGN KEY(tenant_id, import_id) REFERENCES app.ledger_import (tenant_id, id)
);
comment on column app.import_mapping.heading is 'SHA-256 of a sheet''s column headings';
comment on column app.import_mapping.fields is 'column letter to field, as last confirmed';

CREATE TABLE app.ledger_import_row (
  tenant_id UUID NOT NULL,
  import_id UUID NOT NULL,
  ordinal INTEGER NOT NULL,
  sheet TEXT NOT NULL,
  first_row INTEGER NOT NULL,
  sheet_rows INTEGER[],
  disposition VARCHAR(8) NOT NULL,
  achievement_id UUID,
  name_key TEXT,
  numbers TEXT[],
  entry JSONB,
  raw JSONB,
  issues JSONB,
  CONSTRAINT ledger_import_row_pkey PRIMARY KEY (tenant_id, import_id, ordinal),
  CONSTRAINT ledger_import_row_tenant_id_import_id_fkey FOREIGN KEY(tenant_id, import_id) REFERENCES app.ledger_import (tenant_id, id)
);
CREATE INDEX ledger_import_row_held_idx ON app.ledger_import_row (tenant_id, import_id, disposition, ordinal) WHERE disposition <> 'valid';
comment on column app.ledger_import_row.sheet_rows is 'where the record has several';
comment on column app.ledger_import_row.achievement_id is 'which it becomes; empty for what cannot';
comment on column app.ledger_import_row.numbers is 'canonical numbers of its rights';
comment on column app.ledger_import_row.entry is 'as the ledger takes it; emptied once applied or cancelled';
comment on column app.ledger_import_row.raw is 'the cells as they stood, of rows that are not imported; never of a classified one';
"""

# While a table is small and has no statistics, the check of a foreign key may settle on this index by its first column alone
# and read every person of the tenant for each row of a large import; a partial one is no choice for it.
PERSON_INDEX = """
DROP INDEX app.person_tenant_id_name_idx;
CREATE INDEX person_tenant_id_name_idx ON app.person (tenant_id, name) WHERE name is not null;
"""

TENANT_ROLES = ("web_institution", "worker")
IMPORTING = ("ledger_import", "ledger_import_row", "import_mapping")


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(PERSON_INDEX)
    protect(*IMPORTING)
    scope(IMPORTING, TENANT_ROLES, "all", "tenant_id")
    grant("select, insert, update", "ledger_import", TENANT_ROLES)
    grant("select, insert, update, delete", "ledger_import_row", "worker")
    grant("select", "ledger_import_row", "web_institution")
    grant("select, insert, update", "import_mapping", TENANT_ROLES)
    for_maintenance(*IMPORTING)
