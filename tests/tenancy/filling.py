"""Rows in every table for several tenants, made from the catalogue alone: a new table needs no word here.

Two provinces with two institutions each; every institution has a competent department and a finance department of its own,
every province a science department and an operator. Each table gets, for each institution, rows with everything filled in and
rows with all empty that may be empty; a table that names the acting organisation gets them for each organisation that may act.
Only a CHECK that no such row passes needs an entry in ``SPECIAL``.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from itertools import count, product
from uuid import UUID, uuid5

import psycopg
from psycopg import sql

from tests.tenancy.schema import Column, Table

_NAMESPACE = UUID("6f1f4bd0-8f39-4cb8-9f0c-54b9c0a7d9f1")
_DAY = date(2026, 1, 1)

# (table, column): the value for the n-th row, where a CHECK asks for more than its own words
SPECIAL: dict[tuple[str, str], Callable[[int], str]] = {
    ("asset_report_plan", "month"): lambda n: str(n % 12 + 1),
    ("asset_report_plan", "day"): lambda n: str(n % 28 + 1),
    ("asset_report_plan", "ahead_days"): lambda n: str(n % 90 + 1),
    ("screening_plan", "every_months"): lambda n: str(n % 60 + 1),
    ("screening_plan", "ahead_days"): lambda n: str(n % 180 + 1),
}

# A row that is refused for one of these is not the row the table wants: the next form is tried.
_OTHER_FORM = (psycopg.errors.CheckViolation, psycopg.errors.NotNullViolation)
# The table has such a row already.
_ENOUGH = (psycopg.errors.UniqueViolation, psycopg.errors.ExclusionViolation)

Row = Mapping[str, str | None]


def made_id(*words: object) -> str:
    return str(uuid5(_NAMESPACE, "/".join(map(str, words))))


@dataclass(frozen=True)
class Place:
    """Whose row it is: an institution, its province, and the authorities over it."""

    letter: str
    province: str

    @cached_property
    def scope(self) -> dict[str, str]:
        """What the scope columns of its rows hold."""
        return {
            "tenant_id": made_id("institution", self.letter),
            "province_id": made_id("province", self.province),
            "department_id": made_id("department", self.letter),
            "recipient_id": made_id("finance", self.letter),
        }

    @cached_property
    def organisations(self) -> dict[str, str]:
        """Kind of organisation to its id: who may act on the institution's rows."""
        return {
            "institution": self.scope["tenant_id"],
            "department": self.scope["department_id"],
            "finance": self.scope["recipient_id"],
            "science": made_id("science", self.province),
            "operator": made_id("operator", self.province),
        }


PLACES = (Place("A", "P"), Place("B", "P"), Place("C", "Q"), Place("D", "Q"))


@dataclass(frozen=True, slots=True)
class Form:
    """How a row is made: everything filled in or not, and which word each column takes that has words."""

    full: bool
    words: tuple[tuple[str, str], ...] = ()


