"""The form of row-level security, judged from the catalogue: ``catalogue.sql`` with the scopes that the models declare."""

from pathlib import Path

import psycopg

from services.models import metadata
from tests.tenancy.schema import BROKER

QUERY = Path(__file__).with_name("catalogue.sql")


def breaches_of_form(url: str) -> list[tuple[str, str]]:
    """(what is wrong, where), one for each breach; the right schema gives none."""
    lists = {
        "tenant": _tables_of("tenant"),
        "global": _tables_of("global"),
        "local": _tables_of("local") + BROKER,
        "broker": BROKER,
    }
    with psycopg.connect(url) as connection:
        found = connection.execute(QUERY.read_bytes(), lists).fetchall()
    return [(str(what), str(where)) for what, where in found]


def _tables_of(scope: str) -> list[str]:
    return sorted(table.name for table in metadata.tables.values() if table.info["scope"] == scope)
