"""The docs say of roles what the table says, in words."""

from pathlib import Path

from services.administration.permission_words import permission_label
from tenants.permissions import ROLES
from tests.architecture.roles import table

DOCS = Path(__file__).resolve().parents[2] / "docs" / "roles.md"


def test_the_docs_show_the_table_as_it_is() -> None:
    assert DOCS.read_text("utf-8") == table(), "python -m tests.architecture.roles > docs/roles.md"


def test_every_permission_has_words() -> None:
    codes = {one for role in ROLES.values() for one in role.permissions}
    assert [one for one in sorted(codes) if any("a" <= letter <= "z" for letter in permission_label(one))] == []
