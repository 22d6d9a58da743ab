"""`chengguo import FILE --region R --dry-run`: what an import would do, said to a person or as JSON.

`chengguo import FILE --tenant T --as-of DAY --confirm` does it, for an institution, on the server.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from services.ledger.importing.command import CommandRefused, import_for_tenant
from services.ledger.reading.dry_run import dry_run
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.reasons import message_of
from services.ledger.reading.records import Record
from services.ledger.reading.summary import truth_line
from shared.errors import ApplicationError
from shared.policy import PackError, load_pack


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--region", help="地区代码；只核对时用")
@click.option("--dry-run", "only_look", is_flag=True, help="只核对，不导入；不需要机构")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出")
@click.option("--rows", is_flag=True, help="逐行输出每项成果（JSON Lines）")
@click.option("--tenant", help="导入到哪个机构：编号、代号或全称")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="台账截止日期；文件写明的可以不填")
@click.option("--confirm", is_flag=True, help="核对后直接导入；不加则留待经办人确认")
def import_ledger(
    file: Path,
    region: str | None,
    only_look: bool,
    as_json: bool,
    rows: bool,
    tenant: str | None,
    as_of: datetime | None,
    confirm: bool,
) -> None:
    """核对台账文件 FILE：有多少项可以导入、需要确认、被退回，及其原因；给出机构的，导入其台账。"""
    if tenant and not only_look:
        _import(file, tenant, as_of.date() if as_of else None, confirm)
        return
    if not only_look or not region:
        raise click.UsageError("只核对：--region 地区 --dry-run；导入：--tenant 机构 [--as-of 日期] [--confirm]。")
    _look(file, region, as_json, rows)


def _import(file: Path, tenant: str, as_of: date | None, confirm: bool) -> None:
    try:
        import_for_tenant(file, tenant, as_of, click.echo, confirm=confirm)
    except CommandRefused as refused:
        raise click.ClickException(str(refused)) from refused
    except ApplicationError as error:
        raise click.ClickException(error.message) from error


def _look(file: Path, region: str, as_json: bool, rows: bool) -> None:
    profile = _profile(region)
    each: Callable[[Record], None] | None = _print_row if rows else None
    try:
        answer = dry_run(file.read_bytes(), file.name, profile, each=each)
    except ApplicationError as error:
        if as_json:
            click.echo(json.dumps({"code": getattr(error, "code", ""), "message": error.message}, ensure_ascii=False))
            raise click.exceptions.Exit(1) from error
        raise click.ClickException(error.message) from error
    if rows:
        return
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        _print_summary(answer)


def _profile(region: str) -> LedgerProfile:
    try:
        return LedgerProfile.from_pack(load_pack(region))
    except (PackError, KeyError, FileNotFoundError) as error:
        raise click.ClickException(f"没有地区 {region} 的政策包") from error


def _print_row(record: Record) -> None:
    click.echo(json.dumps(truth_line(record), ensure_ascii=False))


def _print_summary(answer: dict[str, Any]) -> None:
    click.echo(f"{answer['file']}　单位：{answer['unit'] or '未写明'}　填报日期：{answer['report_date'] or '未写明'}")
    click.echo(
        f"共 {answer['rows_total']} 项：可导入 {answer['rows_valid']}，需确认 {answer['rows_needing_a_human_count']}，"
        f"退回 {answer['rows_refused_count']}；可导入的金额合计 {answer['sum_value_yuan_of_clean_rows']} 元"
    )
    for title, key in (("退回", "rows_refused"), ("需确认", "rows_needing_a_human")):
        for told in answer[key]:
            place = f"“{told['sheet']}”第{told['row']}行{told['column']}列"
            click.echo(f"{title}　{place}　{told['field']}：{message_of(told['reason'])}")
