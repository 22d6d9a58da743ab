"""Engines: one per login, made once per process."""

from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.db.serialising import dump_json, load_json


def make_engine(url: str, *, pool_size: int = 16, application: str = "chengguo") -> AsyncEngine:
    """An asyncpg engine in autocommit: BEGIN and COMMIT are sent by :mod:`shared.db.transaction` alone.

    :param url: ``postgresql://login:password@host/database`` or ``…/database?host=/socket/directory``.
    """
    address = make_url(url).set(drivername="postgresql+asyncpg")
    return create_async_engine(
        address,
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=False,
        pool_use_lifo=True,
        json_serializer=dump_json,
        json_deserializer=load_json,
        connect_args={"server_settings": {"application_name": application}, "statement_cache_size": 512},
    )
