"""A suspended tenant only reads.

Revision ID: 0029
"""

from alembic import op

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


def upgrade() -> None:
    op.execute(ENTERING)
    op.execute(
        "grant execute on function app.is_suspended(uuid), app.enter_regardless(text, uuid, uuid, uuid) to web, tasks"
    )