class Filling:
    """The rows of a filled database, and more of the same kind on demand."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = tables
        self.rows: dict[tuple[str, Place], list[Row]] = defaultdict(list)
        self.forms: dict[str, list[Form]] = defaultdict(list)
        self._numbers = count(1)

    # -- making rows -------------------------------------------------------------------------------------------------

    def row(self, table: Table, place: Place, form: Form, actor: str = "institution") -> Row:
        """A new row of a place: column to value as text; it breaks no key of the rows made before."""
        number = next(self._numbers)
        made: dict[str, str | None] = {}
        for column in table.columns.values():
            if column.made or not (column.required or form.full or column.name in dict(form.words)):
                continue
            special = SPECIAL.get((table.name, column.name))
            made[column.name] = special(number) if special else value(column, number)
        made |= dict(form.words)
        self._refer(table, place, made, number)
        for name, id_ in (place.scope | {"actor_organisation_id": place.organisations[actor]}).items():
            if table.has(name):
                made[name] = id_
        return made

    def _refer(self, table: Table, place: Place, made: dict[str, str | None], number: int) -> None:
        """Let the row's references name rows of the same place."""
        seen: dict[str, int] = defaultdict(int)
        for reference in table.references:
            known = self.rows[reference.target, place]
            if reference.target == table.name or not known:
                if not table.requires(reference):
                    made |= dict.fromkeys(
                        (name for name in reference.columns if not table.columns[name].required), None
                    )
                continue
            # two columns that name the same table name two different rows of it
            named = known[(number + seen[reference.target]) % len(known)]
            seen[reference.target] += 1
            if all(made.get(name) is not None for name in reference.columns):
                made |= {
                    name: named[target]
                    for name, target in zip(reference.columns, reference.target_columns, strict=True)
                }

    def forms_of(self, table: Table) -> Iterator[Form]:
        """Every way to make a row of a table that its checks may want."""
        choices = [[(name, word) for word in words] for name, words in table.words.items()]
        for full in (True, False):
            for words in product(*choices):
                yield Form(full, words)
            if choices:
                yield Form(full)

    # -- filling a database ------------------------------------------------------------------------------------------

    def fill(self, url: str) -> None:
        """Fill every table through a login that passes row-level security.

        :raises AssertionError: a table takes no row in any form.
        """
        with psycopg.connect(url) as connection:
            for table in self.tables.values():
                if table.name == "organisation":
                    self._register(connection, table)
                    continue
                for place in PLACES:
                    self._fill_table(connection, table, place)
                    self._fill_shown(connection, table, place)
                filled = [bool(self.rows[table.name, place]) for place in PLACES]
                if not (all(filled) if table.scope == "tenant" else any(filled)):
                    raise AssertionError(f"no row fits {table.name}: name values in tests/tenancy/filling.py, SPECIAL")

    def _fill_table(self, connection: psycopg.Connection, table: Table, place: Place) -> None:
        actors = list(place.organisations) if table.has("actor_organisation_id") else ["institution"]
        wanted = {True, False}
        for form in self.forms_of(table):
            if form.full not in wanted:
                continue
            for actor in actors:
                row = self.row(table, place, form, actor)
                try:
                    with connection.transaction():
                        stored = insert(connection, table, row)
                except _OTHER_FORM:
                    break
                except _ENOUGH:
                    wanted.discard(form.full)
                    continue
                self.rows[table.name, place].append(stored)
                wanted.discard(form.full)
                if form not in self.forms[table.name]:
                    self.forms[table.name].append(form)

    def _fill_shown(self, connection: psycopg.Connection, table: Table, place: Place) -> None:
        """A row for each word by which a policy shows or hides rows: without one, the policy would be tried on nothing."""
        for name, words in table.shown.items():
            for word in words:
                for form in self.forms[table.name][:1]:
                    shown = Form(form.full, tuple({**dict(form.words), name: word}.items()))
                    with suppress(*_OTHER_FORM, *_ENOUGH), connection.transaction():
                        self.rows[table.name, place].append(insert(connection, table, self.row(table, place, shown)))

    def _register(self, connection: psycopg.Connection, table: Table) -> None:
        """The one table whose rows are the organisations themselves."""
        form = Form(True)
        for place in PLACES:
            for kind, id_ in place.organisations.items():
                row = {**self.row(table, place, form), "id": id_, "kind": kind}
                try:
                    with connection.transaction():
                        stored = insert(connection, table, row)
                except _ENOUGH:  # the science department is one for all of a province
                    continue
                if kind == "institution":
                    self.rows[table.name, place].append(stored)
        self.forms[table.name].append(form)


def insert(connection: psycopg.Connection, table: Table, row: Row, returning: bool = True) -> Row:
    """Insert a row and return it as stored (what the database made itself included)."""
    columns = [table.columns[name] for name in row]
    statement = sql.SQL("insert into app.{} ({}) values ({})").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
        sql.SQL(", ").join(sql.SQL("%s::" + column.type) for column in columns),
    )
    if returning:
        statement += sql.SQL(" returning ") + as_text(table.columns)
    cursor = connection.execute(statement, list(row.values()))
    return dict(zip(table.columns, cursor.fetchone() or (), strict=True)) if returning else row


def as_text(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in columns)


def value(column: Column, number: int) -> str:
    """The text of a value of the column's type, another one for every number."""
    if column.kind == "e":
        return str(column.label)
    if column.type.endswith("[]"):
        return "{}"
    name = column.type.split("(")[0]
    for types, make in _VALUES:
        if name in types:
            text = make(number)
            return text[-column.length :] if column.length else text
    raise AssertionError(f"no value known for type {column.type} of {column.table}.{column.name}")


def _day(number: int) -> str:
    return str(_DAY + timedelta(days=number))


_VALUES: Sequence[tuple[tuple[str, ...], Callable[[int], str]]] = (
    (("uuid",), lambda n: made_id("row", n)),
    (("text", "character varying", "character"), lambda n: f"v{n}"),
    (("integer", "bigint", "numeric", "double precision", "real"), str),
    (("smallint",), lambda n: str(n % 30000)),
    (("boolean",), lambda _: "true"),
    (("date",), _day),
    (("timestamp with time zone", "timestamp without time zone"), lambda n: f"{_day(n)} 09:00:00+00"),
    (("time without time zone", "time with time zone"), lambda _: "09:00:00+00"),
    (("interval",), lambda _: "1 day"),
    (("daterange",), lambda n: f"[{_day(n)},{_day(n + 1)})"),
    (("tstzrange",), lambda n: f"[{_day(n)} 00:00:00+00,{_day(n + 1)} 00:00:00+00)"),
    (("int4range", "int8range", "numrange"), lambda n: f"[{n},{n + 1})"),
    (("jsonb", "json"), lambda _: "{}"),
    (("bytea",), lambda n: f"\\x{n:064x}"),
    (("inet", "cidr"), lambda n: f"10.{n // 65536 % 256}.{n // 256 % 256}.{n % 256}"),
    (("tsvector",), lambda n: f"'v{n}'"),
)
