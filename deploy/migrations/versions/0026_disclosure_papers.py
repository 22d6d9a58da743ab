"""The papers of a disclosure's evidence, and where the originals of the others are.

Revision ID: 0026
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLE = """
ALTER TABLE app.disclosure ADD COLUMN evidence_elsewhere TEXT;
comment on column app.disclosure.evidence_elsewhere is
  'where the originals of kinds without a paper are kept, or their number';
CREATE TABLE app.disclosure_paper (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  disclosure_id UUID NOT NULL,
  kind VARCHAR(40) NOT NULL,
  version SMALLINT NOT NULL,
  confidential BOOLEAN DEFAULT false NOT NULL,
  file_name VARCHAR(120),
  media_type VARCHAR(80) NOT NULL,
  size BIGINT NOT NULL,
  object_hash VARCHAR(64) NOT NULL,
  added_at TIMESTAMP WITH TIME ZONE NOT NULL,
  added_by UUID,
  withdrawn_at TIMESTAMP WITH TIME ZONE,
  withdrawn_by UUID,
  CONSTRAINT disclosure_paper_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT disclosure_paper_size_check CHECK (size > 0 and version > 0),
  CONSTRAINT disclosure_paper_tenant_id_disclosure_id_fkey FOREIGN KEY(tenant_id, disclosure_id) REFERENCES app.disclosure (tenant_id, id),
  CONSTRAINT disclosure_paper_version_key UNIQUE (tenant_id, disclosure_id, kind, version)
);
comment on column app.disclosure_paper.kind is 'a kind of evidence of the pack';
comment on column app.disclosure_paper.version is '1, 2, 3 … of its kind';
comment on column app.disclosure_paper.confidential is 'says so of itself; no state secret';
comment on column app.disclosure_paper.size is 'bytes';
comment on column app.disclosure_paper.object_hash is 'SHA-256 of the bytes, its key in the object store';
comment on column app.disclosure_paper.added_at is 'legal instant';
comment on column app.disclosure_paper.withdrawn_at is 'legal instant; nobody opens it any more';
"""


def upgrade() -> None:
    op.execute(TABLE)
    protect("disclosure_paper")
    scope("disclosure_paper", ("web_institution", "worker"), "all", "tenant_id")
    grant("select, insert, update (file_name, withdrawn_at, withdrawn_by)", "disclosure_paper", "web_institution")
    grant("select", "disclosure_paper", "worker")
    for_maintenance("disclosure_paper")
