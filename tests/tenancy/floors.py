"""What may become of the restrictive floors: nobody may cross with them, without them, or with them made permissive.

A distributed engine re-creates restrictive policies as permissive ones on its workers: a floor looser than the policy that it
stands under would then open the table.
"""

DROPPED = """
do $$ declare p record; begin
  for p in select * from pg_policies where schemaname = 'app' and permissive = 'RESTRICTIVE' loop
    execute format('drop policy %I on app.%I', p.policyname, p.tablename); end loop;
end $$
"""
PERMISSIVE = """
do $$ declare p record; begin
  for p in select * from pg_policies where schemaname = 'app' and permissive = 'RESTRICTIVE' loop
    execute format('drop policy %I on app.%I', p.policyname, p.tablename);
    execute format('create policy %I on app.%I as permissive for %s to %s %s %s', p.policyname, p.tablename, p.cmd,
      array_to_string(p.roles, ', '), 'using (' || p.qual || ')', 'with check (' || p.with_check || ')'); end loop;
end $$
"""
FLOORS = {"as_built": "select 1", "without_floors": DROPPED, "floors_permissive": PERMISSIVE}
