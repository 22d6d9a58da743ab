"""The hot path: a Core statement compiled once and run on asyncpg directly, without the ORM, Core's execution or greenlets.

Only where a measurement asks for it (the ledger list, what every verb writes). Bind names are kept; values pass through the
types' asyncpg codecs, so a statement here must not rely on SQLAlchemy's Python-side type processing: JSON is given as text
(``dump_json``).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement, ReturnsRows, Row, Table, bindparam, insert
from sqlalchemy.dialects.postgresql import asyncpg as dialect_module
from sqlalchemy.engine import result_tuple

if TYPE_CHECKING:
    import asyncpg

_DIALECT = dialect_module.dialect()  # type: ignore[no-untyped-call]


class HotStatement:
    """A compiled statement and the order of its parameters."""

    __slots__ = ("_constants", "_names", "sql")

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        self.sql = str(compiled)
        self._names: tuple[str, ...] = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]
        self._constants: Mapping[str, Any] = dict(compiled.params)

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        constants = self._constants
        return [parameters[name] if name in parameters else constants[name] for name in self._names]

    async def fetch(
        self, driver: "asyncpg.Connection[asyncpg.Record]", parameters: Mapping[str, Any]
    ) -> "list[asyncpg.Record]":
        return await driver.fetch(self.sql, *self.arguments(parameters))

    async def run(self, driver: "asyncpg.Connection[asyncpg.Record]", parameters: Mapping[str, Any]) -> int:
        """Where no row comes back; returns how many were written."""
        tag = await driver.execute(self.sql, *self.arguments(parameters))
        return int(tag.rpartition(" ")[2])


class HotRow(HotStatement):
    """A statement that finds one row at most and gives it as Core would: for whole rows of a table."""

    __slots__ = ("_row",)

    def __init__(self, statement: ReturnsRows) -> None:
        super().__init__(statement)
        self._row = result_tuple([str(column.key) for column in statement.exported_columns])

    async def row(self, driver: "asyncpg.Connection[asyncpg.Record]", parameters: Mapping[str, Any]) -> Row[Any] | None:
        found = await driver.fetchrow(self.sql, *self.arguments(parameters))
        return self._row(tuple(found)) if found is not None else None


def hot_insert(table: Table, *columns: str) -> HotStatement:
    """One row into a table, with a parameter for each of these columns."""
    return HotStatement(
        insert(table).inline().values({name: bindparam(name, type_=table.c[name].type) for name in columns})
    )
