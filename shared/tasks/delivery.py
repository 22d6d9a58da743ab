"""What keeps every message deliverable when a database or a worker is killed, and values out of the queue.

Delivery is at least once. dramatiq-postgres alone falls short of that in three places: a retry that cannot be enqueued is
dropped while its message is acknowledged; what a consumer had claimed when its connection broke stays claimed as long as
the process lives; and a failed message carries a traceback, which quotes data.
"""

import time
from typing import Any
from uuid import uuid4

import structlog
from dramatiq.broker import Broker, MessageProxy
from dramatiq.errors import BrokerConnectionError
from dramatiq.message import Message
from dramatiq.middleware import Middleware, Retries
from dramatiq_postgres import PostgresBroker
from dramatiq_postgres.broker import QUERIES, PostgresConsumer
from psycopg import InterfaceError, OperationalError

log = structlog.get_logger()
_AGAIN_SECONDS = 0.5
_LOST = (OperationalError, InterfaceError)


class PersistentRetries(Retries):
    """Retries that wait for the database: the message is acknowledged only after its retry stands in the queue."""

    def after_process_message(
        self, broker: Broker, message: MessageProxy, *, result: Any = None, exception: BaseException | None = None
    ) -> None:
        before = message.options.get("retries", 0)
        while True:
            try:
                super().after_process_message(broker, message, result=result, exception=exception)  # type: ignore[no-untyped-call]
            except Exception:
                log.exception("task.retry_waits", task=message.actor_name)
                message.options["retries"] = before
                time.sleep(_AGAIN_SECONDS)
            else:
                return


class WithoutTraces(Middleware):
    """Takes the traceback out of a message before it is stored: exceptions quote the data that they stumble over."""

    def before_enqueue(self, broker: Broker, message: Message[Any], delay: int | None) -> None:
        message.options.pop("traceback", None)

    def before_nack(self, broker: Broker, message: MessageProxy) -> None:
        message.options.pop("traceback", None)


class DurableBroker(PostgresBroker):  # type: ignore[misc]
    """A broker whose consumers each sign in under a name of their own, so that a broken one's messages are taken back."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30000) -> PostgresConsumer:
        return _Consumer(broker=self, queue_name=queue_name, prefetch=prefetch, timeout=timeout)


class _Consumer(PostgresConsumer):  # type: ignore[misc]
    """Claims under its own name. Once it is replaced nobody keeps the name alive, and the messages go to others."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._name = str(uuid4())
        self._beat_at = float("-inf")

    def __next__(self) -> Any:
        if time.monotonic() - self._beat_at >= self.broker.heartbeat_interval:
            self._guarded(self.get_consume_conn(), QUERIES.HEARTBEAT, (self._name,))
            self._beat_at = time.monotonic()
        return super().__next__()

    def claim(self, limit: int) -> None:
        rows = self._guarded(self.get_consume_conn(), QUERIES.CLAIM, (self.queue_name, limit, self._name))
        self.buffer.extend(Message.decode(payload.encode()) for (payload,) in rows)

    def _guarded(self, connection: Any, statement: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        try:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return list(cursor.fetchall()) if cursor.description else []
        except _LOST as error:
            raise BrokerConnectionError(type(error).__name__) from None  # type: ignore[no-untyped-call]

    def ack(self, message: Message[Any]) -> None:
        try:
            super().ack(message)
        except InterfaceError as error:
            raise BrokerConnectionError(type(error).__name__) from None  # type: ignore[no-untyped-call]

    def nack(self, message: Message[Any]) -> None:
        try:
            super().nack(message)
        except InterfaceError as error:
            raise BrokerConnectionError(type(error).__name__) from None  # type: ignore[no-untyped-call]
