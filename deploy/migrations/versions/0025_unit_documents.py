"""The papers in which a unit laid down its own rules, version by version.

Revision ID: 0025
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE app.unit_document (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  kind VARCHAR(40) NOT NULL,
  version SMALLINT NOT NULL,
  title VARCHAR(200) NOT NULL,
  number VARCHAR(80),
  decided_by VARCHAR(100) NOT NULL,
  decided_on DATE NOT NULL,
  in_force_on DATE NOT NULL,
  changes TEXT,
  file_name VARCHAR(120) NOT NULL,
  media_type VARCHAR(80) NOT NULL,
  size BIGINT NOT NULL,
  object_hash VARCHAR(64) NOT NULL,
  added_at TIMESTAMP WITH TIME ZONE NOT NULL,
  added_by UUID,
  CONSTRAINT unit_document_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT unit_document_size_check CHECK (size > 0 and version > 0),
  CONSTRAINT unit_document_tenant_id_added_by_fkey FOREIGN KEY(tenant_id, added_by) REFERENCES app.person (tenant_id, id),
  CONSTRAINT unit_document_version_key UNIQUE (tenant_id, kind, version)
);
comment on column app.unit_document.kind is 'code of the pack';
comment on column app.unit_document.version is '1, 2, 3 … of its kind';
comment on column app.unit_document.number is 'as printed';
comment on column app.unit_document.decided_by is 'the body that decided it';
comment on column app.unit_document.changes is 'what this version changes';
comment on column app.unit_document.size is 'bytes';
comment on column app.unit_document.object_hash is 'SHA-256 of the bytes, its key in the object store';
comment on column app.unit_document.added_at is 'legal instant';
"""


def upgrade() -> None:
    op.execute(TABLE)
    protect("unit_document")
    scope("unit_document", ("web_institution", "worker"), "all", "tenant_id")
    grant("select, insert", "unit_document", "web_institution")
    grant("select", "unit_document", "worker")
    for_maintenance("unit_document")
