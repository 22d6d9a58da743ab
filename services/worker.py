"""The worker process: task modules, the scheduler, and the one table of scheduled jobs."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import dramatiq
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services import models
from services.administration.archiving import tasks as archiving_tasks
from services.administration.merging import tasks as merging_tasks
from services.administration.policy import tasks as policy_tasks
from services.administration.tasks import follow_department
from services.annual_report.internal.queries import has_plan as has_report_day
from services.annual_report.internal.tasks import follow_internal_report
from services.home.pushing.tasks import push_news
from services.home.tasks import deliver_outbox
from services.ledger.helping.queries import any_live
from services.ledger.helping.tasks import end_agency_tasks
from services.ledger.importing import tasks as importing_tasks
from services.ledger.screening.queries import has_plan
from services.ledger.screening.tasks import follow_screening
from services.ledger.tasks import roll_up_totals
from services.notices.queries import any_running
from services.notices.tasks import check_notices, close_notices
from shared.audit.sealing import sweep_audit
from shared.clock import SHANGHAI, local_day
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope, Transaction, transaction
from shared.observability import metrics
from shared.observability.logging import configure_logging
from shared.settings import Settings, SettingsError, settings
from shared.tasks.broker import Task, make_broker, register
from tenants.departments import department_changes
from tenants.registry import KINDS, Tenant, list_tenants
from tenants.upkeep import forget_keys

log = structlog.get_logger()
# Imported for the tasks that they declare, which verbs ask for by name.
ASKED_BY_NAME = (archiving_tasks, importing_tasks, merging_tasks, policy_tasks)
# Imported whole: an archive reads the tables of every slice.
EVERY_TABLE = models
_TICK_SECONDS = 1.0
_RETRY_SECONDS = 30.0
_RENEW_SECONDS = 3.0  # a third of the lease that app.schedule_job gives


@dataclass(frozen=True, slots=True)
class Job:
    """A scheduled job: runs for every tenant of its kinds, daily at a legal time of day in Asia/Shanghai.

    ``legal`` work depends on the legal instant at which it runs, and a move of the demo clock steps through every one; other
    work keeps house in real time, and its last instant of a move is enough. ``needed`` asks, while the clock is moved,
    whether a tenant has anything for the job to do; it must not depend on the day.
    """

    name: str
    task: Task
    at: time
    kinds: frozenset[str]
    role: str = "worker"
    legal: bool = False
    needed: Callable[[Transaction], Awaitable[bool]] | None = None


def jobs() -> tuple[Job, ...]:
    """The one table of scheduled jobs, in the order in which they run when they are due at the same instant."""
    everybody = frozenset(KINDS)
    institutions = frozenset({"institution", "training"})
    return (
        Job("registry.follow", follow_department, time(0, 1), institutions, legal=True, needed=department_changes),
        Job("notices.close", close_notices, time(0, 5), institutions, legal=True, needed=any_running),
        *(
            Job("notices.check", check_notices, time(hour, 10), institutions, legal=True, needed=any_running)
            for hour in range(24)
        ),
        Job("screening.follow", follow_screening, time(0, 15), institutions, legal=True, needed=has_plan),
        Job("helping.end", end_agency_tasks, time(0, 10), institutions, legal=True, needed=any_live),
        Job("internal.follow", follow_internal_report, time(0, 20), institutions, legal=True, needed=has_report_day),
        Job("home.outbox", deliver_outbox, time(0, 30), everybody),
        Job("home.push", push_news, time(0, 35), institutions),
        Job("ledger.totals", roll_up_totals, time(0, 45), institutions, role="worker_rollup"),
        Job("audit.sweep", sweep_audit, time(1, 0), everybody),
        Job("keys.forget", forget_keys, time(2, 0), everybody),
    )


def due_instants(start: datetime, end: datetime) -> list[tuple[datetime, Job]]:
    """Every (instant, job) after ``start`` and not after ``end``, in legal order."""
    found: list[tuple[datetime, Job]] = []
    day = local_day(start)
    while day <= local_day(end):
        for job in jobs():
            instant = datetime.combine(day, job.at, SHANGHAI)
            if start < instant <= end:
                found.append((instant, job))
        day += timedelta(days=1)
    return sorted(found, key=lambda pair: pair[0])


def worth_stepping(due: list[tuple[datetime, Job]]) -> list[tuple[datetime, Job]]:
    """What a move of the demo clock stops for: all legal work, and the last of what keeps house."""
    last = {job.name: instant for instant, job in due}
    return [(instant, job) for instant, job in due if job.legal or last[job.name] == instant]


async def run_job(engine: AsyncEngine, job: Job, due: datetime, tenants: list[Tenant]) -> list[Tenant]:
    """Run one due job for every tenant it concerns, side by side; each tenant once, however often this is called.

    Returns the tenants whose job failed: one tenant's failure stops nobody else's.
    """
    concerned = [tenant for tenant in tenants if tenant.kind in job.kinds]
    done = await asyncio.gather(*(_run_for(engine, job, due, tenant) for tenant in concerned))
    return [tenant for tenant, fine in zip(concerned, done, strict=True) if not fine]


async def _run_for(engine: AsyncEngine, job: Job, due: datetime, tenant: Tenant) -> bool:
    named = {"job": job.name, "tenant": tenant.id, "due": due}
    try:
        if not await _taken(engine, named):
            return True
        async with _held(engine, named):
            with metrics.job_measured(job.name):
                await job.task.run(engine, _scope(job, tenant), Actor(None, tenant.id))
        await _call(engine, "select app.finish_job(:job, :tenant, :due)", named)
    except Exception:
        log.exception("job.failed", job=job.name, tenant=str(tenant.id))
        return False
    return True


def _scope(job: Job, tenant: Tenant) -> Scope:
    return Scope(job.role, tenant.id, tenant.province_id, tenant.id, tenant.department_id)


async def _call(engine: AsyncEngine, statement: str, named: Mapping[str, Any]) -> Any:
    async with engine.connect() as connection:
        return await connection.scalar(text(statement), named)


async def _taken(engine: AsyncEngine, named: Mapping[str, Any]) -> bool:
    """Whether the job is this worker's to do now; waits while another worker is at it, since what is due later comes after."""
    while True:
        taken = await _call(engine, "select app.schedule_job(:job, :tenant, :due)", named)
        if taken is not None:
            return bool(taken)
        await asyncio.sleep(_TICK_SECONDS)


