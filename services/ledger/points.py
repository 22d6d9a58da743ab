"""As of which day, and as known when, something of the ledger is looked at: one answer for pages, lists, exports, machines.

The day is a legal one: what was so then. The instant is a real one: what had been recorded by then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, func, true

from shared.clock import SHANGHAI, local_day, real_now
from shared.db.records import workflow_event
from shared.db.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Point:
    """``as_of`` None: today. ``known_at`` None: all that is known now."""

    as_of: date | None = None
    known_at: datetime | None = None

    @property
    def past(self) -> bool:
        """Whether anything else than what stands now is asked for."""
        return self.as_of is not None or self.known_at is not None

    @property
    def known_on(self) -> date | None:
        """The real day by whose end things had been recorded; for the field of a form."""
        return None if self.known_at is None else local_day(self.known_at)

    def day(self, today: date) -> date:
        """The day that is looked at."""
        return self.as_of or today

    def until(self, today: date) -> datetime:
        """The legal instant before which something had happened by the end of the day."""
        return datetime.combine(self.day(today) + timedelta(days=1), time.min, SHANGHAI)

    def knew(self, recorded_at: datetime) -> bool:
        """Whether what was recorded at that instant was known already."""
        return self.known_at is None or recorded_at <= self.known_at

    def as_query(self) -> dict[str, str]:
        """As an address repeats it."""
        return (
            {"as_of": self.as_of.isoformat()} if self.as_of else {}
        ) | ({"known_at": self.known_at.isoformat()} if self.known_at else {})  # fmt: skip


NOW = Point()


def end_of(known_on: date) -> datetime:
    """The last instant of a real day."""
    return datetime.combine(known_on + timedelta(days=1), time.min, SHANGHAI) - timedelta(microseconds=1)


def day_of(value: Any) -> date | None:
    """A day as an address writes it; None for what is none."""
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def instant_of(value: Any) -> datetime | None:
    """An instant with its zone as an address writes it; None for what is none."""
    try:
        found = datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None and 1900 <= found.year <= 9000 else None


def point_of(query: Mapping[str, Any], today: date) -> Point:
    """What an address asks for by ``as_of``, and by ``known_at`` (an instant) or ``known_on`` (a day, to its end).

    What cannot be read is passed over; today, and a day to come, is not the past.
    """
    day, on = day_of(query.get("as_of")), day_of(query.get("known_on"))
    known = instant_of(query.get("known_at"))
    if known is None and on is not None and date.min < on < local_day(real_now()):
        known = end_of(on)
    return Point(day if day is not None and day < today else None, known)


def held_then(table: Table, point: Point) -> list[ColumnElement[bool]]:
    """Which versions held on the day, or held last, by what was known at the instant, or is known now."""
    known, day = point.known_at, point.as_of
    return [
        table.c.recorded.op("@>")(known) if known is not None else func.upper_inf(table.c.recorded),
        table.c.held.op("@>")(day) if day is not None else func.upper_inf(table.c.held),
    ]


def happened_then(
    tx: Transaction, point: Point, at: ColumnElement[Any], recorded_at: ColumnElement[Any]
) -> list[ColumnElement[bool]]:
    """Which acts had happened by the end of the day, by their legal instant, and stood recorded by the instant."""
    found = [at < point.until(tx.today)] if point.as_of is not None else []
    return found + ([recorded_at <= point.known_at] if point.known_at is not None else [])


def act_then(tx: Transaction, point: Point, at: ColumnElement[Any], *event: ColumnElement[bool]) -> ColumnElement[bool]:
    """The same of an act whose row does not say when it was recorded: its event does, told by these conditions."""
    acts, known = workflow_event, point.known_at
    found = happened_then(tx, Point(point.as_of), at, at)
    if known is not None:
        found.append(exists().where(acts.c.tenant_id == tx.tenant_id, *event, acts.c.recorded_at <= known))
    return and_(true(), *found)
