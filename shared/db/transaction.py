"""One transaction: who acts, as which database role, and the statements run in it.

A transaction begins with one round trip that sends ``BEGIN`` and ``app.enter`` together, and ends with ``COMMIT`` at
the edge (a request's dependency, a task's wrapper, a command). Business code never commits. The SQLAlchemy engine runs
in autocommit, so that BEGIN and COMMIT are ours alone and cost no further round trips.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

import asyncpg
from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.clock import local_day
from shared.db.engine import CONNECTION_LOST


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person (or a service account) of an organisation.

    ``organisation_id`` is the actor's own organisation, which differs from the row's tenant when an authority acts.
    ``on_behalf_of`` is who lent the permission that this act needs; the streams say it beside the actor.
    """

    person_id: UUID | None
    organisation_id: UUID
    name: str = ""
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    address: str = ""
    on_behalf_of: UUID | None = None

    def telling(self, details: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
        """What a stream keeps of an act: its details, and for whom it was done."""
        return details if self.on_behalf_of is None else {**(details or {}), "on_behalf_of": str(self.on_behalf_of)}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a transaction enters with: database role, tenant, province, organisation.

    ``department_id`` is the competent department at the time, copied into rows that a department reads; an
    authority's own rows carry its own id there.
    """

    role: str
    tenant_id: UUID
    province_id: UUID
    organisation_id: UUID
    department_id: UUID

    def stream_values(self, department_id: UUID | None = None) -> dict[str, UUID]:
        """The scope columns of a stream row; ``department_id`` of the institution when an authority writes under it."""
        return {
            "province_id": self.province_id,
            "department_id": department_id or self.department_id,
            "recipient_id": self.organisation_id,
            "actor_organisation_id": self.organisation_id,
        }

    def within(self, tenant_id: UUID, department_id: UUID) -> "Scope":
        """The same actor's scope for writing under another tenant's row (console verbs)."""
        return replace(self, tenant_id=tenant_id, department_id=department_id)


class Transaction:
    """A running transaction. ``now`` is the legal instant; ``today`` its day in Asia/Shanghai. ``read_once`` holds what a
    transaction need not read again, by a key of whoever read it. ``reading_only`` says that the tenant is suspended; what such
    a reading has to note all the same waits in ``afterwards``.

    A plain class, not a dataclass: the web framework would take a dataclass parameter apart and hand on a copy.
    """

    __slots__ = (
        "actor",
        "afterwards",
        "closing",
        "connection",
        "driver",
        "now",
        "outcome",
        "pack_version_id",
        "read_once",
        "reading_only",
        "request_id",
        "scope",
    )

    def __init__(
        self,
        connection: AsyncConnection,
        driver: "asyncpg.Connection[asyncpg.Record]",
        scope: Scope,
        actor: Actor,
        now: datetime,
        pack_version_id: UUID | None = None,
        request_id: str = "",
    ) -> None:
        self.connection = connection
        self.driver = driver
        self.scope = scope
        self.actor = actor
        self.now = now
        self.pack_version_id = pack_version_id
        self.request_id = request_id
        self.outcome: Outcome | None = None
        self.closing: dict[str, Closing] = {}
        self.read_once: dict[Any, Any] = {}
        self.reading_only = False
        self.afterwards: list[Closing] = []

    @property
    def today(self) -> date:
        return local_day(self.now)

    @property
    def tenant_id(self) -> UUID:
        return self.scope.tenant_id

    @property
    def province_id(self) -> UUID:
        return self.scope.province_id

    async def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        return cast("CursorResult[Any]", await self.connection.execute(statement, parameters))

    async def rows(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        return (await self.execute(statement, parameters)).fetchall()

    async def row(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Row[Any] | None:
        return (await self.execute(statement, parameters)).fetchone()

    async def scalar(self, statement: Executable, parameters: Mapping[str, Any] | None = None) -> Any:
        return (await self.execute(statement, parameters)).scalar()

    def once_before_commit(self, name: str, work: "Closing") -> None:
        """Have something done once at the end of this transaction, however often it is asked for (sealing, roll-ups)."""
        self.closing.setdefault(name, work)

    async def finish(self) -> None:
        """Do what was asked for at the end; called by the edge just before COMMIT.

        In the order of the names: two transactions that ask for the same things never wait for each other crosswise.
        """
        for name in sorted(self.closing):
            await self.closing[name](self)
        self.closing.clear()

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """What is done within is taken back when it fails, and the transaction goes on: a savepoint. Does not nest."""
        await self.driver.execute("savepoint attempt")
        try:
            yield
        except BaseException:
            await self.driver.execute("rollback to savepoint attempt")
            raise
        await self.driver.execute("release savepoint attempt")

    async def recorded_now(self) -> datetime:
        """The instant at which history records, read after the row lock (real time, never the demo clock)."""
        return cast(datetime, await self.driver.fetchval("select clock_timestamp()"))


Closing = Callable[[Transaction], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request ended with, kept with its idempotency key; ``refused`` gives the key back."""

    status: int
    address: str = ""
    refused: bool = False


_ENTER = "begin; select app.{entrance}('{role}', '{tenant}', '{province}', '{organisation}')"
_ROLES = frozenset(
    {
        "web_public",
        "web_institution",
        "web_science",
        "web_department",
        "web_finance",
        "web_operator",
        "worker",
        "worker_rollup",
    }
)


async def driver_of(connection: AsyncConnection) -> "asyncpg.Connection[asyncpg.Record]":
    """The asyncpg connection under a SQLAlchemy connection: for hot paths and COPY."""
    raw = await connection.get_raw_connection()
    return cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)


