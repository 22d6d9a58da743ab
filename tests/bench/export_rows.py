"""Exporting a ledger to xlsx, from the request to the stored file, over xlsxwriter writing the same prepared rows.

Both sides run in processes of their own, so that memory is each one's own.
"""

import asyncio
import io
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import xlsxwriter

from services.ledger import export
from services.ledger.display import words_of
from services.ledger.listing import Filters, ledger_pages
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope, Transaction, driver_of, legal_instant, transaction
from shared.documents.workbook_writing import Styled
from tests.bench.frame import Row, median
from tests.bench.installation import Installation, Seed, installation

LIMIT = 1.3
MEMORY_LIMIT_MB = 250


class _Store:
    """Keeps nothing: the object store's time is no part of writing a workbook."""

    def __init__(self) -> None:
        self.size = 0

    async def put(self, tenant_id: UUID, content: bytes) -> str:
        self.size = len(content)
        return "0" * 64


def run(full: bool) -> Row:
    seed = Seed(1, 100_000 if full else 20_000)
    with installation(seed) as installed:
        memory = 0.0

        def measured(side: str) -> float:
            nonlocal memory
            done = _measured(installed, side)
            if side == "ours":
                memory = max(memory, done["memory_mb"])
            return done["seconds"]

        ours, baseline = median(lambda: measured("ours")), median(lambda: measured("baseline"))
    ratio = ours / baseline if memory <= MEMORY_LIMIT_MB else float("inf")
    return Row(
        "export to xlsx", f"{seed.rows:,} rows", ours, baseline, "seconds", ratio, LIMIT, "at most",
        f"{memory:.0f} MB of at most {MEMORY_LIMIT_MB} MB",
    )  # fmt: skip


def _measured(installed: Installation, side: str) -> dict[str, float]:
    command = [
        sys.executable, "-m", "tests.bench.export_rows", side, installed.url("web"), installed.url("tasks"),
        str(installed.tenants[0]), str(installed.province_id),
    ]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    if said.returncode:
        raise RuntimeError(said.stderr[-3000:])
    return dict(json.loads(said.stdout.splitlines()[-1]))


async def _ours(tx: Transaction, export_id: UUID) -> float:
    store = _Store()
    started = time.perf_counter()
    refusal = await export.write_export(tx, export_id, store, Filters(), "-number")
    elapsed = time.perf_counter() - started
    assert refusal is None
    assert store.size
    return elapsed


async def _baseline(tx: Transaction, export_id: UUID) -> float:
    """Every row prepared beforehand; what xlsxwriter needs in its fastest mode is measured."""
    words = await words_of(tx)
    prepared = []
    async for rows in ledger_pages(tx, Filters()):
        for _, cells in export.lines(rows, words, 0):
            prepared.append([cell.value if isinstance(cell, Styled) else cell for cell in cells])
    started = time.perf_counter()
    target = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(target, options)
    sheet = book.add_worksheet()
    for place, cells in enumerate(prepared):
        for column, value in enumerate(cells):
            if isinstance(value, str):
                if value:
                    sheet.write_string(place, column, value)
            elif value is not None:
                sheet.write_number(place, column, value)
    book.close()
    return time.perf_counter() - started


async def _child(side: str, web: str, tasks: str, tenant_id: UUID, province_id: UUID) -> None:
    engines = [make_engine(url, pool_size=1) for url in (web, tasks)]
    async with engines[0].connect() as connection:
        driver = await driver_of(connection)
        now = await legal_instant(driver)
        pack = await driver.fetchval("select app.pack_in_force($1)", province_id)
    scope = Scope("web_institution", tenant_id, province_id, tenant_id, tenant_id)
    async with transaction(engines[0], scope, Actor(tenant_id, tenant_id)) as tx:
        tx.now, tx.pack_version_id = now, pack
        export_id = await export.request_export(tx, Filters(), "-number")
    worker = Scope("worker", tenant_id, province_id, tenant_id, tenant_id)
    async with transaction(engines[1], worker, Actor(None, tenant_id)) as tx:
        tx.now, tx.pack_version_id = now, pack
        seconds = await (_ours if side == "ours" else _baseline)(tx, export_id)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "memory_mb": peak}))
    for engine in engines:
        await engine.dispose()


if __name__ == "__main__":
    asyncio.run(_child(sys.argv[1], sys.argv[2], sys.argv[3], UUID(sys.argv[4]), UUID(sys.argv[5])))
