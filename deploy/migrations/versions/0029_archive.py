"""A suspended tenant only reads; archives of everything that a tenant has.

Revision ID: 0029
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

# The look-up comes before the role changes. A transaction made read-only after its first statement stays so to its end: no
# later statement, savepoint or function makes it writing again. Visitors and the operator write under an authority's name what
# is not the authority's own act, so they are not held up.
ENTERING = """
create function app.is_suspended(tenant uuid) returns boolean language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select exists (select from app.tenant_directory t where t.id = tenant and not t.active) $$;
create function app.enter_regardless(role text, tenant uuid, province uuid, organisation uuid) returns void
  language plpgsql as $$
begin
  execute 'set local citus.propagate_set_commands = ''none''';
  execute format('set local role %I', role);
  execute 'set local citus.propagate_set_commands = ''local''';
  execute format('set local app.tenant_id = %L', coalesce(tenant::text, ''));
  execute format('set local app.province_id = %L', coalesce(province::text, ''));
  execute format('set local app.organisation_id = %L', coalesce(organisation::text, ''));
  execute format('set local app.department_id = %L',
    case when role = 'web_department' then coalesce(organisation::text, '') else '' end);
  execute format('set local app.recipient_id = %L',
    case when role = 'web_finance' then coalesce(organisation::text, '') else '' end);
end $$;
create or replace function app.enter(role text, tenant uuid, province uuid, organisation uuid) returns void
  language plpgsql as $$
begin
  if role in ('web_institution', 'web_science', 'web_department', 'web_finance', 'worker') and app.is_suspended(tenant)
  then
    execute 'set local transaction_read_only = on';
  end if;
  perform app.enter_regardless(role, tenant, province, organisation);
end $$;
"""

ARCHIVE = """
CREATE TABLE app.tenant_archive (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  asked_by UUID NOT NULL,
  asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  written INTEGER DEFAULT '0' NOT NULL,
  members INTEGER DEFAULT '0' NOT NULL,
  finished_at TIMESTAMP WITH TIME ZONE,
  reason TEXT,
  object_hash VARCHAR(64),
  bytes BIGINT,
  rows BIGINT,
  total VARCHAR(64),
  CONSTRAINT tenant_archive_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT tenant_archive_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX tenant_archive_asked_idx ON app.tenant_archive (tenant_id, asked_at);
CREATE INDEX tenant_archive_province_id_idx ON app.tenant_archive (province_id);
comment on column app.tenant_archive.asked_at is 'real instant';
comment on column app.tenant_archive.written is 'members so far';
comment on column app.tenant_archive.members is 'that it will have';
comment on column app.tenant_archive.finished_at is 'real instant';
comment on column app.tenant_archive.reason is 'why there is none, once it is finished';
comment on column app.tenant_archive.object_hash is 'of the zip';
comment on column app.tenant_archive.bytes is 'of the zip';
comment on column app.tenant_archive.total is 'the manifest''s one checksum over all members';
"""
# What an archive holds of local tables: the own entry and the province's authorities, and what the own people hold.
OWN = """
create function app.own_directory() returns setof app.tenant_directory language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select t.* from app.tenant_directory t where t.id = app.current_tenant()
        union all select t.* from app.tenant_directory t where t.province_id = app.current_province()
          and t.id <> app.current_tenant() and t.kind not in ('institution', 'training') $$;
create function app.own_standings() returns setof app.person_standing language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select s.* from app.person_standing s where s.tenant_id = app.current_tenant() $$;
"""


def upgrade() -> None:
    op.execute(ENTERING)
    op.execute(
        "grant execute on function app.is_suspended(uuid), app.enter_regardless(text, uuid, uuid, uuid) to web, tasks"
    )
    op.execute(ARCHIVE)
    op.execute(OWN)
    protect("tenant_archive")
    scope("tenant_archive", ("web_institution", "worker"), "all", "tenant_id")
    grant("select, insert", "tenant_archive", "web_institution")
    grant(
        "select, update (written, members, finished_at, reason, object_hash, bytes, rows, total)",
        "tenant_archive",
        "worker",
    )
    for_maintenance("tenant_archive")
    # an archive holds what is the unit's: its saved views and what was changed many at once too
    scope(["ledger_view", "ledger_batch", "report_aggregate"], "worker", "select", "tenant_id")
    grant("select", ["ledger_view", "ledger_batch", "report_aggregate"], "worker")
    op.execute("grant execute on function app.own_directory(), app.own_standings() to worker, maintenance")
    op.execute(
        "grant execute on function app.tenant_of(uuid), app.current_tenant(), app.current_province() to maintenance"
    )
    op.execute("grant execute on function app.schema_revision() to tasks, maintenance")
    op.execute("grant update on sequence app.audit_entry_position_seq to maintenance")
