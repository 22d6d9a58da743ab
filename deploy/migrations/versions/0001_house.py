"""The house: settings of a transaction, the registry, people, sessions, streams, audit, the queue.

Revision ID: 0001
"""

from alembic import op
from dramatiq_postgres import generate_init_sql

from deploy.migrations.form import for_maintenance, grant, protect, scope

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SETTINGS = """
create function app.current_tenant() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('app.tenant_id', true), '')::uuid $$;
create function app.current_province() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('app.province_id', true), '')::uuid $$;
create function app.current_organisation() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('app.organisation_id', true), '')::uuid $$;
create function app.current_department() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('app.department_id', true), '')::uuid $$;
create function app.current_recipient() returns uuid language sql stable parallel safe
  as $$ select nullif(current_setting('app.recipient_id', true), '')::uuid $$;
create function app.enter(role text, tenant uuid, province uuid, organisation uuid) returns void language plpgsql as $$
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
"""

TABLES = """
CREATE TABLE app.audit_checkpoint (
  tenant_id UUID NOT NULL,
  number BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  key_id VARCHAR(40) NOT NULL,
  signature BYTEA NOT NULL,
  signed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  statement TEXT NOT NULL,
  CONSTRAINT audit_checkpoint_pkey PRIMARY KEY (tenant_id, number)
);
comment on column app.audit_checkpoint.number is 'the last seal it covers';
comment on column app.audit_checkpoint.statement is 'the text that was signed';

CREATE TABLE app.audit_head (
  tenant_id UUID NOT NULL,
  sealed BIGINT DEFAULT '0' NOT NULL,
  hash BYTEA NOT NULL,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT audit_head_pkey PRIMARY KEY (tenant_id)
);

CREATE TABLE app.idempotency_key (
  tenant_id UUID NOT NULL,
  actor VARCHAR(80) NOT NULL,
  key VARCHAR(80) NOT NULL,
  status INTEGER,
  address TEXT,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT idempotency_key_pkey PRIMARY KEY (tenant_id, actor, key)
);
comment on column app.idempotency_key.actor is 'person id, or the form token of an anonymous visitor';

CREATE TABLE app.job_run (
  job VARCHAR(60) NOT NULL,
  tenant_id UUID NOT NULL,
  due_at TIMESTAMP WITH TIME ZONE NOT NULL,
  attempts INTEGER DEFAULT '0' NOT NULL,
  done_at TIMESTAMP WITH TIME ZONE,
  enqueued_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT job_run_pkey PRIMARY KEY (job, tenant_id, due_at)
);

CREATE TABLE app.legal_clock (
  "only" SMALLINT DEFAULT '1' NOT NULL,
  at TIMESTAMP WITH TIME ZONE,
  target TIMESTAMP WITH TIME ZONE,
  started_from TIMESTAMP WITH TIME ZONE,
  CONSTRAINT legal_clock_pkey PRIMARY KEY ("only"),
  CONSTRAINT legal_clock_only_check CHECK ("only" = 1)
);
comment on column app.legal_clock.at is 'empty: real time';
comment on column app.legal_clock.target is 'a move under way';

CREATE TABLE app.pack_in_force (
  province_id UUID NOT NULL,
  effective_on DATE NOT NULL,
  pack_version_id UUID NOT NULL,
  CONSTRAINT pack_in_force_pkey PRIMARY KEY (province_id, effective_on)
);

CREATE TABLE app.province (
  province_id UUID NOT NULL,
  region VARCHAR(12) NOT NULL,
  slug VARCHAR(40) NOT NULL,
  name VARCHAR(40) NOT NULL,
  short_name VARCHAR(20) NOT NULL,
  mode VARCHAR(12) DEFAULT 'enforced' NOT NULL,
  CONSTRAINT province_pkey PRIMARY KEY (province_id)
);
comment on column app.province.region is 'cn-… of the policy packs';
comment on column app.province.slug is 'in public addresses; unique in province_directory';
comment on column app.province.mode is 'enforced or advisory';

CREATE TABLE app.province_directory (
  province_id UUID NOT NULL,
  region VARCHAR(12) NOT NULL,
  slug VARCHAR(40) NOT NULL,
  name VARCHAR(40) NOT NULL,
  short_name VARCHAR(20) NOT NULL,
  science_id UUID,
  position INTEGER DEFAULT '0' NOT NULL,
  CONSTRAINT province_directory_pkey PRIMARY KEY (province_id),
  CONSTRAINT province_directory_region_key UNIQUE (region),
  CONSTRAINT province_directory_slug_key UNIQUE (slug)
);
comment on column app.province_directory.science_id is 'the science department, in whose name public acts are recorded';

CREATE TABLE app.rate_bucket (
  bucket VARCHAR(120) NOT NULL,
  tokens FLOAT NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT rate_bucket_pkey PRIMARY KEY (bucket)
);
CREATE INDEX rate_bucket_at_idx ON app.rate_bucket (at);

CREATE TABLE app.session (
  token_hash BYTEA NOT NULL,
  role VARCHAR(20) NOT NULL,
  tenant_id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  person_id UUID NOT NULL,
  name VARCHAR(80) NOT NULL,
  unit VARCHAR(80) DEFAULT '' NOT NULL,
  organisation_name VARCHAR(100) NOT NULL,
  roles TEXT[] NOT NULL,
  issuer VARCHAR(200) NOT NULL,
  subject VARCHAR(200) NOT NULL,
  sid VARCHAR(200) NOT NULL,
  acr VARCHAR(40) DEFAULT '' NOT NULL,
  tokens BYTEA NOT NULL,
  address VARCHAR(64) DEFAULT '' NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  seen_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  idle_seconds INTEGER NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT session_pkey PRIMARY KEY (token_hash)
);
CREATE INDEX session_sid_idx ON app.session (issuer, sid);
CREATE INDEX session_subject_idx ON app.session (issuer, subject);
comment on column app.session.tokens is 'encrypted';

CREATE TABLE app.sign_in_request (
  state_hash BYTEA NOT NULL,
  nonce VARCHAR(80) NOT NULL,
  verifier VARCHAR(128) NOT NULL,
  return_to TEXT NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  CONSTRAINT sign_in_request_pkey PRIMARY KEY (state_hash)
);

CREATE TABLE app.tenant_directory (
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  kind VARCHAR(20) NOT NULL,
  department_id UUID NOT NULL,
  alias VARCHAR(60) NOT NULL,
  name VARCHAR(100) NOT NULL,
  active BOOLEAN DEFAULT 'true' NOT NULL,
  CONSTRAINT tenant_directory_pkey PRIMARY KEY (id),
  CONSTRAINT tenant_directory_alias_key UNIQUE (alias)
);
comment on column app.tenant_directory.alias is 'of the identity provider''s organization';

CREATE TABLE app.calendar_day (
  province_id UUID NOT NULL,
  day DATE NOT NULL,
  working VARCHAR(8) NOT NULL,
  name VARCHAR(40) NOT NULL,
  source VARCHAR(200) NOT NULL,
  changed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT calendar_day_pkey PRIMARY KEY (province_id, day),
  CONSTRAINT calendar_day_province_id_fkey FOREIGN KEY(province_id) REFERENCES app.province (province_id)
);
comment on column app.calendar_day.working is 'off or working';

CREATE TABLE app.organisation (
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  kind VARCHAR(20) NOT NULL,
  unit_kind VARCHAR(20),
  name VARCHAR(100) NOT NULL,
  short_name VARCHAR(40) NOT NULL,
  number_prefix VARCHAR(12),
  credit_code VARCHAR(18),
  central BOOLEAN DEFAULT 'false' NOT NULL,
  department_id UUID NOT NULL,
  state VARCHAR(12) DEFAULT 'active' NOT NULL,
  settings JSONB DEFAULT '{}' NOT NULL,
  CONSTRAINT organisation_pkey PRIMARY KEY (id),
  CONSTRAINT organisation_id_province_id_key UNIQUE (id, province_id),
  CONSTRAINT organisation_province_id_name_key UNIQUE (province_id, name),
  CONSTRAINT organisation_province_id_fkey FOREIGN KEY(province_id) REFERENCES app.province (province_id)
);
CREATE INDEX organisation_department_id_idx ON app.organisation (department_id);
comment on column app.organisation.number_prefix is 'of ledger numbers';
comment on column app.organisation.central is 'a central unit in the province';
comment on column app.organisation.department_id is 'competent department today; an authority''s own id';

CREATE TABLE app.pack_version (
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  region VARCHAR(12) NOT NULL,
  version VARCHAR(40) NOT NULL,
  hash VARCHAR(64) NOT NULL,
  body TEXT NOT NULL,
  loaded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  published_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pack_version_pkey PRIMARY KEY (id),
  CONSTRAINT pack_version_province_id_hash_key UNIQUE (province_id, hash),
  CONSTRAINT pack_version_province_id_id_key UNIQUE (province_id, id),
  CONSTRAINT pack_version_province_id_fkey FOREIGN KEY(province_id) REFERENCES app.province (province_id)
);
comment on column app.pack_version.body is 'the checked files as one text; only this runs';

CREATE TABLE app.audit_entry (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  position BIGINT GENERATED BY DEFAULT AS IDENTITY,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  recipient_id UUID NOT NULL,
  actor_organisation_id UUID NOT NULL,
  actor_id UUID,
  at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  action VARCHAR(80) NOT NULL,
  object_kind VARCHAR(40) NOT NULL,
  object_id UUID,
  outcome VARCHAR(20) NOT NULL,
  details JSONB,
  address VARCHAR(64),
  request_id VARCHAR(40),
  CONSTRAINT audit_entry_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT audit_entry_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX audit_entry_actor_organisation_id_idx ON app.audit_entry (actor_organisation_id);
CREATE INDEX audit_entry_department_id_idx ON app.audit_entry (department_id);
CREATE INDEX audit_entry_object_idx ON app.audit_entry (tenant_id, object_kind, object_id);
CREATE INDEX audit_entry_province_id_idx ON app.audit_entry (province_id);
CREATE INDEX audit_entry_recipient_id_idx ON app.audit_entry (recipient_id);
CREATE INDEX audit_entry_tenant_id_position_idx ON app.audit_entry (tenant_id, position);
comment on column app.audit_entry.position is 'order of arrival, not gapless';
comment on column app.audit_entry.at is 'real time';
comment on column app.audit_entry.outcome is 'done, refused, read, failed';

CREATE TABLE app.decision (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  recipient_id UUID NOT NULL,
  actor_organisation_id UUID NOT NULL,
  actor_id UUID,
  question VARCHAR(80) NOT NULL,
  verdict VARCHAR(20) NOT NULL,
  facts JSONB NOT NULL,
  answer JSONB NOT NULL,
  pack_version_id UUID NOT NULL,
  pack_hash VARCHAR(64) NOT NULL,
  list_version_id UUID,
  list_hash VARCHAR(64),
  case_kind VARCHAR(40) NOT NULL,
  case_id UUID NOT NULL,
  decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT decision_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT decision_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX decision_actor_organisation_id_idx ON app.decision (actor_organisation_id);
CREATE INDEX decision_case_idx ON app.decision (tenant_id, case_kind, case_id, recorded_at);
CREATE INDEX decision_department_id_idx ON app.decision (department_id);
CREATE INDEX decision_province_id_idx ON app.decision (province_id);
CREATE INDEX decision_recipient_id_idx ON app.decision (recipient_id);
comment on column app.decision.decided_at is 'legal instant';

CREATE TABLE app.outbox (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  recipient_id UUID NOT NULL,
  actor_organisation_id UUID NOT NULL,
  actor_id UUID,
  kind VARCHAR(60) NOT NULL,
  payload JSONB NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  delivered_at TIMESTAMP WITH TIME ZONE,
  attempts INTEGER DEFAULT '0' NOT NULL,
  CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT outbox_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX outbox_actor_organisation_id_idx ON app.outbox (actor_organisation_id);
CREATE INDEX outbox_department_id_idx ON app.outbox (department_id);
CREATE INDEX outbox_pending_idx ON app.outbox (tenant_id, created_at) WHERE delivered_at is null;
CREATE INDEX outbox_province_id_idx ON app.outbox (province_id);
CREATE INDEX outbox_recipient_id_idx ON app.outbox (recipient_id);
comment on column app.outbox.kind is 'what leaves: message, mail, publication, filing';

CREATE TABLE app.pack_activation (
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  pack_version_id UUID NOT NULL,
  effective_on DATE NOT NULL,
  proposed_by UUID NOT NULL,
  proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  confirmed_by UUID,
  confirmed_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT pack_activation_pkey PRIMARY KEY (id),
  CONSTRAINT pack_activation_province_id_fkey FOREIGN KEY(province_id, pack_version_id) REFERENCES app.pack_version (province_id, id)
);
CREATE INDEX pack_activation_province_id_idx ON app.pack_activation (province_id, effective_on);

CREATE TABLE app.person (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  name VARCHAR(80),
  unit VARCHAR(80),
  email VARCHAR(200),
  salt BYTEA NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  erased_at TIMESTAMP WITH TIME ZONE,
  CONSTRAINT person_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT person_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX person_province_id_idx ON app.person (province_id);
CREATE INDEX person_tenant_id_name_idx ON app.person (tenant_id, name);
comment on column app.person.name is 'empty once erased';
comment on column app.person.unit is 'college or department';

CREATE TABLE app.supervision (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  held DATERANGE NOT NULL,
  CONSTRAINT supervision_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT supervision_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id),
  CONSTRAINT supervision_held_excl EXCLUDE USING gist (tenant_id WITH =, held WITH &&)
);
CREATE INDEX supervision_department_id_idx ON app.supervision (department_id);
CREATE INDEX supervision_province_id_idx ON app.supervision (province_id);

CREATE TABLE app.workflow_event (
  tenant_id UUID NOT NULL,
  id UUID NOT NULL,
  province_id UUID NOT NULL,
  department_id UUID NOT NULL,
  recipient_id UUID NOT NULL,
  actor_organisation_id UUID NOT NULL,
  actor_id UUID,
  case_kind VARCHAR(40) NOT NULL,
  case_id UUID NOT NULL,
  event VARCHAR(60) NOT NULL,
  from_state VARCHAR(40),
  to_state VARCHAR(40),
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  reason TEXT,
  details JSONB,
  pack_version_id UUID,
  CONSTRAINT workflow_event_pkey PRIMARY KEY (tenant_id, id),
  CONSTRAINT workflow_event_tenant_id_province_id_fkey FOREIGN KEY(tenant_id, province_id) REFERENCES app.organisation (id, province_id)
);
CREATE INDEX workflow_event_actor_organisation_id_idx ON app.workflow_event (actor_organisation_id);
CREATE INDEX workflow_event_case_idx ON app.workflow_event (tenant_id, case_kind, case_id, recorded_at);
CREATE INDEX workflow_event_department_id_idx ON app.workflow_event (department_id);
CREATE INDEX workflow_event_province_id_idx ON app.workflow_event (province_id);
CREATE INDEX workflow_event_recipient_id_idx ON app.workflow_event (recipient_id);
comment on column app.workflow_event.at is 'legal instant';

CREATE TABLE app.account (
  tenant_id UUID NOT NULL,
  issuer VARCHAR(200) NOT NULL,
  subject VARCHAR(200) NOT NULL,
  person_id UUID NOT NULL,
  seen_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT account_pkey PRIMARY KEY (tenant_id, issuer, subject),
  CONSTRAINT account_tenant_id_person_id_fkey FOREIGN KEY(tenant_id, person_id) REFERENCES app.person (tenant_id, id)
);
CREATE INDEX account_person_idx ON app.account (tenant_id, person_id);

CREATE TABLE app.audit_seal (
  tenant_id UUID NOT NULL,
  number BIGINT NOT NULL,
  entry_id UUID NOT NULL,
  previous BYTEA NOT NULL,
  hash BYTEA NOT NULL,
  sealed_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT audit_seal_pkey PRIMARY KEY (tenant_id, number),
  CONSTRAINT audit_seal_tenant_id_entry_id_fkey FOREIGN KEY(tenant_id, entry_id) REFERENCES app.audit_entry (tenant_id, id)
);
CREATE UNIQUE INDEX audit_seal_entry_key ON app.audit_seal (tenant_id, entry_id);
"""

