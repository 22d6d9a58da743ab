"""The calendar table by area and year, keys bound to their request, scheduled jobs with a lease, mail for every audience.

Revision ID: 0008
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.calendar_year (
  province_id UUID NOT NULL,
  year SMALLINT NOT NULL,
  source VARCHAR(200) NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT calendar_year_pkey PRIMARY KEY (province_id, year),
  CONSTRAINT calendar_year_province_id_fkey FOREIGN KEY(province_id) REFERENCES app.province (province_id)
);
comment on table app.calendar_year is 'years whose arrangement stands in calendar_day as a whole';

alter table app.calendar_day add column area VARCHAR(40) DEFAULT '' NOT NULL;
comment on column app.calendar_day.area is 'empty: the whole province; else one autonomous prefecture or city';
alter table app.calendar_day drop constraint calendar_day_pkey,
  add constraint calendar_day_pkey primary key (province_id, area, day);

alter table app.organisation add column area VARCHAR(40) DEFAULT '' NOT NULL;
comment on column app.organisation.area is 'whose local holidays it keeps; empty: those of the whole province alone';

alter table app.idempotency_key add column request_hash VARCHAR(64);
comment on column app.idempotency_key.request_hash is 'SHA-256 of the route and, where it is read whole, the body';

alter table app.mail add column department_id UUID, add column recipient_id UUID,
  add column actor_organisation_id UUID, add column actor_id UUID;
-- what was written before stays with its tenant; row-level security binds the owner too, so it is lifted for this one step
alter table app.mail no force row level security;
update app.mail set department_id = tenant_id, recipient_id = tenant_id, actor_organisation_id = tenant_id;
alter table app.mail force row level security;
alter table app.mail alter column department_id set not null, alter column recipient_id set not null,
  alter column actor_organisation_id set not null;
CREATE INDEX mail_department_id_idx ON app.mail (department_id);
CREATE INDEX mail_recipient_id_idx ON app.mail (recipient_id);
CREATE INDEX mail_actor_organisation_id_idx ON app.mail (actor_organisation_id);
"""

FUNCTIONS = """
-- A scheduled job for one tenant and one due instant is done once. True: the caller has it, on a lease that it renews while
-- it works; null: somebody else has it; false: it is done. Whoever is killed stops renewing, and the next one takes it.
create or replace function app.schedule_job(job text, tenant uuid, due timestamptz) returns boolean language plpgsql volatile
  security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into app.job_run as j (job, tenant_id, due_at, attempts) values (job, tenant, due, 1)
    on conflict on constraint job_run_pkey do update set attempts = j.attempts + 1, enqueued_at = clock_timestamp()
      where j.done_at is null and j.enqueued_at < clock_timestamp() - interval '10 seconds';
  if found then
    return true;
  end if;
  return (select case when j.done_at is null then null else false end from app.job_run j
    where j.job = schedule_job.job and j.tenant_id = tenant and j.due_at = due);
end $$;
-- renews the lease of a job that is being worked on, or gives it back at once when it failed
create function app.hold_job(job text, tenant uuid, due timestamptz, held boolean) returns void language sql volatile
  security definer set search_path = pg_catalog, pg_temp
  as $$ update app.job_run j set enqueued_at = case when held then clock_timestamp() else '-infinity' end
        where j.job = hold_job.job and j.tenant_id = tenant and j.due_at = due and j.done_at is null $$;
-- whose alias it is at the identity provider, in whatever province: an alias is taken once
create function app.tenant_with_alias(wanted text) returns uuid language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select t.id from app.tenant_directory t where t.alias = wanted $$;
-- the competent department from now on, for the directory and for whoever is signed in
create function app.put_department(tenant uuid, department uuid) returns void language sql volatile
  security definer set search_path = pg_catalog, pg_temp
  as $$ select app.require_province(t.province_id) from app.tenant_directory t where t.id = tenant;
        update app.tenant_directory t set department_id = department where t.id = tenant;
        update app.session s set department_id = department where s.tenant_id = tenant $$;
"""

READERS = ("web_public", "web_institution", "web_science", "web_department", "web_finance", "worker")
CONSOLE_AXES = {
    "web_science": "province_id",
    "web_department": "department_id",
    "web_finance": "recipient_id",
    "web_operator": "province_id",
}
OWN_ACT = "actor_organisation_id = app.current_organisation()"


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    protect("calendar_year")
    scope("calendar_year", READERS, "select", "province_id")
    scope("calendar_year", "web_operator", "all", "province_id")
    grant("select", "calendar_year", READERS)
    grant("select, insert, update, delete", "calendar_year", "web_operator")
    # a mail to somebody of an authority stands in that authority's own tenant, as a message does
    for role, axis in CONSOLE_AXES.items():
        scope("mail", role, "all", axis, OWN_ACT)
    grant("select", "mail", tuple(CONSOLE_AXES))
    # which units are in a pilot is public; an operator sees it beside their registration
    scope("pilot_membership", "web_operator", "select", "province_id")
    grant("select (tenant_id, province_id, guideline, held, document, selected_on)", "pilot_membership", "web_operator")
    # on its day a change of department reaches the unit's row, its report in hand and its totals
    scope("organisation", "worker", "update", "province_id", floor=False)
    grant("update (department_id)", ("organisation", "annual_report"), "worker")
    op.execute("grant execute on function app.put_department(uuid, uuid) to worker, web_operator")
    op.execute("grant execute on function app.tenant_with_alias(text), app.list_provinces() to web_operator")
    op.execute("grant execute on function app.hold_job(text, uuid, timestamptz, boolean) to tasks")
    for_maintenance("calendar_year")
