"""Nobody sees, writes, changes or deletes another's row: every table, every role, tried on a filled database.

The rows come from the catalogue, so a new table is tried without a word here. Three databases are tried: as built, without the
floors, and with every floor made permissive.
"""

from collections.abc import Iterator, Mapping

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from tests.tenancy.conftest import Filled
from tests.tenancy.crossing import REFUSED, Trial, attempt, owner_sees, unentered
from tests.tenancy.filling import PLACES, Row, insert
from tests.tenancy.reach import LOGINS, ROLES, Privileges
from tests.tenancy.schema import Table

ENTRIES = [(login, role) for login, roles in LOGINS.items() for role in roles]
A, B = PLACES[:2]
COMMANDS = ("select", "insert", "adopt", "update", "hand over", "delete")


@pytest.mark.parametrize(("login", "role"), ENTRIES)
def test_a_role_reaches_its_own_rows_and_no_others(filled: Filled, login: str, role: str) -> None:
    """Of all tables: what it sees is exactly its own; it writes, changes, deletes, hands over and adopts nothing else."""
    assert Trial(filled.url, filled.filling, login, role).run() == []


def test_every_table_was_filled_for_every_tenant(filled: Filled) -> None:
    """Without rows of the others, that nobody sees them would say nothing."""
    for table in filled.filling.tables.values():
        if table.scope == "tenant":
            assert all(filled.filling.rows[table.name, place] for place in PLACES), table.name
        assert table.scope in ("tenant", "global", "local"), f"{table.name} declares no scope"


@pytest.mark.parametrize("login", LOGINS)
def test_a_login_that_entered_nobody_sees_and_does_nothing(filled: Filled, login: str) -> None:
    """Whoever forgets to enter has no privilege at all, on any table."""
    assert unentered(filled.url, filled.filling, login) == []


def test_the_owner_of_the_tables_sees_no_row(filled: Filled) -> None:
    """Definer functions run in the owner's name: what they can reach is the local tables."""
    assert owner_sees(filled.url, filled.filling) == []


@pytest.mark.parametrize(("login", "role"), ENTRIES)
def test_a_role_entered_for_no_tenant_sees_and_does_nothing(filled: Filled, login: str, role: str) -> None:
    """An entry with empty ids matches no row: not even rows that lack an owner."""
    trial = Trial(filled.url, filled.filling, login, role)
    with psycopg.connect(filled.url(login)) as connection:
        connection.execute("select app.enter(%s, null, null, null)", [role])
        connection.execute("savepoint tried")
        for table in filled.filling.tables.values():
            granted = trial.privileges.columns(role, table.name, "SELECT")
            if granted and table.scope != "local":
                text = sql.SQL("select {} from app.{}").format(sql.Identifier(granted[0]), sql.Identifier(table.name))
                answer = attempt(connection, text)
                assert (answer.refused, answer.count) == (None, 0), table.name
            if trial.privileges.columns(role, table.name, "INSERT"):
                row = filled.filling.row(table, A, filled.filling.forms[table.name][0], trial.actor)
                assert _write(connection, table, row) == REFUSED, table.name


@pytest.mark.parametrize(
    ("login", "role"),
    [
        *((login, role) for login in LOGINS for role in ROLES if role not in LOGINS[login]),
        *((login, role) for login in LOGINS for role in ("owner", "maintenance", "postgres")),
    ],
)
def test_a_login_enters_only_its_own_roles(filled: Filled, login: str, role: str) -> None:
    with psycopg.connect(filled.url(login)) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select app.enter(%s, null, null, null)", [role])
        connection.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))


def test_a_transaction_is_entered_once(filled: Filled) -> None:
    """Who has entered for one tenant cannot go on as another, nor after a savepoint was rolled back."""
    with psycopg.connect(filled.url("web")) as connection:
        _enter(connection, A.scope)
        again = sql.SQL("select app.enter('web_institution', {}, {}, {})").format(
            *(sql.Literal(B.scope[name]) for name in ("tenant_id", "province_id", "tenant_id"))
        )
        connection.execute("savepoint tried")
        assert attempt(connection, again).refused == REFUSED
        assert attempt(connection, again).refused == REFUSED
        assert _settings(connection) == ("web_institution", A.scope["tenant_id"], A.scope["province_id"])


def test_an_entry_ends_with_its_transaction(filled: Filled) -> None:
    """A pooled connection carries nothing from one request to the next, however the first one ended."""
    with psycopg.connect(filled.url("web")) as connection:
        for end in (connection.commit, connection.rollback):
            _enter(connection, A.scope)
            assert _settings(connection)[1] == A.scope["tenant_id"]
            end()
            assert _settings(connection) == ("web", "", "")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select from app.achievement")
            connection.rollback()
        with connection.transaction():
            _enter(connection, B.scope)
            assert _settings(connection)[1] == B.scope["tenant_id"]


