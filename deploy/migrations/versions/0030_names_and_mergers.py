"""What organisations were called before, with the day of each rename; mergers, and where what went over was before.

Revision ID: 0030
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

READERS = ("web_public", "web_institution", "web_science", "web_department", "web_finance", "worker")
TABLE = """
CREATE TABLE app.former_name (
  organisation_id UUID NOT NULL,
  until DATE NOT NULL,
  province_id UUID NOT NULL,
  name VARCHAR(100) NOT NULL,
  short_name VARCHAR(40) NOT NULL,
  CONSTRAINT former_name_pkey PRIMARY KEY (organisation_id, until),
  CONSTRAINT former_name_organisation_id_province_id_fkey FOREIGN KEY(organisation_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX former_name_province_id_idx ON app.former_name (province_id);
comment on column app.former_name.until is 'the day of the rename, the first on which the name was another';
CREATE TABLE app.organisation_merger (
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  source_id UUID NOT NULL,
  target_id UUID NOT NULL,
  since DATE NOT NULL,
  document VARCHAR(200) NOT NULL,
  state VARCHAR(12) NOT NULL,
  proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  proposed_by UUID NOT NULL,
  confirmed_at TIMESTAMP WITH TIME ZONE,
  confirmed_by UUID,
  examined_at TIMESTAMP WITH TIME ZONE,
  findings JSONB,
  done_at TIMESTAMP WITH TIME ZONE,
  reason TEXT,
  CONSTRAINT organisation_merger_pkey PRIMARY KEY (id),
  CONSTRAINT organisation_merger_source_id_province_id_fkey FOREIGN KEY(source_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT organisation_merger_target_id_province_id_fkey FOREIGN KEY(target_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX organisation_merger_province_id_idx ON app.organisation_merger (province_id);
CREATE UNIQUE INDEX organisation_merger_open_key ON app.organisation_merger (source_id)
  WHERE state in ('proposed', 'confirmed', 'done');
comment on column app.organisation_merger.source_id is 'the institution that goes over';
comment on column app.organisation_merger.target_id is 'the institution that it goes over to';
comment on column app.organisation_merger.since is 'carried out on this day, or later when something stood in the way';
comment on column app.organisation_merger.document is 'the paper that orders it';
comment on column app.organisation_merger.proposed_at is 'legal instant';
comment on column app.organisation_merger.confirmed_at is 'legal instant';
comment on column app.organisation_merger.examined_at is 'legal instant at which the findings were counted';
comment on column app.organisation_merger.findings is
  'goes: what goes over; stands: what stands in the way; each name to a number';
comment on column app.organisation_merger.done_at is 'legal instant';
comment on column app.organisation_merger.reason is 'why it was withdrawn';
CREATE TABLE app.achievement_origin (
  tenant_id UUID NOT NULL,
  achievement_id UUID NOT NULL,
  former_tenant_id UUID NOT NULL,
  former_id UUID NOT NULL,
  former_name VARCHAR(100) NOT NULL,
  former_code VARCHAR(24) NOT NULL,
  former_number INTEGER NOT NULL,
  since DATE NOT NULL,
  CONSTRAINT achievement_origin_pkey PRIMARY KEY (tenant_id, achievement_id),
  CONSTRAINT achievement_origin_tenant_id_achievement_id_fkey FOREIGN KEY(tenant_id, achievement_id) REFERENCES app.achievement (tenant_id, id)
);
CREATE INDEX achievement_origin_number_idx ON app.achievement_origin (tenant_id, former_number);
comment on column app.achievement_origin.former_id is 'the achievement there';
comment on column app.achievement_origin.former_name is 'of the institution';
comment on column app.achievement_origin.former_code is 'the number as printed there; it is still found by';
"""
# whoever is signed in sees the unit's new name at once
FUNCTION = """
create function app.put_session_name(tenant uuid, name text) returns void language sql volatile
  security definer set search_path = pg_catalog, pg_temp
  as $$ select app.require_province(t.province_id) from app.tenant_directory t where t.id = tenant;
        update app.session s set organisation_name = put_session_name.name where s.tenant_id = tenant $$;
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(FUNCTION)
    protect("former_name")
    scope("former_name", READERS, "select", "province_id")
    scope("former_name", "web_operator", "all", "province_id")
    grant("select", "former_name", READERS)
    grant("select, insert", "former_name", "web_operator")
    op.execute("grant execute on function app.put_session_name(uuid, text) to web_operator")
    # the operator decides; the worker of the institution that goes over counts what stands in the way
    protect("organisation_merger", "achievement_origin")
    scope("organisation_merger", "web_operator", "all", "province_id")
    scope("organisation_merger", "worker", "select", "province_id")
    scope("organisation_merger", "worker", "update", "province_id", floor=False)
    grant("select, insert, update", "organisation_merger", "web_operator")
    grant("select, update (examined_at, findings)", "organisation_merger", "worker")
    # written by the maintenance login alone: a merger is one transaction over two tenants
    scope("achievement_origin", ("web_institution", "worker"), "select", "tenant_id")
    grant("select", "achievement_origin", ("web_institution", "worker"))
    for_maintenance("former_name", "organisation_merger", "achievement_origin")
