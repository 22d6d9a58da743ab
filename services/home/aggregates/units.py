"""The totals institution by institution: a page of them by name, the largest ones, all of them for the export.

The sums of a page are those of the whole authority, from its roll-up: they need no institution's row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select, tuple_

from services.home.aggregates.cells import Cell, Line, Table, rolled_up, rolled_up_at
from services.ledger.models import ledger_total
from services.ledger.past.rolling import institutions_then
from services.ledger.points import NOW, Point
from services.ledger.rules import Vocabulary
from shared.db.transaction import Transaction
from tenants.registry import organisation

VIEW = "institution"
PAGE_SIZE = 50
TOP = 10


@dataclass(frozen=True, slots=True)
class Turn:
    """One page of institutions by name. ``first`` and ``last`` are the ends of it; None where nothing comes before or after."""

    table: Table
    first: UUID | None
    last: UUID | None


async def page_of(
    tx: Transaction, words: Vocabulary, after: UUID | None = None, before: UUID | None = None, point: Point = NOW
) -> Turn:
    """The institutions after or before one of them, by name; from the first one on for an id that is none."""
    if point.past:
        return await _page_then(tx, words, after, before, point)
    place = (organisation.c.name, organisation.c.id)
    key = await _key(tx, after or before)
    backwards = key is not None and after is None
    statement = _institutions(tx)
    if key is not None:
        statement = statement.where(tuple_(*place) < key if backwards else tuple_(*place) > key)
    order = [column.desc() for column in place] if backwards else list(place)
    found = list(await tx.rows(statement.order_by(*order).limit(PAGE_SIZE + 1)))
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if backwards:
        found.reverse()
    earlier = bool(found) and (more if backwards else key is not None)
    later = bool(found) and (backwards or more)
    return Turn(
        await _table(tx, words, found), found[0].id if earlier else None, found[-1].id if later else None
    )  # fmt: skip


async def largest(tx: Transaction, words: Vocabulary, point: Point = NOW) -> Table:
    """The institutions with the most achievements, the largest first."""
    if point.past:
        whole = await everyone(tx, words, point)
        first = sorted(whole.lines, key=lambda line: -line.total.n)[:TOP]
        return replace(whole, lines=first)
    statement = _institutions(tx).order_by(ledger_total.c.n.desc(), organisation.c.name, organisation.c.id)
    return await _table(tx, words, await tx.rows(statement.limit(TOP)))


async def everyone(tx: Transaction, words: Vocabulary, point: Point = NOW) -> Table:
    """All institutions by name."""
    if point.past:
        return await _everyone_then(tx, words, point)
    return await _table(tx, words, await tx.rows(_institutions(tx).order_by(organisation.c.name, organisation.c.id)))


async def _everyone_then(tx: Transaction, words: Vocabulary, point: Point) -> Table:
    counts: dict[UUID, dict[str, int]] = {}
    named: dict[UUID, Row[Any]] = {}
    for row in await institutions_then(tx, point.day(tx.today), point.known_on):
        named[row.id] = row
        counts.setdefault(row.id, {})[row.status] = row.n
    return _of(words, list(named.values()), counts, await rolled_up(tx, "status", point))


async def _page_then(tx: Transaction, words: Vocabulary, after: UUID | None, before: UUID | None, point: Point) -> Turn:
    """The same of a past day: whoever had nothing then is not among them."""
    whole = await _everyone_then(tx, words, point)
    ids = [line.tenant_id for line in whole.lines]
    start = ids.index(after) + 1 if after in ids else max(ids.index(before) - PAGE_SIZE, 0) if before in ids else 0
    found = whole.lines[start : start + PAGE_SIZE]
    earlier, later = start > 0 and bool(found), start + PAGE_SIZE < len(ids)
    return Turn(
        replace(whole, lines=found), found[0].tenant_id if earlier else None, found[-1].tenant_id if later else None
    )


def _scoped(tx: Transaction) -> ColumnElement[bool]:
    if tx.scope.role == "web_science":
        return ledger_total.c.province_id == tx.province_id
    return ledger_total.c.department_id == tx.scope.organisation_id


def _institutions(tx: Transaction) -> Select[Any]:
    """Who has anything in the ledger, with how much."""
    return (
        select(organisation.c.id, organisation.c.name, ledger_total.c.department_id, ledger_total.c.n)
        .join(
            organisation,
            (organisation.c.id == ledger_total.c.tenant_id)
            & (organisation.c.province_id == ledger_total.c.province_id),
        )
        .where(
            _scoped(tx),
            organisation.c.kind == "institution",
            ledger_total.c.dimension == "all",
            ledger_total.c.n > 0,
        )
    )


async def _key(tx: Transaction, institution_id: UUID | None) -> tuple[str, UUID] | None:
    if institution_id is None:
        return None
    row = await tx.row(
        select(organisation.c.name, organisation.c.id).where(
            organisation.c.id == institution_id, organisation.c.province_id == tx.province_id
        )
    )
    return None if row is None else (row.name, row.id)


async def _table(tx: Transaction, words: Vocabulary, found: Sequence[Row[Any]]) -> Table:
    return _of(words, found, await _counts(tx, [row.id for row in found]), await rolled_up(tx, "status"))


def _of(
    words: Vocabulary, found: Sequence[Row[Any]], counts: Mapping[UUID, Mapping[str, int]], sums: Sequence[Row[Any]]
) -> Table:
    whole = {row.first: row.n for row in sums}
    # a status that the roll-up does not have yet is some seconds old
    known = {*whole, *(code for own in counts.values() for code in own)}
    across = [choice for choice in words.statuses if choice.code in known]
    lines = []
    for row in found:
        own = counts.get(row.id, {})
        cells = [Cell(own.get(choice.code, 0), 1) for choice in across]
        lines.append(
            Line(row.name, cells, Cell(sum(own.values()), 1), tenant_id=row.id, department_id=row.department_id)
        )
    return Table(
        VIEW, [choice.label for choice in across], lines, rolled_up_at(sums), [whole.get(choice.code, 0) for choice in across]
    )  # fmt: skip


async def _counts(tx: Transaction, institutions: Sequence[UUID]) -> Mapping[UUID, dict[str, int]]:
    """What each institution counts by status."""
    counts: dict[UUID, dict[str, int]] = {}
    if institutions:
        for row in await tx.rows(
            select(ledger_total.c.tenant_id, ledger_total.c.first, ledger_total.c.n).where(
                _scoped(tx),
                ledger_total.c.tenant_id.in_(institutions),
                ledger_total.c.dimension == "status",
                ledger_total.c.n > 0,
            )
        ):
            counts.setdefault(row.tenant_id, {})[row.first] = row.n
    return counts
