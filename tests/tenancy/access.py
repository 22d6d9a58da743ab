"""The matrix of access, role by role and table by table, as the database has it; ``access.txt`` is the reviewed copy.

``python -m tests.tenancy.access`` migrates a database and writes the file anew: read the difference before you commit it.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from deploy.embedded.postgres import EmbeddedPostgres
from shared.db.migrating import migrate
from tests.tenancy.reach import LOGINS, ROLES
from tests.tenancy.schema import read_schema

SNAPSHOT = Path(__file__).parent / "access.txt"
_HEAD = """\
# Who reaches what: table (scope), then role, commands, and the rows they reach. A command stands here when the role has the
# grant and a policy lets some row through; (columns) where the grant names columns. Tables without lines are reached by no role.
# Written by: python -m tests.tenancy.access
"""
_ACCESS = """
with policy as (
  select tablename::text as relation, unnest(roles)::text as role, cmd,
    regexp_replace(coalesce(qual, with_check), '[()]|app\\.', '', 'g') as reach
  from pg_policies where schemaname = 'app' and permissive = 'PERMISSIVE'),
command(position, name) as (values (1, 'SELECT'), (2, 'INSERT'), (3, 'UPDATE'), (4, 'DELETE')),
allowed as (
  select p.relation, p.role, c.position, c.name, p.reach,
    has_table_privilege(p.role, 'app.' || p.relation, c.name) as whole,
    case when c.name <> 'DELETE' then array(
      select attname::text from pg_attribute where attrelid = ('app.' || p.relation)::regclass and attnum > 0
        and not attisdropped and has_column_privilege(p.role, attrelid, attnum, c.name) order by attnum) end as columns
  from policy p join command c on p.cmd in (c.name, 'ALL') where p.role = any (%s))
select relation, role, reach,
  string_agg(lower(name) || case when whole then '' else ' (' || array_to_string(columns, ', ') || ')' end, ', '
    order by position)
from allowed where whole or cardinality(columns) > 0 group by relation, role, reach order by relation, role, reach
"""
_FUNCTIONS = """
select p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
  string_agg(a.grantee::regrole::text, ', ' order by a.grantee::regrole::text collate "C")
from pg_proc p, aclexplode(p.proacl) a
where p.pronamespace = 'app'::regnamespace and a.grantee::regrole::text = any (%s) group by 1
"""


def access(url: str) -> str:
    """The whole matrix as the text of the snapshot."""
    return _HEAD + "\n".join(_lines(url)) + "\n"


def _lines(url: str) -> Iterator[str]:
    schema = read_schema(url)
    with psycopg.connect(url) as connection:
        found = connection.execute(_ACCESS, [list(ROLES)]).fetchall()
        functions = connection.execute(_FUNCTIONS, [[*ROLES, *LOGINS]]).fetchall()
    for name in sorted(schema):
        yield f"\n{name} ({schema[name].scope})"
        for relation, role, reach, commands in found:
            if relation == name:
                yield f"  {role:<16} {commands}  |  {reach}"
    yield "\n# Functions, and the roles and logins that may call them"
    for function, roles in sorted(functions):
        yield f"\n{function}\n  {roles}"


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="chengguo-access-") as folder,
        EmbeddedPostgres(Path(folder) / "pg", durable=False) as server,
    ):
        server.create_database("listed")
        migrate(server.dsn("postgres", "listed"))
        SNAPSHOT.write_text(access(server.dsn("postgres", "listed")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
