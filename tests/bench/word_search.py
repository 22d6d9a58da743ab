"""Two typed characters in one large ledger, as the page looks for them, over the same ILIKE; policies on both sides."""

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
from tests.bench.seeding import WORDS

LIMIT = 20
ROUNDS = 3
# the page's own columns and order, the name compared as text is
_ILIKE = (
    "select a.id, a.number, a.code, a.name, a.type, a.right_category, a.stage_declared, a.stage_recognised, a.status, "
    "a.mode, a.value, a.value_kind, a.conversions, a.obtained_on, a.obtained_precision, a.college, a.team_size, a.revision "
    "from app.achievement a where a.tenant_id = $1 and a.state = 'registered' and a.name ilike '%' || $2 || '%' "
    "order by a.obtained_key desc, a.number desc limit 21"
)
_OCCURS = "select count(*) from app.achievement where tenant_id = $1 and name ilike $2"


def run(full: bool) -> Row:
    """Ten words that occur in 0.01 to 0.1 % of the names, the first 20 by date, each in a transaction of its own."""
    uvloop.install()
    seed = Seed(1, 1_000_000 if full else 100_000, people=False, words=True)
    with installation(seed) as installed:
        ours, baseline = asyncio.run(_measure(installed, seed.rows))
    return Row(
        "two-character search", f"{seed.rows:,} rows in one tenant", ours, baseline, "seconds/search", baseline / ours,
        LIMIT, "at least", "the page's statement in its order by date; baseline: ILIKE on the name, same rows and columns",
    )  # fmt: skip


async def _measure(installed: Installation, rows: int) -> tuple[float, float]:
    address = make_url(installed.url("web"))
    connection = await asyncpg.connect(
        user=address.username, password=address.password, database=address.database, host=str(address.query["host"])
    )
    tenant = installed.tenants[0]
    scope = Scope("web_institution", tenant, installed.province_id, tenant, tenant)

    async def fetch(sql: str, *arguments: object) -> list[asyncpg.Record]:
        await begin(connection, scope)
        found = await connection.fetch(sql, *arguments)
        await connection.execute("commit")
        return found

    async def search(word: str) -> list[asyncpg.Record]:
        statement, values = page_statement(tenant, Filters(q=word), "-obtained")
        return await fetch(statement.sql, *statement.arguments(values))

    for word in WORDS:
        n = (await fetch(_OCCURS, tenant, f"%{word}%"))[0][0]
        assert rows * 0.0001 <= n <= rows * 0.001, (word, n)
        assert [row["id"] for row in await search(word)] == [row["id"] for row in await fetch(_ILIKE, tenant, word)]
    ours, baseline = [], []
    for _ in range(ROUNDS):
        for word in WORDS:
            started = time.perf_counter()
            await search(word)
            searched = time.perf_counter()
            await fetch(_ILIKE, tenant, word)
            baseline.append(time.perf_counter() - searched)
            ours.append(searched - started)
    await connection.close()
    return statistics.mean(ours), statistics.mean(baseline)
