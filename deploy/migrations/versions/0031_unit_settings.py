"""What a unit sets for its papers: the red head, and where its notices are put up.

Revision ID: 0031
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE app.unit_setting (
  tenant_id UUID NOT NULL,
  red_head VARCHAR(60),
  notice_place VARCHAR(300),
  changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  changed_by UUID,
  CONSTRAINT unit_setting_pkey PRIMARY KEY (tenant_id)
);
comment on column app.unit_setting.red_head is 'stands in red over what is printed; empty: nothing does';
comment on column app.unit_setting.notice_place is 'where the unit puts its notices up besides the platform';
comment on column app.unit_setting.changed_at is 'legal instant';
"""


def upgrade() -> None:
    op.execute(TABLE)
    protect("unit_setting")
    scope("unit_setting", ("web_institution", "worker"), "all", "tenant_id")
    grant("select, insert, update", "unit_setting", "web_institution")
    grant("select", "unit_setting", "worker")
    for_maintenance("unit_setting")
