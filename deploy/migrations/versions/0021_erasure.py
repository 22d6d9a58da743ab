"""Orders to erase with their certificates; how often the secrecy gate closed in a month, where the unit allows counting;
roll-ups without training units.

Revision ID: 0021
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.erasure_order (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  kind VARCHAR(12) NOT NULL,
  subject_kind VARCHAR(20) NOT NULL,
  subject_id UUID NOT NULL,
  reason TEXT NOT NULL,
  words JSONB,
  spared JSONB,
  ordered_by UUID,
  ordered_at TIMESTAMP WITH TIME ZONE NOT NULL,
  done_at TIMESTAMP WITH TIME ZONE,
  statement TEXT,
  key_id VARCHAR(40),
  signature VARCHAR(128),
  CONSTRAINT erasure_order_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT erasure_order_check CHECK (kind in ('secret', 'person') and (done_at is null) = (statement is null)),
  CONSTRAINT erasure_order_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX erasure_order_province_id_idx ON app.erasure_order (province_id);
CREATE INDEX erasure_order_subject_idx ON app.erasure_order (tenant_id, subject_id);
comment on column app.erasure_order.kind is 'secret: a record and all that hangs on it; person: a name';
comment on column app.erasure_order.subject_kind is 'achievement or person';
comment on column app.erasure_order.words is 'what is looked for; emptied once it is done';
comment on column app.erasure_order.spared is 'places that a person decided to leave as they are: table|key';
comment on column app.erasure_order.ordered_at is 'legal instant';
comment on column app.erasure_order.done_at is 'real instant';
comment on column app.erasure_order.statement is 'the certificate, as it was signed';
comment on column app.erasure_order.signature is 'hex';

CREATE TABLE app.secrecy_count (
  tenant_id UUID NOT NULL,
  month DATE NOT NULL,
  province_id UUID NOT NULL,
  n INTEGER NOT NULL,
  CONSTRAINT secrecy_count_pkey PRIMARY KEY (tenant_id, month),
  CONSTRAINT secrecy_count_check CHECK (n > 0),
  CONSTRAINT secrecy_count_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX secrecy_count_province_id_idx ON app.secrecy_count (province_id);
comment on column app.secrecy_count.month is 'its first day';

CREATE TABLE app.secrecy_setting (
  tenant_id UUID NOT NULL,
  province_id UUID NOT NULL,
  counted BOOLEAN NOT NULL,
  decided_by UUID,
  decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT secrecy_setting_pkey PRIMARY KEY (tenant_id),
  CONSTRAINT secrecy_setting_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX secrecy_setting_province_id_idx ON app.secrecy_setting (province_id);
comment on column app.secrecy_setting.counted is 'whether classified answers are counted by month';
comment on column app.secrecy_setting.decided_at is 'legal instant';
"""

COUNTING = ("secrecy_setting", "secrecy_count")
ALL = ("erasure_order", *COUNTING)
TENANT_ROLES = ("web_institution", "worker")


def upgrade() -> None:
    op.execute(TABLES)
    protect(*ALL)
    scope(ALL, TENANT_ROLES, "all", "tenant_id")
    # Carrying an order out is for the maintenance login alone, as every change of what is append-only.
    grant("select, insert", "erasure_order", "web_institution")
    grant("select", "erasure_order", "worker")
    grant("select, insert, update", COUNTING, "web_institution")
    grant("select", COUNTING, "worker")
    for_maintenance(*ALL)
    # A roll-up leaves training units out, which it knows by their kind.
    scope("organisation", "worker_rollup", "select", "province_id")
    grant("select (id, province_id, kind)", "organisation", "worker_rollup")