@asynccontextmanager
async def _held(engine: AsyncEngine, named: Mapping[str, Any]) -> AsyncIterator[None]:
    """Renews the lease while the work goes on; gives it back when the work failed."""
    statement = "select app.hold_job(:job, :tenant, :due, :held)"

    async def renew() -> None:
        while True:
            await asyncio.sleep(_RENEW_SECONDS)
            with suppress(Exception):  # a lost connection: the work itself will tell
                await _call(engine, statement, {**named, "held": True})

    renewing = asyncio.create_task(renew())
    try:
        yield
    except BaseException:
        with suppress(Exception):
            await _call(engine, statement, {**named, "held": False})
        raise
    finally:
        renewing.cancel()


class Scheduler:
    """Follows the legal clock and runs what falls due; a move of the demo clock steps through the due instants."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.reached: datetime | None = None
        self.failed: list[tuple[datetime, Job, list[Tenant]]] = []
        self.retry_at = 0.0
        self.day: date | None = None
        self.needs: dict[tuple[object, UUID], bool] = {}

    async def tick(self) -> None:
        async with self.engine.connect() as connection:
            now = (await connection.execute(text("select app.legal_now()"))).scalar_one()
            clock = (await connection.execute(text("select * from app.clock_state()"))).fetchone()
            metrics.queue_age_seconds.set(await connection.scalar(text("select app.queue_age()")) or 0)
        target = clock.target if clock is not None else None
        end = target or now
        start = self.reached or now - timedelta(days=1)
        due = due_instants(start, end)
        tenants = await list_tenants(self.engine) if due else []
        if target is None:
            for instant, job in due:
                await self._run(instant, job, tenants)
        else:
            self.day, self.needs = None, {}
            await self._step(now, worth_stepping(due), tenants)
            await self._advance(target)
        self.reached = end
        metrics.scheduler_seen.set_to_current_time()

    async def _step(self, now: datetime, due: list[tuple[datetime, Job]], tenants: list[Tenant]) -> None:
        """Move the clock from day to day, and within a day to each instant at which somebody has something to do."""
        for instant, job in due:
            begun = local_day(instant) != self.day
            if begun:
                self._next_day(local_day(instant))
            busy = await self._busy(job, tenants)
            if instant > now and (busy or begun):
                await self._advance(instant)
            if busy:
                await self._run(instant, job, busy)

    def _next_day(self, day: date) -> None:
        """Who had something to do is asked again; who had nothing, once a legal month: only people make work, not days."""
        idle = [] if day.day == 1 else [asked for asked, busy in self.needs.items() if not busy]
        self.day, self.needs = day, dict.fromkeys(idle, False)

    async def _busy(self, job: Job, tenants: list[Tenant]) -> list[Tenant]:
        """The tenants for whom a job has something to do."""
        concerned = [tenant for tenant in tenants if tenant.kind in job.kinds]
        needed = job.needed
        if needed is None:
            return concerned
        unasked = [tenant for tenant in concerned if (needed, tenant.id) not in self.needs]
        answers = await asyncio.gather(*(self._asked(job, needed, tenant) for tenant in unasked))
        self.needs.update({(needed, tenant.id): busy for tenant, busy in zip(unasked, answers, strict=True)})
        return [tenant for tenant in concerned if self.needs[needed, tenant.id]]

    async def _asked(self, job: Job, needed: Callable[[Transaction], Awaitable[bool]], tenant: Tenant) -> bool:
        async with transaction(self.engine, _scope(job, tenant), Actor(None, tenant.id)) as tx:
            return await needed(tx)

    async def _run(self, instant: datetime, job: Job, tenants: list[Tenant]) -> None:
        failed = await run_job(self.engine, job, instant, tenants)
        if failed:
            self.failed.append((instant, job, failed))
            self.retry_at = monotonic() + _RETRY_SECONDS

    async def retry(self) -> None:
        """Give what failed another chance, not more often than every half minute."""
        if self.failed and monotonic() >= self.retry_at:
            again, self.failed = self.failed, []
            for instant, job, tenants in again:
                await self._run(instant, job, tenants)

    async def _advance(self, instant: datetime) -> None:
        async with self.engine.connect() as connection:
            await connection.execute(text("select app.advance_clock(:instant)"), {"instant": instant})

    async def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                await self.tick()
                await self.retry()
            except Exception:
                log.exception("scheduler.failed")
            await asyncio.sleep(_TICK_SECONDS)


def run_scheduler(configuration: Settings, stop: threading.Event) -> None:
    assert configuration.database_tasks_url is not None
    url = configuration.database_tasks_url.get_secret_value()

    async def main() -> None:
        engine = make_engine(url, pool_size=6, application="scheduler")
        await Scheduler(engine).run(stop)
        await engine.dispose()

    asyncio.run(main())


def run_worker() -> int:
    """Run until SIGTERM or SIGINT; a killed worker's messages go to the next one within seconds."""
    configuration = settings()
    if not configuration.database_tasks_url:
        raise SettingsError("任务进程须设置 CHENGGUO_DATABASE_TASKS_URL")
    configure_logging()
    metrics.serve_metrics(configuration)
    broker = make_broker(configuration)
    register(broker)
    worker = dramatiq.Worker(broker, worker_threads=configuration.worker_threads, worker_timeout=200)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler = threading.Thread(target=run_scheduler, args=(configuration, stop), daemon=True)
    worker.start()
    scheduler.start()
    log.info("worker.started")
    stop.wait()
    worker.stop(timeout=2_000)
    broker.close()
    return 0
