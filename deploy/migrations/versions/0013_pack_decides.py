"""Rights, ways of granting, papers and steps of an application are codes of the pack; a screening may have no provincial list.

Revision ID: 0013
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = """
alter table app.empowerment_application drop constraint empowerment_application_grant_type_check,
  alter column grant_type type VARCHAR(40),
  add column grant_mode VARCHAR(40), add column step VARCHAR(60), add column materials JSONB;
comment on column app.empowerment_application.grant_type is 'a right of the pack';
comment on column app.empowerment_application.grant_mode is 'a way of granting of the pack, where it has several';
comment on column app.empowerment_application.step is 'the step of the pack that it waits for; empty before submission';
comment on column app.empowerment_application.materials is 'texts by the codes of the pack that have no column';
DROP INDEX app.empowerment_application_live_key;
CREATE UNIQUE INDEX empowerment_application_live_key ON app.empowerment_application (tenant_id, achievement_id)
  WHERE state not in ('draft', 'formalised', 'rejected', 'withdrawn');
alter table app.empowerment_screening alter column list_version_id drop not null,
  alter column list_number drop not null, alter column list_hash drop not null, add column list_title TEXT;
comment on column app.empowerment_screening.list_version_id is 'empty: the unit''s own list, or none is asked for';
comment on column app.empowerment_screening.list_title is 'name and version of the unit''s own list';
"""


def upgrade() -> None:
    op.execute(TABLES)
