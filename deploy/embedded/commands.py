"""`chengguo backup` and `chengguo restore`, for the embedded set-up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from deploy.embedded.errors import PartFailureError

_DATA = click.option(
    "--data", type=click.Path(path_type=Path), default=Path(".data"), show_default=True, help="数据目录"
)
_FOLDER = click.argument("folder", type=click.Path(path_type=Path))


@click.command()
@_FOLDER
@_DATA
def backup(folder: Path, data: Path) -> None:
    """把数据库、文件和密钥备份到 FOLDER；不存在或为空的目录，运行中也可备份。内含密钥，请妥善保管。"""
    from deploy.embedded.backup import back_up

    try:
        made = back_up(data, folder)
    except PartFailureError as failure:
        _fail("备份", failure)
    rows = sum(counted.rows for counted in made.tables.values())
    click.echo(f"备份完成：{folder}（{len(made.tables)} 张表 {rows} 行，{made.objects} 个对象，结构 {made.revision}）")


@click.command()
@_FOLDER
@_DATA
def restore(folder: Path, data: Path) -> None:
    """把 FOLDER 中的备份恢复到不存在或为空的数据目录；逐表、逐个对象核对，不符则什么都不留下。"""
    from deploy.embedded.restore import restore as run

    try:
        made = run(folder, data)
    except PartFailureError as failure:
        _fail("恢复", failure)
    rows = sum(counted.rows for counted in made.tables.values())
    click.echo(f"恢复完成：{data}（{len(made.tables)} 张表 {rows} 行，{made.objects} 个对象，均与备份清单一致）")


def _fail(what: str, failure: PartFailureError) -> NoReturn:
    click.echo(f"{what}失败：{failure.message}", err=True)
    if failure.remedy:
        click.echo(f"处理办法：{failure.remedy}", err=True)
    sys.exit(1)
