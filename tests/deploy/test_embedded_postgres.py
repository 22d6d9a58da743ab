"""The embedded database: made once, private, restartable, with the roles the platform stands on."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.embedded.errors import PartFailureError
from deploy.embedded.postgres import EmbeddedPostgres, binaries


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's own folder: as root the server runs as another user, and pytest keeps its folder shut for others.
    with tempfile.TemporaryDirectory(prefix="chengguo-pg-") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def shared_server() -> Iterator[EmbeddedPostgres]:
    with (
        tempfile.TemporaryDirectory(prefix="chengguo-pg-") as folder,
        EmbeddedPostgres(Path(folder) / "db", durable=False) as running,
    ):
        yield running


@pytest.fixture
def server(shared_server: EmbeddedPostgres) -> EmbeddedPostgres:
    shared_server.drop_database("app")
    return shared_server


def test_data_stays_over_a_restart_and_sorts_and_stems_chinese(server: EmbeddedPostgres) -> None:
    server.create_database("app")
    server.execute("create table t (name text)", "insert into t values ('订单管理')", database="app")
    server.stop()
    server.start()
    with psycopg.connect(server.dsn("postgres", "app")) as connection:
        assert connection.execute("select name from t").fetchone() == ("订单管理",)
        grams = connection.execute("create extension pg_trgm; select array_length(show_trgm('订单管理'), 1)")
        assert grams.nextset()
        assert grams.fetchone() == (5,)


def test_logins_are_kept_apart(server: EmbeddedPostgres) -> None:
    server.create_database("app")
    with psycopg.connect(server.dsn("web", "app")) as connection:
        assert connection.execute("select rolinherit from pg_roles where rolname = current_user").fetchone() == (False,)
        connection.execute("set role web_institution")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("set role owner")
    with psycopg.connect(server.dsn("tasks", "app")) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("set role web_institution")
    with psycopg.connect(server.dsn("maintenance", "app")) as connection:
        row = connection.execute("select rolbypassrls, rolsuper from pg_roles where rolname = current_user").fetchone()
        assert row == (True, False)


def test_wrong_password_is_refused_and_secrets_are_private(server: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://web:wrong@/postgres?host={server.socket_dir}")
    keys = server.home / "keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert stat.S_IMODE((keys / "logins.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700


def test_roles_may_be_applied_again(server: EmbeddedPostgres) -> None:
    server.apply_roles()
    with psycopg.connect(server.dsn("web", "postgres")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_killed_postmaster_is_replaced_after_its_backends_are_gone(server: EmbeddedPostgres) -> None:
    session = psycopg.connect(server.dsn("web", "postgres"))
    assert server.process
    server.process.kill()
    server.process.wait()
    server.start()
    with pytest.raises(psycopg.OperationalError):
        session.execute("select 1")
    with psycopg.connect(server.dsn("web", "postgres")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_it_ends_when_its_starter_is_killed(home: Path) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - the child is killed
        server = EmbeddedPostgres(home / "db", durable=False)
        server.start()
        assert server.process
        os.write(writer, str(server.process.pid).encode())
        time.sleep(60)
        os._exit(0)
    postmaster = int(os.read(reader, 20))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{postmaster}").exists():
        assert time.monotonic() < deadline, "the server outlived its starter"
        time.sleep(0.02)


def test_an_interrupted_set_up_leaves_nothing_that_a_start_trips_over(home: Path) -> None:
    (home / "db").mkdir()
    (home / "db" / "pgdata.partial-x").mkdir()
    with EmbeddedPostgres(home / "db", durable=False) as server:
        assert not list(server.home.glob("pgdata.partial-*"))


def test_a_long_path_moves_the_socket(home: Path) -> None:
    with EmbeddedPostgres(home / ("很长的目录" * 10) / "db", durable=False) as server:
        assert server.socket_dir.is_relative_to("/tmp")
        assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
        with psycopg.connect(server.dsn("web", "postgres")) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_data_of_another_version_is_refused_untouched(home: Path) -> None:
    with EmbeddedPostgres(home / "db", durable=False):
        pass
    (home / "db" / "pgdata" / "PG_VERSION").write_text("14\n")
    with pytest.raises(PartFailureError, match="14"):
        EmbeddedPostgres(home / "db", durable=False).start()
    assert (home / "db" / "pgdata" / "PG_VERSION").read_text() == "14\n"


def test_missing_debian_server_names_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("deploy.embedded.postgres.DEBIAN_BINARIES", tmp_path)
    with pytest.raises(PartFailureError, match="apt-get install -y postgresql-15"):
        binaries("15")
