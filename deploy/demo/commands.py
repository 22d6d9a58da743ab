"""``chengguo training``: the demo's training unit as it was made."""

from __future__ import annotations

import asyncio

import click

from shared.settings import settings


@click.group()
def training() -> None:
    """练习单位：恢复成刚建立时的样子。"""


@training.command("reset")
def reset() -> None:
    """丢弃练习单位里的全部内容，重新建立；可以重复运行。"""
    from deploy.demo.training import reset_all

    configuration = settings()
    configuration.require_demo("练习单位")
    click.echo(f"已恢复 {asyncio.run(reset_all(configuration))} 个练习单位")


@training.command("watch")
def watch() -> None:
    """等待页面上的“恢复原样”，随即执行。"""
    from deploy.demo.training import watch as run

    configuration = settings()
    configuration.require_demo("练习单位")
    asyncio.run(run(configuration))
