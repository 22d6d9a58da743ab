"""Under a mixed load, web, worker and database are killed at random moments, and nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from deploy.embedded.ports import LOOPBACK, pick
from shared.audit.verification import ChainReport, verify_chain
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope, Transaction, driver_of
from shared.keys.keyring import Keyring
from tests.reliability.installation import Installation
from tests.reliability.killing import Killed, Killer, contention
from tests.reliability.load import Load, Record
from tests.reliability.scene import arrange, stored
from tests.world import START

pytestmark = pytest.mark.reliability
_SETTLE_SECONDS = 45.0


@pytest.fixture(scope="module")
def busy() -> float:
    """Measured before anything is started."""
    return contention()


@pytest.fixture(scope="module")
def installation(busy: float) -> Iterator[Installation]:
    folder = Path(tempfile.mkdtemp(prefix="chengguo-kill-"))
    running = Installation(folder / "data", pick(1)[0], os.environ.get("CHENGGUO_TEST_POSTGRES", "18"))
    try:
        running.wait_ready()
        yield running
        assert running.stop() == 0
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def test_nothing_acknowledged_is_lost_when_parts_are_killed(
    installation: Installation, busy: float, request: pytest.FixtureRequest
) -> None:
    times = 100 if request.config.getoption("--full", default=False) else int(os.environ.get("CHENGGUO_KILLS", "20"))
    scene = await arrange(installation)
    seed = random.randrange(10**6)
    print(f"seed {seed}, contention {busy:.1f}")
    load = Load(f"http://{LOOPBACK}:{installation.port}", scene)
    load.start()
    kills = Killer(installation, scene.pages, random.Random(seed), busy).kill_each(times)
    record = load.finish()
    print(_table(kills, record), *installation.failures()[:10], sep="\n")
    _settle(installation)
    assert record.faults == []
    _every_write_once(installation, record)
    for tenant in scene.tenants:
        report = await _chain(installation, tenant)
        assert report.holds, report.faults
        assert report.waiting == 0
    assert report_is_not_empty(await _chain(installation, scene.tenants[0]), record)
    assert [kill for kill in kills if kill.late()] == []


def report_is_not_empty(report: ChainReport, record: Record) -> bool:
    return report.sealed >= len(record.acknowledged["objection"])


def _settle(installation: Installation) -> None:
    """Every job done, every audit row sealed, every message delivered."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    left = (
        "select (select count(*) from app.task_queue where state <> 'rejected'), "
        "(select count(*) from app.task_queue where state = 'rejected'), "
        "(select count(*) from app.outbox where delivered_at is null and kind in ('message', 'mail')), "
        "(select count(*) from app.audit_entry e where not exists (select from app.audit_seal s "
        "where s.tenant_id = e.tenant_id and s.entry_id = e.id))"
    )
    while True:
        with installation.connect() as connection:
            found = connection.execute(left).fetchone()
        if found == (0, 0, 0, 0):
            return
        assert time.monotonic() < deadline, f"queued, rejected, undelivered, unsealed: {found}"
        time.sleep(0.5)


def _every_write_once(installation: Installation, record: Record) -> None:
    with installation.connect() as connection:
        present = stored(connection)
    for kind, words in record.acknowledged.items():
        counted = Counter(present[kind])
        assert [word for word in words if counted[word] != 1] == [], kind
        assert len(words) > 5, kind


async def _chain(installation: Installation, tenant: UUID) -> ChainReport:
    engine = make_engine(installation.dsn("maintenance"))
    async with engine.begin() as connection:
        scope = Scope("worker", tenant, tenant, tenant, tenant)
        tx = Transaction(connection, await driver_of(connection), scope, Actor(None, tenant), START)
        report = await verify_chain(tx, Keyring(installation.layout.platform_keys))
    await engine.dispose()
    return report


def _table(kills: list[Killed], record: Record) -> str:
    lines = [f"acknowledged { ({k: len(v) for k, v in record.acknowledged.items()}) }, answers {dict(record.answers)}"]
    for part in ("web", "worker", "database"):
        mine = [kill for kill in kills if kill.part == part]
        if mine:
            pages, jobs = sorted(kill.pages for kill in mine), sorted(kill.jobs for kill in mine)
            lines.append(
                f"{part}: {len(mine)} kills, pages median {pages[len(pages) // 2]:.1f} s, worst {pages[-1]:.1f} s; "
                f"jobs median {jobs[len(jobs) // 2]:.1f} s, worst {jobs[-1]:.1f} s"
            )
    return "\n".join(lines)
