"""``chengguo province`` and ``chengguo tenant``.

They run on the server with the web login's settings, as the province's operator; who may, is who may reach the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import click
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.audit.writing import write_audit
from shared.db.engine import CONNECTION_LOST, make_engine
from shared.db.transaction import Transaction
from shared.db.unreachable import database_trouble
from shared.errors import ApplicationError, FormInvalid
from shared.ids import new_id
from shared.policy.sources import PackError
from shared.policy.telling import told_all
from shared.settings import settings
from tenants import provisioning, registration
from tenants.keycloak.commands import AGAIN, open_beyond_the_registry
from tenants.keycloak.opening import Opening
from tenants.registry import KINDS, UNIT_KINDS, list_organisations, list_provinces
from tenants.unit_rules import record_unit_rules

T = TypeVar("T")
_FAILED: tuple[type[Exception], ...] = (DBAPIError, *CONNECTION_LOST)
_DAY = click.DateTime(["%Y-%m-%d"])


def run(work: Callable[[AsyncEngine], Awaitable[T]]) -> T:
    """Do something with the web login's engine; what cannot be done is a message, not a traceback."""

    async def main() -> T:
        engine = make_engine(settings().database_web_url.get_secret_value(), pool_size=2, application="command")
        try:
            return await work(engine)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(main())
    except FormInvalid as error:
        raise click.ClickException("；".join(error.errors.values())) from error
    except ApplicationError as error:
        raise click.ClickException(error.message) from error
    except PackError as error:
        raise click.ClickException(told_all(error)) from error
    except OSError as error:
        raise click.ClickException(f"数据库无法连接：{error}") from error
    except _FAILED as error:
        # Of a commit nobody knows whether it was done; the command looks first, so that doing it again does no harm.
        cause = error.orig if isinstance(error, DBAPIError) else error
        trouble = (cause and database_trouble(cause)) or f"数据库没有办成（{type(error).__name__}）"
        raise click.ClickException(f"{trouble}{AGAIN}") from error


def _administrator(command: Callable[..., None]) -> Callable[..., None]:
    """The options that name a unit's first administrator."""
    for option in (
        click.option("--administrator-role", default="", help="首位管理员的角色，默认科研单位为安全管理员"),
        click.option("--administrator-name", default="", help="首位管理员的姓名"),
        click.option("--administrator-email", default="", help="首位管理员的邮箱，登录用；须先核实本人"),
    ):
        command = option(command)
    return command


@asynccontextmanager
async def operating(engine: AsyncEngine, slug: str, person: str = "") -> AsyncIterator[Transaction]:
    """A transaction of a province's operator, as a named person of the operator's where it matters who acts."""
    found = await provisioning.find_province(engine, slug)
    operator = await provisioning.operator_of(engine, found.id)
    who = await provisioning.person_named(engine, found.id, operator, person) if person else None
    async with provisioning.operating(engine, found.id, operator, who) as tx:
        yield tx


def echo_rows(rows: list[list[Any]]) -> None:
    for row in rows:
        click.echo("\t".join(str(value) if value not in (None, "") else "—" for value in row))


@click.group()
def province() -> None:
    """省份：开通、列出、变更。"""


@province.command("create")
@click.option("--region", required=True, help="政策包的地区代号，如 cn-00")
@click.option("--id", "wanted", type=click.UUID, default=None, help="指定编号（迁移时用）")
@click.option("--slug", required=True, help="公开网址中的名称")
@click.option("--name", required=True)
@click.option("--short-name", required=True)
@click.option(
    "--mode",
    type=click.Choice(["enforced", "advisory"]),
    default=None,
    help="不填则按文本：征求意见稿仅供参考，其余强制",
)
@_administrator
def create_province(
    region: str, wanted: UUID | None, slug: str, name: str, short_name: str, mode: str | None, **administrator: Any
) -> None:
    """开通一个省份，连同它的平台运维单位；重复执行只更新名称，缺少运维单位的补建。"""

    async def work(engine: AsyncEngine) -> tuple[UUID, UUID]:
        known = next((one for one in await list_provinces(engine) if one.slug == slug or one.region == region), None)
        if known is not None and (known.slug, known.region) != (slug, region):
            raise provisioning.NotProvisioned("该网址名称或地区代号已被另一省份使用")
        if known is not None and wanted not in (None, known.id):
            raise provisioning.NotProvisioned("该省份已经开通，编号不能更改")
        province_id = known.id if known else wanted or new_id()
        operator = await provisioning.find_operator(engine, province_id) or new_id()
        async with provisioning.operating(engine, province_id, operator) as tx:
            await provisioning.put_province(
                tx, provisioning.NewProvince(province_id, region, slug, name, short_name, mode)
            )
            await provisioning.put_tenant(
                tx,
                provisioning.NewTenant(
                    id=operator,
                    kind="operator",
                    name=f"{name}平台运维",
                    short_name="平台运维",
                    alias=f"{slug}-operator",
                    since=tx.today,
                ),
            )
        return province_id, operator

    province_id, operator = run(work)
    click.echo(f"省份 {name}：编号 {province_id}")
    _open_beyond(slug, Opening(operator, "operator", f"{slug}-operator", f"{name}平台运维", **administrator))


