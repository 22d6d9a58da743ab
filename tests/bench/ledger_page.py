"""The ledger page of 20 rows, signed in, filtered and sorted, over what asyncpg alone can do for the same database work."""

import asyncio
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from uuid import UUID

import asyncpg
import uvloop
from sqlalchemy import make_url

from deploy.embedded.ports import pick
from services.ledger.listing import Filters, page_statement
from shared.ids import token_hash
from tests.bench.frame import Row, median
from tests.bench.installation import Installation, installation

NAME = "ledger page, 20 rows"
LIMIT = 0.2
SECONDS, WARM_UP = 10, 3
# what a clerk asks for: filters and orders in turn
ASKED: tuple[tuple[dict[str, str], str], ...] = (
    ({"status": "converted"}, "-number"),
    ({"type": "patent_right"}, "name"),
    ({"status": "not_converted", "type": "software_copyright"}, "-value"),
    ({"year": "2021"}, "-obtained"),
)


def run(full: bool) -> Row:
    tenants, rows = (200, 1_000_000) if full else (20, 100_000)
    with installation(tenants, rows) as installed:
        baseline = median(lambda: asyncio.run(_baseline(installed)))
        ours = _served(installed)
    return Row(
        NAME, f"{rows:,} rows in {tenants} tenants", ours, baseline, "requests/s", ours / baseline, LIMIT, "at least",
        "one granian worker, wrk -t1 -c16; baseline: asyncpg on 16 connections, the same session look-up and list query",
    )  # fmt: skip


def _served(installed: Installation) -> float:
    (port,) = pick(1)
    command = [sys.executable, "-m", "services.cli", "serve", "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(command, env=installed.environment(), stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, installed.tokens[0])
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "ask.lua"
            script.write_text(_script(installed), "utf-8")
            _wrk(script, address, WARM_UP)
            return median(lambda: _wrk(script, address, SECONDS))
    finally:
        server.terminate()
        server.wait(10)


def _script(installed: Installation) -> str:
    paths = [
        "/institution/ledger?" + "&".join(f"{name}={value}" for name, value in {**filters, "sort": sort}.items())
        for filters, sort in ASKED
    ]
    tokens = ", ".join(f'"{token}"' for token in installed.tokens)
    return (
        f"local tokens = {{{tokens}}}\nlocal paths = {{{', '.join(repr(path) for path in paths)}}}\nlocal n = 0\n"
        "request = function()\n  n = n + 1\n"
        '  return wrk.format("GET", paths[n % #paths + 1], {["Cookie"] = "chengguo=" .. tokens[n % #tokens + 1]})\nend\n'
        "response = function(status)\n  if status ~= 200 then wrk.thread:stop() end\nend\n"
    )


def _wait(address: str, token: str) -> None:
    request = urllib.request.Request(f"{address}/institution/ledger", headers={"Cookie": f"chengguo={token}"})
    for _ in range(300):
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                if "一种示例成果" in answer.read().decode():
                    return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server did not answer with the ledger")


def _wrk(script: Path, address: str, seconds: int) -> float:
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", str(script), address]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    return float(next(line.split(":")[1] for line in said.splitlines() if line.startswith("Requests/sec")))


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