FUNCTIONS = """
create function app.legal_now() returns timestamptz language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select coalesce((select c.at from app.legal_clock c), clock_timestamp()) $$;
create function app.clock_state() returns app.legal_clock language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select c.* from app.legal_clock c $$;
create function app.start_clock(start timestamptz) returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
  as $$ insert into app.legal_clock ("only", at) values (1, start) on conflict ("only") do nothing $$;
-- forwards only, one move at a time; false when there is no demo clock, the target is not later, or a move is under way
create function app.request_clock_move(target timestamptz) returns boolean language sql volatile security definer
  set search_path = pg_catalog, pg_temp
  as $$ with moved as (update app.legal_clock c set target = request_clock_move.target, started_from = c.at
          where c.at is not null and c.target is null and request_clock_move.target > c.at returning 1)
        select exists (select from moved) $$;
create function app.advance_clock(instant timestamptz) returns boolean language plpgsql volatile security definer
  set search_path = pg_catalog, pg_temp as $$
begin
  update app.legal_clock c set at = instant, target = case when instant >= c.target then null else c.target end
    where c.at is not null and c.target is not null and instant >= c.at and instant <= c.target;
  return found;
end $$;
create function app.pack_in_force(province uuid) returns uuid language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select p.pack_version_id from app.pack_in_force p where p.province_id = province
        and p.effective_on <= (app.legal_now() at time zone 'Asia/Shanghai')::date
        order by p.effective_on desc limit 1 $$;
-- the directories have no row-level security: whoever entered for one province writes no entry of another
create function app.require_province(wanted uuid) returns void language plpgsql stable as $$
begin
  if session_user <> 'maintenance' and wanted is distinct from app.current_province() then
    raise insufficient_privilege using message = 'permission denied for another province';
  end if;
end $$;
create function app.put_pack_in_force(province uuid, effective date, version uuid) returns void language sql volatile
  security definer set search_path = pg_catalog, pg_temp
  as $$ select app.require_province(province);
        insert into app.pack_in_force (province_id, effective_on, pack_version_id) values (province, effective, version)
        on conflict (province_id, effective_on) do update set pack_version_id = excluded.pack_version_id $$;

create function app.list_provinces() returns setof app.province_directory language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select p.* from app.province_directory p $$;
create function app.put_province(id uuid, region text, slug text, name text, short_name text, science uuid, place integer)
  returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$ select app.require_province(id);
        insert into app.province_directory (province_id, region, slug, name, short_name, science_id, position)
        values (id, region, slug, name, short_name, science, place)
        on conflict (province_id) do update set region = excluded.region, slug = excluded.slug, name = excluded.name,
          short_name = excluded.short_name, science_id = excluded.science_id, position = excluded.position $$;
create function app.list_tenants() returns setof app.tenant_directory language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select t.* from app.tenant_directory t where t.active $$;
create function app.tenant_of(tenant uuid) returns app.tenant_directory language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select t.* from app.tenant_directory t where t.id = tenant $$;
create function app.put_tenant(id uuid, province uuid, kind text, department uuid, alias text, name text, active boolean)
  returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$ select app.require_province(province);
        select app.require_province(t.province_id) from app.tenant_directory t where t.id = put_tenant.id;
        insert into app.tenant_directory (id, province_id, kind, department_id, alias, name, active)
        values (id, province, kind, department, alias, name, active)
        on conflict (id) do update set kind = excluded.kind, department_id = excluded.department_id,
          alias = excluded.alias, name = excluded.name, active = excluded.active $$;

create function app.open_sign_in(state_hash bytea, nonce text, verifier text, return_to text, seconds integer)
  returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$ delete from app.sign_in_request where expires_at < clock_timestamp();
        insert into app.sign_in_request values
          (state_hash, nonce, verifier, return_to, clock_timestamp() + make_interval(secs => seconds)) $$;
-- single use: whoever presents the state first has it, a replay finds nothing
create function app.take_sign_in(state_hash bytea) returns app.sign_in_request language sql volatile security definer
  set search_path = pg_catalog, pg_temp
  as $$ delete from app.sign_in_request r where r.state_hash = take_sign_in.state_hash
        and r.expires_at > clock_timestamp() returning r.* $$;
create function app.open_session(token_hash bytea, role text, tenant uuid, province uuid, department uuid, person uuid,
    name text, unit text, organisation_name text, roles text[], issuer text, subject text, sid text, acr text,
    tokens bytea, address text, idle_seconds integer, life_seconds integer)
  returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$ insert into app.session (token_hash, role, tenant_id, province_id, department_id, person_id, name, unit,
          organisation_name, roles, issuer, subject, sid, acr, tokens, address, idle_seconds, expires_at)
        values (token_hash, role, tenant, province, department, person, name, unit, organisation_name, roles, issuer,
          subject, sid, acr, tokens, address, idle_seconds, clock_timestamp() + make_interval(secs => life_seconds)) $$;
create function app.session_of(token_hash bytea)
  returns table (role text, tenant_id uuid, province_id uuid, department_id uuid, person_id uuid, name text, unit text,
    organisation_name text, roles text[], created_at timestamptz, seen_at timestamptz, expires_at timestamptz,
    legal_now timestamptz, pack_version_id uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select s.role::text, s.tenant_id, s.province_id, s.department_id, s.person_id, s.name, s.unit, s.organisation_name,
          s.roles, s.created_at, s.seen_at, s.expires_at, app.legal_now(), app.pack_in_force(s.province_id)
        from app.session s where s.token_hash = session_of.token_hash and s.expires_at > clock_timestamp()
          and s.seen_at + make_interval(secs => s.idle_seconds) > clock_timestamp() $$;
create function app.touch_session(token_hash bytea) returns void language sql volatile security definer
  set search_path = pg_catalog, pg_temp
  as $$ update app.session s set seen_at = clock_timestamp() where s.token_hash = touch_session.token_hash $$;
create function app.session_tokens(token_hash bytea) returns bytea language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select s.tokens from app.session s where s.token_hash = session_tokens.token_hash $$;
create function app.end_session(token_hash bytea) returns bytea language sql volatile security definer
  set search_path = pg_catalog, pg_temp
  as $$ delete from app.session s where s.token_hash = end_session.token_hash returning s.tokens $$;
create function app.end_sessions(issuer text, sid text, subject text) returns integer language plpgsql volatile
  security definer set search_path = pg_catalog, pg_temp as $$
declare ended integer;
begin
  delete from app.session s where s.issuer = end_sessions.issuer
    and (s.sid = end_sessions.sid or (end_sessions.sid is null and s.subject = end_sessions.subject));
  get diagnostics ended = row_count;
  return ended;
end $$;
-- tokens refill steadily; answers the seconds to wait, 0 when allowed
create function app.take_from_bucket(name text, capacity double precision, per_second double precision)
  returns double precision language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$ insert into app.rate_bucket as b (bucket, tokens, at) values (name, capacity, clock_timestamp())
          on conflict (bucket) do update set at = clock_timestamp(),
            tokens = least(capacity, b.tokens + extract(epoch from clock_timestamp() - b.at) * per_second);
        with taken as (update app.rate_bucket b set tokens = b.tokens - 1
          where b.bucket = name and b.tokens >= 1 returning 1)
        select case when exists (select from taken) then 0 else (1 - b.tokens) / per_second end
          from app.rate_bucket b where b.bucket = name $$;

-- the queue is reached by this alone; the message is stamped with who asked, so that the job enters as its starter
create function app.enqueue(task text, queue text, payload jsonb, delay_seconds double precision, message uuid)
  returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
  as $$ insert into app.task_queue (queue_name, message_id, state, message, available_at)
        values (queue, message, 'queued', jsonb_build_object('queue_name', queue, 'actor_name', task,
          'args', '[]'::jsonb, 'kwargs', payload || jsonb_build_object('scope', jsonb_build_object(
            'role', current_setting('role'), 'tenant', app.current_tenant(), 'province', app.current_province(),
            'organisation', app.current_organisation())),
          'options', '{}'::jsonb, 'message_id', message,
          'message_timestamp', (extract(epoch from clock_timestamp()) * 1000)::bigint),
          clock_timestamp() + make_interval(secs => delay_seconds))
        on conflict (message_id) do nothing $$;
create function app.schema_revision() returns text language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select v.version_num::text from migration.schema_version v $$;
create function app.queue_age() returns double precision language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select coalesce(extract(epoch from clock_timestamp() - min(q.available_at)), 0)::double precision
        from app.task_queue q where q.state = 'queued' and q.available_at < clock_timestamp() $$;
-- a scheduled job for one tenant and one due instant is done once; one that was begun and not finished is given again
create function app.schedule_job(job text, tenant uuid, due timestamptz) returns boolean language plpgsql volatile
  security definer set search_path = pg_catalog, pg_temp as $$
begin
  insert into app.job_run as j (job, tenant_id, due_at, attempts) values (job, tenant, due, 1)
    on conflict on constraint job_run_pkey do update set attempts = j.attempts + 1 where j.done_at is null;
  return found;
end $$;
create function app.finish_job(job text, tenant uuid, due timestamptz) returns void language sql volatile
  security definer set search_path = pg_catalog, pg_temp
  as $$ update app.job_run j set done_at = clock_timestamp()
        where j.job = finish_job.job and j.tenant_id = tenant and j.due_at = due $$;
create function app.last_job(job text, tenant uuid) returns timestamptz language sql stable security definer
  set search_path = pg_catalog, pg_temp
  as $$ select max(j.due_at) from app.job_run j where j.job = last_job.job and j.tenant_id = tenant $$;
"""