@province.command("list")
def show_provinces() -> None:
    """列出已开通的省份。"""
    echo_rows([[one.slug, one.region, one.name, one.id] for one in run(list_provinces)])


@province.command("change")
@click.argument("slug")
@click.option("--name")
@click.option("--short-name")
@click.option("--mode", type=click.Choice(["enforced", "advisory"]), help="执行或者只提示")
def change_province(slug: str, **changes: Any) -> None:
    """变更一个省份的名称或者执行方式，只写要改的项。"""

    async def work(engine: AsyncEngine) -> None:
        async with operating(engine, slug) as tx:
            given = {name: value for name, value in changes.items() if value is not None}
            await registration.change_province(tx, {**await registration.province_as_typed(tx), **given})

    run(work)
    click.echo(f"{slug}：已变更")


@click.group()
def tenant() -> None:
    """单位：开通、列出、查看、变更、变更主管部门、暂停、恢复，整体导出、导入和核对。"""


@tenant.command("create")
@click.option("--province", "slug", required=True, help="省份的网址名称")
@click.option("--kind", type=click.Choice(sorted(set(KINDS) - {"operator"})), required=True)
@click.option("--unit-kind", type=click.Choice(sorted(UNIT_KINDS)), help="科研单位的类型")
@click.option("--name", required=True)
@click.option("--short-name", required=True)
@click.option("--alias", required=True, help="在统一身份认证中的组织别名")
@click.option("--department", default="", help="行政主管部门的别名或编号（科研单位必填）")
@click.option("--prefix", default=None, help="台账编号前缀")
@click.option("--credit-code", default=None, help="统一社会信用代码")
@click.option("--central", is_flag=True, help="中央驻地方单位")
@click.option("--area", default="", help="所在自治州、市：适用其地方性放假日")
@click.option("--authority", default="", help="其他接收部门在政策包中的代号，如 human_resources")
@click.option("--since", type=_DAY, default=None, help="主管关系起始日期，默认当天")
@click.option("--id", "tenant_id", type=click.UUID, default=None, help="指定编号（迁移时用）")
@click.option("--domain", "domains", multiple=True, help="单位的邮箱域名，可写多次：用本单位统一认证登录的人以此识别")
@_administrator
def create_tenant(
    slug: str,
    kind: str,
    unit_kind: str | None,
    name: str,
    short_name: str,
    alias: str,
    department: str,
    prefix: str | None,
    credit_code: str | None,
    central: bool,
    area: str,
    authority: str,
    since: Any,
    tenant_id: UUID | None,
    domains: tuple[str, ...],
    **administrator: Any,
) -> None:
    """开通一个单位：登记、文件存储、统一身份认证中的角色、组织和首位管理员。

    同一别名再次执行只更新内容；任何一步失败后，重新执行同一条命令即可。
    """
    if kind == "institution" and (unit_kind is None or not prefix):
        raise click.UsageError("科研单位须指定 --unit-kind 和 --prefix")
    sent = {
        "kind": kind,
        "unit_kind": unit_kind,
        "name": name,
        "short_name": short_name,
        "alias": alias,
        "prefix": prefix,
        "credit_code": credit_code,
        "central": central,
        "area": area,
        "authority": authority,
        "department": department,
    }

    async def work(engine: AsyncEngine) -> tuple[UUID, bool]:
        async with operating(engine, slug) as tx:
            sent["since"] = (since.date() if since else tx.today).isoformat()
            known = await provisioning.tenant_by_alias(tx, alias)
            if known is None:
                return (await registration.register(tx, sent, tenant_id=tenant_id)).id, True
            if tenant_id not in (None, known):
                raise provisioning.NotProvisioned(f"别名“{alias}”已属于另一单位")
            return known, await _brought_up_to(tx, known, sent)

    made, changed = run(work)
    click.echo(f"单位 {name}：编号 {made}" + ("" if changed else "（没有变化）"))
    _open_beyond(slug, Opening(made, kind, alias, name, domains, **administrator))


def _open_beyond(slug: str, wanted: Opening) -> None:
    """The steps outside the database, and their entry in the log."""
    opened = open_beyond_the_registry(wanted)
    if opened is None or not opened.writes:
        return
    details = {"identity": opened.organization_id, "administrator": opened.administrator}

    async def note(engine: AsyncEngine) -> None:
        async with operating(engine, slug) as tx:
            await write_audit(tx, "organisation.change", "organisation", wanted.tenant_id, details=details)

    run(note)


