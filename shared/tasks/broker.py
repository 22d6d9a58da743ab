"""The queue: dramatiq on PostgreSQL, entered only by a message that says for whom it works.

Web transactions enqueue through ``app.enqueue`` in their own transaction: a message exists if and only if the change that
asked for it was committed. Delivery is at least once, so every task may run twice.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, Concatenate, ParamSpec
from uuid import UUID, uuid4

import dramatiq
import structlog
from dramatiq.middleware import AgeLimit, AsyncIO, Callbacks, CurrentMessage, ShutdownNotifications, TimeLimit
from dramatiq_postgres import PostgresBroker
from psycopg_pool import ConnectionPool
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import real_now
from shared.db.engine import make_engine
from shared.db.serialising import dump_json
from shared.db.transaction import Actor, Scope, Transaction, transaction
from shared.ids import NIL, named_id
from shared.observability.metrics import task_measured
from shared.settings import Settings, settings
from shared.tasks.delivery import DurableBroker, PersistentRetries, WithoutTraces

log = structlog.get_logger()
P = ParamSpec("P")
QUEUES = ("default", "import")
_HOUR_MS = 3_600_000
_PUT_OFF_SECONDS = 60

_engine: AsyncEngine | None = None
_engine_lock = threading.Lock()


def make_broker(configuration: Settings) -> PostgresBroker:
    """The broker of a worker process; also set as dramatiq's global broker."""
    assert configuration.database_tasks_url is not None
    size = 2 * len(QUEUES) + 1 + configuration.worker_threads + 2
    pool = ConnectionPool(
        configuration.database_tasks_url.get_secret_value(),
        min_size=1,
        max_size=size,
        open=True,
        check=ConnectionPool.check_connection,  # one dead connection after another would cost a growing wait each
    )
    broker = DurableBroker(
        pool=pool,
        results=False,
        schema="app",
        prefix="task_",
        heartbeat_interval=1,
        heartbeat_ttl=4,
        maintenance_interval=1,
        middleware=[
            AgeLimit(),
            TimeLimit(time_limit=_HOUR_MS),
            ShutdownNotifications(),
            Callbacks(),
            PersistentRetries(max_retries=20, min_backoff=500, max_backoff=60_000),
            WithoutTraces(),
            CurrentMessage(),
            AsyncIO(),
        ],
    )
    dramatiq.set_broker(broker)
    return broker


def worker_engine() -> AsyncEngine:
    """The engine of this worker process, made on its event loop at first use."""
    global _engine
    with _engine_lock:
        if _engine is None:
            url = settings().database_tasks_url
            assert url is not None
            _engine = make_engine(url.get_secret_value(), pool_size=settings().worker_threads + 2, application="worker")
        return _engine


async def ask(
    tx: Transaction,
    task_name: str,
    queue: str = "default",
    *,
    delay_seconds: float = 0,
    key: UUID | None = None,
    **payload: Any,
) -> None:
    """Ask for a task by its name, as verbs do, which know no tasks; it exists if and only if the caller commits."""
    await tx.execute(
        # the broker listens on this channel; the notification leaves with the commit
        text(
            "select app.enqueue(:task, cast(:queue as text), cast(:payload as jsonb), :delay, :key), "
            "pg_notify('dramatiq.' || cast(:queue as text) || '.enqueue', '')"
        ),
        {
            "task": task_name,
            "queue": queue,
            "payload": dump_json(
                {**payload, "actor": str(tx.actor.person_id or NIL), "department": str(tx.scope.department_id)}
            ),
            "delay": delay_seconds,
            "key": key or uuid4(),
        },
    )


TASKS: dict[str, "Task"] = {}


