"""Which achievements are marked on a day, the marks of one achievement, what might want a mark."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select, true

from services.ledger.marking.models import asset_mark
from services.ledger.models import achievement, achievement_right, achievement_version
from services.ledger.points import NOW, Point, held_then
from services.ledger.queries import not_hidden
from shared.db.transaction import Transaction

SEE = "institution:ledger:read"
MARK = "institution:asset:mark"
PAGE_SIZE = 50
EXPORT_AT_MOST = 100_000
_SHOWN = (
    "code", "number", "name", "type", "stage_recognised", "status", "mode", "obtained_on", "obtained_precision",
    "college", "rights",
)  # fmt: skip


_END = ("unmarked_on", "unmarked_at", "unmarked_by", "unmark_reason")


def _begun(tx: Transaction, point: Point) -> ColumnElement[bool]:
    known = [asset_mark.c.recorded_at <= point.known_at] if point.known_at is not None else []
    return and_(asset_mark.c.marked_on <= point.day(tx.today), *known)


def _ended(tx: Transaction, point: Point) -> ColumnElement[bool]:
    known = [asset_mark.c.end_recorded_at <= point.known_at] if point.known_at is not None else []
    return and_(func.coalesce(asset_mark.c.unmarked_on <= point.day(tx.today), False), *known)


def _marked(tx: Transaction, point: Point) -> Select[Any]:
    """The marks that hold on a day, as known then, with what the ledger said of the achievement; ``today`` is a day too."""
    mark, version = asset_mark, achievement_version
    of_day = Point(point.day(tx.today), point.known_at)
    return (
        select(mark, *(version.c[name] for name in _SHOWN))
        .join(version, and_(version.c.tenant_id == mark.c.tenant_id, version.c.id == mark.c.achievement_id))
        .where(
            mark.c.tenant_id == tx.tenant_id,
            _begun(tx, point),
            ~_ended(tx, point),
            *held_then(version, of_day),
            version.c.state == "registered",
            not_hidden(tx, mark.c.achievement_id),
        )
    )


async def marked(tx: Transaction, point: Point, *, after: int = 0, limit: int = PAGE_SIZE) -> Sequence[Row[Any]]:
    """The marked achievements of a day by number, those after one number; at most one mark of each holds on a day."""
    statement = _marked(tx, point).where(achievement_version.c.number > after)
    return await tx.rows(statement.order_by(achievement_version.c.number).limit(limit))


async def count_marked(tx: Transaction, point: Point) -> int:
    """How many are marked on a day."""
    return int(await tx.scalar(select(func.count()).select_from(_marked(tx, point).subquery())))


async def marks_of(tx: Transaction, achievement_id: UUID, point: Point = NOW) -> Sequence[Row[Any]]:
    """Every mark of one achievement, the newest first; of a past day those that had begun, with the end that was known."""
    table = asset_mark
    then = {name: case((_ended(tx, point), table.c[name])) for name in _END} if point.past else {}
    return await tx.rows(
        select(*(then.get(one.name, one).label(one.name) for one in table.c))
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.achievement_id == achievement_id,
            _begun(tx, point) if point.past else true(),
        )
        .order_by(table.c.marked_at.desc(), table.c.id.desc())
    )


async def live_mark_for_update(tx: Transaction, achievement_id: UUID) -> Row[Any] | None:
    """The mark that holds, locked."""
    table = asset_mark
    return await tx.row(
        select(table)
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.achievement_id == achievement_id,
            table.c.unmarked_at.is_(None),
        )
        .with_for_update()
    )


async def unmarked(tx: Transaction, *, stages: bool, limit: int = PAGE_SIZE) -> Sequence[Row[Any]]:
    """Registered achievements without a mark that might have formed an intangible, for finance to look at.

    Where the text knows stages: development recognised or a right granted; elsewhere: converted.
    """
    row, right, mark = achievement, achievement_right, asset_mark
    formed: ColumnElement[bool] = row.c.status == "converted"
    if stages:
        granted = exists().where(
            right.c.tenant_id == tx.tenant_id,
            right.c.achievement_id == row.c.id,
            right.c.live,
            right.c.status == "granted",
        )
        formed = or_(row.c.stage_since.is_not(None), granted)
    held = exists().where(
        mark.c.tenant_id == tx.tenant_id, mark.c.achievement_id == row.c.id, mark.c.unmarked_at.is_(None)
    )
    return await tx.rows(
        select(row.c.id, row.c.code, row.c.name, row.c.status, row.c.stage_recognised, row.c.stage_since)
        .where(row.c.tenant_id == tx.tenant_id, row.c.state == "registered", formed, ~held)
        .order_by(row.c.number)
        .limit(limit)
    )
