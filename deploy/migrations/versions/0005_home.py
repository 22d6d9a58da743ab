"""Messages, the mailbox, and what a person may see of their own sessions.

Revision ID: 0005
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.mail (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  person_id UUID NOT NULL,
  subject VARCHAR(200) NOT NULL,
  text TEXT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  sent_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT mail_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT mail_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT mail_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id)
);
CREATE INDEX mail_person_idx ON app.mail (tenant_id, person_id, recorded_at);
CREATE INDEX mail_province_id_idx ON app.mail (province_id);
CREATE INDEX mail_unsent_idx ON app.mail (tenant_id) WHERE sent_at is null;
comment on column app.mail.id is 'of the outbox row it was made of';
comment on column app.mail.person_id is 'the address is looked up when it is sent';
comment on column app.mail.at is 'legal instant';
comment on column app.mail.sent_at is 'empty: kept in the mailbox page only';

CREATE TABLE app.message (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  recipient_id UUID NOT NULL,
  actor_organisation_id UUID NOT NULL,
  actor_id UUID,
  person_id UUID,
  permission VARCHAR(60),
  title VARCHAR(200) NOT NULL,
  text TEXT DEFAULT '' NOT NULL,
  href VARCHAR(300) DEFAULT '' NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT message_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT message_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id),
  CONSTRAINT message_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX message_actor_organisation_id_idx ON app.message (actor_organisation_id);
CREATE INDEX message_department_id_idx ON app.message (department_id);
CREATE INDEX message_person_idx ON app.message (tenant_id, person_id);
CREATE INDEX message_province_id_idx ON app.message (province_id);
CREATE INDEX message_recipient_id_idx ON app.message (recipient_id);
CREATE INDEX message_recorded_idx ON app.message (tenant_id, recorded_at);
comment on column app.message.id is 'of the outbox row it was made of';
comment on column app.message.person_id is 'to this person';
comment on column app.message.permission is 'or to all who hold this permission';
comment on column app.message.at is 'legal instant';

CREATE TABLE app.message_read (
  tenant_id UUID NOT NULL,
  message_id UUID NOT NULL,
  person_id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  recipient_id UUID NOT NULL,
  actor_organisation_id UUID NOT NULL,
  read_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT message_read_pkey PRIMARY KEY (tenant_id, message_id, person_id),
  CONSTRAINT message_read_tenant_id_message_id_fkey FOREIGN KEY(tenant_id, message_id) REFERENCES app.message (tenant_id, id),
  CONSTRAINT message_read_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX message_read_actor_organisation_id_idx ON app.message_read (actor_organisation_id);
CREATE INDEX message_read_department_id_idx ON app.message_read (department_id);
CREATE INDEX message_read_province_id_idx ON app.message_read (province_id);
CREATE INDEX message_read_recipient_id_idx ON app.message_read (recipient_id);

CREATE INDEX workflow_event_actor_idx ON app.workflow_event (tenant_id, actor_id, recorded_at);
"""

FUNCTIONS = """
-- a person's own live sessions; the reference is a hash of the stored hash, of no use for signing in
create function app.sessions_of(person uuid)
  returns table (reference bytea, created_at timestamptz, seen_at timestamptz, expires_at timestamptz, address text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select pg_catalog.sha256(s.token_hash), s.created_at, s.seen_at, s.expires_at, s.address::text from app.session s
        where s.tenant_id = app.current_organisation() and s.person_id = person and s.expires_at > clock_timestamp()
          and s.seen_at + make_interval(secs => s.idle_seconds) > clock_timestamp() order by s.seen_at desc $$;
create function app.end_session_of(person uuid, reference bytea) returns integer language plpgsql volatile
  security definer set search_path = pg_catalog, pg_temp as $$
declare ended integer;
begin
  delete from app.session s where s.tenant_id = app.current_organisation() and s.person_id = person
    and pg_catalog.sha256(s.token_hash) = reference;
  get diagnostics ended = row_count;
  return ended;
end $$;
-- a suspended tenant's people are out at once
create function app.end_sessions_of(tenant uuid) returns integer language plpgsql volatile
  security definer set search_path = pg_catalog, pg_temp as $$
declare ended integer;
begin
  delete from app.session s where s.tenant_id = end_sessions_of.tenant and s.province_id = app.current_province();
  get diagnostics ended = row_count;
  return ended;
end $$;
"""

TENANT_ROLES = ("web_institution", "worker")
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
    protect("message", "message_read", "mail")
    scope(["message", "message_read", "mail"], TENANT_ROLES, "all", "tenant_id")
    # what an authority is told stands in its own tenant, with itself as the acting organisation
    for role, axis in CONSOLE_AXES.items():
        scope(["message", "message_read"], role, "all", axis, OWN_ACT)
    everybody = ("web_institution", *CONSOLE_AXES)
    grant("select", "message", everybody)
    grant("select, insert", "message", "worker")
    grant("select, insert", "message_read", everybody)
    grant("select", "message_read", "worker")
    grant("select", "mail", "web_institution")
    grant("select, insert, update (sent_at)", "mail", "worker")
    op.execute(
        "grant execute on function app.sessions_of(uuid), app.end_session_of(uuid, bytea) to " + ", ".join(everybody)
    )
    op.execute("grant execute on function app.end_sessions_of(uuid), app.tenant_of(uuid) to web_operator")
    # anybody may move a demo's clock; where there is none, nothing moves
    op.execute("grant execute on function app.request_clock_move(timestamptz) to web_public, " + ", ".join(everybody))
    for_maintenance("message", "message_read", "mail")
