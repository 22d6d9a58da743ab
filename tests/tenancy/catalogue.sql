-- One row per breach of the house's form of row-level security; the right schema gives none.
-- :tenant, :global, :local are the lists that the metadata declares.
with tab as (
  select c.oid, c.relname, c.relrowsecurity r, c.relforcerowsecurity f, c.relowner::regrole::text o from pg_class c
  where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not (c.relname = any (%(local)s::text[]))),
axis(role, cols) as (values
  ('web_public', '{tenant_id,province_id}'::text[]), ('web_institution', '{tenant_id,province_id}'),
  ('web_science', '{province_id,tenant_id}'), ('web_department', '{department_id,province_id,tenant_id}'),
  ('web_finance', '{recipient_id,province_id,tenant_id}'), ('web_operator', '{province_id,tenant_id}'),
  ('worker', '{tenant_id,province_id}'), ('worker_rollup', '{province_id}')),
-- where a role may use another column than its own: global tables by province, and its own idempotency keys
other(role, tab, col) as (
  select r, 'idempotency_key', 'tenant_id'
    from unnest(array['web_science', 'web_department', 'web_finance', 'web_operator']) r
  -- who is in which pilot is public
  union all values ('web_public', 'pilot_membership', 'province_id')
  -- an authority's own people, of no institution
  union all values ('web_science', 'person', 'tenant_id')
  union all select a.role, t, 'province_id' from axis a, unnest(%(global)s::text[]) t),
pol as (
  select p.*, coalesce(p.qual, p.with_check) e, array_length(p.roles, 1) n, p.roles[1]::text role,
    (regexp_match(coalesce(p.qual, p.with_check), '^\(+(\w+) = (?:app\.)?current_(\w+)\(\)'))[1] col,
    (regexp_match(coalesce(p.qual, p.with_check), '^\(+(\w+) = (?:app\.)?current_(\w+)\(\)'))[2] fn
  from pg_policies p where schemaname = 'app')
select 'rls off or not forced' what, relname obj from tab where not (r and f)
union all select 'not owned by owner', relname from tab where o <> 'owner'
union all select 'table without a declared scope', relname from tab where not (relname = any (%(tenant)s::text[] || %(global)s::text[]))
union all select 'no permissive policy', relname from tab
  where not exists (select from pol where tablename = relname and permissive = 'PERMISSIVE')
union all select 'granted but no policy of the role', table_name || ' ' || grantee from (
    select distinct table_name::text, grantee::text from information_schema.column_privileges
    where table_schema = 'app' and (grantee like 'web\_%%' or grantee like 'worker%%')) g
  where table_name in (select relname from tab) and not exists (
    select from pol where tablename = table_name and permissive = 'PERMISSIVE' and role = grantee)
union all select 'local table granted', table_name || ' ' || grantee from (
    select distinct table_name::text, grantee::text from information_schema.column_privileges
    where table_schema = 'app' and table_name = any (%(local)s::text[]) and not (table_name = any (%(broker)s::text[]))
      and grantee not in ('owner', 'maintenance', 'postgres')) g
union all select 'role has a policy but no floor', tablename || ' ' || role from pol a
  where permissive = 'PERMISSIVE' and not exists (
    select from pol b where b.tablename = a.tablename and b.permissive = 'RESTRICTIVE' and b.role = a.role
      and b.cmd = 'ALL')
union all select 'floor differs from its policy', a.tablename || ' ' || a.role from pol a join pol b
    on b.tablename = a.tablename and b.role = a.role and b.permissive = 'RESTRICTIVE'
  where a.permissive = 'PERMISSIVE' and (a.col, a.fn) is distinct from (b.col, b.fn)
union all select 'policy not to exactly one role', tablename || '.' || policyname from pol
  where n <> 1 or role not in (select role from axis)
union all select 'or, subquery, constant or unknown form', tablename || '.' || policyname from pol
  where e ~* '\m(or|select|true|not exists|case)\M' or col is null
union all select 'column and function do not match', tablename || '.' || policyname || ' ' || e from pol
  where (col, fn) not in (('tenant_id', 'tenant'), ('province_id', 'province'), ('department_id', 'department'),
    ('recipient_id', 'recipient'))
union all select 'column not this role''s', tablename || '.' || policyname || ' ' || e from pol p join axis a using (role)
  where permissive = 'PERMISSIVE' and col <> a.cols[1]
    and not (role = 'web_operator' and col = 'province_id')
    and not exists (select from other o where o.role = p.role and o.tab = tablename and o.col = p.col)
union all select 'with check differs from using', tablename || '.' || policyname from pol
  where cmd in ('ALL', 'UPDATE') and with_check is distinct from qual
union all select 'two axes of one role', tablename || ' ' || role from pol where permissive = 'PERMISSIVE'
  group by tablename, role having count(distinct coalesce(col, '')) > 1
union all select 'view not security_invoker', c.relname from pg_class c
  where relnamespace = 'app'::regnamespace and relkind in ('v', 'm')
    and not coalesce(c.reloptions, '{}') @> '{security_invoker=true}'
union all select 'definer function without search_path = pg_catalog, pg_temp', p.proname from pg_proc p
  where pronamespace = 'app'::regnamespace and prosecdef
    and not coalesce(proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}'
union all select 'definer function names a protected table', p.proname || ' ' || t.relname from pg_proc p, tab t
  where pronamespace = 'app'::regnamespace and prosecdef and prosrc ~ ('\mapp\.' || t.relname || '\M')
