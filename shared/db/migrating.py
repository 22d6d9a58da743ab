"""Bringing a database to the newest schema, and asking which one it has."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

MIGRATIONS = Path(__file__).resolve().parents[2] / "deploy" / "migrations"


if TYPE_CHECKING:
    from alembic.config import Config


# alembic is imported where it is needed: a web process asks for the newest revision at most, and starts sooner without


def _config(url: str) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def migrate(url: str, revision: str = "head") -> None:
    """Run all migrations that a database lacks, as the administrator's login behind ``url``."""
    from alembic import command

    command.upgrade(_config(url), revision)


@lru_cache(maxsize=1)
def newest_revision() -> str:
    """The one head of the migration files."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def present_revision(url: str) -> str | None:
    """What the database has; None when it has never been migrated."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            return connection.execute(text("select version_num from migration.schema_version")).scalar()
    except ProgrammingError:
        return None
    finally:
        engine.dispose()
