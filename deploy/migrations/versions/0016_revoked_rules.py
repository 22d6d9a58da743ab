"""A confirmed version of the rules that is not in force yet can be revoked, by two people.

Revision ID: 0016
"""

from alembic import op

from deploy.migrations.form import grant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE app.pack_activation
  ADD COLUMN revocation_by UUID, ADD COLUMN revocation_at TIMESTAMP WITH TIME ZONE, ADD COLUMN revocation_reason TEXT;
comment on column app.pack_activation.revocation_by is 'who proposed to revoke it; another person does, as withdrawn_by';
"""

# Only a day that has not come: what governed stays on record as having governed.
FUNCTION = """
create function app.take_pack_out_of_force(province uuid, effective date) returns void language sql volatile
  security definer set search_path = pg_catalog, pg_temp
  as $$ select app.require_province(province);
        delete from app.pack_in_force p where p.province_id = province and p.effective_on = effective
          and p.effective_on > (app.legal_now() at time zone 'Asia/Shanghai')::date $$;
"""


def upgrade() -> None:
    op.execute(COLUMNS)
    op.execute(FUNCTION)
    grant("update (revocation_by, revocation_at, revocation_reason)", "pack_activation", "web_science")
    op.execute("grant execute on function app.take_pack_out_of_force(uuid, date) to web_science")