async def _brought_up_to(tx: Transaction, known: UUID, sent: dict[str, Any]) -> bool:
    """An organisation that was opened before: what differs is changed, its department from the day that is named."""
    before = (await registration.registered(tx, known)).row
    if before.kind != sent["kind"]:
        raise provisioning.NotProvisioned(f"该单位的类别是{KINDS[before.kind]}，不能更改")
    changed = await registration.change(tx, known, sent)
    if before.kind != "institution" or not sent["department"]:
        return changed
    if await provisioning.tenant_named(tx, sent["department"]) == before.department_id:
        return changed
    await registration.move(tx, known, sent)
    return True


@tenant.command("list")
@click.option("--province", "slug", required=True)
def show_tenants(slug: str) -> None:
    """列出一个省份的单位。"""

    async def work(engine: AsyncEngine) -> list[list[Any]]:
        async with operating(engine, slug) as tx:
            return [
                [row.name, UNIT_KINDS.get(row.unit_kind) or KINDS[row.kind], row.number_prefix, row.state, row.id]
                for row in await list_organisations(tx)
            ]

    echo_rows(run(work))


@tenant.command("show")
@click.option("--province", "slug", required=True)
@click.argument("named")
def show_tenant(slug: str, named: str) -> None:
    """查看一个单位：登记内容和主管关系。NAMED 为别名或编号。"""

    async def work(engine: AsyncEngine) -> list[list[Any]]:
        async with operating(engine, slug) as tx:
            return await provisioning.described(tx, await provisioning.tenant_named(tx, named))

    echo_rows(run(work))


@tenant.command("change")
@click.option("--province", "slug", required=True)
@click.argument("named")
@click.option("--name")
@click.option("--renamed-on", help="更名自哪一天起，如 2026-09-01；不写即更正登记错误，不留曾用名")
@click.option("--short-name")
@click.option("--alias", help="在统一身份认证中的组织别名")
@click.option("--unit-kind", type=click.Choice(sorted(UNIT_KINDS)))
@click.option("--prefix", help="台账编号前缀，只影响以后的编号")
@click.option("--credit-code", help="统一社会信用代码")
@click.option("--area", help="所在自治州、市")
@click.option("--central/--no-central", default=None, help="中央驻地方单位")
def change(slug: str, named: str, **changes: Any) -> None:
    """变更一个单位的登记内容，只写要改的项。NAMED 为别名或编号。"""

    async def work(engine: AsyncEngine) -> bool:
        async with operating(engine, slug) as tx:
            tenant_id = await provisioning.tenant_named(tx, named)
            present = registration.as_typed(await registration.registered(tx, tenant_id))
            given = {name: value for name, value in changes.items() if value is not None}
            return await registration.change(tx, tenant_id, {**present, **given})

    click.echo(f"{named}：{'已变更' if run(work) else '没有变化'}")


@tenant.command("move")
@click.option("--province", "slug", required=True)
@click.argument("named")
@click.option("--department", required=True, help="新的行政主管部门的别名或编号")
@click.option("--since", required=True, help="自哪一天起，如 2026-09-01")
def move(slug: str, named: str, department: str, since: str) -> None:
    """变更一个科研单位的行政主管部门，自所定日期起生效。NAMED 为别名或编号。"""

    async def work(engine: AsyncEngine) -> None:
        async with operating(engine, slug) as tx:
            tenant_id = await provisioning.tenant_named(tx, named)
            await registration.move(tx, tenant_id, {"department": department, "since": since})

    run(work)
    click.echo(f"{named}：自 {since} 起由 {department} 主管")


@tenant.command("rules")
@click.option("--province", "slug", required=True)
@click.argument("named")
@click.argument("codes", nargs=-1)
def unit_rules(slug: str, named: str, codes: tuple[str, ...]) -> None:
    """登记一个科研单位已建立的单位制度，如 management_rules，一次写全。NAMED 为别名或编号。"""

    async def work(engine: AsyncEngine) -> bool:
        async with operating(engine, slug) as tx:
            return await record_unit_rules(tx, await provisioning.tenant_named(tx, named), codes)

    click.echo(f"{named}：{'已登记' if run(work) else '没有变化'}")


@tenant.command("suspend")
@click.option("--province", "slug", required=True)
@click.argument("named")
def suspend(slug: str, named: str) -> None:
    """暂停一个单位：只能查阅和导出，不能办理；已登录的人员不受影响。"""
    _set_active(slug, named, False)


@tenant.command("resume")
@click.option("--province", "slug", required=True)
@click.argument("named")
def resume(slug: str, named: str) -> None:
    """恢复一个单位。"""
    _set_active(slug, named, True)


def _set_active(slug: str, named: str, active: bool) -> None:
    async def work(engine: AsyncEngine) -> None:
        async with operating(engine, slug) as tx:
            await provisioning.set_active(tx, await provisioning.tenant_named(tx, named), active)

    run(work)
    click.echo(f"{named}：{'使用中' if active else '已暂停'}")
