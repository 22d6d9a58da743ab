"""``chengguo merger``: carries out the mergers whose day has come, with the maintenance login."""

import asyncio

import click

from services.administration.merging.carrying import carry_out_due
from shared.db.engine import make_engine
from shared.keys.keyring import Keyring
from shared.settings import settings
from shared.storage.objects import ObjectStore


@click.group()
def merger() -> None:
    """机构并入：办理到期的并入。"""


@merger.command("run")
def run() -> None:
    """办理并入日期已到、已经确认的并入；可以重复运行，每天一次即可。"""
    url = settings().database_maintenance_url
    if url is None:
        raise click.ClickException("缺少 CHENGGUO_DATABASE_MAINTENANCE_URL：并入须用维护账号")

    async def work() -> tuple[int, int]:
        engine = make_engine(url.get_secret_value(), pool_size=1, application="command")
        try:
            return await carry_out_due(engine, ObjectStore(settings()), Keyring(settings().key_directory))
        finally:
            await engine.dispose()

    done, waiting = asyncio.run(work())
    click.echo(f"办理并入 {done} 项；有未了结事项、等待办理 {waiting} 项")
