-- Database roles of the platform. Run once per server as a superuser; running it again changes nothing.
-- `owner` owns everything and never serves a request. web_* and worker* serve; they are entered by app.enter().
-- The logins `web` and `tasks` are NOINHERIT: before a transaction has entered a role they may do nothing at all.
-- `maintenance` passes row-level security: command line only (data steps of migrations, backup, verification).
-- Passwords are no part of this file: `alter role web password '...'` with a secret of the installation.
do $$
declare r text;
begin
  foreach r in array array['owner', 'web_public', 'web_institution', 'web_science', 'web_department', 'web_finance',
                           'web_operator', 'worker', 'worker_rollup'] loop
    if not exists (select from pg_roles where rolname = r) then
      execute format('create role %I', r);
    end if;
    execute format('alter role %I nologin nosuperuser nocreatedb nocreaterole nobypassrls noreplication', r);
  end loop;
  foreach r in array array['web', 'tasks'] loop
    if not exists (select from pg_roles where rolname = r) then
      execute format('create role %I login noinherit', r);
    end if;
    execute format('alter role %I login noinherit nosuperuser nocreatedb nocreaterole nobypassrls noreplication', r);
  end loop;
  if not exists (select from pg_roles where rolname = 'maintenance') then
    create role maintenance login bypassrls;
  end if;
  alter role maintenance login bypassrls nosuperuser nocreatedb nocreaterole noreplication;
end $$;

grant web_public, web_institution, web_science, web_department, web_finance, web_operator to web;
-- A job that an authority starts runs with that authority's role, so `tasks` may enter those too.
grant worker, worker_rollup, web_science, web_department, web_finance to tasks;
