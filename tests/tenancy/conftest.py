"""A database filled for several tenants, and copies of it that tests may spoil."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.embedded.postgres import EmbeddedPostgres
from tests.tenancy.filling import Filling
from tests.tenancy.floors import FLOORS
from tests.tenancy.grounds import Grounds, arrange
from tests.tenancy.schema import read_schema
from tests.web import Site

FILLED = "tenancy_filled"


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled database: the address for each login, and what stands in it."""

    url: Callable[[str], str]
    filling: Filling


Spoiling = Callable[..., AbstractContextManager[Filled]]


@pytest.fixture(scope="session")
def filling(server: EmbeddedPostgres, template: str) -> Filling:
    """The filled database that copies are made from; nobody stays connected to it."""
    made = Filling(read_schema(server.dsn("postgres", template)))
    server.create_database(FILLED, template=template)
    made.fill(server.dsn("maintenance", FILLED))
    return made


@pytest.fixture(scope="session")
def spoiled(server: EmbeddedPostgres, filling: Filling) -> Spoiling:
    """``with spoiled(statement, ...) as filled:`` a copy of the filled database after the statements ran in it."""

    @contextmanager
    def copy(*statements: str) -> Iterator[Filled]:
        name = "tenancy_spoiled"
        server.create_database(name, template=FILLED)
        try:
            server.execute(*statements, database=name)
            yield Filled(partial(_dsn, server, name), filling)
        finally:
            server.drop_database(name)

    return copy


@pytest.fixture(scope="session")
async def grounds(site: Site, maintenance: AsyncEngine, web: AsyncEngine, tasks: AsyncEngine) -> Grounds:
    """Two provinces with one object of every kind for three institutions, in the session's shared database."""
    return await arrange(site, maintenance, web, tasks)


@pytest.fixture(scope="session", params=FLOORS)
def filled(request: pytest.FixtureRequest, server: EmbeddedPostgres, filling: Filling) -> Iterator[Filled]:
    """The filled database as built, without floors, and as a distributed engine may make of it."""
    name = f"tenancy_{request.param}"
    server.create_database(name, template=FILLED)
    server.execute(FLOORS[request.param], database=name)
    yield Filled(partial(_dsn, server, name), filling)
    server.drop_database(name)


def _dsn(server: EmbeddedPostgres, name: str, login: str) -> str:
    return server.dsn(login, name)