union all select 'function executable by everybody', p.proname from pg_proc p
  where pronamespace = 'app'::regnamespace
    and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)
union all select 'app.enter executable by a role that is no login', a.grantee::regrole::text
  from pg_proc p, aclexplode(p.proacl) a where pronamespace = 'app'::regnamespace and proname = 'enter'
    and a.grantee::regrole::text not in ('owner', 'web', 'tasks')
union all select 'foreign key to a tenant table does not begin with tenant_id', conname from pg_constraint k
  join pg_class d on d.oid = k.confrelid where connamespace = 'app'::regnamespace and contype = 'f'
    and d.relname = any (%(tenant)s::text[])
    and (select attname from pg_attribute where attrelid = conrelid and attnum = conkey[1]) <> 'tenant_id'
union all select 'foreign key to a global table does not carry province_id', conname from pg_constraint k
  join pg_class d on d.oid = k.confrelid where connamespace = 'app'::regnamespace and contype = 'f'
    and d.relname = any (%(global)s::text[])
    and not exists (select from pg_attribute where attrelid = conrelid and attnum = any (conkey) and attname = 'province_id')
union all select 'tenant and province are not those of one organisation', c.relname from pg_class c
  where c.relnamespace = 'app'::regnamespace and c.relname = any (%(tenant)s::text[])
    and exists (select from pg_attribute where attrelid = c.oid and attname = 'province_id')
    and not exists (select from pg_constraint k where k.conrelid = c.oid and contype = 'f' and convalidated
      and confrelid = 'app.organisation'::regclass
      and (select array_agg(attname::text order by attname) from pg_attribute where attrelid = c.oid and attnum = any (conkey))
        = '{province_id,tenant_id}')
union all select 'global table refers to a tenant table', conname from pg_constraint k
  join pg_class c on c.oid = k.conrelid join pg_class d on d.oid = k.confrelid
  where k.connamespace = 'app'::regnamespace and contype = 'f'
    and not (c.relname = any (%(tenant)s::text[])) and d.relname = any (%(tenant)s::text[])
union all select 'key of a tenant table does not begin with tenant_id', i.indexrelid::regclass::text from pg_index i
  join pg_class c on c.oid = i.indrelid where c.relname = any (%(tenant)s::text[]) and c.relnamespace = 'app'::regnamespace
    and (i.indisunique or i.indisexclusion)
    and (select attname from pg_attribute where attrelid = i.indrelid and attnum = i.indkey[0])
      is distinct from 'tenant_id'
union all select 'tenant_id may be null', c.relname from pg_attribute a join pg_class c on c.oid = a.attrelid
  where c.relname = any (%(tenant)s::text[]) and c.relnamespace = 'app'::regnamespace and attname = 'tenant_id' and not attnotnull
union all select 'scope column may be null', c.relname || '.' || attname from pg_attribute a
  join pg_class c on c.oid = a.attrelid join pol on pol.tablename = c.relname and pol.col = a.attname
  where c.relnamespace = 'app'::regnamespace and not attnotnull
union all select 'scope column leads no index', t.tablename || '.' || t.col from (select distinct tablename, col from pol) t
  where t.col is not null and not exists (
    select from pg_index i join pg_class c on c.oid = i.indrelid join pg_attribute a
      on a.attrelid = c.oid and a.attnum = i.indkey[0]
    where c.relname = t.tablename and c.relnamespace = 'app'::regnamespace and a.attname = t.col)
union all select 'trigger', tgname from pg_trigger where not tgisinternal and tgrelid in (select oid from tab)
union all select 'bypass', rolname from pg_roles
  where (rolbypassrls or rolsuper) and rolname not in ('postgres', 'maintenance')
union all select 'member of owner or maintenance', member::regrole::text from pg_auth_members
  where roleid in ('owner'::regrole, 'maintenance'::regrole)
union all select 'login inherits its roles', rolname from pg_roles where rolname in ('web', 'tasks') and rolinherit
-- from PostgreSQL 16 on, each membership says for itself whether it is inherited
union all select 'login inherits its roles', member::regrole::text || ' ' || roleid::regrole::text from pg_auth_members m
  where member::regrole::text in ('web', 'tasks') and (to_jsonb(m) ->> 'inherit_option')::boolean
union all select 'append-only table may be changed', table_name || ' ' || grantee || ' ' || privilege_type from (
    select table_name::text, grantee::text, privilege_type::text from information_schema.table_privileges
    where table_schema = 'app' and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')
    union select table_name::text, grantee::text, privilege_type::text from information_schema.column_privileges
    where table_schema = 'app' and privilege_type = 'UPDATE') g
  where table_name in ('audit_entry', 'audit_seal', 'audit_checkpoint', 'workflow_event', 'decision')
    and grantee not in ('owner', 'maintenance')
union all select 'version changed beyond recorded', table_name || '.' || column_name || ' ' || grantee
  from information_schema.column_privileges where table_schema = 'app' and table_name like '%%\_version'
    and table_name = any (%(tenant)s::text[]) and privilege_type = 'UPDATE' and column_name <> 'recorded'
    and grantee not in ('owner', 'maintenance')
union all select 'setting function changed', proname from pg_proc
  where pronamespace = 'app'::regnamespace and proname like 'current\_%%'
    and prosrc !~ '^ select nullif\(current_setting\(''app\.\w+_id'', true\), ''''\)::uuid $'
order by 1, 2
