"""The command says what a person can put right, without a traceback, and loads only what it runs."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from services.cli import cli, main
from services.serving import require_free
from shared.settings import SettingsError, settings
from tests.conftest import Database

COMMANDS = {"demo", "serve", "worker", "migrate", "tenant", "province", "import", "requirements"}


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


def said_by(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["chengguo", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0), capsys.readouterr().err


def test_every_command_is_explained_in_chinese() -> None:
    assert set(cli.commands) >= COMMANDS
    for name, command in cli.commands.items():
        inner = command.commands.values() if isinstance(command, click.Group) else ()
        for one in (command, *inner):
            assert any("一" <= letter <= "鿿" for letter in one.help or ""), (name, one.name)


def test_starting_a_part_does_not_load_the_other_commands() -> None:
    program = "import sys, services.cli; print([m for m in ('sqlalchemy', 'litestar', 'boto3') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_archive_made_by_command_knows_the_tables_of_every_slice() -> None:
    """In a process of its own: this one has imported all of them."""
    program = (
        "from services.cli import cli; cli.get_command(None, 'tenant'); "
        "from tenants.archive.contents import parts; print(len(parts()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 50


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgresql://web:geheim@127.0.0.1:1/chengguo", "数据库无法连接"),
        ("wrong password", "数据库拒绝登录"),
        ("other database", "没有这个数据库"),
        ("never migrated", "请先运行 chengguo migrate"),
    ],
)
def test_a_database_that_cannot_be_worked_with_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], database: Database, address: str, told: str
) -> None:
    good = database.url("web")
    login, _, rest = good.partition("@")
    address = {
        "wrong password": f"{login.rpartition(':')[0]}:bad@{rest}",
        "other database": good.replace(f"/{database.name}?", "/absent?"),
        "never migrated": good.replace(f"/{database.name}?", "/postgres?"),
    }.get(address, address)
    monkeypatch.setenv("CHENGGUO_MODE", "test")
    monkeypatch.setenv("CHENGGUO_DATABASE_WEB_URL", address)
    code, said = said_by(monkeypatch, capsys, "province", "list")
    assert code == 1
    assert told in said
    assert "Traceback" not in said
    assert "geheim" not in said


def test_migrating_a_database_that_is_away_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHENGGUO_MODE", "test")
    monkeypatch.setenv("CHENGGUO_DATABASE_WEB_URL", "postgresql://web@127.0.0.1:1/chengguo")
    monkeypatch.setenv("CHENGGUO_DATABASE_ADMIN_URL", "postgresql://postgres:geheim@127.0.0.1:1/chengguo")
    code, said = said_by(monkeypatch, capsys, "migrate")
    assert (code, "数据库无法连接" in said) == (1, True)
    assert "geheim" not in said


def test_a_worker_without_its_login_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHENGGUO_MODE", "test")
    monkeypatch.setenv("CHENGGUO_DATABASE_WEB_URL", "postgresql://web@127.0.0.1:1/chengguo")
    monkeypatch.delenv("CHENGGUO_DATABASE_TASKS_URL", raising=False)
    code, said = said_by(monkeypatch, capsys, "worker")
    assert (code, "CHENGGUO_DATABASE_TASKS_URL" in said) == (2, True)


def test_a_taken_port_is_not_shared_with_its_holder() -> None:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(SettingsError, match="已被其他程序占用"):
            require_free("127.0.0.1", port)
    require_free("127.0.0.1", port)
    with pytest.raises(SettingsError, match="无效"):
        require_free("127.0.0.1", 70_000)
