"""``chengguo keys``: the installation's signing and session keys."""

import click

from shared.keys.keyring import PURPOSES, Keyring
from shared.settings import settings

_LABELS = {"audit": "操作日志检查点", "notice": "公示证明", "list": "公开清单"}


@click.group()
def keys() -> None:
    """签名密钥与会话密钥。"""


@keys.command("create")
def create() -> None:
    """生成缺少的密钥；已有的不动。"""
    ring = Keyring.create(settings().key_directory)
    click.echo(f"密钥目录 {ring.folder}")


@keys.command("list")
def show() -> None:
    """列出全部公钥（含已更换的），用于脱离平台验证签名。"""
    ring = Keyring(settings().key_directory)
    for purpose in PURPOSES:
        for key_id, public in ring.public_keys(purpose).items():
            click.echo(f"{_LABELS[purpose]}\t{key_id}\t{public}")


@keys.command("rotate")
@click.argument("purpose", type=click.Choice(PURPOSES))
def rotate(purpose: str) -> None:
    """更换一种签名密钥；旧公钥继续公布，旧签名仍可验证。"""
    key = Keyring(settings().key_directory).rotate(purpose)
    click.echo(f"{_LABELS[purpose]}：新密钥 {key.key_id}")
