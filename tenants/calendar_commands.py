"""``chengguo calendar``: the editable calendar table, as the province's operator."""

from __future__ import annotations

from datetime import date
from typing import Any

import click
from sqlalchemy.ext.asyncio import AsyncEngine

from tenants import calendar as table
from tenants.commands import echo_rows, operating, run


@click.group()
def calendar() -> None:
    """日历：手工登记放假日和调休上班日，标记整年安排完毕。"""


@calendar.command("add")
@click.option("--province", "slug", required=True)
@click.option("--from", "first_day", required=True, help="第一日，如 2027-02-05")
@click.option("--to", "last_day", default="", help="最后一日，默认同第一日")
@click.option(
    "--kind", type=click.Choice(list(table.KINDS)), default="off", show_default=True, help="off 放假，working 上班"
)
@click.option("--name", required=True, help="节日名称，如 春节")
@click.option("--source", required=True, help="依据文件的名称和文号")
@click.option("--area", default="", help="只适用于某一自治州、市")
def add(slug: str, **sent: str) -> None:
    """登记一段放假或者上班的日子；已登记的日子按新的登记。"""

    async def work(engine: AsyncEngine) -> int:
        async with operating(engine, slug) as tx:
            return len((await table.enter_typed(tx, sent)).days)

    click.echo(f"已登记 {run(work)} 天")


@calendar.command("remove")
@click.option("--province", "slug", required=True)
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--area", default="", help="只适用于某一自治州、市的登记")
def remove(slug: str, day: Any, area: str) -> None:
    """取消一天的登记。"""
    when: date = day.date()

    async def work(engine: AsyncEngine) -> None:
        async with operating(engine, slug) as tx:
            await table.remove_day(tx, when, area)

    run(work)
    click.echo(f"已取消 {when}")


@calendar.command("list")
@click.option("--province", "slug", required=True)
@click.option("--year", type=click.IntRange(1949, 2999), default=None)
def show(slug: str, year: int | None) -> None:
    """列出手工登记的日子和已安排的年份；随平台提供的国务院办公厅安排不在其中。"""

    async def work(engine: AsyncEngine) -> tuple[list[list[Any]], list[list[Any]]]:
        async with operating(engine, slug) as tx:
            days = [
                [row.day, table.KINDS[row.working], row.name, row.area or "全省", row.source]
                for row in await table.entered_days(tx, year)
            ]
            years = [[row.year, "整年安排完毕", row.source] for row in await table.arranged_years(tx)]
            return days, years

    days, years = run(work)
    echo_rows(days)
    echo_rows(years)


@calendar.command("year")
@click.option("--province", "slug", required=True)
@click.argument("year", type=int)
@click.option("--source", default="", help="依据文件的名称和文号")
@click.option("--reopen", is_flag=True, help="取消标记")
def mark(slug: str, year: int, source: str, reopen: bool) -> None:
    """标记一个年度已整年安排完毕；此后该年度的周末和平日都可计算。"""
    if not reopen and not source.strip():
        raise click.UsageError("请用 --source 写明依据文件")

    async def work(engine: AsyncEngine) -> None:
        async with operating(engine, slug) as tx:
            await (table.reopen_year(tx, year) if reopen else table.arrange_year(tx, year, source.strip()))

    run(work)
    click.echo(f"{year} 年：{'已取消标记' if reopen else '整年安排完毕'}")
