"""`chengguo import FILE --region R --dry-run`: what an import would do, said to a person or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from services.ledger.reading.dry_run import dry_run
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.reasons import message_of
from services.ledger.reading.records import Record
from services.ledger.reading.summary import truth_line
from shared.errors import ApplicationError
from shared.policy import PackError, load_pack


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--region", required=True, help="地区代码")
@click.option("--dry-run", "only_look", is_flag=True, help="只核对，不导入；不需要机构")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出")
@click.option("--rows", is_flag=True, help="逐行输出每项成果（JSON Lines）")
def import_ledger(file: Path, region: str, only_look: bool, as_json: bool, rows: bool) -> None:
    """核对台账文件 FILE：有多少项可以导入、需要确认、被退回，及其原因。"""
    if not only_look:
        raise click.UsageError("导入到机构的台账请登录后上传，或调用接口；这里只支持 --dry-run。")
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
