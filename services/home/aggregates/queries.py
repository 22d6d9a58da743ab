"""What an authority reads of the ledgers: sums per province or per department, and per institution with small cells hidden.

Only totals are read, never a row of a ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.annual_report.reviewing import queries as reports
from services.annual_report.workflow import year_to_report
from services.home.aggregates import units
from services.home.aggregates.cells import SMALL, Cell, Line, Table, rolled_up, rolled_up_at
from services.ledger.points import NOW, Point
from services.ledger.rules import Vocabulary, vocabulary
from shared.audit.writing import write_reading_audit
from shared.db.transaction import Transaction
from shared.policy.answer import Citation
from shared.ui.words import of_year
from tenants.pack_days import governing_on

VIEWS = {
    "type": "成果类型",
    "stage": "成果阶段",
    "status": "转化状态",
    "mode": "转化方式",
    "year": "取得年度",
    units.VIEW: "单位",
}
# What each view counts across its columns: a named pair of the totals, or one dimension with its amounts.
_PAIRS = {"type": "type_status", "year": "status_year"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What one page shows: its table; of many institutions the largest ones apart, which the chart is of.

    ``first`` and ``last`` are the ends of a page of institutions; None where none come before or after.
    """

    table: Table
    drawn: Table | None
    top: Table | None = None
    first: UUID | None = None
    last: UUID | None = None


async def shown_by(
    tx: Transaction, view: str, after: UUID | None = None, before: UUID | None = None, point: Point = NOW
) -> Shown:
    """The totals by one of :data:`VIEWS`, institutions a page at a time; today, or as of a past day."""
    if view != units.VIEW:
        table = await table_by(tx, view, point)
        return Shown(table, table)
    words = await _words(tx, point)
    turn = await units.page_of(tx, words, after, before, point)
    if turn.first is not None:
        return Shown(turn.table, None, None, turn.first, turn.last)
    if turn.last is None and len(turn.table.lines) <= units.TOP:
        return Shown(turn.table, turn.table)
    top = await units.largest(tx, words, point)
    return Shown(turn.table, top, top, None, turn.last)


async def _words(tx: Transaction, point: Point) -> Vocabulary:
    """The names of the values, by the pack of the day."""
    return vocabulary((await governing_on(tx, point.as_of)).pack)


async def table_by(tx: Transaction, view: str, point: Point = NOW) -> Table:
    """The totals by one of :data:`VIEWS`, whole; today, or as of a past day."""
    words = await _words(tx, point)
    if view == units.VIEW:
        return await units.everyone(tx, words, point)
    if view in _PAIRS:
        return _by_pair(view, await rolled_up(tx, _PAIRS[view], point), words)
    rows = await rolled_up(tx, view, point)
    order = _order(view, words)
    lines = [
        Line(
            order.get(row.first) or _unnamed(view, row.first),
            (),
            (whole := Cell(row.n, row.institutions)),
            Cell(row.n_valued, row.institutions),
            None if whole.hidden or Cell(row.n_valued, row.institutions).hidden or not row.n_valued else row.sum,
        )
        for row in sorted(rows, key=lambda row: _place(order, row.first))
    ]
    return Table(view, (), lines, rolled_up_at(rows))


def _by_pair(view: str, rows: Sequence[Row[Any]], words: Vocabulary) -> Table:
    """A table of a named pair, statuses across."""
    across = {choice.code: choice.label for choice in words.statuses}
    order = _order(view, words)
    cells: dict[str, dict[str, Cell]] = {}
    for row in rows:
        down, status = (row.second, row.first) if view == "year" else (row.first, row.second)
        cells.setdefault(down, {})[status] = Cell(row.n, row.institutions)
    shown = [code for code in across if any(code in line for line in cells.values())]
    ordered = sorted(cells, key=lambda code: _place(order, code), reverse=False)
    if view == "year":
        ordered = sorted(cells, reverse=True)
    lines = [_line(order.get(code) or _unnamed(view, code), cells[code], shown) for code in ordered]
    return Table(view, [across[code] for code in shown], lines, rolled_up_at(rows))


def _line(label: str, cells: Mapping[str, Cell], columns: Sequence[str]) -> Line:
    found = [cells.get(code, Cell(0)) for code in columns]
    # where one hidden cell stands in a line, its sum would tell it
    alone = 1 if sum(cell.n for cell in found) < SMALL and any(cell.hidden for cell in found) else 2
    return Line(label, found, Cell(sum(cell.n for cell in found), alone))


async def note_looks(tx: Transaction, tables: Sequence[Table], action: str) -> None:
    """Write into the log of every institution that the tables name, once, that an authority looked at its sums."""
    named = {
        line.tenant_id: line.department_id
        for table in tables
        for line in table.lines
        if line.tenant_id is not None and line.department_id is not None
    }
    if named:
        await write_reading_audit(tx, action, "ledger_total", [*named.items()])


def _order(view: str, words: Vocabulary) -> dict[str, str]:
    choices = {"type": words.types, "stage": words.stages, "status": words.statuses, "mode": words.modes}.get(view, ())
    return {choice.code: choice.label for choice in choices}


def _place(order: Mapping[str, str], code: str) -> tuple[int, str]:
    codes = list(order)
    return (codes.index(code) if code in order else len(codes), code)


def _unnamed(view: str, code: str) -> str:
    if not code:
        return "未填写"
    return f"{code} 年" if view == "year" else code


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day until which reports are due: what, when, how it was found, where it is written; how many have filed."""

    label: str
    stage: str
    due_on: date | None
    counted: str
    article: Citation
    filed: int | None
    returned: int | None
    missing: int | None


async def report_deadlines(tx: Transaction) -> list[Deadline]:
    """The due days of the reporting year's reports, with the progress of the units."""
    year = year_to_report(tx.today)
    tallies = await reports.tallies(tx, year)
    found = []
    for form in await reports.forms(tx, year):
        filed, returned = tallies.filed.get(form.code, 0), tallies.returned.get(form.code, 0)
        for stage in form.stages:
            own = stage is form.unit_stage and tallies.units > 0
            found.append(
                Deadline(
                    of_year(form.label, year), stage.label, stage.due, stage.counted, stage.citation,
                    filed if own else None, returned if own else None, tallies.units - filed - returned if own else None,
                )
            )  # fmt: skip
    return found
