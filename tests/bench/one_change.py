"""One achievement is corrected, with its versions, decisions, event, audit, totals and queue messages, over the same
statements sent bare by asyncpg in one transaction.

The statements are those that the verb itself sent for another row, with that row's ids in place of the first one's.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import asyncpg
import uvloop
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from services.ledger import workflow
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope, Transaction, begin, driver_of, legal_instant
from shared.errors import Refusal
from shared.ids import new_id
from tests.bench.frame import Row
from tests.bench.installation import Installation, Seed, installation

LIMIT = 2.0
CHANGES = {False: 100, True: 1_000}
# what a row's status is changed to, so that the next run finds rows to change back
_OTHER = {"not_converted": "intended", "intended": "not_converted"}
# so many rows that were changed equally often, with the version that stands
_ALIKE = """
with alike as (select revision, status from app.achievement where tenant_id = $1 and status = any($3)
  group by 1, 2 having count(*) >= $2 order by 1, 2 limit 1)
select a.id, a.revision, a.status, v.version from alike
join app.achievement a on a.tenant_id = $1 and a.revision = alike.revision and a.status = alike.status
join app.achievement_version v on v.tenant_id = $1 and v.id = a.id and upper_inf(v.recorded) and upper_inf(v.held)
order by a.number limit $2
"""
Sent = list[tuple[str, tuple[Any, ...]]]


def run(full: bool) -> Row:
    """Both sides take turns, so that neither has the quieter machine; medians."""
    uvloop.install()
    count = CHANGES[full]
    with installation(Seed(2, 20_000, versions=1)) as installed:
        ours, baseline, statements = asyncio.run(_measure(installed, count))
    return Row(
        "change of one achievement", f"{count} changes", ours, baseline, "seconds", ours / baseline, LIMIT, "at most",
        f"{statements} statements and a durable commit each",
    )  # fmt: skip


async def _measure(installed: Installation, count: int) -> tuple[float, float, int]:
    engine = make_engine(installed.url("web"), pool_size=2)
    tenant = installed.tenants[0]
    async with engine.connect() as connection:
        driver = await driver_of(connection)
        pack = await driver.fetchval("select app.pack_in_force($1)", installed.province_id)
        now = await legal_instant(driver)
    person = installed.authority
    scope = Scope("web_institution", tenant, installed.province_id, tenant, tenant)

    @asynccontextmanager
    async def entered(sent: "Sent | None" = None) -> AsyncIterator[Transaction]:
        # as a request's edge does; its look-up of the session is on neither side
        async with engine.connect() as connection:
            driver = await driver_of(connection)
            heard = cast("asyncpg.Connection[asyncpg.Record]", _Heard(driver, sent)) if sent is not None else driver
            tx = Transaction(connection, heard, scope, Actor(person, tenant, address="127.0.0.1"), now, pack)
            await begin(driver, scope)
            yield tx
            await tx.finish()
            await driver.execute("commit")

    async with entered() as tx:
        rows = await tx.driver.fetch(_ALIKE, tenant, 2 * count + 12, list(_OTHER))
    assert rows, "every ledger has rows enough"
    status, since = _OTHER[rows[0]["status"]], date(2026, 1, 1) + timedelta(rows[0]["revision"])

    async def correct(row: Any, sent: "Sent | None" = None) -> None:
        async with entered(sent) as tx:
            changes = {"status": status, "college": f"学院 {since:%j}"}
            done = await workflow.correct(tx, row["id"], changes, since=since, reason="更正")
            assert not isinstance(done, Refusal), done

    with _Listening(engine) as sent:
        for row in rows[:10]:
            sent.clear()
            await correct(row, sent)
        recorded = list(sent)
    own, bare = [], []
    async with engine.connect() as connection:
        driver = await driver_of(connection)
        for place in range(count + 1):
            own.append(await _timed(correct(rows[10 + 2 * place])))
            replay = _replay(recorded, rows[9], rows[11 + 2 * place], {tenant, installed.province_id, person, pack})
            bare.append(await _timed(_send(driver, scope, replay)))
    await engine.dispose()
    return statistics.median(own[1:]), statistics.median(bare[1:]), len(recorded)


async def _timed(work: Any) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


class _Listening:
    """What is sent to the database through SQLAlchemy, statement by statement with its parameters."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.sync_engine
        self._sent: Sent = []

    def __enter__(self) -> Sent:
        event.listen(self._engine, "before_cursor_execute", self._hear)
        return self._sent

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._hear)

    def _hear(
        self, connection: object, cursor: object, statement: str, parameters: Any, context: object, many: bool
    ) -> None:
        self._sent.extend((statement, tuple(one)) for one in (parameters if many else [parameters]))


class _Heard:
    """What the product sends past SQLAlchemy."""

    def __init__(self, driver: "asyncpg.Connection[asyncpg.Record]", sent: Sent) -> None:
        self._driver = driver
        self._sent = sent

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._driver, name)
        if name not in ("execute", "fetch", "fetchrow", "fetchval"):
            return method

        def said(statement: str, *parameters: Any) -> Any:
            self._sent.append((statement, parameters))
            return method(statement, *parameters)

        return said


def _replay(recorded: Sent, first: Any, other: Any, constant: set[UUID]) -> Sent:
    """The statements for another row: its ids in place of the first one's, new ids for what was made, times of now."""
    ids: dict[UUID, UUID] = {one: one for one in constant}
    ids |= {first["id"]: other["id"], first["version"]: other["version"]}
    now = datetime.now(UTC)

    def put(value: Any) -> Any:
        match value:
            case UUID():
                return ids.setdefault(value, new_id())
            case datetime() if value > first_seen:
                return now
            case list():
                return [put(one) for one in value]
            case _:
                return value

    first_seen = datetime(2026, 1, 1, tzinfo=UTC)
    return [(statement, tuple(put(value) for value in parameters)) for statement, parameters in recorded]


async def _send(driver: "asyncpg.Connection[asyncpg.Record]", scope: Scope, statements: Sent) -> None:
    await begin(driver, scope)
    for statement, parameters in statements:
        await driver.fetch(statement, *parameters)
    await driver.execute("commit")
