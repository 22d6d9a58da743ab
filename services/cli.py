"""The ``chengguo`` command."""

import importlib
import sys
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import click

from shared.settings import SettingsError, settings


class Commands(click.Group):
    """Commands of other modules are imported when they are asked for: a server starts without waiting for all of them."""

    def __init__(self, **attributes: Any) -> None:
        self.elsewhere: dict[str, Callable[[], click.Command]] = {}
        super().__init__(**attributes)

    @property
    def commands(self) -> MutableMapping[str, click.Command]:
        """All of them, imported."""
        for name in list(self.elsewhere):
            self.get_command(None, name)
        return self._present

    @commands.setter
    def commands(self, present: MutableMapping[str, click.Command]) -> None:
        self._present = present

    def get_command(self, _: click.Context | None, cmd_name: str) -> click.Command | None:
        if cmd_name in self.elsewhere:
            self._present[cmd_name] = self.elsewhere.pop(cmd_name)()
        return self._present.get(cmd_name)


@click.group(cls=Commands)
def cli() -> None:
    """成果：职务科技成果赋权与单列管理平台。"""


@cli.command()
@click.option("--port", default=8080, envvar="PORT", show_default=True, help="网页端口")
@click.option("--data", type=click.Path(path_type=Path), default=Path(".data"), show_default=True, help="数据目录")
@click.option("--empty", is_flag=True, help="不建演示省份和数据，用来从头开通一个省份")
def demo(port: int, data: Path, empty: bool) -> None:
    """启动演示：数据库、文件存储、演示身份认证、任务进程和网页，一条命令。"""
    from deploy.demo.run import run_demo

    sys.exit(run_demo(port, data, filled=not empty))


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8080, envvar="PORT", show_default=True)
@click.option("--workers", default=1, show_default=True)
def serve(host: str, port: int, workers: int) -> None:
    """启动网页服务。"""
    from services.serving import serve as run

    run(host, port, workers)


@cli.command()
def worker() -> None:
    """启动任务进程。"""
    from services.worker import run_worker

    sys.exit(run_worker())


@cli.command()
def migrate() -> None:
    """把数据库升级到最新结构。"""
    from shared.db.migrating import migrate as run
    from shared.db.migrating import newest_revision

    url = settings().database_admin_url
    if url is None:
        raise click.ClickException("缺少 CHENGGUO_DATABASE_ADMIN_URL：升级数据库结构须用管理员账号")
    run(url.get_secret_value())
    click.echo(f"数据库结构为 {newest_revision()}")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
def requirements(as_json: bool) -> None:
    """哪些要求已由最近一次 make test 中通过的测试证明。"""
    from services.requirements_command import show

    show(as_json)


def _from(module: str, name: str) -> Callable[[], click.Command]:
    def load() -> click.Command:
        found: click.Command = getattr(importlib.import_module(module), name)
        return found

    return load


def _policy() -> click.Command:
    from shared.policy.cli import policy
    from tenants.policy_commands import POLICY

    for command in POLICY:
        policy.add_command(command)
    return policy


def _tenant() -> click.Command:
    importlib.import_module("services.models")  # an archive holds the tables of every slice
    from services.administration.archiving.commands import ARCHIVE
    from tenants.commands import tenant

    for command in ARCHIVE:
        tenant.add_command(command)
    return tenant


cli.elsewhere = {
    "province": _from("tenants.commands", "province"),
    "tenant": _tenant,
    "keycloak": _from("tenants.keycloak.commands", "keycloak"),
    "calendar": _from("tenants.calendar_commands", "calendar"),
    "policy": _policy,
    "audit": _from("services.administration.commands", "audit"),
    "erasure": _from("services.home.erasing.commands", "erasure"),
    "merger": _from("services.administration.merging.commands", "merger"),
    "keys": _from("shared.keys.commands", "keys"),
    "import": _from("services.ledger.import_command", "import_ledger"),
    "training": _from("deploy.demo.commands", "training"),
    "backup": _from("deploy.embedded.commands", "backup"),
    "restore": _from("deploy.embedded.commands", "restore"),
}


def main() -> None:
    """Entry point of the ``chengguo`` script: what a person at the machine can put right is a message, not a traceback."""
    try:
        cli(prog_name="chengguo")
    except SettingsError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except Exception as error:
        message = _told(error)
        if message is None:
            raise
        click.echo(f"Error: {message}", err=True)
        sys.exit(1)


def _told(error: Exception) -> str | None:
    """What missing keys, or a database that is away, refuses or is not migrated, mean to that person; None for a fault of ours."""
    from sqlalchemy.exc import DBAPIError

    from shared.db.unreachable import database_trouble
    from shared.keys.keyring import KeysMissing

    if isinstance(error, KeysMissing):
        return str(error)
    cause = error.orig if isinstance(error, DBAPIError) else error
    return database_trouble(cause) if cause is not None else None


if __name__ == "__main__":
    main()