def test_an_entry_rolled_back_to_a_savepoint_leaves_nothing(filled: Filled) -> None:
    with psycopg.connect(filled.url("web")) as connection:
        connection.execute("savepoint before")
        _enter(connection, A.scope)
        connection.execute("rollback to savepoint before")
        assert _settings(connection) == ("web", "", "")


def test_another_s_id_and_one_that_never_was_are_refused_alike(filled: Filled) -> None:
    """No error tells a tenant whether another tenant's row exists."""
    table = filled.filling.tables["conversion_record"]
    form = filled.filling.forms[table.name][0]
    named = filled.filling.row(table, B, form)["achievement_id"]
    with psycopg.connect(filled.url("web")) as connection:
        _enter(connection, A.scope)
        own = filled.filling.row(table, A, form)
        messages = []
        for achievement in (named, "00000000-0000-4000-8000-000000000000"):
            with pytest.raises(psycopg.errors.ForeignKeyViolation) as refusal, connection.transaction():
                insert(connection, table, {**own, "achievement_id": achievement}, returning=False)
            messages.append((refusal.value.sqlstate, refusal.value.diag.message_primary))
        assert messages[0] == messages[1]


@pytest.fixture(scope="module")
def connections(filled: Filled) -> Iterator[Mapping[str, psycopg.Connection]]:
    opened = {login: psycopg.connect(filled.url(login)) for login in LOGINS}
    yield opened
    for connection in opened.values():
        connection.close()


@pytest.fixture(scope="module")
def privileges(filled: Filled) -> Privileges:
    return Privileges(filled.url("postgres"))


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_attempt_on_another_s_row_succeeds(
    filled: Filled, connections: Mapping[str, psycopg.Connection], privileges: Privileges, data: st.DataObject
) -> None:
    """Attempts nobody thought of: any role, any table, any command, another's ids."""
    login, role = data.draw(st.sampled_from(ENTRIES), "entry")
    place = data.draw(st.sampled_from(PLACES), "entered for")
    table = data.draw(st.sampled_from([t for t in filled.filling.tables.values() if t.scope != "local"]), "table")
    trial = Trial(filled.url, filled.filling, login, role, place, privileges)
    strangers = [
        row for other in PLACES for row in filled.filling.rows[table.name, other] if not trial.is_own(table, row)
    ]
    if not strangers:
        return
    row = data.draw(st.sampled_from(strangers), "another's row")
    commands = data.draw(st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=4), "commands")
    connection = connections[login]
    scope = place.scope
    connection.execute(
        "select app.enter(%s, %s, %s, %s)", [role, scope["tenant_id"], scope["province_id"], trial.organisation]
    )
    connection.execute("savepoint tried")
    try:
        for command in commands:
            columns = data.draw(st.sets(st.sampled_from(sorted(table.columns)), min_size=1, max_size=3), "columns")
            assert _harm(connection, trial, table, row, command, sorted(columns)) == 0, command
    finally:
        connection.rollback()


def _harm(
    connection: psycopg.Connection, trial: Trial, table: Table, row: Row, command: str, columns: list[str]
) -> int:
    """How many of another's rows an attempt reached."""
    name = sql.Identifier(table.name)
    key = sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(row[column]))
        for column in sorted(trial.own(table)) + [c for c in ("id", "tenant_id", "province_id") if table.has(c)]
        if row.get(column) is not None
    )
    if command in ("insert", "adopt"):
        made = {c: v for c, v in row.items() if not table.columns[c].made}
        if command == "insert":
            fresh = trial.filling.row(table, trial.place, trial.filling.forms[table.name][0], trial.actor)
            made |= {c: fresh[c] for c in ("id", "version") if c in fresh}
        return 1 if _write(connection, table, made) is None else 0
    assignments = sql.SQL(", ").join(sql.SQL("{0} = {0}").format(sql.Identifier(c)) for c in columns)
    own = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(c), sql.Literal(v)) for c, v in trial.own(table).items()
    )
    text = {
        "select": sql.SQL("select 1 from app.{} where {}").format(name, key),
        "update": sql.SQL("update app.{} set {} where {}").format(name, assignments, key),
        "hand over": sql.SQL("update app.{} set {} where {}").format(name, own, key),
        "delete": sql.SQL("delete from app.{} where {}").format(name, key),
    }[command]
    answer = attempt(connection, text)
    # a key that would refuse the deletion has seen the row: that is harm too
    return answer.count if answer.refused is None else int(answer.refused.startswith("23"))


def _write(connection: psycopg.Connection, table: Table, row: Row) -> str | None:
    return attempt(connection, lambda: insert(connection, table, row, returning=False)).refused


def _enter(connection: psycopg.Connection, scope: Mapping[str, str]) -> None:
    connection.execute(
        "select app.enter('web_institution', %s, %s, %s)",
        [scope["tenant_id"], scope["province_id"], scope["tenant_id"]],
    )


def _settings(connection: psycopg.Connection) -> tuple[str, str, str]:
    row = connection.execute(
        "select current_user::text, coalesce(current_setting('app.tenant_id', true), ''), "
        "coalesce(current_setting('app.province_id', true), '')"
    ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]
