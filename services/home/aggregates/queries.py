"""What an authority reads of the ledgers: sums per province or per department, and per institution with small cells hidden.

Only totals are read, never a row of a ledger. A cell that stands for one institution alone and counts 1 or 2 is shown as
"<3": whoever knows the institution could tell the achievement by it. Such cells count in sums.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.annual_report.reviewing import queries as reports
from services.annual_report.workflow import year_to_report
from services.ledger.models import department_total, ledger_total, province_total
from services.ledger.rules import Vocabulary, vocabulary
from shared.audit.writing import write_reading_audit
from shared.db.transaction import Transaction
from shared.policy.answer import Citation
from shared.ui.words import of_year
from tenants.packs import governing
from tenants.registry import organisation

SMALL = 3
HIDDEN = "<3"
VIEWS = {
    "type": "成果类型",
    "stage": "成果阶段",
    "status": "转化状态",
    "mode": "转化方式",
    "year": "取得年度",
    "institution": "单位",
}
# What each view counts across its columns: a named pair of the totals, or one dimension with its amounts.
_PAIRS = {"type": "type_status", "year": "status_year"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A count as it may be shown; ``n`` is exact and is for sums alone."""

    n: int
    institutions: int = 2

    @property
    def hidden(self) -> bool:
        return self.institutions == 1 and 0 < self.n < SMALL

    @property
    def shown(self) -> int | str:
        return HIDDEN if self.hidden else self.n

    @property
    def words(self) -> str:
        """As a page writes it."""
        return HIDDEN if self.hidden else f"{self.n:,}"

    @property
    def drawn(self) -> int | None:
        """For a chart, which leaves a hidden cell out."""
        return None if self.hidden else self.n


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table: cells in the order of its columns; amounts in yuan, None where nothing may be said."""

    label: str
    cells: Sequence[Cell]
    total: Cell
    n_valued: Cell | None = None
    amount: Decimal | None = None
    tenant_id: UUID | None = None
    department_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Totals by one view. ``columns`` are labels; the sums at the foot are exact."""

    view: str
    columns: Sequence[str]
    lines: Sequence[Line]
    at: datetime | None

    @property
    def sums(self) -> list[int]:
        return [sum(line.cells[place].n for line in self.lines) for place in range(len(self.columns))]

    @property
    def whole(self) -> int:
        return sum(line.total.n for line in self.lines)

    @property
    def valued(self) -> bool:
        return any(line.n_valued is not None for line in self.lines)


async def rolled_up(tx: Transaction, dimension: str) -> Sequence[Row[Any]]:
    """The cells of one dimension, added up for the authority's province or department."""
    if tx.scope.role == "web_science":
        table, scoped = province_total, province_total.c.province_id == tx.province_id
    else:
        table, scoped = department_total, department_total.c.department_id == tx.scope.organisation_id
    return await tx.rows(select(table).where(scoped, table.c.dimension == dimension, table.c.n > 0))


async def table_by(tx: Transaction, view: str) -> Table:
    """The totals by one of :data:`VIEWS`."""
    words = vocabulary((await governing(tx)).pack)
    if view == "institution":
        return await _by_institution(tx, words)
    if view in _PAIRS:
        return _by_pair(view, await rolled_up(tx, _PAIRS[view]), words)
    rows = await rolled_up(tx, view)
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
    return Table(view, (), lines, _at(rows))


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
    return Table(view, [across[code] for code in shown], lines, _at(rows))


def _line(label: str, cells: Mapping[str, Cell], columns: Sequence[str]) -> Line:
    found = [cells.get(code, Cell(0)) for code in columns]
    # where one hidden cell stands in a line, its sum would tell it
    alone = 1 if sum(cell.n for cell in found) < SMALL and any(cell.hidden for cell in found) else 2
    return Line(label, found, Cell(sum(cell.n for cell in found), alone))


async def _by_institution(tx: Transaction, words: Vocabulary) -> Table:
    """One line per institution of the authority, statuses across; every institution that is shown has it in its log."""
    scoped = (
        ledger_total.c.province_id == tx.province_id
        if tx.scope.role == "web_science"
        else ledger_total.c.department_id == tx.scope.organisation_id
    )
    rows = await tx.rows(
        select(
            ledger_total.c.tenant_id, ledger_total.c.department_id, ledger_total.c.first, ledger_total.c.n,
            organisation.c.name,
        )
        .join(
            organisation,
            (organisation.c.id == ledger_total.c.tenant_id) & (organisation.c.province_id == ledger_total.c.province_id),
        )
        .where(scoped, ledger_total.c.dimension == "status", ledger_total.c.n > 0)
        .order_by(organisation.c.name)
    )  # fmt: skip
    across = {choice.code: choice.label for choice in words.statuses}
    shown = [code for code in across if any(row.first == code for row in rows)]
    units: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        units.setdefault(row.tenant_id, []).append(row)
    lines = []
    for tenant_id, own in units.items():
        counts = {row.first: row.n for row in own}
        cells = [Cell(counts.get(code, 0), 1) for code in shown]
        whole = Cell(sum(counts.values()), 1)
        lines.append(Line(own[0].name, cells, whole, tenant_id=tenant_id, department_id=own[0].department_id))
    return Table("institution", [across[code] for code in shown], lines, None)


async def note_looks(tx: Transaction, table: Table, action: str) -> None:
    """Write into the log of every institution that a table names that an authority looked at its sums."""
    named = [
        (line.tenant_id, line.department_id)
        for line in table.lines
        if line.tenant_id is not None and line.department_id is not None
    ]
    if named:
        await write_reading_audit(tx, action, "ledger_total", named)


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


def _at(rows: Sequence[Row[Any]]) -> datetime | None:
    return max((row.rolled_up_at for row in rows), default=None)


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
