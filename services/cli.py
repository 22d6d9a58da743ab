"""The ``chengguo`` command."""

import sys
from pathlib import Path

import click

from deploy.embedded.commands import backup, restore
from services.administration.commands import audit
from services.ledger.import_command import import_ledger
from shared.keys.commands import keys
from shared.keys.keyring import KeysMissing
from shared.policy.cli import policy
from shared.settings import SettingsError, settings
from tenants.commands import POLICY, province, tenant


@click.group()
def cli() -> None:
    """成果：职务科技成果赋权与单列管理平台。"""


@cli.command()
@click.option("--port", default=8080, envvar="PORT", show_default=True, help="网页端口")
@click.option("--data", type=click.Path(path_type=Path), default=Path(".data"), show_default=True, help="数据目录")
def demo(port: int, data: Path) -> None:
    """启动演示：数据库、文件存储、演示身份认证、任务进程和网页，一条命令。"""
    from deploy.demo.run import run_demo

    sys.exit(run_demo(port, data))


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


for command in POLICY:
    policy.add_command(command)
for group in (province, tenant, policy, audit, keys, import_ledger, backup, restore):
    cli.add_command(group)


def main() -> None:
    """Entry point of the ``chengguo`` script: settings errors are messages, not tracebacks."""
    try:
        cli()
    except (SettingsError, KeysMissing) as error:
        click.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
