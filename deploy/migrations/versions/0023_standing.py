"""Roles granted in the unit, delegation, departures, credentials of the unit's software; the limit of live sessions.

Revision ID: 0023
"""

from alembic import op

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE app.machine_secret (
  secret_hash BYTEA NOT NULL,
  tenant_id UUID NOT NULL,
  client_id UUID NOT NULL,
  name VARCHAR(60) NOT NULL,
  scopes TEXT[] NOT NULL,
  hint VARCHAR(8) NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE,
  used_at TIMESTAMP WITH TIME ZONE,
  used_from VARCHAR(64),
  CONSTRAINT machine_secret_pkey PRIMARY KEY (secret_hash)
);
CREATE INDEX machine_secret_client_idx ON app.machine_secret (tenant_id, client_id);
comment on column app.machine_secret.hint is 'its last characters, to tell two apart';
comment on column app.machine_secret.expires_at is 'end of its overlap; empty: the newest';

CREATE TABLE app.person_standing (
  tenant_id UUID NOT NULL,
  person_id UUID NOT NULL,
  granted TEXT[] NOT NULL,
  lent JSONB NOT NULL,
  closed BOOLEAN NOT NULL,
  CONSTRAINT person_standing_pkey PRIMARY KEY (tenant_id, person_id)
);
comment on column app.person_standing.granted is 'codes of roles granted in the unit';
comment on column app.person_standing.lent is '[{id, lender, permissions, case, first_day, last_day}]';
comment on column app.person_standing.closed is 'left: no session, no sign-in';

CREATE TABLE app.departure (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  person_id UUID NOT NULL,
  successor_id UUID,
  last_day DATE NOT NULL,
  reason TEXT NOT NULL,
  handed JSONB NOT NULL,
  left_at TIMESTAMP WITH TIME ZONE NOT NULL,
  left_by UUID NOT NULL,
  returned_at TIMESTAMP WITH TIME ZONE,
  returned_by UUID,
  CONSTRAINT departure_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT departure_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT departure_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id),
  CONSTRAINT departure_tenant_id_successor_id_fkey FOREIGN KEY(tenant_id, successor_id) REFERENCES app.person (tenant_id, id)
);
CREATE UNIQUE INDEX departure_person_key ON app.departure (tenant_id, person_id) WHERE returned_at is null;
CREATE INDEX departure_province_id_idx ON app.departure (province_id);
CREATE INDEX departure_successor_idx ON app.departure (tenant_id, successor_id);
comment on column app.departure.successor_id is 'empty: nothing was held';
comment on column app.departure.handed is '{what: number handed on or ended}';
comment on column app.departure.left_at is 'legal instant';
comment on column app.departure.returned_at is 'legal instant';

CREATE TABLE app.machine_client (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  name VARCHAR(60) NOT NULL,
  scopes TEXT[] NOT NULL,
  responsible_id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE NOT NULL,
  created_by UUID NOT NULL,
  revoked_at TIMESTAMP WITH TIME ZONE,
  revoked_by UUID,
  CONSTRAINT machine_client_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT machine_client_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT machine_client_tenant_id_responsible_id_fkey FOREIGN KEY(tenant_id, responsible_id) REFERENCES app.person (tenant_id, id)
);
CREATE UNIQUE INDEX machine_client_name_key ON app.machine_client (tenant_id, name) WHERE revoked_at is null;
CREATE INDEX machine_client_province_id_idx ON app.machine_client (province_id);
CREATE INDEX machine_client_responsible_idx ON app.machine_client (tenant_id, responsible_id);
comment on column app.machine_client.scopes is 'permissions';
comment on column app.machine_client.responsible_id is 'who answers for it';
comment on column app.machine_client.created_at is 'real instant';
comment on column app.machine_client.revoked_at is 'real instant';

CREATE TABLE app.role_grant (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  person_id UUID NOT NULL,
  role VARCHAR(40) NOT NULL,
  reason TEXT NOT NULL,
  granted_at TIMESTAMP WITH TIME ZONE NOT NULL,
  granted_by UUID NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  ended_by UUID,
  end_reason TEXT,
  CONSTRAINT role_grant_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT role_grant_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT role_grant_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id)
);
CREATE UNIQUE INDEX role_grant_administrator_key ON app.role_grant (tenant_id, person_id) WHERE ended_at is null and role in ('system_admin', 'security_admin', 'audit_admin');
CREATE UNIQUE INDEX role_grant_live_key ON app.role_grant (tenant_id, person_id, role) WHERE ended_at is null;
CREATE INDEX role_grant_person_idx ON app.role_grant (tenant_id, person_id, granted_at);
CREATE INDEX role_grant_province_id_idx ON app.role_grant (province_id);
comment on column app.role_grant.granted_at is 'legal instant';
comment on column app.role_grant.ended_at is 'legal instant';

