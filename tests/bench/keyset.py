"""The first 20 rows of a ledger in a large installation over the same in a small one: both ledgers hold 5,000 rows."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import uvloop
from sqlalchemy import make_url

from services.ledger.listing import Filters, page_statement
from shared.db.transaction import Scope, begin
from tests.bench.frame import Row
from tests.bench.installation import Installation, Seed, installations

LIMIT = 1.2
CALLS, WARM_UP, ROUNDS = 400, 2_000, 30
SORTS = ("-number", "name", "-value", "-obtained")


def run(full: bool) -> Row:
    """Current rows only; institutions and orders in turn, on one connection; the statement that the page uses."""
    uvloop.install()
    large = Seed(2_000, 10_000_000, people=False) if full else Seed(200, 1_000_000, people=False)
    small = Seed(2, 10_000, people=False)
    with installations(large, small) as both:
        ours, baseline = asyncio.run(_in_turn(both))
    return Row(
        "first 20 rows, keyset", f"{large.rows:,} rows in {large.tenants:,} tenants", ours, baseline,
        "seconds/page", ours / baseline, LIMIT, "at most", f"baseline: {small.rows:,} rows in {small.tenants}",
    )  # fmt: skip


async def _in_turn(both: Sequence[Installation]) -> tuple[float, float]:
    """Medians of short rounds in turn, so that neither size has the quieter machine."""
    sides = [await _side(installed) for installed in both]
    measured: list[list[float]] = [[], []]
    for _, rounds in sides:
        await rounds(WARM_UP)
    for _ in range(ROUNDS):
        for seconds, (_, rounds) in zip(measured, sides, strict=True):
            seconds.append(await rounds(CALLS))
    for connection, _ in sides:
        await connection.close()
    ours, baseline = map(statistics.median, measured)
    return ours, baseline


async def _side(installed: Installation) -> tuple[asyncpg.Connection, Callable[[int], Awaitable[float]]]:
    address = make_url(installed.url("web"))
    connection = await asyncpg.connect(
        user=address.username, password=address.password, database=address.database, host=str(address.query["host"])
    )
    calls = []
    # every order of every institution, far apart from each other, as visitors come
    for place, tenant in enumerate(installed.tenants):
        for turn in range(len(SORTS)):
            statement, values = page_statement(tenant, Filters(), SORTS[(place + turn) % len(SORTS)])
            scope = Scope("web_institution", tenant, installed.province_id, tenant, tenant)
            calls.append((turn, scope, statement.sql, statement.arguments(values)))
    calls.sort(key=lambda call: call[0])

    done = 0

    async def rounds(count: int) -> float:
        nonlocal done
        started = time.perf_counter()
        for turn in range(done, done + count):
            _, scope, sql, arguments = calls[turn % len(calls)]
            await begin(connection, scope)
            assert len(await connection.fetch(sql, *arguments)) == 21
            await connection.execute("commit")
        done += count
        return (time.perf_counter() - started) / count

    return connection, rounds
