"""How a report is shown: figures by dimension with their sums and chart, texts, hand-overs, alike for both audiences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from litestar import Response
from sqlalchemy import Row

from services.annual_report.figures import COLUMNS, DIMENSIONS, Line
from services.annual_report.payload import lines_of
from shared.ui.words import moment

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EVENTS = {
    "frozen": ("冻结年末数据", "blue"),
    "frozen_again": ("再次冻结（更正）", "orange"),
    "rules_followed": ("改按新的政策版本办理", "blue"),
    "narrative_saved": ("填写文字内容", "secondary"),
    "figures_stated": ("更正报送数", "orange"),
    "submitted": ("报送", "blue"),
    "resubmitted": ("重新报送", "blue"),
    "returned": ("退回修改", "red"),
    "accepted": ("接收", "green"),
    "forwarded": ("汇总上报", "green"),
}
LOOKS = {
    "annual_report.read": "查阅报告",
    "annual_report.read_in_aggregate": "在汇总中查阅",
    "annual_report.export": "下载报告",
}
TONES = {"draft": "secondary", "submitted": "blue", "returned": "red", "accepted": "green", "forwarded": "green"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure; ``counted`` where the institution states another, ``href`` to the rows behind it."""

    value: int
    counted: int | None
    href: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of a table of figures."""

    label: str
    cells: Sequence[Cell]
    line: Line


@dataclass(frozen=True, slots=True)
class Group:
    """The lines of one dimension with their sums; ``stage`` has the declared stage beside, ``deal`` has contracts only."""

    code: str
    label: str
    rows: Sequence[Shown]
    total: Mapping[str, int]
    amount: Any
    n_valued: int


def groups_of(content: Mapping[str, Any], address: str = "") -> list[Group]:
    """The figures by dimension; a dimension that the province's ledger does not keep is left out.

    ``address`` is where the rows behind a frozen figure are shown; empty for an authority, which sees none.
    """
    labels = {f"{one['dimension']}:{one['value']}": one["label"] for one in content["figures"]}
    found = []
    for code, name in DIMENSIONS.items():
        lines = [line for line in lines_of(content) if line.dimension == code]
        if code == "all" or not any(line.value for line in lines):
            continue
        found.append(
            Group(
                code,
                name,
                [Shown(labels[line.key], _cells(line, address), line) for line in lines],
                {column: sum(getattr(line, column) for line in lines) for column in COLUMNS},
                sum((line.amount for line in lines), start=lines[0].amount * 0),
                sum(line.n_valued for line in lines),
            )
        )
    return found


def _cells(line: Line, address: str) -> list[Cell]:
    cells = []
    for name in COLUMNS:
        value = getattr(line, name)
        counted = line.counted[name] if line.counted else value
        shown = line.dimension != "deal" or name in ("added", "closing")
        query = urlencode({"dimension": line.dimension, "value": line.value, "column": name})
        cells.append(
            Cell(
                value,
                counted if counted != value else None,
                f"{address}/rows?{query}" if address and shown and counted else "",
            )
        )
    return cells


def chart_of(group: Group) -> dict[str, Any]:
    """Opening beside closing, value by value, for the chart next to the table."""
    return {
        "kind": "bar-horizontal",
        "categories": [row.label for row in group.rows],
        "series": [
            {"name": COLUMNS["opening"], "data": [row.line.opening for row in group.rows], "tone": "none"},
            {"name": COLUMNS["closing"], "data": [row.line.closing for row in group.rows], "tone": "ok"},
        ],
        "unit": "项",
        "whole": True,
    }


def progress_chart(counts: Sequence[Any]) -> dict[str, Any]:
    """How many units of each kind have filed, were given it back, have not filed (``reviewing.queries.Counted``)."""
    return {
        "kind": "bar-horizontal",
        "stacked": True,
        "whole": True,
        "unit": "家",
        "categories": [one.label for one in counts],
        "series": [
            {"name": "已报送", "data": [one.filed for one in counts], "tone": "ok"},
            {"name": "退回修改", "data": [one.returned for one in counts], "tone": "ret"},
            {"name": "未报送", "data": [one.missing for one in counts], "tone": "none"},
        ],
    }


def handed_over(row: Row[Any]) -> str:
    """When a received report was handed over, and what is out of the ordinary about it."""
    again = f"，第 {row.edition} 次报送" if row.edition > 1 else ""
    return f"{moment(row.submitted_at)} 报送{again}{'，逾期' if row.late == 'true' else ''}"


def xlsx(name: str, made: bytes) -> Response[bytes]:
    """A workbook as a download."""
    return Response(
        made,
        media_type=XLSX,
        headers={"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}", "cache-control": "no-store"},
    )
