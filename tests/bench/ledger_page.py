"""The ledger page of 20 rows, signed in, filtered and sorted, over what asyncpg alone can do for the same database work."""

import asyncio
import tempfile
import time
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop
from sqlalchemy import make_url

from services.ledger.listing import Filters, page_statement
from shared.ids import token_hash
from tests.bench.frame import Row, median
from tests.bench.installation import Installation, Seed, installation
from tests.bench.served import get, requests_per_second, serving

NAME = "ledger page, 20 rows"
LIMIT = 0.2
# what a clerk asks for: filters and orders in turn
ASKED: tuple[tuple[dict[str, str], str], ...] = (
    ({"status": "converted"}, "-number"),
    ({"type": "patent_right"}, "name"),
    ({"status": "not_converted", "type": "software_copyright"}, "-value"),
    ({"year": "2021"}, "-obtained"),
)


def run(full: bool) -> Row:
    tenants, rows = (200, 1_000_000) if full else (20, 100_000)
    with installation(Seed(tenants, rows)) as installed:
        baseline = median(lambda: asyncio.run(_baseline(installed)))
        ours = _served(installed)
    return Row(
        NAME, f"{rows:,} rows in {tenants} tenants", ours, baseline, "requests/s", ours / baseline, LIMIT, "at least",
        "one granian worker, wrk -t1 -c16; baseline: asyncpg on 16 connections, the same session look-up and list query",
    )  # fmt: skip


def _served(installed: Installation) -> float:
    paths = [
        "/institution/ledger?" + "&".join(f"{name}={value}" for name, value in {**filters, "sort": sort}.items())
        for filters, sort in ASKED
    ]
    with serving(installed) as address, tempfile.TemporaryDirectory() as folder:
        assert "一种示例成果" in get(address + paths[0], installed.tokens[0]).decode()
        return requests_per_second(address, paths, Path(folder), installed.tokens)


async def _baseline(installed: Installation) -> float:
    """Calls per second on 16 connections of one process: look up the session, begin, enter, list, commit."""
    address = make_url(installed.url("web"))
    connections = [
        await asyncpg.connect(
            user=address.username,
            password=address.password,
            database=address.database,
            host=str(address.query["host"]),
            statement_cache_size=512,
        )
        for _ in range(16)
    ]
    calls = []
    for place, tenant in enumerate(installed.tenants):
        filters, sort = ASKED[place % len(ASKED)]
        asked = Filters(**{name: int(value) if name == "year" else value for name, value in filters.items()})  # type: ignore[arg-type]
        statement, values = page_statement(tenant, asked, sort)
        calls.append((token_hash(installed.tokens[place]), tenant, statement.sql, statement.arguments(values)))
    done = 0

    async def work(connection: asyncpg.Connection, first: int, until: float) -> None:
        nonlocal done
        turn = first
        while time.perf_counter() < until:
            token, tenant, sql, arguments = calls[turn % len(calls)]
            turn += 1
            await connection.fetchrow("select * from app.session_of($1)", token)
            await connection.execute(_enter(tenant, installed.province_id))
            await connection.fetch(sql, *arguments)
            await connection.execute("commit")
            done += 1

    for seconds in (1.0, 5.0):
        done, started = 0, time.perf_counter()
        await asyncio.gather(*(work(one, place, started + seconds) for place, one in enumerate(connections)))
    rate = done / (time.perf_counter() - started)
    for connection in connections:
        await connection.close()
    return rate


def _enter(tenant: UUID, province: UUID) -> str:
    return f"begin; select app.enter('web_institution', '{tenant}', '{province}', '{tenant}')"


uvloop.install()
