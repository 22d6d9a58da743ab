"""Which requirement is proved by which passing test: ``chengguo requirements``."""

import csv
import json
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests" / "data" / "requirements.csv"
PROOFS = ROOT / "build" / "requirements.json"


def proved() -> list[dict[str, object]]:
    """One entry per requirement, in the order of the list: id, text, proved, tests.

    The proofs are what the last complete test run wrote; without one, nothing is proved.
    """
    proofs: dict[str, list[str]] = json.loads(PROOFS.read_text("utf-8")) if PROOFS.exists() else {}
    with LIST.open(encoding="utf-8", newline="") as file:
        return [
            {
                "id": row["id"],
                "text": row["requirement"],
                "proved": bool(proofs.get(row["id"])),
                "tests": sorted(proofs.get(row["id"], [])),
            }
            for row in csv.DictReader(file)
        ]


def show(as_json: bool) -> None:
    entries = proved()
    if as_json:
        click.echo(json.dumps(entries, ensure_ascii=False, indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("编号", "要求", "已证明", "测试")
    for entry in entries:
        tests = entry["tests"]
        assert isinstance(tests, list)
        table.add_row(str(entry["id"]), str(entry["text"]), "是" if entry["proved"] else "", "\n".join(tests))
    Console().print(table)
    click.echo(f"共 {len(entries)} 条，已证明 {sum(bool(e['proved']) for e in entries)} 条")
    if not PROOFS.exists():
        click.echo("还没有测试记录：请先运行 make test")
