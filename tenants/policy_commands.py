"""The parts of ``chengguo policy`` that touch the database: load, versions, propose, confirm, withdraw, revoke, dry-run.

Proposing and confirming are done in the name of a person of the province's science department; who may, is who may reach the
server. The dry run reads every tenant's decisions, so it asks for the maintenance login.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.engine import make_engine
from shared.db.local import pack_in_force
from shared.db.transaction import Actor, Scope, Transaction, transaction, unconfined
from shared.errors import NotFound, Refusal, Unavailable
from shared.ids import NIL
from shared.policy.cli import load_named, read_recorded, tell_dry_run
from shared.policy.commands import Recorded, sources_of
from shared.policy.pack import Pack
from shared.settings import settings
from tenants import activation, provisioning, revocation
from tenants.commands import echo_rows, operating, run
from tenants.packs import governing, list_activations, list_versions, pack_version
from tenants.registry import Province, list_organisations, province
from tenants.rehearsal import next_decisions

T = TypeVar("T")
_DAY = click.DateTime(["%Y-%m-%d"])
_PROVINCE = click.option("--province", "slug", required=True, help="省份的网址名称")
_MISSING = "没有这个版本或提议；chengguo policy versions 列出全部"


@asynccontextmanager
async def deciding(engine: AsyncEngine, slug: str, named: str) -> AsyncIterator[Transaction]:
    """A transaction of a person of the province's science department; of the operator's when it is one of theirs."""
    found = await provisioning.find_province(engine, slug)
    if found.science_id is not None:
        person = await _known(engine, found, found.science_id, named)
        if person is not None:
            scope = Scope("web_science", found.science_id, found.id, found.science_id, found.science_id)
            async with transaction(engine, scope, Actor(person, found.science_id, address="command line")) as tx:
                yield tx
            return
    async with operating(engine, slug, named) as tx:
        yield tx


async def _known(engine: AsyncEngine, found: Province, tenant_id: UUID, named: str) -> UUID | None:
    try:
        return await provisioning.person_named(engine, found.id, tenant_id, named)
    except provisioning.NotProvisioned:
        return None


def _done(outcome: UUID | Refusal | None) -> UUID | None:
    if isinstance(outcome, Refusal):
        raise click.ClickException(outcome.message)
    return outcome


@click.command("load")
@click.argument("pack")
@_PROVINCE
def load_policy(pack: str, slug: str) -> None:
    """检查并载入一个政策包，成为不可更改的版本；同样的文件只有一个版本。

    PACK 为地区代号（平台自带的政策包）或政策包文件夹。有任何问题都不载入，在用的版本不受影响。
    """
    region, sources = pack, None
    if Path(pack, "pack.toml").is_file():
        sources, regions = sources_of(Path(pack))
        region = regions[0]

    async def work(engine: AsyncEngine) -> UUID:
        async with operating(engine, slug) as tx:
            return await activation.load(tx, region, sources)

    click.echo(f"政策规则版本 {run(work)}")


@click.command("propose")
@click.argument("version", type=click.UUID)
@_PROVINCE
@click.option("--from", "effective", type=_DAY, required=True, help="自哪一天起适用")
@click.option("--by", "person", required=True, help="提议人：科技主管部门人员的邮箱、姓名或编号")
def propose_policy(version: UUID, slug: str, effective: Any, person: str) -> None:
    """提议自某日起启用一个版本，并开始试算。"""

    async def work(engine: AsyncEngine) -> UUID | Refusal:
        async with deciding(engine, slug, person) as tx:
            return await _found(activation.propose(tx, version, effective.date()))

    click.echo(f"启用提议 {_done(run(work))}，须由另一人确认")


@click.command("confirm")
@click.argument("proposal", type=click.UUID)
@_PROVINCE
@click.option("--by", "person", required=True, help="确认人：邮箱、姓名或编号，不得是提议人")
def confirm_policy(proposal: UUID, slug: str, person: str) -> None:
    """确认他人的启用提议，政策规则自其日期起适用。"""

    async def work(engine: AsyncEngine) -> Refusal | None:
        async with deciding(engine, slug, person) as tx:
            return await _found(activation.confirm(tx, proposal))

    _done(run(work))
    click.echo("已确认启用")


@click.command("withdraw")
@click.argument("proposal", type=click.UUID)
@_PROVINCE
@click.option("--by", "person", required=True, help="撤回人：邮箱、姓名或编号")
@click.option("--reason", required=True, help="撤回的原因")
def withdraw_policy(proposal: UUID, slug: str, person: str, reason: str) -> None:
    """撤回尚未确认的启用提议。"""

    async def work(engine: AsyncEngine) -> Refusal | None:
        async with deciding(engine, slug, person) as tx:
            return await _found(activation.withdraw(tx, proposal, reason))

    _done(run(work))
    click.echo("已撤回")


@click.command("revoke")
@click.argument("proposal", type=click.UUID)
@_PROVINCE
@click.option("--by", "person", required=True, help="提议人：邮箱、姓名或编号")
@click.option("--reason", required=True, help="撤销的原因")
def revoke_policy(proposal: UUID, slug: str, person: str, reason: str) -> None:
    """提议撤销已确认而尚未生效的启用；须由另一人确认。"""

    async def work(engine: AsyncEngine) -> Refusal | None:
        async with deciding(engine, slug, person) as tx:
            return await _found(revocation.propose_revocation(tx, proposal, reason))

    _done(run(work))
    click.echo("已提议撤销，须由另一人确认；确认以前仍按原定日期启用")


@click.command("confirm-revocation")
@click.argument("proposal", type=click.UUID)
@_PROVINCE
@click.option("--by", "person", required=True, help="确认人：邮箱、姓名或编号，不得是提议撤销的人")
def confirm_revocation_policy(proposal: UUID, slug: str, person: str) -> None:
    """确认他人的撤销提议，该版本不再启用，其日期空出。"""

    async def work(engine: AsyncEngine) -> Refusal | None:
        async with deciding(engine, slug, person) as tx:
            return await _found(revocation.confirm_revocation(tx, proposal))

    _done(run(work))
    click.echo("已撤销")


async def _found(act: Awaitable[T]) -> T:
    try:
        return await act
    except NotFound:
        raise click.ClickException(_MISSING) from None


@click.command("versions")
@_PROVINCE
def show_policy(slug: str) -> None:
    """列出一个省份已载入的版本和启用记录。"""

    async def work(engine: AsyncEngine) -> tuple[list[list[Any]], list[list[Any]]]:
        async with operating(engine, slug) as tx:
            versions = [
                [
                    row.id,
                    row.region,
                    row.version,
                    f"哈希 {row.hash[:12]}",
                    "在用" if row.id == tx.pack_version_id else "",
                ]
                for row in await list_versions(tx)
            ]
            return versions, [
                [row.id, row.version, f"自 {row.effective_on} 起", _state(row)] for row in await list_activations(tx)
            ]

    versions, activations = run(work)
    click.echo("已载入的版本：编号、地区、版本")
    echo_rows(versions)
    click.echo("启用记录：编号、版本、日期、状态")
    echo_rows(activations)


def _state(row: Any) -> str:
    if row.withdrawn_at:
        return "已撤销" if row.confirmed_at else "已撤回"
    if row.revocation_at:
        return "已确认，撤销待确认"
    return "已确认" if row.confirmed_at else "待确认"


@click.command("dry-run")
@click.argument("pack")
@click.option("--province", "slug", default=None, help="用数据库中一个省份已记录的决定试算")
@click.option(
    "--decisions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="不用数据库：每行一个 JSON 的文件",
)
def dry_run_policy(pack: str, slug: str | None, decisions: Path | None) -> None:
    """用另一个政策包重算已记录的决定，只列出结果不同的。

    PACK 为地区代号、政策包文件夹，或已载入版本的编号（须同时给 --province）。
    """
    if (slug is None) == (decisions is None):
        raise click.UsageError("请给出 --province（数据库）或 --decisions（文件）之一")
    if decisions is not None:
        tell_dry_run(load_named(pack), read_recorded(decisions))
        return
    url = settings().database_maintenance_url
    if url is None:
        raise click.ClickException("缺少 CHENGGUO_DATABASE_MAINTENANCE_URL：读取各单位的决定须用维护账号")
    try:
        other, recorded = asyncio.run(_recorded(url.get_secret_value(), pack, str(slug)))
    except (provisioning.NotProvisioned, Unavailable) as error:
        raise click.ClickException(error.message) from error
    tell_dry_run(other, recorded)


async def _recorded(url: str, named: str, slug: str) -> tuple[Pack, list[Recorded]]:
    engine = make_engine(url, pool_size=1, application="command")
    try:
        async with unconfined(engine, Scope("", NIL, NIL, NIL, NIL), Actor(None, NIL)) as tx:
            row = await tx.row(select(province).where(province.c.slug == slug))
            if row is None:
                raise provisioning.NotProvisioned(f"没有省份“{slug}”")
            tx.scope = Scope("", NIL, row.province_id, NIL, NIL)
            pack = await _pack(tx, named, row.mode)
            found: list[Recorded] = []
            for one in await list_organisations(tx):
                tx.scope = Scope("", one.id, row.province_id, one.id, one.id)
                found += await _all_decisions(tx, one.short_name)
            return pack, found
    finally:
        await engine.dispose()


async def _pack(tx: Transaction, named: str, mode: Any) -> Pack:
    """A stored version, or files as they would run in the province: in its mode, by its calendar."""
    stored = pack_version.c.province_id == tx.province_id
    for row in await tx.rows(select(pack_version.c.id).where(stored)):
        if str(row.id) == named:
            return (await governing(tx, row.id)).pack
    pack = load_named(named).with_mode(mode)
    in_force = await tx.scalar(
        select(pack_in_force.c.pack_version_id)
        .where(pack_in_force.c.province_id == tx.province_id)
        .order_by(pack_in_force.c.effective_on.desc())
    )
    return pack.with_calendar((await governing(tx, in_force)).pack.calendar) if in_force else pack


async def _all_decisions(tx: Transaction, name: str) -> list[Recorded]:
    last, found = await next_decisions(tx)
    while last is not None:
        last, some = await next_decisions(tx, *last)
        found += some
    return [replace(one, id=f"{name} {one.id}") for one in found]


POLICY = (
    load_policy,
    propose_policy,
    confirm_policy,
    withdraw_policy,
    revoke_policy,
    confirm_revocation_policy,
    show_policy,
    dry_run_policy,
)
