"""The cells, lines and tables of the totals, and the roll-up that they are made of.

A cell that stands for one institution alone and counts 1 or 2 is shown as "<3": whoever knows the institution could tell
the achievement by it. Such cells count in sums, which are exact. On a past day every 1 and 2 is, whoever's they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.ledger.models import department_total, province_total
from services.ledger.past.rolling import totals_then
from services.ledger.points import NOW, Point
from shared.db.transaction import Transaction

SMALL = 3
HIDDEN = "<3"


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
    """Totals by one view. ``columns`` are labels; the sums at the foot are exact.

    ``given`` are the sums of everything where the lines are a part of it.
    """

    view: str
    columns: Sequence[str]
    lines: Sequence[Line]
    at: datetime | None
    given: Sequence[int] | None = None

    @property
    def sums(self) -> Sequence[int]:
        if self.given is not None:
            return self.given
        return [sum(line.cells[place].n for line in self.lines) for place in range(len(self.columns))]

    @property
    def whole(self) -> int:
        return sum(line.total.n for line in self.lines) if self.given is None else sum(self.given)

    @property
    def valued(self) -> bool:
        return any(line.n_valued is not None for line in self.lines)


async def rolled_up(tx: Transaction, dimension: str, point: Point = NOW) -> Sequence[Row[Any]]:
    """The cells of one dimension, added up for the authority's province or department; of a past day, or as known on one,
    without the number of institutions: then a 1 or 2 is always hidden.
    """
    if point.past:
        return await totals_then(tx, dimension, point.day(tx.today), point.known_on)
    if tx.scope.role == "web_science":
        table, scoped = province_total, province_total.c.province_id == tx.province_id
    else:
        table, scoped = department_total, department_total.c.department_id == tx.scope.organisation_id
    return await tx.rows(select(table).where(scoped, table.c.dimension == dimension, table.c.n > 0))


def rolled_up_at(rows: Sequence[Row[Any]]) -> datetime | None:
    """When the newest of the cells was added up; None of a past day."""
    return max((row.rolled_up_at for row in rows if row.rolled_up_at is not None), default=None)