class Task:
    """A task as slices see it: a name, a queue, and the coroutine that does one transaction's work.

    The coroutine may answer True: there is more, and it is called again in a transaction of its own. What was committed
    stays when the worker is killed between two calls.

    ``upkeep`` marks what keeps a tenant's own streams in order (sealing, the outbox): it always works as the worker of the
    tenant that the message names, whoever wrote into that stream; ``role`` is its database role. Upkeep goes on while the
    tenant is suspended, and so does what hands out what is there (``while_suspended``); everything else waits.
    """

    def __init__(
        self,
        function: Callable[..., Awaitable[bool | None]],
        queue: str,
        *,
        upkeep: bool = False,
        role: str = "worker",
        while_suspended: bool = False,
    ) -> None:
        self.function = function
        self.name = function.__name__
        self.queue = queue
        self.upkeep = upkeep
        self.role = role
        self.while_suspended = upkeep or while_suspended
        TASKS[self.name] = self

    async def enqueue(
        self, tx: Transaction, *, delay_seconds: float = 0, key: UUID | None = None, **payload: Any
    ) -> None:
        """Ask for this task in the caller's transaction; ``key`` makes asking twice one message while it waits."""
        await ask(tx, self.name, self.queue, delay_seconds=delay_seconds, key=key, **payload)

    async def run(self, engine: AsyncEngine, scope: Scope, actor: Actor, **payload: Any) -> None:
        """Do the task's work, each step in a transaction of its own."""
        more: bool | None = True
        while more:
            async with transaction(engine, scope, actor, regardless=self.while_suspended) as tx:
                more = await self.function(tx, **payload)


def task(
    queue: str = "default", *, upkeep: bool = False, role: str = "worker", while_suspended: bool = False
) -> Callable[[Callable[Concatenate[Transaction, P], Coroutine[Any, Any, bool | None]]], Task]:
    """Declare an actor: ``@task() async def seal_audit(tx, **payload)``."""

    def declare(function: Callable[Concatenate[Transaction, P], Coroutine[Any, Any, bool | None]]) -> Task:
        return Task(function, queue, upkeep=upkeep, role=role, while_suspended=while_suspended)

    return declare


_WINDOW_SECONDS = 2.0


