"""The tables of the platform as a migrated database has them: columns, constraints, and in which order they can be filled."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

import psycopg
from psycopg.rows import class_row

from services.models import metadata
from tests.tenancy.prove import BROKER_TABLES

BROKER = [name.removeprefix("app.") for name in BROKER_TABLES]
_LITERAL = re.compile(r"'((?:[^']|'')*)'::|= (\d+)")


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``type`` as PostgreSQL writes it, ``made`` when the database computes or numbers it itself."""

    table: str
    name: str
    type: str
    kind: str
    label: str | None
    length: int | None
    required: bool
    made: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: the columns of ``table`` that name a row of ``target``."""

    table: str
    target: str
    columns: list[str]
    target_columns: list[str]


@dataclass(slots=True)
class Table:
    """A table with its declared scope (tenant, global, local)."""

    name: str
    scope: str
    columns: dict[str, Column] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)
    words: dict[str, list[str]] = field(default_factory=dict)
    """Column to the literals that a CHECK of the table names beside it."""
    shown: dict[str, list[str]] = field(default_factory=dict)
    """Column to the literals by which a policy shows or hides a row."""

    def has(self, column: str) -> bool:
        return column in self.columns

    def requires(self, reference: Reference) -> bool:
        """Whether no row can be without this reference."""
        return all(self.columns[name].required for name in reference.columns)


_COLUMNS = """
select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, t.typtype::text as kind,
  (select enumlabel from pg_enum where enumtypid = t.oid order by enumsortorder limit 1) as label,
  case when t.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4 end as length,
  a.attnotnull as required, a.attidentity <> '' or a.attgenerated <> '' as made
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_type t on t.oid = a.atttypid
where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
order by c.relname, a.attnum
"""
_REFERENCES = """
select c.relname as table, d.relname as target,
  array(select attname::text from unnest(k.conkey) with ordinality u(n, o) join pg_attribute on attrelid = k.conrelid
        and attnum = u.n order by o) as columns,
  array(select attname::text from unnest(k.confkey) with ordinality u(n, o) join pg_attribute on attrelid = k.confrelid
        and attnum = u.n order by o) as target_columns
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class d on d.oid = k.confrelid
where k.connamespace = 'app'::regnamespace and k.contype = 'f' order by c.relname, k.conname
"""
_CHECKS = """
select c.relname, a.attname, pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid
join pg_attribute a on a.attrelid = c.oid and a.attnum = any (k.conkey)
where k.connamespace = 'app'::regnamespace and k.contype = 'c' order by 1, 2
"""
_POLICIES = """
select p.tablename, a.attname, coalesce(p.qual, p.with_check) from pg_policies p join pg_attribute a
on a.attrelid = ('app.' || p.tablename)::regclass and a.attnum > 0 where p.schemaname = 'app' order by 1, 2
"""


def read_schema(url: str) -> dict[str, Table]:
    """Every table by name, in an order in which each stands after what its rows must refer to."""
    scopes = {table.name: str(table.info["scope"]) for table in metadata.tables.values()}
    tables: dict[str, Table] = {}
    with psycopg.connect(url) as connection:
        for column in connection.cursor(row_factory=class_row(Column)).execute(_COLUMNS):
            if column.table not in BROKER:
                table = tables.setdefault(column.table, Table(column.table, scopes.get(column.table, "undeclared")))
                table.columns[column.name] = column
        for reference in connection.cursor(row_factory=class_row(Reference)).execute(_REFERENCES):
            tables[reference.table].references.append(reference)
        for query, field_name in ((_CHECKS, "words"), (_POLICIES, "shown")):
            for table_name, name, definition in connection.execute(query).fetchall():
                found = list(beside(name, definition)) if table_name in tables else []
                if found:
                    words: dict[str, list[str]] = getattr(tables[table_name], field_name)
                    words[name] = list(dict.fromkeys([*words.get(name, ()), *found]))
    return {name: tables[name] for name in in_order(tables.values())}


def beside(column: str, definition: str) -> Iterator[str]:
    """The literals that a condition compares with a column: ``state in ('open', 'late')`` gives open and late."""
    compared = rf"(?:\(|\b){column}\"?\)?(?:::\w+)? ((?:=|<>) (?:ANY|ALL) \(+ARRAY\[[^\]]*\]|(?:=|<>) '[^']*'::|= \d+)"
    for found in re.finditer(compared, definition.replace('"', "")):
        for text, number in _LITERAL.findall(found.group(1)):
            yield text or number


def in_order(tables: Iterable[Table]) -> list[str]:
    """Names so that a table stands after those its rows refer to; of a circle, the references that may be empty give way."""
    listed = sorted(tables, key=lambda table: table.name)
    for demanding in (False, True):
        graph = {
            table.name: {
                reference.target
                for reference in table.references
                if reference.target != table.name and (table.requires(reference) or not demanding)
            }
            for table in listed
        }
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError:
            continue
    raise AssertionError("tables refer to each other in a circle that no row can begin")