TENANT_ROLES = ("web_institution", "worker")
CONSOLE_AXES = {"web_science": "province_id", "web_department": "department_id", "web_finance": "recipient_id"}
READERS = ("web_public", "web_institution", "web_science", "web_department", "web_finance", "worker")
SERVING = (*READERS, "web_operator", "worker_rollup")
OWN_ACT = "actor_organisation_id = app.current_organisation()"


def upgrade() -> None:
    op.execute("alter default privileges revoke execute on functions from public")
    op.execute(SETTINGS)
    op.execute(TABLES)
    op.execute(generate_init_sql("app", "task_").replace('CREATE SCHEMA IF NOT EXISTS "app";', ""))
    op.execute(FUNCTIONS)
    policies()
    grants()


def policies() -> None:
    protect(
        "province",
        "organisation",
        "supervision",
        "person",
        "account",
        "workflow_event",
        "decision",
        "outbox",
        "idempotency_key",
        "audit_entry",
        "audit_head",
        "audit_seal",
        "audit_checkpoint",
        "pack_version",
        "pack_activation",
        "calendar_day",
    )
    scope(["province", "organisation", "calendar_day"], READERS, "select", "province_id")
    scope(["pack_version", "pack_activation"], READERS, "select", "province_id")
    scope(
        ["province", "organisation", "calendar_day", "pack_version", "pack_activation"],
        "web_operator",
        "all",
        "province_id",
    )
    scope("supervision", TENANT_ROLES, "select", "tenant_id")
    scope("supervision", "web_operator", "all", "province_id")
    scope("supervision", "web_science", "select", "province_id")
    scope("supervision", "web_department", "select", "department_id")
    scope(["person", "account"], TENANT_ROLES, "all", "tenant_id")
    for stream in ("workflow_event", "decision", "outbox", "audit_entry"):
        scope(stream, TENANT_ROLES, "all", "tenant_id")
        for role, axis in CONSOLE_AXES.items():
            scope(stream, role, "all", axis, OWN_ACT)
        scope(stream, "web_operator", "all", "province_id", OWN_ACT)
        scope(stream, "web_public", "insert", "tenant_id")
    scope(["audit_head", "audit_seal", "audit_checkpoint"], "worker", "all", "tenant_id")
    scope(["audit_head", "audit_seal", "audit_checkpoint"], "web_institution", "select", "tenant_id")
    scope(
        "idempotency_key",
        ("web_public", "web_institution", "web_science", "web_department", "web_finance", "web_operator", "worker"),
        "all",
        "tenant_id",
    )


