"""What each database role can do on a filled database, tried; a list of breaches, empty when nobody crosses.

What a role ought to reach is said here by its audience's axis, not read from the policies: a policy with the wrong column is
found because rows are seen, or missed, that the axis does not give.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tests.tenancy.filling import PLACES, Filling, Place, Row, as_text, insert
from tests.tenancy.reach import ACTOR_OF, AXES, LOGINS, OTHER_AXES, READ_UNPUBLISHED, Privileges
from tests.tenancy.schema import Table

REFUSED = "42501"
_TAKEN = {"23505", "23P01"}  # a row like it stands there already: row-level security has let it in, a key has not
_SCOPE = ("tenant_id", "province_id", "department_id", "recipient_id")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement did: rows changed or returned, or the SQLSTATE of its refusal."""

    refused: str | None
    count: int = 0
    rows: Sequence[tuple[str | None, ...]] = ()


class Trial:
    """One role of one login, entered for one institution's place, on one filled database."""

    def __init__(
        self,
        url: Callable[[str], str],
        filling: Filling,
        login: str,
        role: str,
        place: Place = PLACES[0],
        privileges: Privileges | None = None,
    ) -> None:
        self.url = url
        self.filling = filling
        self.login = login
        self.role = role
        self.place = place
        self.elsewhere = next(other for other in PLACES if other.province != place.province)
        self.privileges = privileges or Privileges(url("postgres"))
        self.breaches: list[str] = []

    @property
    def actor(self) -> str:
        return ACTOR_OF.get(self.role, "institution")

    @property
    def organisation(self) -> str:
        return self.place.organisations[self.actor]

    # -- what is its own -----------------------------------------------------------------------------------------------

    def axis(self, table: Table) -> str:
        other = OTHER_AXES.get((self.role, table.name))
        return other or (AXES[self.role] if table.scope == "tenant" else "province_id")

    def own(self, table: Table) -> dict[str, str]:
        """Column to the value that makes a row this role's own."""
        column = self.axis(table)
        own = {column: self.place.scope[column]}
        if self.role in ACTOR_OF and table.has("actor_organisation_id"):
            own["actor_organisation_id"] = self.organisation
        return own

    def is_own(self, table: Table, row: Row) -> bool:
        return all(row.get(column) == wanted for column, wanted in self.own(table).items())

    def reads_published_only(self, table: Table) -> bool:
        return (
            table.scope == "global"
            and table.has("published_at")
            and table.name not in READ_UNPUBLISHED
            and not self.privileges.columns(self.role, table.name, "INSERT")
        )

    def where_own(self, table: Table, *commands: str, negated: bool = False) -> sql.Composed:
        """The predicate of its own rows as far as commands reach them; ``false`` where the table has not the axis at all."""
        own = self.own(table)
        if not all(table.has(column) for column in own):
            return sql.SQL("where {}").format(sql.SQL("true" if negated else "false"))
        tests: list[sql.Composable] = [
            sql.SQL("{} = {}").format(sql.Identifier(name), sql.Literal(id_)) for name, id_ in own.items()
        ]
        if self.reads_published_only(table):
            tests.append(sql.SQL("published_at is not null"))
        narrower = {self.privileges.narrower(self.role, table.name, command) for command in commands}
        tests += [sql.SQL(f"({condition})") for condition in narrower if condition]
        holds = sql.SQL(" and ").join(tests)
        return sql.SQL("where not ({})" if negated else "where {}").format(holds)

    # -- trying --------------------------------------------------------------------------------------------------------

    def run(self, tables: Collection[str] = ()) -> list[str]:
        """Try every command on every table (or the named ones); what went wrong, one line each."""
        with psycopg.connect(self.url("maintenance"), autocommit=True) as sees_all, self.entered() as connection:
            for table in self.filling.tables.values():
                if tables and table.name not in tables:
                    continue
                if table.scope == "local":
                    self._local(connection, table)
                else:
                    self._select(connection, sees_all, table)
                    self._insert(connection, table)
                    self._update(connection, sees_all, table)
                    self._delete(connection, table)
                self._expect(
                    table, "truncates", attempt(connection, statement("truncate app.{} cascade", table)), {REFUSED}
                )
        return self.breaches

    @contextmanager
    def entered(self) -> Iterator[psycopg.Connection]:
        """A transaction in this role, rolled back at the end."""
        scope = self.place.scope
        with psycopg.connect(self.url(self.login)) as connection:
            connection.execute(
                "set local lock_timeout = '5s'"
            )  # a privilege that ought not to be must not wait for ever
            connection.execute(
                "select app.enter(%s, %s, %s, %s)",
                [self.role, scope["tenant_id"], scope["province_id"], self.organisation],
            )
            connection.execute("savepoint tried")
            yield connection
            connection.rollback()

    def _expect(self, table: Table, what: str, answer: Answer, refusals: Collection[str | None]) -> None:
        if answer.refused not in refusals:
            self._breach(table, f"{what}: {answer.refused or f'{answer.count} rows'}")

    def _breach(self, table: Table, what: str) -> None:
        self.breaches.append(f"{self.role} {table.name} {what}")

    def _may(self, table: Table, privilege: str) -> list[str]:
        return self.privileges.columns(self.role, table.name, privilege)

    def _local(self, connection: psycopg.Connection, table: Table) -> None:
        column = sql.Identifier(next(iter(table.columns)))
        for what, command in (
            ("reads a local table", "select from app.{} limit 1"),
            ("writes a local table", "insert into app.{} default values"),
            ("changes a local table", "update app.{} set {} = null"),
            ("deletes from a local table", "delete from app.{}"),
        ):
            self._expect(table, what, attempt(connection, statement(command, table, column)), {REFUSED})

    def _select(self, connection: psycopg.Connection, sees_all: psycopg.Connection, table: Table) -> None:
        readable = self._may(table, "SELECT")
        if not readable:
            answer = attempt(connection, statement("select from app.{} limit 1", table))
            self._expect(table, "reads without a grant", answer, {REFUSED})
            return
        listing = sql.SQL("select {} from app.{} ").format(as_text(readable), sql.Identifier(table.name))
        answer = attempt(connection, listing)
        wanted = sees_all.execute(listing + self.where_own(table, "SELECT")).fetchall()
        self._expect(table, "reads", answer, {None})
        seen, own = Counter(answer.rows), Counter(wanted)
        if seen - own:
            self._breach(table, f"sees another's: {(seen - own).total()} rows")
        if own - seen:
            self._breach(table, f"misses its own: {(own - seen).total()} rows")

    def _insert(self, connection: psycopg.Connection, table: Table) -> None:
        granted = set(self._may(table, "INSERT"))
        form = self.filling.forms[table.name][0]

        def tried(row: Row) -> Answer:
            return attempt(connection, lambda: insert(connection, table, row, returning=False))

        def made(place: Place, actor: str = self.actor) -> dict[str, str | None]:
            row = self.filling.row(table, place, form, actor)
            return {name: held for name, held in row.items() if not granted or name in granted}

        if not granted:
            self._expect(table, "writes without a grant", tried(made(self.place)), {REFUSED})
            return
        for place in PLACES:
            row = made(place)
            own = self.is_own(table, row)
            what = f"{'may not write its own' if own else 'writes for another'} ({place.letter})"
            narrower = {REFUSED} if self.privileges.narrower(self.role, table.name, "INSERT") else set()
            self._expect(table, what, tried(row), {None, *_TAKEN, *narrower} if own else {REFUSED})
        if table.has("actor_organisation_id") and self.role in ACTOR_OF:
            other = made(self.place) | {"actor_organisation_id": self.elsewhere.organisations[self.actor]}
            self._expect(table, "writes in another's name", tried(other), {REFUSED})
        if table.has("tenant_id") and table.has("province_id"):
            lied = made(self.place) | {"province_id": self.elsewhere.scope["province_id"]}
            self._expect(table, "lies about the province", tried(lied), {REFUSED, "23503", *_TAKEN})
            lied = made(self.elsewhere) | {"province_id": self.place.scope["province_id"]}
            self._expect(table, "lies about another's province", tried(lied), {REFUSED, "23503", *_TAKEN})
        scope = {name: held for name, held in made(self.place).items() if name in (*_SCOPE, "actor_organisation_id")}
        adopted = made(self.elsewhere) | scope
        if self._names_more_than_its_scope(table, adopted):
            # a province's rows are no secret to another: their keys may say that an id is taken
            taken = _TAKEN if table.scope == "global" else set()
            self._expect(table, "refers to another's row", tried(adopted), {"23503", *taken})

    @staticmethod
    def _names_more_than_its_scope(table: Table, row: Row) -> bool:
        return any(
            set(reference.columns) - set(_SCOPE) and all(row.get(name) is not None for name in reference.columns)
            for reference in table.references
        )

    def _update(self, connection: psycopg.Connection, sees_all: psycopg.Connection, table: Table) -> None:
        granted = [name for name in self._may(table, "UPDATE") if not table.columns[name].made]
        readable = set(self._may(table, "SELECT"))
        plain = [name for name in granted if name in readable and name not in _SCOPE]
        plain = plain or [name for name in granted if name in readable]  # the department alone, when a unit changes it
        if not plain:
            column = sql.Identifier((granted or _written(table))[-1])
            answer = attempt(connection, statement("update app.{} set {} = null", table, column))
            self._expect(table, "changes without a grant", answer, {REFUSED})
            return
        column = sql.Identifier(plain[0])
        reached = self.where_own(table, "SELECT", "UPDATE")
        counted = sees_all.execute(statement("select count(*) from app.{} ", table) + reached).fetchone()
        own = int((counted or (0,))[0])
        changed = attempt(connection, statement("update app.{} set {} = {}", table, column, column))
        if changed.refused or changed.count != own:
            self._breach(table, f"changes {changed.refused or changed.count} rows, {own} are its own")
        others = statement("update app.{} set {} = {} ", table, column, column) + self.where_own(table, negated=True)
        if set(self.own(table)) <= readable:
            answer = attempt(connection, others)
            if answer.refused or answer.count:
                self._breach(table, f"changes another's: {answer.refused or answer.count}")
        if own:
            self._move(connection, table, granted)

    def _move(self, connection: psycopg.Connection, table: Table, granted: Collection[str]) -> None:
        """A row of one's own cannot be handed to another, nor claimed to be of another province."""
        foreign = self.elsewhere.scope | {"actor_organisation_id": self.elsewhere.organisations[self.actor]}
        own = self.own(table)
        for name, id_ in foreign.items():
            if not table.has(name):
                continue
            change = sql.SQL("update app.{} set {} = {}").format(
                sql.Identifier(table.name), sql.Identifier(name), sql.Literal(id_)
            )
            answer = attempt(connection, change)
            if name in own or name not in granted:
                self._expect(table, f"moves {name}", answer, {REFUSED})
            elif name in ("tenant_id", "province_id") and answer.refused is None:
                self._breach(table, f"moves {name}: {answer.count} rows")

    def _delete(self, connection: psycopg.Connection, table: Table) -> None:
        if not self._may(table, "DELETE"):
            answer = attempt(connection, statement("delete from app.{}", table))
            self._expect(table, "deletes without a grant", answer, {REFUSED})
            return
        others = statement("delete from app.{} ", table) + self.where_own(table, negated=True)
        answer = attempt(connection, others)
        if answer.refused or answer.count:
            self._breach(table, f"deletes another's: {answer.refused or answer.count}")


