"""The worker process: task modules, the scheduler, and the one table of scheduled jobs."""

import asyncio
import signal
import threading
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from time import monotonic

import dramatiq
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.administration.policy import tasks as policy_tasks
from services.home.tasks import deliver_outbox
from services.ledger.importing import tasks as importing_tasks
from services.ledger.tasks import roll_up_totals
from services.notices.tasks import check_notices, close_notices
from shared.audit.sealing import sweep_audit
from shared.clock import SHANGHAI, local_day
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope
from shared.observability import metrics
from shared.observability.logging import configure_logging
from shared.settings import Settings, SettingsError, settings
from shared.tasks.broker import Task, make_broker, register
from tenants.registry import KINDS, Tenant, list_tenants
from tenants.upkeep import forget_keys

log = structlog.get_logger()
# Imported for the tasks that they declare, which verbs ask for by name.
ASKED_BY_NAME = (importing_tasks, policy_tasks)
_TICK_SECONDS = 1.0
_RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """A scheduled job: runs for every tenant of its kinds, daily at a legal time of day in Asia/Shanghai."""

    name: str
    task: Task
    at: time
    kinds: frozenset[str]
    role: str = "worker"


def jobs() -> tuple[Job, ...]:
    """The one table of scheduled jobs, in the order in which they run when they are due at the same instant."""
    everybody = frozenset(KINDS)
    institutions = frozenset({"institution"})
    return (
        Job("notices.close", close_notices, time(0, 5), institutions),
        *(Job("notices.check", check_notices, time(hour, 10), institutions) for hour in range(24)),
        Job("home.outbox", deliver_outbox, time(0, 30), everybody),
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
        async with engine.connect() as connection:
            fresh = await connection.scalar(text("select app.schedule_job(:job, :tenant, :due)"), named)
        if not fresh:
            return True
        scope = Scope(job.role, tenant.id, tenant.province_id, tenant.id, tenant.department_id)
        with metrics.job_measured(job.name):
            await job.task.run(engine, scope, Actor(None, tenant.id))
        async with engine.connect() as connection:
            await connection.execute(text("select app.finish_job(:job, :tenant, :due)"), named)
    except Exception:
        log.exception("job.failed", job=job.name, tenant=str(tenant.id))
        return False
    return True


class Scheduler:
    """Follows the legal clock and runs what falls due; a move of the demo clock steps through the due instants."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.reached: datetime | None = None
        self.failed: list[tuple[datetime, Job, list[Tenant]]] = []
        self.retry_at = 0.0

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
        for instant, job in due:
            if target is not None and instant > now:
                await self._advance(instant)
            await self._run(instant, job, tenants)
        if target is not None:
            await self._advance(target)
        self.reached = end
        metrics.scheduler_seen.set_to_current_time()

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
