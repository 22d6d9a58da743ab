"""Scheduled jobs: one worker at a time, taken up again when it is killed, and a move of the clock stops where work waits."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import text

from services import worker
from services.worker import Job, due_instants, jobs, run_job, worth_stepping
from shared.clock import SHANGHAI
from shared.db.transaction import Transaction
from shared.tasks.broker import Task
from tenants.registry import Tenant
from tests.world import World

DUE = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)


def tenant(world: World) -> Tenant:
    return Tenant(world.university, world.province_id, "institution", world.department, "alias", "滇池示例大学", True)


class Work:
    """A job that counts its runs, takes a while, and fails as often as told."""

    def __init__(self, name: str, *, seconds: float = 0.0, failures: int = 0) -> None:
        self.runs, self.seconds, self.failures = 0, seconds, failures
        self.job = Job(name, Task(self.work, "default"), time(0, 5), frozenset({"institution"}))

    async def work(self, tx: Transaction) -> None:
        self.runs += 1
        await asyncio.sleep(self.seconds)
        if self.failures >= self.runs:
            raise RuntimeError("told to fail")

    work.__name__ = "counted"


async def job_run(world: World, name: str, change: str) -> None:
    async with world.maintenance.begin() as connection:
        await connection.execute(text(f"update app.job_run set {change} where job = :name"), {"name": name})


async def test_two_workers_do_a_job_once_and_both_wait_for_its_end(world: World) -> None:
    work = Work(f"once.{world.slug}", seconds=0.3)
    failed = await asyncio.gather(*(run_job(world.tasks, work.job, DUE, [tenant(world)]) for _ in range(3)))
    assert failed == [[], [], []]
    assert work.runs == 1


async def test_a_job_that_outlasts_its_lease_is_still_one_workers(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_RENEW_SECONDS", 0.1)
    work = Work(f"long.{world.slug}", seconds=1.5)
    first = asyncio.create_task(run_job(world.tasks, work.job, DUE, [tenant(world)]))
    await asyncio.sleep(0.4)
    # as if ten seconds went by: only what is not renewed runs out
    await job_run(world, work.job.name, "enqueued_at = enqueued_at - interval '11 seconds'")
    await asyncio.sleep(0.4)
    assert await run_job(world.tasks, work.job, DUE, [tenant(world)]) == []
    await first
    assert work.runs == 1


async def test_the_job_of_a_killed_worker_is_taken_up_when_its_lease_is_over(world: World) -> None:
    work = Work(f"killed.{world.slug}")
    async with world.tasks.connect() as connection:
        statement = text("select app.schedule_job(:job, :tenant, :due)")
        named = {"job": work.job.name, "tenant": world.university, "due": DUE}
        assert await connection.scalar(statement, named) is True
        assert await connection.scalar(statement, named) is None
    await job_run(world, work.job.name, "enqueued_at = clock_timestamp() - interval '11 seconds'")
    assert await run_job(world.tasks, work.job, DUE, [tenant(world)]) == []
    assert work.runs == 1


async def test_a_failed_job_may_be_tried_again_at_once(world: World) -> None:
    work = Work(f"failing.{world.slug}", failures=1)
    assert await run_job(world.tasks, work.job, DUE, [tenant(world)]) == [tenant(world)]
    assert await run_job(world.tasks, work.job, DUE, [tenant(world)]) == []
    assert await run_job(world.tasks, work.job, DUE, [tenant(world)]) == []
    assert work.runs == 2


def test_a_move_stops_at_every_legal_instant_and_keeps_house_once() -> None:
    start = datetime(2026, 3, 16, 9, 0, tzinfo=SHANGHAI)
    stepped = worth_stepping(due_instants(start, start + timedelta(days=30)))
    counted = {job.name: 0 for job in jobs()}
    for _, job in stepped:
        counted[job.name] += 1
    assert counted["notices.check"] == 30 * 24
    assert counted["notices.close"] == 30
    assert {counted[job.name] for job in jobs() if not job.legal} == {1}
    assert stepped == sorted(stepped, key=lambda pair: pair[0])
