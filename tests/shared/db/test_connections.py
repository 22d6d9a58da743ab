"""A database that went away and came back is used again at once; whoever asked meanwhile is told to come back."""

import asyncio

import psycopg
from sqlalchemy import text

from shared.db.engine import make_engine
from shared.db.transaction import driver_of
from tests.conftest import Database
from tests.web import Site
from tests.world import World


def end_sessions_of(database: Database, login: str) -> None:
    with psycopg.connect(database.url("postgres"), autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s and datname = %s",
            [login, database.name],
        )


async def test_a_connection_that_the_server_closed_does_not_come_out_of_the_pool_again(database: Database) -> None:
    engine = make_engine(database.url("tasks"), pool_size=2)
    async with engine.connect() as first, engine.connect() as second:
        for connection in (first, second):
            assert await (await driver_of(connection)).fetchval("select 1") == 1
    end_sessions_of(database, "tasks")
    await asyncio.sleep(0.2)  # the driver learns of it from the socket
    for _ in range(3):
        async with engine.connect() as connection:
            assert await (await driver_of(connection)).fetchval("select 1") == 1
    await engine.dispose()


async def test_pages_answer_again_after_every_connection_was_lost(site: Site, world: World, database: Database) -> None:
    visitor = await site.signed_in(world, world.university)
    assert (await visitor.get("/institution/notices")).status_code == 200
    end_sessions_of(database, "web")
    answers = [(await visitor.get("/institution/notices")).status_code for _ in range(12)]
    assert set(answers) <= {200, 503}
    assert answers[-6:] == [200] * 6
    async with world.web.connect() as connection:
        assert await connection.scalar(text("select 1")) == 1
