"""What every test may stand on: a real PostgreSQL built by the migrations, and a small world in it."""

import json
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.embedded.object_store import ObjectStore as EmbeddedObjectStore
from deploy.embedded.postgres import EmbeddedPostgres
from services.app import create_app
from shared.db.engine import make_engine
from shared.db.migrating import migrate
from shared.keys.keyring import Keyring
from shared.settings import Settings, settings
from shared.storage.objects import ObjectStore
from shared.ui.assets import ensure_assets
from tests.web import Site, running_site
from tests.world import World, make_world

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
TEMPLATE = "chengguo_template"


class Database:
    """One test session's database server with its migrated database, and the addresses of its logins."""

    def __init__(self, server: EmbeddedPostgres, name: str) -> None:
        self.server = server
        self.name = name

    def url(self, login: str) -> str:
        return self.server.dsn(login, self.name)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedPostgres]:
    """A server of this session's own; ``CHENGGUO_TEST_POSTGRES=15`` runs Debian's PostgreSQL 15 instead of 18.

    Not under pytest's own folder: another session closes that folder's parents to the server's user.
    """
    folder = Path(tempfile.mkdtemp(prefix="chengguo-tests-"))
    running = EmbeddedPostgres(folder, version=os.environ.get("CHENGGUO_TEST_POSTGRES", "18"), durable=False)
    running.start()
    running.apply_roles()
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template(server: EmbeddedPostgres) -> str:
    """The name of a migrated database that nobody writes to; databases are copied from it."""
    server.create_database(TEMPLATE)
    migrate(server.dsn("postgres", TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def database(server: EmbeddedPostgres, template: str) -> Database:
    """The session's shared database: tests make their own tenants in it and never count across tenants."""
    server.create_database("chengguo", template=template)
    return Database(server, "chengguo")


@pytest.fixture(scope="session")
async def web(database: Database) -> AsyncIterator[AsyncEngine]:
    """The engine of the web login."""
    engine = make_engine(database.url("web"), pool_size=10)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def tasks(database: Database) -> AsyncIterator[AsyncEngine]:
    """The engine of the worker's login."""
    engine = make_engine(database.url("tasks"), pool_size=5)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
async def maintenance(database: Database) -> AsyncIterator[AsyncEngine]:
    """The engine of the maintenance login, which passes row-level security: for arranging and for looking."""
    engine = make_engine(database.url("maintenance"), pool_size=5)
    yield engine
    await engine.dispose()


@pytest.fixture
async def world(maintenance: AsyncEngine, web: AsyncEngine, tasks: AsyncEngine) -> World:
    """A fresh province with authorities and institutions of its own, a pack in force, nobody else's data."""
    return await make_world(maintenance, web, tasks)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back on the whole run comes last."""
    items.sort(key=lambda item: item.path.name == "test_every_route.py")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    report.requirement_ids = [requirement for mark in item.iter_markers("requirement") for requirement in mark.args]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" and report.passed:
        for requirement in getattr(report, "requirement_ids", ()):
            _passed[requirement].append(report.nodeid)


_passed: dict[str, list[str]] = defaultdict(list)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A complete run (``make test``) writes which requirement each passing test proved."""
    target = os.environ.get("CHENGGUO_PROOFS")
    if target and not hasattr(session.config, "workerinput"):
        file = Path(target)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({k: sorted(set(v)) for k, v in sorted(_passed.items())}, indent=1), "utf-8")


@pytest.fixture(scope="session")
def object_store_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A real object store of this session, as settings."""
    store = EmbeddedObjectStore(tmp_path_factory.mktemp("objects"))
    store.start()
    yield {
        "CHENGGUO_OBJECT_STORE_URL": store.endpoint,
        "CHENGGUO_OBJECT_STORE_ACCESS_KEY": store.access_key,
        "CHENGGUO_OBJECT_STORE_SECRET_KEY": store.secret_key,
    }
    store.stop()


@pytest.fixture(scope="session")
def configuration(
    database: Database, object_store_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """Settings of a test installation, in the environment as in production."""
    keys = tmp_path_factory.mktemp("keys")
    Keyring.create(keys)
    environment = {
        "CHENGGUO_MODE": "test",
        "CHENGGUO_PUBLIC_URL": "http://testserver.local",
        "CHENGGUO_DATABASE_WEB_URL": database.url("web"),
        "CHENGGUO_DATABASE_TASKS_URL": database.url("tasks"),
        "CHENGGUO_DATABASE_MAINTENANCE_URL": database.url("maintenance"),
        "CHENGGUO_DATABASE_ADMIN_URL": database.url("postgres"),
        "CHENGGUO_OIDC_ISSUER": "http://127.0.0.1:9/realms/chengguo",
        "CHENGGUO_KEY_DIRECTORY": str(keys),
        **object_store_environment,
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings.cache_clear()
        ObjectStore(settings()).prepare()
        yield settings()
    settings.cache_clear()


@pytest.fixture(scope="session")
async def site(configuration: Settings) -> AsyncIterator[Site]:
    """The whole application in this process, over the session's database."""
    ensure_assets()
    async with running_site(create_app(configuration)) as running:
        yield running
