"""``chengguo audit``: the log's chain, checked with the maintenance login over every tenant."""

import asyncio
from pathlib import Path
from uuid import UUID

import click
from sqlalchemy import select

from services.dossier import verifier
from shared.audit.tables import audit_entry
from shared.audit.verification import ChainReport, verify_chain
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope, Transaction, unconfined
from shared.ids import NIL
from shared.keys.keyring import Keyring
from shared.settings import settings
from tenants.registry import organisation


@click.group()
def audit() -> None:
    """操作日志：验证封存链。"""


@audit.command("verify")
@click.option("--tenant", "only", type=click.UUID, default=None, help="只验证一个单位（编号）")
def verify(only: UUID | None) -> None:
    """重算每条封存记录和每个签名检查点；发现问题时退出码为 1。"""
    url = settings().database_maintenance_url
    if url is None:
        raise click.ClickException("缺少 CHENGGUO_DATABASE_MAINTENANCE_URL：验证须用维护账号")
    reports = asyncio.run(_verify_all(url.get_secret_value(), only))
    for name, report in reports:
        state = "完好" if report.holds else "有问题"
        click.echo(
            f"{name}\t{state}\t封存 {report.sealed} 条\t待封存 {report.waiting} 条\t检查点 {report.checkpoints} 个"
        )
        for fault in report.faults:
            click.echo(f"  第 {fault.number} 条：{fault.message}" if fault.number else f"  {fault.message}", err=True)
    if not all(report.holds for _, report in reports):
        raise click.exceptions.Exit(1)


@audit.command("verify-file")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", "keys", multiple=True, help="公钥（64 位十六进制）；不给出时用本平台密钥目录中的公钥")
def verify_file(file: Path, keys: tuple[str, ...]) -> None:
    """核验一份决策卷宗，不读数据库；发现问题时退出码为 1。"""
    known = keys or tuple(Keyring(settings().key_directory).public_keys("audit").values())
    told, faults = verifier.report(file.read_bytes(), known)
    for line in told:
        click.echo(line)
    for fault in faults:
        click.echo(f"  {fault}", err=True)
    click.echo("有问题" if faults else "完好")
    if faults:
        raise click.exceptions.Exit(1)


async def _verify_all(url: str, only: UUID | None) -> list[tuple[str, ChainReport]]:
    engine = make_engine(url, pool_size=1, application="command")
    keyring = Keyring(settings().key_directory)
    try:
        async with unconfined(engine, Scope("", NIL, NIL, NIL, NIL), Actor(None, NIL)) as tx:
            found = []
            for tenant_id, name, province_id in await _tenants(tx, only):
                tx.scope = Scope("", tenant_id, province_id, tenant_id, tenant_id)
                found.append((name, await verify_chain(tx, keyring)))
            return found
    finally:
        await engine.dispose()


async def _tenants(tx: Transaction, only: UUID | None) -> list[tuple[UUID, str, UUID]]:
    statement = select(organisation.c.id, organisation.c.name, organisation.c.province_id).where(
        organisation.c.id.in_(select(audit_entry.c.tenant_id).distinct())
    )
    if only is not None:
        statement = statement.where(organisation.c.id == only)
    return [(row.id, row.name, row.province_id) for row in await tx.rows(statement.order_by(organisation.c.name))]
