"""``chengguo keycloak``: the realm of the installation."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

import click
from keycloak.exceptions import KeycloakError

from shared.errors import ApplicationError
from shared.settings import settings
from shared.storage.objects import ObjectStore
from tenants.keycloak.administration import Administration
from tenants.keycloak.drift import CODE, as_code, drift
from tenants.keycloak.opening import Opened, Opening, open_tenant

T = TypeVar("T")
AGAIN = "。已完成的步骤保留；排除故障后重新执行同一条命令即可"


def told(error: KeycloakError) -> str:
    """What the realm answered, in one line."""
    status = f"（{error.response_code}）" if error.response_code else ""
    said = error.error_message
    return f"统一身份认证没有办成{status}：{said.decode(errors='replace') if isinstance(said, bytes) else said}"


def at_keycloak(work: Awaitable[T], advice: str = "") -> T:
    """Run something at the realm; what cannot be done is a message, not a traceback."""

    async def main() -> T:
        return await work

    try:
        return asyncio.run(main())
    except KeycloakError as error:
        raise click.ClickException(told(error) + advice) from error
    except ApplicationError as error:
        raise click.ClickException(error.message + advice) from error


def open_beyond_the_registry(wanted: Opening) -> Opened | None:
    """What of a tenant stands outside the database: its part of the object store, and its organization at the provider.

    Says each step that is done. Where no service account is set, it says what is to be done there by hand, and returns None.
    """
    try:
        _try_storage(ObjectStore(settings()), wanted)
    except ApplicationError as error:
        raise click.ClickException(f"{error.message}{AGAIN}") from error
    click.echo("  ✓ 文件存储")
    if not settings().keycloak_secret.get_secret_value():
        click.echo(f"请在统一身份认证中建立组织 {wanted.alias}，并把其属性 tenant 设为 {wanted.tenant_id}")
        return None

    async def work() -> Opened:
        return await open_tenant(Administration(settings()), wanted, lambda done: click.echo(f"  ✓ {done}"))

    opened = at_keycloak(work(), AGAIN)
    if opened.password:
        click.echo(f"首位管理员的初始口令（只显示这一次，首次登录须更换）：{opened.password}")
    return opened


def _try_storage(store: ObjectStore, wanted: Opening) -> None:
    """A prefix comes to be with its first object: one is written, read and removed.

    :raises Unavailable: the store is away, or does not let this prefix be written.
    """
    digest = store.put_now(wanted.tenant_id, wanted.tenant_id.bytes)
    store.get_now(wanted.tenant_id, digest)
    store.remove_now(wanted.tenant_id, digest)


@click.group()
def keycloak() -> None:
    """统一身份认证：比对运行中的配置与代码。"""


@keycloak.command("drift")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=CODE, show_default=True)
def show_drift(file: Path) -> None:
    """逐项列出运行中的 realm 与代码不一致之处；有不一致时退出码为 1。"""

    async def work() -> int:
        found = await drift(Administration(settings()), as_code(settings(), file))
        for one in found:
            click.echo(f"{one.place}\n  代码：{one.code or '（无）'}\n  实际：{one.running or '（无）'}")
        click.echo(f"{len(found)} 处不一致" if found else "与代码一致")
        return len(found)

    if at_keycloak(work()):
        raise click.exceptions.Exit(1)
