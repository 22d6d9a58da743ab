"""The first 20 rows of a ledger in a large installation over the same in a small one: both ledgers hold 5,000 rows."""

import asyncio
import statistics
import time

import asyncpg
import uvloop
from sqlalchemy import make_url

from services.ledger.listing import Filters, page_statement
from shared.db.transaction import Scope, begin
from tests.bench.frame import Row
from tests.bench.installation import Installation, Seed, installation

LIMIT = 1.2
CALLS, WARM_UP = 4_000, 2_000
SORTS = ("-number", "name", "-value", "-obtained")


def run(full: bool) -> Row:
    """Current rows only; institutions and orders in turn, on one connection; the statement that the page uses."""
    uvloop.install()
    large = Seed(2_000, 10_000_000, people=False) if full else Seed(200, 1_000_000, people=False)
    small = Seed(2, 10_000, people=False)
    seconds = {}
    for seed in (large, small):
        with installation(seed) as installed:
            seconds[seed] = asyncio.run(_measure(installed))
    return Row(
        "first 20 rows, keyset", f"{large.rows:,} rows in {large.tenants:,} tenants", seconds[large], seconds[small],
        "seconds/page", seconds[large] / seconds[small], LIMIT, "at most", f"baseline: {small.rows:,} rows in {small.tenants}",
    )  # fmt: skip


async def _measure(installed: Installation) -> float:
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

    async def rounds(count: int) -> float:
        started = time.perf_counter()
        for turn in range(count):
            _, scope, sql, arguments = calls[turn % len(calls)]
            await begin(connection, scope)
            assert len(await connection.fetch(sql, *arguments)) == 21
            await connection.execute("commit")
        return (time.perf_counter() - started) / count

    await rounds(WARM_UP)
    measured = [await rounds(CALLS) for _ in range(3)]
    await connection.close()
    return statistics.median(measured)
