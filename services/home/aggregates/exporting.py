"""The console's workbook: the totals by one view, the contracts of the received reports, how far the reports have come."""

from collections.abc import Sequence
from typing import Any

from services.annual_report.reviewing.deals import Deals
from services.home.aggregates.cells import Table
from services.home.aggregates.queries import VIEWS
from services.home.overview.queries import Standing
from services.ledger.points import Point
from shared.documents.workbook_writing import Style, Styled, WrittenSheet, write_workbook

_FIRST = (30.0,)
_EXACT = "单个单位的 1 或 2 显示为“<3”，仍计入合计；合计都是准确数，以便与各单位报送的数核对"
_EXACT_THEN = "历史某一天的 1 或 2 一律显示为“<3”，仍计入合计；合计都是准确数；各单位按现在的主管部门汇总"
_DEALS_HEAD = ("年度", "已报单位（家）", "合同（项）", "有金额（项）")
_PROGRESS_HEAD = ("报告", "单位类别", "应报", "已报送", "退回修改", "未报送", "报送率", "截止日期")


def workbook(table: Table, report: str, deals: Deals, standings: Sequence[Standing], day: str) -> bytes:
    """Three sheets of the same values as the pages; small cells and years of one unit stay hidden. Money in yuan."""
    return write_workbook(
        [
            _sheet("统计汇总", _totals(table, day), 9),
            _sheet("转化合同", _contracts(report, deals, day), 5 + len(deals.modes)),
            _sheet("报送进度", _progress(standings, day), len(_PROGRESS_HEAD)),
        ]
    )


def past_workbook(table: Table, point: Point, day: str) -> bytes:
    """The totals of a past day; reports and their progress are told as they stand today alone."""
    known = f"，按 {point.known_on} 止的登记" if point.known_on else "，按今天已知的登记"
    rows = _totals(table, f"{day}{known}")
    rows[1] = [rows[1][0].replace(_EXACT, _EXACT_THEN)]
    return write_workbook([_sheet("统计汇总", rows, 9)])


def _sheet(name: str, rows: list[list[Any]], columns: int) -> WrittenSheet:
    return WrittenSheet(name, list(enumerate(rows, 1)), widths=[*_FIRST, *[14.0] * (columns - 1)], neutralise=True)


def _head(labels: Sequence[str]) -> list[Any]:
    return [Styled(label, Style.HEADER) for label in labels]


def _totals(table: Table, day: str) -> list[list[Any]]:
    rows: list[list[Any]] = [
        [Styled(f"单列台账成果，按{VIEWS[table.view]}", Style.TITLE)],
        [f"截至 {day}，单位：项；{_EXACT}"],
        [],
        _head([VIEWS[table.view], *table.columns, "合计", *(["有金额项数", "金额（元）"] if table.valued else [])]),
    ]
    for line in table.lines:
        values: list[Any] = [line.label, *(cell.shown for cell in line.cells), line.total.shown]
        if line.n_valued is not None:
            values += [line.n_valued.shown, None if line.amount is None else Styled(float(line.amount), Style.MONEY)]
        rows.append(values)
    rows.append(["合计", *table.sums, table.whole])
    return rows


def _contracts(report: str, deals: Deals, day: str) -> list[list[Any]]:
    shown = [one for one in deals.years if one.shown]
    alone = "、".join(str(one.year) for one in deals.years if not one.shown)
    note = f"截至 {day} 收到的{report or '年度报告'}；同口径增长只比较两个年度都已报送的单位"
    if alone:
        note += f"；{alone} 年只收到 1 家单位的报告，不在此汇总"
    rows: list[list[Any]] = [
        [Styled("转化合同金额", Style.TITLE)],
        [note],
        [],
        _head([*_DEALS_HEAD, *(f"{label}（元）" for label in deals.modes.values()), "合计（元）", "同口径增长"]),
    ]
    for one in shown:
        amounts = [one.amounts.get(code) for code in deals.modes]
        rows.append(
            [
                one.year, len(one.units), one.contracts, one.valued,
                *(None if amount is None else Styled(float(amount), Style.MONEY) for amount in amounts),
                Styled(float(one.total), Style.MONEY), "—" if one.growth is None else f"{one.growth * 100:+.1f}%",
            ]
        )  # fmt: skip
    return rows


def _progress(standings: Sequence[Standing], day: str) -> list[list[Any]]:
    rows: list[list[Any]] = [
        [Styled("年度报告报送进度，按单位类别", Style.TITLE)],
        [f"截至 {day}，单位：家"],
        [],
        _head(_PROGRESS_HEAD),
    ]
    for one in standings:
        due = one.stage.due.isoformat() if one.stage.due else "尚未公布"
        kinds = [(line.label, line.total, line.filed, line.returned, line.missing) for line in one.counts]
        for label, total, filed, returned, missing in (
            *kinds,
            ("合计", one.total, one.filed, one.returned, one.missing),
        ):
            share = f"{100 * filed / total:.1f}%" if total else "—"
            rows.append([one.title, label, total, filed, returned, missing, share, due])
    return rows
