"""Prove the row-level security of the migrated schema with pgrls: lint, and verify on the schema and on its bare copy.

``python -m tests.tenancy.prove`` starts a server of its own, migrates a database, and exits non-zero at the first thing that
is not proved. A copy without floors, foreign keys, checks and NOT NULL on ranges is judged too: with floors alone a hole in a
permissive policy would not show.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from deploy.embedded.postgres import EmbeddedPostgres
from services.models import metadata
from shared.db.migrating import migrate

HERE = Path(__file__).parent
AUTH = [f"--auth-function=app.current_{axis}" for axis in ("tenant", "province", "department", "recipient")]
# made by the broker's own schema and granted to its login alone
BROKER_TABLES = ["app.task_queue", "app.task_worker", "app.task_result"]
BARE = """
do $$
declare r record;
begin
  for r in select * from pg_policies where schemaname = 'app' and permissive = 'RESTRICTIVE' loop
    execute format('drop policy %I on app.%I', r.policyname, r.tablename); end loop;
  for r in select conname, conrelid::regclass t from pg_constraint
           where connamespace = 'app'::regnamespace and contype in ('f', 'c') and conrelid <> 0 loop
    execute format('alter table %s drop constraint %I', r.t, r.conname); end loop;
  for r in select conname, conrelid::regclass t from pg_constraint k
           where connamespace = 'app'::regnamespace and contype in ('p', 'x') and exists (
             select from pg_attribute a join pg_type y on y.oid = a.atttypid
             where a.attrelid = k.conrelid and a.attnum = any (k.conkey) and y.typtype = 'r') loop
    execute format('alter table %s drop constraint %I', r.t, r.conname); end loop;
  for r in select attrelid::regclass t, attname from pg_attribute a join pg_class c on c.oid = attrelid
           join pg_type y on y.oid = atttypid
           where relnamespace = 'app'::regnamespace and relkind = 'r' and relrowsecurity and attnum > 0 and attnotnull
             and (typtype = 'r' or typname = 'bytea') loop
    execute format('alter table %s alter %I drop not null', r.t, r.attname); end loop;
end $$
"""


def configuration(url: str, folder: Path) -> Path:
    """pgrls.toml with the lists that are read from the catalogue and the metadata."""
    with psycopg.connect(url) as connection:
        keys = connection.execute(
            # a key that carries a scope column is refused by WITH CHECK before it is looked up
            "select conname from pg_constraint k where connamespace = 'app'::regnamespace and contype = 'f' and exists ("
            "select from pg_attribute where attrelid = conrelid and attnum = any (conkey) "
            "and attname in ('tenant_id', 'province_id')) order by 1"
        ).fetchall()
        definers = connection.execute(
            "select 'app.' || proname from pg_proc where pronamespace = 'app'::regnamespace and prosecdef order by 1"
        ).fetchall()
        beside = connection.execute(
            # what a policy asks beside its axis filters the few rows of one scope: the catalogue's test asks for the index
            # of the axis alone
            "select 'app.' || tablename || '.' || policyname from pg_policies where schemaname = 'app' "
            "and coalesce(qual, with_check) ~ '^\\(\\(\\w+ = app\\.current_\\w+\\(\\)\\) AND ' order by 1"
        ).fetchall()
    local = sorted(f"app.{table.name}" for table in metadata.tables.values() if table.info["scope"] == "local")
    local += BROKER_TABLES
    text = (HERE / "pgrls.toml").read_text("utf-8")
    for name, values in (
        ("foreign_keys", [row[0] for row in keys]),
        ("local_tables", local),
        ("definers", [row[0] for row in definers]),
        ("narrowed", [row[0] for row in beside]),
    ):
        text = text.replace("{" + name + "}", ", ".join(f'"{value}"' for value in values))
    file = folder / "pgrls.toml"
    file.write_text(text, "utf-8")
    return file


def pgrls(config: Path, url: str, *arguments: str) -> bool:
    command = [str(Path(sys.executable).with_name("pgrls")), *arguments, "--config", str(config), "--database-url", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    label = " ".join(argument for argument in arguments if not argument.startswith("--auth"))
    print(f"pgrls {label}: {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
    if done.returncode != 0:
        print(done.stdout[-6000:], done.stderr[-2000:], flush=True)
    return done.returncode == 0


def prove(url: str, bare_url: str, folder: Path) -> bool:
    """Every judgement; True when all hold."""
    config = configuration(url, folder)
    results = [pgrls(config, url, "lint")]
    results += [
        pgrls(config, url, "verify", "--strict", "--mode", mode, *AUTH)
        for mode in ("anon", "cross-tenant", "write", "reachability")
    ]
    results.append(
        pgrls(
            config, url, "verify", "--strict", "--mode", "escalation", *AUTH,
            "--auth-function=app.current_organisation",
        )
    )  # fmt: skip
    results += [
        pgrls(config, bare_url, "verify", "--strict", "--probe", "--mode", mode, *AUTH)
        for mode in ("anon", "cross-tenant", "write")
    ]
    return all(results)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="chengguo-prove-") as name:
        folder = Path(name)
        with EmbeddedPostgres(folder / "pg", durable=False) as server:
            server.apply_roles()
            server.create_database("proved")
            migrate(server.dsn("postgres", "proved"))
            server.create_database("bare", template="proved")
            with psycopg.connect(server.dsn("postgres", "bare"), autocommit=True) as connection:
                connection.execute(BARE)
            return 0 if prove(server.dsn("postgres", "proved"), server.dsn("postgres", "bare"), folder) else 1


if __name__ == "__main__":
    sys.exit(main())
