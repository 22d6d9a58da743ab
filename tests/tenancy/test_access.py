"""Who reaches which table by which command is a reviewed file; a grant or a policy more or less is a difference to read."""

import pytest

from tests.conftest import Database
from tests.tenancy.access import SNAPSHOT, access


def test_access_is_as_reviewed(database: Database) -> None:
    now = access(database.url("postgres"))
    if now != SNAPSHOT.read_text("utf-8"):
        was = SNAPSHOT.read_text("utf-8").splitlines()
        changed = [f"+ {line}" for line in now.splitlines() if line not in was]
        changed += [f"- {line}" for line in was if line not in now.splitlines()]
        pytest.fail("access changed; if it is meant, run python -m tests.tenancy.access\n" + "\n".join(changed))
