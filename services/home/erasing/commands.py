"""``chengguo erasure``: carries out what was ordered and keeps the periods of retention, with the maintenance login."""

import asyncio
from uuid import UUID

import click
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from services.home.erasing import queries, workflow
from services.home.erasing.retention import RETENTION, keep_periods
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope, unconfined
from shared.ids import NIL
from shared.keys.keyring import Keyring
from shared.settings import settings
from shared.storage.objects import ObjectStore


@click.group()
def erasure() -> None:
    """清除：执行已经下达的清除，按保存期限清理。"""


@erasure.command("run")
def run() -> None:
    """执行等待中的清除，再按保存期限清理；可以重复运行，每天一次即可。"""
    url = settings().database_maintenance_url
    if url is None:
        raise click.ClickException("缺少 CHENGGUO_DATABASE_MAINTENANCE_URL：清除须用维护账号")

    async def work() -> tuple[int, int]:
        engine = make_engine(url.get_secret_value(), pool_size=1, application="command")
        try:
            return await carry_out_all(engine, ObjectStore(settings()), Keyring(settings().key_directory))
        finally:
            await engine.dispose()

    orders, past = asyncio.run(work())
    click.echo(f"执行清除 {orders} 项；超过保存期限的内容清理 {past} 项")


@erasure.command("periods")
def periods() -> None:
    """列出保存期限。"""
    for one in RETENTION:
        click.echo(f"{one.what}\t{one.days} 天\t{one.why}")


async def carry_out_all(engine: AsyncEngine, objects: ObjectStore, keyring: Keyring) -> tuple[int, int]:
    """(orders carried out, things past their period); run again it finds nothing more to do."""
    everything = Scope("", NIL, NIL, NIL, NIL)
    async with unconfined(engine, everything, Actor(None, NIL)) as tx:
        waiting = await queries.open_orders(tx)
        tenants = await tx.rows(queries.tenants())
    for row in waiting:
        await _carry_out(engine, objects, keyring, row)
    past = 0
    for tenant in tenants:
        scope = Scope("", tenant.id, tenant.province_id, tenant.id, tenant.department_id)
        async with unconfined(engine, scope, Actor(None, tenant.id)) as tx:
            n, gone = await keep_periods(tx)
        past += n
        await _remove(objects, tenant.id, gone)
    return len(waiting), past


async def _carry_out(engine: AsyncEngine, objects: ObjectStore, keyring: Keyring, row: Row[tuple[object, ...]]) -> None:
    scope = Scope("", row.tenant_id, row.province_id, row.tenant_id, row.department_id)
    who = Actor(None, row.tenant_id)
    async with unconfined(engine, scope, who) as tx:
        gone = await workflow.clean(tx, objects, keyring, row.id)
    if gone is None:
        return
    await _remove(objects, row.tenant_id, gone)
    async with unconfined(engine, scope, who) as tx:
        await workflow.certify(tx, keyring, row.id, len(gone))


async def _remove(objects: ObjectStore, tenant_id: UUID, digests: list[str]) -> None:
    for digest in digests:
        await objects.remove(tenant_id, digest)
