"""A worker changes the competent department of its own institution alone; an operator that of any in its province.

Revision ID: 0032
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# ``role`` is what the transaction entered with, also inside a function that runs as its owner.
FUNCTIONS = """
create function app.require_tenant_of_worker(wanted uuid) returns void language plpgsql stable as $$
begin
  if current_setting('role') = 'worker' and wanted is distinct from app.current_tenant() then
    raise insufficient_privilege using message = 'permission denied for another institution';
  end if;
end $$;
create or replace function app.put_department(tenant uuid, department uuid) returns void language sql volatile
  security definer set search_path = pg_catalog, pg_temp
  as $$ select app.require_tenant_of_worker(tenant);
        select app.require_province(t.province_id) from app.tenant_directory t where t.id = tenant;
        update app.tenant_directory t set department_id = department where t.id = tenant;
        update app.session s set department_id = department where s.tenant_id = tenant $$;
"""


def upgrade() -> None:
    op.execute(FUNCTIONS)