def statement(text: str, table: Table, *parts: sql.Composable) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(table.name), *parts)


def attempt(connection: psycopg.Connection, tried: sql.Composed | Callable[[], object]) -> Answer:
    """Run a statement and take it back, whatever came of it; the transaction has a savepoint ``tried``."""
    try:
        if not isinstance(tried, sql.Composed):
            tried()
            return Answer(None, 1)
        cursor = connection.execute(tried)
        return Answer(None, cursor.rowcount, cursor.fetchall() if cursor.description else ())
    except psycopg.Error as error:
        return Answer(error.sqlstate)
    finally:
        connection.execute("rollback to savepoint tried")


def _written(table: Table) -> list[str]:
    """The columns that are written at all: setting a computed one is refused to everybody, whatever was granted."""
    return [name for name, column in table.columns.items() if not column.made]


def unentered(url: Callable[[str], str], filling: Filling, login: str, tables: Collection[str] = ()) -> list[str]:
    """What a login does without having entered a role: nothing, on any table."""
    breaches = []
    with psycopg.connect(url(login)) as connection:
        connection.execute("savepoint tried")
        for table in filling.tables.values():
            if tables and table.name not in tables:
                continue
            column = sql.Identifier(_written(table)[-1])
            for command in (
                "select from app.{} limit 1",
                "insert into app.{} default values",
                "update app.{} set {} = null",
                "delete from app.{}",
                "truncate app.{} cascade",
            ):
                if attempt(connection, statement(command, table, column)).refused != REFUSED:
                    breaches.append(f"{login} {table.name} without entering: {command.split()[0]}")
    return breaches


def owner_sees(url: Callable[[str], str], filling: Filling, tables: Collection[str] = ()) -> list[str]:
    """The owner of the tables, in whose name definer functions run, sees no protected row either."""
    breaches = []
    with psycopg.connect(url("postgres")) as connection:
        connection.execute("set local role owner")
        connection.execute("savepoint tried")
        for table in filling.tables.values():
            if table.scope != "local" and (not tables or table.name in tables):
                answer = attempt(connection, statement("select from app.{} limit 1", table))
                if answer.refused or answer.count:
                    breaches.append(f"owner {table.name} sees rows")
    return breaches


def crossings(url: Callable[[str], str], filling: Filling, tables: Collection[str] = ()) -> list[str]:
    """Every breach of every role on a filled database, of all tables or of the named ones."""
    privileges = Privileges(url("postgres"))
    tried = [
        breach
        for login, roles in LOGINS.items()
        for role in roles
        for breach in Trial(url, filling, login, role, privileges=privileges).run(tables)
    ]
    without = [breach for login in LOGINS for breach in unentered(url, filling, login, tables)]
    return tried + without + owner_sees(url, filling, tables)
