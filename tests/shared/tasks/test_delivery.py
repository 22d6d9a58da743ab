"""Messages outlive what goes wrong: a database that is away when a retry is due, a consumer whose connection breaks."""

import time
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from dramatiq import Message, Worker, actor
from dramatiq.broker import MessageProxy
from dramatiq.brokers.stub import StubBroker
from psycopg import OperationalError

from shared.settings import Settings
from shared.tasks.broker import make_broker
from shared.tasks.delivery import PersistentRetries


class _Flaky(StubBroker):
    """Its database is away for the first tries."""

    def __init__(self, away: int) -> None:
        super().__init__(middleware=[])
        self.away = away
        self.stored: list[dict[str, Any]] = []

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        if self.away:
            self.away -= 1
            raise OperationalError("away")
        self.stored.append(dict(message.options))
        return message


def test_a_retry_waits_until_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.tasks.delivery._AGAIN_SECONDS", 0.01)
    broker = _Flaky(away=3)
    actor(actor_name="work", queue_name="default", broker=broker)(lambda: None)
    message: Message[Any] = Message("default", "work", (), {}, {})
    PersistentRetries(max_retries=5, min_backoff=1).after_process_message(
        broker, MessageProxy(message), exception=ValueError()
    )
    assert [options["retries"] for options in broker.stored] == [1]


def test_what_a_broken_consumer_had_claimed_is_done_by_its_successor(configuration: Settings) -> None:
    assert configuration.database_admin_url
    queue = f"q{uuid4().hex[:12]}"
    done: list[int] = []
    broker = make_broker(configuration)
    work = actor(actor_name=f"work_{queue}", queue_name=queue, broker=broker)(done.append)
    broken = broker.consume(queue, prefetch=10, timeout=100)
    for number in range(5):
        work.send(number)
    first = next(broken)  # claims all five; the other four wait in its buffer and die with it
    assert first is not None
    with psycopg.connect(configuration.database_admin_url.get_secret_value(), autocommit=True) as connection:
        held = connection.execute(
            "select count(*) from app.task_queue where queue_name = %s and state = 'consumed'", [queue]
        ).fetchone()
        assert held == (5,)
        connection.execute("select pg_terminate_backend(%s)", [broken.get_consume_conn().info.backend_pid])
    worker = Worker(broker, queues={queue}, worker_threads=1, worker_timeout=50)
    worker.start()
    try:
        deadline = time.monotonic() + 14
        while sorted(set(done)) != [0, 1, 2, 3, 4]:
            assert time.monotonic() < deadline, done
            time.sleep(0.05)
    finally:
        worker.stop()
        broker.close()