CREATE TABLE app.delegation (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  lender_id UUID NOT NULL,
  delegate_id UUID NOT NULL,
  permissions TEXT[] NOT NULL,
  application_id UUID,
  first_day DATE NOT NULL,
  last_day DATE NOT NULL,
  reason TEXT NOT NULL,
  lent_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  ended_by UUID,
  CONSTRAINT delegation_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT delegation_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT delegation_tenant_id_lender_id_fkey FOREIGN KEY(tenant_id, lender_id) REFERENCES app.person (tenant_id, id),
  CONSTRAINT delegation_tenant_id_delegate_id_fkey FOREIGN KEY(tenant_id, delegate_id) REFERENCES app.person (tenant_id, id),
  CONSTRAINT delegation_tenant_id_application_id_fkey FOREIGN KEY(tenant_id, application_id) REFERENCES app.empowerment_application (tenant_id, id),
  CONSTRAINT delegation_period_check CHECK (first_day <= last_day and lender_id <> delegate_id)
);
CREATE INDEX delegation_application_idx ON app.delegation (tenant_id, application_id);
CREATE INDEX delegation_delegate_idx ON app.delegation (tenant_id, delegate_id, lent_at);
CREATE INDEX delegation_lender_idx ON app.delegation (tenant_id, lender_id, lent_at);
CREATE INDEX delegation_province_id_idx ON app.delegation (province_id);
comment on column app.delegation.application_id is 'the one application that it is for; empty: every case';
comment on column app.delegation.lent_at is 'legal instant';
comment on column app.delegation.ended_at is 'before its last day; legal instant';
"""

FUNCTIONS = """
-- what the look-up of a session reads before a tenant is entered
create function app.standing_of(tenant uuid, person uuid)
  returns table (granted text[], lent jsonb, closed boolean)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select s.granted, s.lent, s.closed from app.person_standing s where s.tenant_id = tenant and s.person_id = person $$;
-- the same of a person of the own organisation, within a transaction
create function app.own_standing(person uuid)
  returns table (granted text[], lent jsonb, closed boolean)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select s.* from app.standing_of(app.current_organisation(), person) s $$;
-- of a person of the own organisation alone; whoever has left is out at once
create function app.put_standing(person uuid, granted text[], lent jsonb, closed boolean) returns void language sql volatile
  security definer set search_path = pg_catalog, pg_temp
  as $$ insert into app.person_standing (tenant_id, person_id, granted, lent, closed)
        values (app.current_organisation(), person, granted, lent, closed)
        on conflict (tenant_id, person_id) do update
          set granted = excluded.granted, lent = excluded.lent, closed = excluded.closed;
        delete from app.session s where put_standing.closed and s.tenant_id = app.current_organisation()
          and s.person_id = person $$;
-- the newest sessions of a person stay, the others end
create function app.limit_sessions(tenant uuid, person uuid, kept integer) returns integer language plpgsql volatile
  security definer set search_path = pg_catalog, pg_temp as $$
declare ended integer;
begin
  delete from app.session s where s.token_hash in (
    select o.token_hash from app.session o where o.tenant_id = tenant and o.person_id = person
    order by o.created_at desc, o.token_hash offset kept);
  get diagnostics ended = row_count;
  return ended;
end $$;

create function app.put_machine_secret(client uuid, hash bytea, hint text, name text, scopes text[], overlap integer)
  returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$ update app.machine_secret s set expires_at = clock_timestamp() where s.tenant_id = app.current_organisation()
          and s.client_id = client and s.expires_at > clock_timestamp();
        update app.machine_secret s set expires_at = clock_timestamp() + make_interval(secs => overlap)
          where s.tenant_id = app.current_organisation() and s.client_id = client and s.expires_at is null;
        insert into app.machine_secret (secret_hash, tenant_id, client_id, name, scopes, hint)
        values (hash, app.current_organisation(), client, name, scopes, hint) $$;
create function app.end_machine_secrets(client uuid) returns integer language plpgsql volatile
  security definer set search_path = pg_catalog, pg_temp as $$
declare ended integer;
begin
  delete from app.machine_secret s where s.tenant_id = app.current_organisation() and s.client_id = client;
  get diagnostics ended = row_count;
  return ended;
end $$;
create function app.machine_secrets()
  returns table (client_id uuid, hint text, created_at timestamptz, expires_at timestamptz, used_at timestamptz, used_from text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select s.client_id, s.hint::text, s.created_at, s.expires_at, s.used_at, s.used_from::text from app.machine_secret s
        where s.tenant_id = app.current_organisation() and coalesce(s.expires_at > clock_timestamp(), true) $$;
-- who a secret is of; its use is noted at most once a minute
create function app.machine_of(hash bytea, address text)
  returns table (tenant_id uuid, client_id uuid, name text, scopes text[])
  language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$ update app.machine_secret s set used_at = clock_timestamp(), used_from = address where s.secret_hash = hash
          and coalesce(s.expires_at > clock_timestamp(), true)
          and coalesce(s.used_at < clock_timestamp() - interval '1 minute', true);
        select s.tenant_id, s.client_id, s.name::text, s.scopes from app.machine_secret s where s.secret_hash = hash
          and coalesce(s.expires_at > clock_timestamp(), true) $$;
"""

TENANT_ROLES = ("web_institution", "worker")
OWN = ("role_grant", "departure", "delegation", "machine_client")


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    protect(*OWN)
    scope(OWN, TENANT_ROLES, "all", "tenant_id")
    grant("select", OWN, TENANT_ROLES)
    grant("insert", OWN, "web_institution")
    grant("update (ended_at, ended_by, end_reason)", "role_grant", "web_institution")
    grant("update (returned_at, returned_by)", "departure", "web_institution")
    grant("update (ended_at, ended_by)", "delegation", "web_institution")
    grant("update (responsible_id, revoked_at, revoked_by)", "machine_client", "web_institution")
    op.execute(
        "grant execute on function app.standing_of(uuid, uuid), app.limit_sessions(uuid, uuid, integer), "
        "app.machine_of(bytea, text) to web"
    )
    op.execute(
        "grant execute on function app.own_standing(uuid), app.put_standing(uuid, text[], jsonb, boolean), "
        "app.put_machine_secret(uuid, bytea, text, text, text[], integer), app.end_machine_secrets(uuid), "
        "app.machine_secrets() to web_institution"
    )
    for_maintenance(*OWN, "person_standing", "machine_secret")