def ask_soon(tx: Transaction, task_name: str, tenant_id: UUID) -> None:
    """Have an upkeep task run for a tenant two to four seconds after this transaction commits; asking often is one message.

    Everybody who writes within the same two seconds shares a message, which becomes due two seconds after they are over:
    a transaction that is about to commit when it asks is then committed when the task looks. What a slower one leaves
    behind is found by the next run or by the task's daily sweep.
    """

    async def ask(closing: Transaction) -> None:
        now = real_now().timestamp()
        window = int(now // _WINDOW_SECONDS)
        await closing.driver.execute(
            "select app.enqueue($1, 'default', $2::jsonb, $3, $4)",
            task_name,
            dump_json({"tenant": str(tenant_id)}),
            (window + 2) * _WINDOW_SECONDS - now,
            named_id("upkeep", task_name, str(tenant_id), str(window)),
        )

    tx.once_before_commit(f"{task_name}/{tenant_id}", ask)


def ask_soon_for_each(tx: Transaction, task_name: str, tenant_ids: Iterable[UUID]) -> None:
    """:func:`ask_soon` for many tenants in one statement; in one order, so that two of them never wait crosswise."""
    tenants = [str(tenant_id) for tenant_id in sorted(set(tenant_ids))]

    async def ask(closing: Transaction) -> None:
        now = real_now().timestamp()
        window = int(now // _WINDOW_SECONDS)
        await closing.execute(
            text(
                "select app.enqueue(:task, 'default', jsonb_build_object('tenant', m.tenant), :delay, m.key) "
                "from unnest(cast(:tenants as text[]), cast(:keys as uuid[])) with ordinality as m (tenant, key, place) "
                "order by m.place"
            ),
            {
                "task": task_name,
                "tenants": tenants,
                "delay": (window + 2) * _WINDOW_SECONDS - now,
                "keys": [named_id("upkeep", task_name, tenant, str(window)) for tenant in tenants],
            },
        )

    if tenants:
        tx.once_before_commit(f"{task_name}/each of {named_id(*tenants)}", ask)


async def ask_later(tx: Transaction, task_name: str, tenant_id: UUID, delay_seconds: int) -> None:
    """Have an upkeep task run for a tenant once more after a delay; asking often within that time is one message."""
    window = int(real_now().timestamp() // delay_seconds)
    await tx.execute(
        text("select app.enqueue(:task, 'default', cast(:payload as jsonb), :delay, :key)"),
        {
            "task": task_name,
            "payload": dump_json({"tenant": str(tenant_id)}),
            "delay": float(delay_seconds),
            "key": named_id("later", task_name, str(tenant_id), str(delay_seconds), str(window)),
        },
    )


async def ask_at(tx: Transaction, task_name: str, tenant_id: UUID, instant: datetime) -> None:
    """Have an upkeep task run for a tenant at a real instant; asking often for the same one is one message."""
    await tx.execute(
        text("select app.enqueue(:task, 'default', cast(:payload as jsonb), :delay, :key)"),
        {
            "task": task_name,
            "payload": dump_json({"tenant": str(tenant_id)}),
            "delay": max(1.0, (instant - real_now()).total_seconds() + 1),
            "key": named_id("at", task_name, str(tenant_id), instant.isoformat()),
        },
    )


def register(broker: PostgresBroker) -> None:
    """Make dramatiq actors of all declared tasks; called once by the worker after the slices are imported."""
    for declared in TASKS.values():
        declare = dramatiq.actor(actor_name=declared.name, queue_name=declared.queue, broker=broker)
        declare(_runner(declared))


def _runner(declared: Task) -> Callable[..., Coroutine[Any, Any, None]]:
    async def run(scope: dict[str, str | None], actor: str = "", department: str = "", **payload: Any) -> None:
        if declared.upkeep:
            entered = replace(await upkeep_scope(worker_engine(), UUID(payload.pop("tenant"))), role=declared.role)
            who = Actor(None, entered.tenant_id)
        else:
            entered, who = entered_as(scope, actor, department)
        if not declared.while_suspended and await is_suspended(worker_engine(), entered.tenant_id):
            await put_off(worker_engine(), declared, entered, who, **payload)
            return
        log.info("task.started", task=declared.name, tenant=str(entered.tenant_id))
        try:
            with task_measured(declared.name):
                await declared.run(worker_engine(), entered, who, **payload)
        except Exception:
            log.exception("task.failed", task=declared.name, tenant=str(entered.tenant_id))
            raise
        log.info("task.done", task=declared.name, tenant=str(entered.tenant_id))

    return run


async def is_suspended(engine: AsyncEngine, tenant_id: UUID) -> bool:
    """Whether a tenant reads only, for now."""
    async with engine.connect() as connection:
        return bool(await connection.scalar(text("select app.is_suspended(:id)"), {"id": tenant_id}))


async def put_off(engine: AsyncEngine, declared: Task, scope: Scope, actor: Actor, **payload: Any) -> None:
    """Put a suspended tenant's task back into the queue, unchanged: it is asked again every minute until it may run."""
    log.info("task.put_off", task=declared.name, tenant=str(scope.tenant_id), code="tenant.suspended")
    async with transaction(engine, scope, actor, regardless=True) as tx:
        await declared.enqueue(tx, delay_seconds=_PUT_OFF_SECONDS, **payload)


def entered_as(scope: dict[str, str | None], actor: str, department: str) -> tuple[Scope, Actor]:
    """Whom a message works for: an authority's job enters with its role, everything else as the worker of its tenant."""
    role = scope.get("role") or "worker"
    if role not in ("web_science", "web_department", "web_finance"):
        role = "worker"
    tenant = UUID(scope.get("tenant") or str(NIL))
    organisation = UUID(scope.get("organisation") or str(tenant))
    person = UUID(actor) if actor else NIL
    entered = Scope(
        role, tenant, UUID(scope.get("province") or str(NIL)), organisation, UUID(department or str(tenant))
    )
    return entered, Actor(None if person == NIL else person, organisation)


async def upkeep_scope(engine: AsyncEngine, tenant_id: UUID) -> Scope:
    """The worker of one tenant, with province and department as registered."""
    async with engine.connect() as connection:
        found = (await connection.execute(text("select * from app.tenant_of(:id)"), {"id": tenant_id})).one()
    return Scope("worker", tenant_id, found.province_id, tenant_id, found.department_id)


async def run_blocking(function: Callable[..., Any], *arguments: Any) -> Any:
    """A blocking call beside the event loop (object store, mail)."""
    return await asyncio.to_thread(function, *arguments)
