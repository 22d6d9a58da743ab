"""Alembic's environment: connects as the administrator, works as the owner, waits for locks only briefly."""

from alembic import context
from sqlalchemy import create_engine, make_url, text

from services.models import metadata

LOCK_TIMEOUT = "5s"


def run() -> None:
    url = context.config.attributes["url"]
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        connection.execute(text("create extension if not exists btree_gist"))
        for schema in ("app", "migration"):
            connection.execute(text(f"create schema if not exists {schema} authorization owner"))
        connection.execute(text("revoke create on schema public from public"))
        connection.execute(text(f"grant create on database {connection.engine.url.database} to owner"))
        connection.execute(text("set role owner"))
        connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            version_table="schema_version",
            version_table_schema="migration",
            include_schemas=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
