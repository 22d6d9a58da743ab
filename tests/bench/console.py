"""The console's page of totals over the GROUP BY on the ledgers' rows that it replaces.

Every view is measured, and the one that gains least is the row. The view by institution is told in the note only: it has a
line, and an entry in the log, for each institution, however many rows they have.
"""

import time

import psycopg

from tests.bench.frame import Row, median
from tests.bench.installation import AUTHORITY_TOKEN, Installation, Seed, installation
from tests.bench.served import get, serving

_YEAR = "coalesce(extract(year from obtained_on)::int::text, '')"
# By view of the page: what it would have to count if there were no totals.
REPLACED = {
    "type": "select type, status, count(*)",
    "stage": "select stage_recognised, count(*), count(value), sum(value)",
    "status": "select status, count(*), count(value), sum(value)",
    "mode": "select mode, count(*), count(value), sum(value)",
    "year": f"select {_YEAR}, status, count(*)",
    "institution": "select tenant_id, status, count(*)",
}
_KEYS = {"type": "1, 2", "year": "1, 2", "institution": "1, 2"}


def run(full: bool) -> Row:
    seed, limit = (Seed(2_000, 10_000_000, people=False), 100) if full else (Seed(200, 1_000_000, people=False), 10)
    with installation(seed) as installed:
        replaced = {view: _grouped(installed, view) for view in REPLACED}
        with serving(installed) as address:
            pages = {view: _page(f"{address}/console/statistics?by={view}") for view in REPLACED}
    gains = {view: replaced[view] / pages[view] for view in REPLACED}
    least = min(gains.keys() - {"institution"}, key=lambda view: gains[view])
    return Row(
        "console: totals", f"{seed.rows:,} rows in {seed.tenants:,} tenants", pages[least], replaced[least], "seconds",
        gains[least], limit, "at least",
        "times as fast, the least of: " + ", ".join(f"{view} {gain:,.0f}" for view, gain in gains.items()),
    )  # fmt: skip


def _grouped(installed: Installation, view: str) -> float:
    statement = (
        f"{REPLACED[view]} from app.achievement where province_id = %s and state = 'registered' "
        f"group by {_KEYS.get(view, '1')}"
    )
    with psycopg.connect(installed.url("postgres")) as connection:

        def once() -> float:
            started = time.perf_counter()
            connection.execute(statement, [installed.province_id]).fetchall()
            return time.perf_counter() - started

        once()
        return median(once)


def _page(address: str) -> float:
    """Seconds from the request to the last byte of the page; median of nine after three."""

    def once() -> float:
        started = time.perf_counter()
        body = get(address, AUTHORITY_TOKEN)
        elapsed = time.perf_counter() - started
        assert "没有可汇总的数据" not in body.decode()
        return elapsed

    for _ in range(3):
        once()
    return median(once, 9)