def grants() -> None:
    everyone = ", ".join(SERVING)
    op.execute(f"grant usage on schema app to web, tasks, maintenance, {everyone}")
    op.execute("grant execute on function app.enter(text, uuid, uuid, uuid) to web, tasks")
    op.execute(
        "grant execute on function app.current_tenant(), app.current_province(), app.current_organisation(), "
        f"app.current_department(), app.current_recipient(), app.legal_now(), app.clock_state() to web, tasks, {everyone}"
    )
    op.execute(
        "grant execute on function app.open_sign_in(bytea, text, text, text, integer), app.take_sign_in(bytea), "
        "app.open_session(bytea, text, uuid, uuid, uuid, uuid, text, text, text, text[], text, text, text, text, bytea, "
        "text, integer, integer), app.session_of(bytea), app.touch_session(bytea), app.session_tokens(bytea), "
        "app.end_session(bytea), app.end_sessions(text, text, text), app.tenant_of(uuid), app.list_provinces(), "
        "app.pack_in_force(uuid), app.take_from_bucket(text, double precision, double precision), "
        "app.request_clock_move(timestamptz), app.queue_age(), app.schema_revision() to web"
    )
    op.execute(
        "grant execute on function app.list_tenants(), app.tenant_of(uuid), app.list_provinces(), app.pack_in_force(uuid), "
        "app.advance_clock(timestamptz), app.schedule_job(text, uuid, timestamptz), "
        "app.finish_job(text, uuid, timestamptz), app.last_job(text, uuid), app.queue_age() to tasks"
    )
    op.execute(
        "grant execute on function app.put_pack_in_force(uuid, date, uuid), "
        "app.put_tenant(uuid, uuid, text, uuid, text, text, boolean), "
        "app.put_province(uuid, text, text, text, text, uuid, integer) to web_operator, maintenance"
    )
    op.execute("grant execute on function app.start_clock(timestamptz) to maintenance")
    op.execute(
        "grant execute on function app.enqueue(text, text, jsonb, double precision, uuid) to "
        "web_public, web_institution, web_science, web_department, web_finance, web_operator, worker"
    )
    op.execute("grant select, insert, update, delete on app.task_queue, app.task_worker, app.task_result to tasks")
    op.execute("grant usage on sequence app.task_queue_position_seq to tasks")
    for_maintenance("task_queue", "task_worker", "task_result")

    grant("select", ["province", "organisation", "calendar_day", "pack_version", "pack_activation"], READERS)
    grant(
        "select, insert, update",
        ["province", "organisation", "calendar_day", "pack_activation", "supervision"],
        "web_operator",
    )
    grant("select, insert", "pack_version", "web_operator")  # a stored version never changes
    grant("delete", "calendar_day", "web_operator")
    grant("select", "supervision", ("web_institution", "worker", "web_science", "web_department"))
    grant("select, insert, update", ["person", "account"], TENANT_ROLES)
    grant("select, insert", ["workflow_event", "decision", "audit_entry"], TENANT_ROLES)
    grant("select, insert, update (delivered_at, attempts)", "outbox", "worker")
    grant("insert", "outbox", "web_institution")
    grant("select, insert", ["workflow_event", "decision", "audit_entry"], (*CONSOLE_AXES, "web_operator"))
    grant("insert", "outbox", (*CONSOLE_AXES, "web_operator"))
    grant("insert", ["workflow_event", "decision", "outbox", "audit_entry"], "web_public")
    grant("select, insert, update", "audit_head", "worker")
    grant("select, insert", ["audit_seal", "audit_checkpoint"], "worker")
    grant("select", ["audit_head", "audit_seal", "audit_checkpoint"], "web_institution")
    grant(
        "select, insert, update, delete",
        "idempotency_key",
        ("web_public", "web_institution", "web_science", "web_department", "web_finance", "web_operator", "worker"),
    )
    op.execute(
        "grant usage on all sequences in schema app to web_public, web_institution, web_science, web_department, "
        "web_finance, web_operator, worker, maintenance"
    )
    for_maintenance(
        "province",
        "organisation",
        "supervision",
        "tenant_directory",
        "province_directory",
        "person",
        "account",
        "session",
        "sign_in_request",
        "workflow_event",
        "decision",
        "outbox",
        "idempotency_key",
        "audit_entry",
        "audit_head",
        "audit_seal",
        "audit_checkpoint",
        "legal_clock",
        "pack_in_force",
        "rate_bucket",
        "job_run",
        "pack_version",
        "pack_activation",
        "calendar_day",
    )
