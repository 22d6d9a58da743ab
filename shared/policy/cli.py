"""`chengguo policy …`: check, show, explain, compare and begin policy packs."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import click

from shared.clock import local_day, real_now
from shared.policy import commands, guide
from shared.policy.answer import Mode
from shared.policy.comparing import changes_of
from shared.policy.facts import FactError
from shared.policy.loader import PACKS, load_pack, resolve_pack
from shared.policy.pack import Pack
from shared.policy.skeleton import new_skeleton
from shared.policy.sources import PackError
from shared.policy.telling import told, told_all, told_fact
from shared.policy.words import QUESTIONS, path_in_words, value_in_words

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group()
def policy() -> None:
    """政策包：检查、查看、解释、比较、新建。"""


@policy.command()
@click.argument("path", type=FOLDER, default=PACKS)
def check(path: Path) -> None:
    """检查一个或全部政策包：格式、出处、代码、自带的测试。"""
    problems = commands.check(path)
    for problem in problems:
        click.echo(told(problem), err=True)
    if problems:
        raise click.ClickException(f"共 {len(problems)} 处问题")
    click.echo("检查通过")


@policy.command()
@click.argument("region")
@click.option("--under", default="", help="只看某一部分，如 notices.empowerment")
@click.option("--search", "words", default="", help="按词查找")
def show(region: str, under: str, words: str) -> None:
    """列出政策包的值和出处。"""
    pack = load_named(region)
    rows = commands.search(pack, words) if words else commands.show(pack, under)
    if not rows:
        raise click.ClickException("没有符合条件的值；--under 写代号（如 notices），--search 写词语（如 公示期）")
    last = ""
    for row in rows:
        place = "；".join(f"{one.place}{commands.quoted(one)}" for one in row.citations)
        if place != last:
            click.echo(place)
        last = place
        value = value_in_words(pack, row.path, pack.value(row.path).value)
        click.echo(f"    {path_in_words(pack, row.path)}：{value}    [{row.path}]")


@policy.command()
@click.argument("question")
@click.option("--region", required=True, help="政策包，如 cn")
@click.option("--facts", default="{}", help="事实（JSON，或 @文件名）")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), default=None, help="日期，如 2026-03-17；不写为今天")
@click.option("--mode", type=click.Choice(["enforced", "advisory"]), default=None, help="强制或参考")
def explain(question: str, region: str, facts: str, today: datetime | None, mode: str | None) -> None:
    """回答一个问题，并说明依据和怎样会改变。"""
    pack = load_named(region)
    if mode is not None:
        pack = pack.with_mode(cast(Mode, mode))
    if question not in QUESTIONS:
        asked = "\n".join(f"  {name}    {words}" for name, words in QUESTIONS.items())
        raise click.ClickException(f"没有这个问题：{question}。可以问：\n{asked}")
    try:
        lines = commands.explain(question, _facts(facts), pack, today.date() if today else local_day(real_now()))
    except FactError as error:
        raise click.ClickException(
            f"事实有误：{told_fact(error)}。各问题须给的事实见 shared/policy/README.md 的 Questions 一节"
        ) from None
    click.echo("\n".join(lines))


@policy.command()
@click.argument("before")
@click.argument("after")
def diff(before: str, after: str) -> None:
    """比较两个政策包，逐项列出不同（地区代号，或政策包文件夹）。"""
    old, new = load_named(before), load_named(after)
    clauses = changes_of(old, new, commands.diff(old, new))
    for clause in clauses:
        click.echo(clause.place)
        for quotes in clause.quotes:
            click.echo(
                "  引文\n" + "\n".join(f"    {sign} “{quote}”" for sign, quote in zip("-+", quotes, strict=True))
            )
        for one in clause.values:
            click.echo(
                f"  {one.name}    [{one.path}]\n    - {one.before or '（没有）'}\n    + {one.after or '（没有）'}"
            )
    click.echo(f"{len(clauses)} 个条款，{sum(len(one.values) for one in clauses)} 项取值不同")


@policy.command("dry-run")
@click.argument("pack")
@click.option("--decisions", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=True)
def dry_run(pack: str, decisions: Path) -> None:
    """用另一个政策包重算已记录的决定（每行一个 JSON），只列出不同的。"""
    tell_dry_run(load_named(pack), read_recorded(decisions))


def read_recorded(decisions: Path) -> list[commands.Recorded]:
    """Recorded decisions from a file, one JSON object a line; what is wrong is told with its line."""
    recorded = []
    for number, line in enumerate(decisions.read_text("utf-8").splitlines(), start=1):
        try:
            raw = json.loads(line)
            day = datetime.fromisoformat(raw["today"]).date()
            one = (str(raw["id"]), raw["question"], raw["facts"], day, raw["verdict"], tuple(raw["codes"]))
        except (KeyError, TypeError, ValueError) as error:
            raise click.ClickException(
                f"{decisions}:{number}: 每行应为一个 JSON 对象，含 id、question、facts、today、verdict、codes（{error}）"
            ) from None
        recorded.append(commands.Recorded(*one))
    return recorded


def tell_dry_run(pack: Pack, recorded: list[commands.Recorded]) -> None:
    """The differences, one a line, and their number."""
    changed = commands.dry_run(pack, recorded)
    for one in changed:
        before = commands.told(one.recorded.verdict, one.recorded.codes)
        click.echo(f"{one.recorded.id} {one.recorded.question}: {before} → {commands.told(one.verdict, one.codes)}")
    click.echo(f"{len(recorded)} 项决定，{len(changed)} 项结果不同")


@policy.command()
@click.argument("table", default="")
def keys(table: str) -> None:
    """写政策包时能写什么：不写 TABLE 列出全部表，写表名（如 notices）列出其中能写的值。"""
    if not table:
        for name, words in guide.sections():
            click.echo(f"{name}    {words}")
        return
    try:
        rows = guide.keys_of(table)
    except KeyError:
        raise click.ClickException(f"没有名为 {table} 的表；chengguo policy keys 列出全部") from None
    click.echo('每个值都要有出处：cite = { article = "第几条", quote = "原文" }，个别值写 cites.名称 = { … }')
    for name, words, kind in rows:
        click.echo(f"{name}    {words}    {kind}")


@policy.command()
@click.argument("region")
@click.argument("title")
@click.option("--parent", default="cn", show_default=True, help="继承的政策包")
@click.option("--level", type=click.Choice(["province", "city", "unit"]), default="province", show_default=True)
@click.option("--into", type=FOLDER, default=Path(), help="写到哪个文件夹")
def new(region: str, title: str, parent: str, level: str, into: Path) -> None:
    """新建一个带说明的政策包。"""
    files = new_skeleton(region, title, parent=parent, level=level)
    existing = [name for name in files if (into / name).exists()]
    if existing:
        raise click.ClickException(f"已经存在：{'、'.join(existing)}")
    for name, text in files.items():
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).write_text(text, "utf-8")
        click.echo(str(into / name))


def load_named(name: str) -> Pack:
    """A pack by its region, or from a folder of its files."""
    try:
        if Path(name, "pack.toml").is_file():
            sources, regions = commands.sources_of(Path(name))
            return resolve_pack(regions[0], sources)
        return load_pack(name)
    except PackError as error:
        raise click.ClickException(told_all(error)) from None


def _facts(text: str) -> dict[str, Any]:
    try:
        raw = Path(text[1:]).read_text("utf-8") if text.startswith("@") else text
        facts = json.loads(raw)
    except OSError as error:
        raise click.ClickException(f"读不到事实文件 {text[1:]}：{error.strerror}") from None
    except ValueError as error:
        raise click.ClickException(f"事实不是 JSON：{error}") from None
    if not isinstance(facts, dict):
        raise click.ClickException("事实应为一个 JSON 对象")
    return facts
