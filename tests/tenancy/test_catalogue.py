"""The database as migrated has the form that isolation rests on, table by table, role by role."""

from sqlalchemy import create_engine, make_url

from services.models import metadata
from tests.conftest import Database
from tests.tenancy.form import breaches_of_form
from tests.tenancy.schema import BROKER


def test_no_table_role_or_policy_breaks_the_form(database: Database) -> None:
    assert breaches_of_form(database.url("postgres")) == []


def test_the_migrated_tables_are_those_of_the_models(database: Database) -> None:
    """Column by column: a model without its migration, or the reverse, is found here."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = create_engine(make_url(database.url("postgres")).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _parents: kind != "schema" or name == "app",
                "include_object": lambda _object, name, kind, _reflected, _other: (
                    not (kind == "table" and name in BROKER)
                ),
                "compare_type": True,
            },
        )
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_every_table_declares_its_scope() -> None:
    assert {table.info["scope"] for table in metadata.tables.values()} <= {"tenant", "global", "local"}
    for table in metadata.tables.values():
        if table.info["scope"] == "tenant":
            assert next(iter(table.primary_key.columns)).name == "tenant_id", table.name
