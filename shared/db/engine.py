"""Engines: one per login, made once per process."""

from typing import Any

import asyncpg
from sqlalchemy import event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.db.serialising import dump_json, load_json

CONNECTION_LOST: tuple[type[Exception], ...] = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
)
"""What the driver raises, beside OSError, while the database is away, stopping, starting or full."""


def make_engine(url: str, *, pool_size: int = 16, application: str = "chengguo") -> AsyncEngine:
    """An asyncpg engine in autocommit: BEGIN and COMMIT are sent by :mod:`shared.db.transaction` alone.

    :param url: ``postgresql://login:password@host/database`` or ``…/database?host=/socket/directory``.
    """
    address = make_url(url).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(
        address,
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=False,
        pool_use_lifo=True,
        json_serializer=dump_json,
        json_deserializer=load_json,
        hide_parameters=True,  # an error's text goes to logs
        connect_args={"server_settings": {"application_name": application}, "statement_cache_size": 512},
    )
    event.listen(engine.sync_engine, "checkout", _still_open)
    return engine


def _still_open(connection: Any, _record: object, _fairy: object) -> None:
    """A connection that the server has closed is replaced on its way out of the pool; this costs no round trip."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
