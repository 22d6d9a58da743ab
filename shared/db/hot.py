"""The hot path: a Core statement compiled once and run on asyncpg directly, without the ORM, Core's execution or greenlets.

Only where a measurement asks for it (the ledger list, session look-up). Bind names are kept; values pass through the
types' asyncpg codecs, so a statement here must not rely on SQLAlchemy's Python-side type processing (JSON columns).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql import asyncpg as dialect_module

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