async def begin(driver: "asyncpg.Connection[asyncpg.Record]", scope: Scope, *, regardless: bool = False) -> None:
    """Open the transaction and enter it, in one round trip. A suspended tenant's is read-only, unless ``regardless``: for
    its exports, and for what keeps its streams in order.

    The statement is a simple query, which takes no parameters: the role is one of a fixed set and the rest are UUIDs.
    """
    if scope.role not in _ROLES:
        raise ValueError(f"not a serving role: {scope.role}")
    await driver.execute(
        _ENTER.format(
            entrance="enter_regardless" if regardless else "enter",
            role=scope.role,
            tenant=UUID(str(scope.tenant_id)),
            province=UUID(str(scope.province_id)),
            organisation=UUID(str(scope.organisation_id)),
        )
    )


async def legal_instant(driver: "asyncpg.Connection[asyncpg.Record]") -> datetime:
    """Legal now: the demo clock's instant in a demo, real time elsewhere."""
    return cast(datetime, await driver.fetchval("select app.legal_now()"))


@asynccontextmanager
async def transaction(
    engine: AsyncEngine, scope: Scope, actor: Actor, *, request_id: str = "", regardless: bool = False
) -> AsyncIterator[Transaction]:
    """A transaction of its own, for tasks, commands and tests: commits at the end, rolls back on any exception.

    ``regardless`` of a suspension, as in :func:`begin`.
    """
    async with engine.connect() as connection:
        driver = await driver_of(connection)
        now = await legal_instant(driver)
        pack = await driver.fetchval("select app.pack_in_force($1)", scope.province_id)
        await begin(driver, scope, regardless=regardless)
        tx = Transaction(connection, driver, scope, actor, now, pack, request_id)
        try:
            yield tx
            await tx.finish()
        except BaseException:
            with suppress(*CONNECTION_LOST):  # the server has then rolled back by itself
                await driver.execute("rollback")
            raise
        await driver.execute("commit")


async def note_afterwards(tx: Transaction) -> None:
    """Write what a suspended tenant's reading left to be noted, in a transaction of its own; the reading's is committed."""
    if not tx.afterwards:
        return
    waiting, tx.afterwards, tx.reading_only = tx.afterwards, [], False
    await begin(tx.driver, tx.scope, regardless=True)
    for note in waiting:
        await note(tx)
    await tx.finish()
    await tx.driver.execute("commit")


@asynccontextmanager
async def unconfined(engine: AsyncEngine, scope: Scope, actor: Actor) -> AsyncIterator[Transaction]:
    """A transaction of the maintenance login, which passes row-level security: command line only."""
    async with engine.connect() as connection:
        driver = await driver_of(connection)
        now = cast(
            datetime, await driver.fetchval("select coalesce((select at from app.legal_clock), clock_timestamp())")
        )
        await driver.execute("begin")
        tx = Transaction(connection, driver, scope, actor, now)
        try:
            yield tx
        except BaseException:
            with suppress(*CONNECTION_LOST):  # the server has then rolled back by itself
                await driver.execute("rollback")
            raise
        await driver.execute("commit")
