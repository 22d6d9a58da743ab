"""What a row of the bench is, and how the table is printed. Timings are ratios against a limit measured in the same run."""

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. ``better`` says on which side of the limit the ratio must lie."""

    name: str
    size: str
    ours: float
    baseline: float
    unit: str
    ratio: float
    limit: float
    better: Literal["at least", "at most"]
    note: str = ""

    @property
    def holds(self) -> bool:
        return self.ratio >= self.limit if self.better == "at least" else self.ratio <= self.limit


def median(measure: Callable[[], float], rounds: int = 3) -> float:
    """The median of three: one round may fall into somebody else's work."""
    return statistics.median(measure() for _ in range(rounds))


def show(rows: list[Row], as_json: bool) -> None:
    if as_json:
        print(json.dumps([{**asdict(row), "holds": row.holds} for row in rows], ensure_ascii=False, indent=1))
        return
    table = Table("row", "size", "ours", "baseline", "unit", "ratio", "limit", "holds", "note")
    for row in rows:
        table.add_row(
            row.name,
            row.size,
            f"{row.ours:,.4g}",
            f"{row.baseline:,.4g}",
            row.unit,
            f"{row.ratio:.3f}",
            f"{row.better} {row.limit}",
            "yes" if row.holds else "NO",
            row.note,
        )
    Console(width=170).print(table)
