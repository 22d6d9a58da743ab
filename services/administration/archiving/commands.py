"""``chengguo tenant export``, ``import`` and ``verify``, with the maintenance login."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.audit.verification import verify_chain
from shared.audit.writing import write_audit
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope, unconfined
from shared.errors import ApplicationError
from shared.ids import NIL
from shared.keys.keyring import Keyring
from shared.settings import settings
from shared.storage.objects import ObjectStore
from tenants.archive.bringing import Checked, bring, check, compare
from tenants.archive.reading import NotArchived, snapshot
from tenants.archive.writing import Written, write_archive
from tenants.registry import organisation

T = TypeVar("T")
_FILE = click.Path(dir_okay=False, path_type=Path)
_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


def _run(work: Callable[[AsyncEngine, ObjectStore, Keyring], Awaitable[T]]) -> T:
    url = settings().database_maintenance_url
    if url is None:
        raise click.ClickException("缺少 CHENGGUO_DATABASE_MAINTENANCE_URL：整体导出和导入须用维护账号")

    async def main() -> T:
        engine = make_engine(url.get_secret_value(), pool_size=2, application="command")
        try:
            return await work(engine, ObjectStore(settings()), Keyring(settings().key_directory))
        finally:
            await engine.dispose()

    try:
        return asyncio.run(main())
    except ApplicationError as error:
        raise click.ClickException(error.message) from error


@click.command("export")
@click.argument("named")
@click.argument("file", type=_FILE)
def export_tenant(named: str, file: Path) -> None:
    """把一个科研单位的全部数据导出为一个档案。NAMED 为别名或编号。

    请先暂停该单位（chengguo tenant suspend），档案才是最后的状态。
    """

    async def work(engine: AsyncEngine, objects: ObjectStore, keyring: Keyring) -> Written:
        tenant_id = await _tenant_named(engine, named)
        partial = file.with_name(file.name + ".part")
        async with snapshot(engine, tenant_id) as moment:
            with partial.open("wb") as target:
                written = await write_archive(moment, objects, keyring, target)
        partial.rename(file)
        await _note(engine, "organisation.export", written.manifest)
        return written

    _tell(_run(work).total)
    click.echo(f"已导出到 {file}")


@click.command("import")
@click.argument("file", type=_EXISTING)
def import_tenant(file: Path) -> None:
    """把档案中的单位导入本平台：先核对全部校验和，要么全部导入，要么什么都不改；可以重复执行。"""

    async def work(engine: AsyncEngine, objects: ObjectStore, keyring: Keyring) -> tuple[bool, Checked]:
        archive = check(file)
        done = await bring(engine, objects, keyring, archive)
        if done:
            await _note(engine, "organisation.import", archive.manifest)
        return done, archive

    done, archive = _run(work)
    _tell(archive.manifest["total"])
    name = archive.manifest["tenant"]["name"]
    click.echo(f"{name}：" + ("已导入。核对：chengguo tenant verify" if done else "已在本平台，内容一致，没有变化"))


@click.command("verify")
@click.argument("file", type=_EXISTING)
def verify_tenant(file: Path) -> None:
    """从本平台的数据库和文件存储重新计算校验和，与档案逐项比较，并验证操作日志的封存链；有不符时退出码为 1。"""

    async def work(engine: AsyncEngine, objects: ObjectStore, keyring: Keyring) -> tuple[Checked, list[str]]:
        archive = check(file)
        faults = [f"内容不同：{name}" for name in await compare(engine, objects, keyring, archive)]
        scope = Scope("", archive.tenant_id, NIL, archive.tenant_id, archive.tenant_id)
        async with unconfined(engine, scope, Actor(None, NIL)) as tx:
            chain = await verify_chain(tx, keyring)
        return archive, [*faults, *(f"操作日志第 {fault.number} 条：{fault.message}" for fault in chain.faults)]

    archive, faults = _run(work)
    _tell(archive.manifest["total"])
    for fault in faults:
        click.echo(f"  {fault}", err=True)
    click.echo("不一致" if faults else "一致")
    if faults:
        raise click.exceptions.Exit(1)


def _tell(total: dict[str, Any]) -> None:
    click.echo(f"{total['members']} 个部分\t{total['rows']} 行\t{total['bytes']} 字节\t总校验和 {total['sha256']}")


async def _tenant_named(engine: AsyncEngine, named: str) -> UUID:
    async with engine.connect() as connection:
        found = await connection.scalar(
            text("select id from app.tenant_directory where alias = :named or id::text = :named"), {"named": named}
        )
    if found is None:
        raise NotArchived(f"没有单位“{named}”")
    return UUID(str(found))


async def _note(engine: AsyncEngine, action: str, manifest: dict[str, Any]) -> None:
    """The act in the log of the province's operator, where there is one yet."""
    tenant = manifest["tenant"]
    province_id = UUID(tenant["province_id"])
    async with unconfined(
        engine, Scope("", NIL, province_id, NIL, NIL), Actor(None, NIL, address="command line")
    ) as tx:
        operator = await tx.scalar(
            select(organisation.c.id).where(
                organisation.c.province_id == province_id, organisation.c.kind == "operator"
            )
        )
        if operator is None:
            return
        tx.scope = Scope("", operator, province_id, operator, operator)
        tx.actor = Actor(None, operator, address="command line")
        details = {"rows": manifest["total"]["rows"], "sha256": manifest["total"]["sha256"]}
        await write_audit(tx, action, "organisation", UUID(tenant["id"]), details=details)


ARCHIVE = (export_tenant, import_tenant, verify_tenant)
