"""Everything read of negative lists: the version in force on a day, history, items, drafts and consultations."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select

from services.negative_list.models import (
    ListState,
    Mark,
    list_consultation,
    list_item,
    list_opinion,
    list_proceeding,
    list_version,
    list_wording,
)
from shared.clock import local_day
from shared.db.transaction import Transaction

EMPOWERMENT = "empowerment"


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as one version words it, with the item's own four dates. Mark ``ended``: no longer listed by it."""

    id: UUID
    code: str
    category: str
    title: str
    note: str
    mark: str = Mark.KEPT
    decided_on: date | None = None
    published_at: datetime | None = None
    effective_on: date | None = None
    ended_on: date | None = None

    @property
    def listed(self) -> bool:
        """Whether the version lists it; a former entry stays readable with its end."""
        return self.mark != Mark.ENDED


@dataclass(frozen=True, slots=True)
class Version:
    """A published version. ``items`` are what it lists; ``former`` what it ended or an earlier one did."""

    id: UUID
    kind: str
    number: int
    title: str
    purpose: str
    hash: str
    basis: dict[str, Any]
    decided_on: date
    published_at: datetime
    effective_on: date
    ended_on: date | None
    entries: tuple[Entry, ...] = ()

    @property
    def items(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.listed]

    @property
    def former(self) -> list[Entry]:
        return [entry for entry in self.entries if not entry.listed]

    def standing(self, day: date) -> str:
        """``coming``, ``in_force`` or ``former`` on a day; published ahead of its effect it is coming."""
        if day < self.effective_on:
            return "coming"
        return "former" if self.ended_on is not None and day >= self.ended_on else "in_force"


_VERSION = (
    list_version.c.id,
    list_version.c.kind,
    list_version.c.number,
    list_version.c.title,
    list_version.c.purpose,
    list_version.c.hash,
    list_version.c.basis,
    list_version.c.decided_on,
    list_version.c.published_at,
    list_version.c.effective_on,
    list_version.c.ended_on,
)


def _values(row: Row[Any]) -> list[Any]:
    return list(row)


def _version(row: Row[Any], entries: tuple[Entry, ...] = ()) -> Version:
    return Version(*[*_values(row), entries])


async def version_in_force(tx: Transaction, day: date, kind: str = EMPOWERMENT) -> Version | None:
    """The version that a screening on a day must use (rule 26): published by then, effective, not ended."""
    row = await tx.row(
        select(*_VERSION)
        .where(
            list_version.c.province_id == tx.province_id,
            list_version.c.kind == kind,
            list_version.c.published_at.is_not(None),
            list_version.c.effective_on <= day,
            or_(list_version.c.ended_on.is_(None), list_version.c.ended_on > day),
        )
        .order_by(list_version.c.number.desc())
        .limit(1)
    )
    return None if row is None else _version(row, await entries_of(tx, row.id))


async def version_numbered(tx: Transaction, kind: str, number: int) -> Version | None:
    """One published version by its number: the permanent address."""
    row = await tx.row(
        select(*_VERSION).where(
            list_version.c.province_id == tx.province_id,
            list_version.c.kind == kind,
            list_version.c.number == number,
            list_version.c.published_at.is_not(None),
        )
    )
    return None if row is None else _version(row, await entries_of(tx, row.id))


async def versions(tx: Transaction, kind: str) -> list[Version]:
    """Every published version of a kind with its entries, the newest first."""
    rows = await tx.rows(
        select(*_VERSION)
        .where(
            list_version.c.province_id == tx.province_id,
            list_version.c.kind == kind,
            list_version.c.published_at.is_not(None),
        )
        .order_by(list_version.c.number.desc())
    )
    return [_version(row, await entries_of(tx, row.id)) for row in rows]


async def entries_of(tx: Transaction, version_id: UUID) -> tuple[Entry, ...]:
    """The entries of one published version in its own order."""
    rows = await tx.rows(
        select(
            list_item.c.id,
            list_item.c.code,
            list_item.c.category,
            list_wording.c.title,
            list_wording.c.note,
            list_wording.c.mark,
            list_item.c.decided_on,
            list_item.c.published_at,
            list_item.c.effective_on,
            list_item.c.ended_on,
        )
        .join(list_item, list_item.c.id == list_wording.c.item_id)
        .where(
            list_wording.c.version_id == version_id,
            list_wording.c.province_id == tx.province_id,
            list_item.c.province_id == tx.province_id,
        )
        .order_by(list_wording.c.position)
    )
    return tuple(Entry(*_values(row)) for row in rows)


async def wordings_of(tx: Transaction, code: str) -> list[tuple[Version, Entry]]:
    """One item through all versions that name it, the newest first; empty when no such code was ever published."""
    rows = await tx.rows(
        select(list_version.c.kind)
        .join(list_wording, list_wording.c.version_id == list_version.c.id)
        .join(list_item, list_item.c.id == list_wording.c.item_id)
        .where(list_item.c.code == code, list_item.c.province_id == tx.province_id)
        .limit(1)
    )
    if not rows:
        return []
    return [
        (version, entry)
        for version in await versions(tx, rows[0].kind)
        for entry in version.entries
        if entry.code == code
    ]


@dataclass(frozen=True, slots=True)
class Consultation:
    """A round of public opinion on a draft; the last day is inclusive and the day of publication does not count."""

    id: UUID
    version_id: UUID
    kind: str
    number: int
    published_at: datetime
    days: int
    last_day: date
    closed_at: datetime | None
    received: int | None
    answered: int | None
    draft: dict[str, Any]
    hash: str

    @property
    def published_on(self) -> date:
        return local_day(self.published_at)

    def day_number(self, today: date) -> int:
        """0 on the day of publication, ``days`` on the last day."""
        return (today - self.published_on).days

    def open_on(self, today: date) -> bool:
        return self.closed_at is None and today <= self.last_day

    def days_left(self, today: date) -> int:
        return max(0, (self.last_day - today).days)


_CONSULTATION = tuple(list_consultation.c[name] for name in Consultation.__dataclass_fields__)


async def consultations(tx: Transaction, kind: str | None = None) -> list[Consultation]:
    """Every round of the province, or of one kind, the newest first."""
    statement = select(*_CONSULTATION).where(list_consultation.c.province_id == tx.province_id)
    if kind is not None:
        statement = statement.where(list_consultation.c.kind == kind)
    rows = await tx.rows(statement.order_by(list_consultation.c.published_at.desc()))
    return [Consultation(*_values(row)) for row in rows]


async def consultation_of(tx: Transaction, version_id: UUID) -> Consultation | None:
    """The latest round on a version."""
    row = await tx.row(
        select(*_CONSULTATION)
        .where(list_consultation.c.province_id == tx.province_id, list_consultation.c.version_id == version_id)
        .order_by(list_consultation.c.published_at.desc())
        .limit(1)
    )
    return None if row is None else Consultation(*_values(row))


async def consultation(tx: Transaction, consultation_id: UUID) -> Consultation | None:
    row = await tx.row(
        select(*_CONSULTATION).where(
            list_consultation.c.province_id == tx.province_id, list_consultation.c.id == consultation_id
        )
    )
    return None if row is None else Consultation(*_values(row))


async def public_kinds(tx: Transaction) -> list[str]:
    """The kinds of list of which something is published or being consulted on."""
    published = select(list_version.c.kind).where(
        list_version.c.province_id == tx.province_id, list_version.c.published_at.is_not(None)
    )
    consulted = select(list_consultation.c.kind).where(list_consultation.c.province_id == tx.province_id)
    rows = await tx.rows(published.union(consulted))
    return sorted(row.kind for row in rows)


async def public_stamp(tx: Transaction) -> str:
    """What changes whenever a public page of the lists would: kept with a rendered page to see whether it still holds."""
    listed = await tx.row(
        select(func.count().label("n"), func.max(list_version.c.changed_at).label("at")).where(
            list_version.c.province_id == tx.province_id, list_version.c.published_at.is_not(None)
        )
    )
    asked = await tx.row(
        select(
            func.count().label("n"),
            func.count(list_consultation.c.closed_at).label("closed"),
            func.max(list_consultation.c.published_at).label("at"),
        ).where(list_consultation.c.province_id == tx.province_id)
    )
    assert listed is not None
    assert asked is not None
    return f"{listed.n}/{listed.at}/{asked.n}/{asked.closed}/{asked.at}/{tx.pack_version_id}"


# What the science department alone sees ---------------------------------------------------------------------------------


async def all_versions(tx: Transaction) -> list[Row[Any]]:
    """Every version of the province in any state, the newest first."""
    return list(
        await tx.rows(
            select(list_version)
            .where(list_version.c.province_id == tx.province_id)
            .order_by(list_version.c.kind, list_version.c.number.desc())
        )
    )


async def version_row(tx: Transaction, version_id: UUID, *, for_update: bool = False) -> Row[Any] | None:
    """One version in any state, with its draft; locked when it is about to move."""
    statement = select(list_version).where(
        list_version.c.province_id == tx.province_id, list_version.c.id == version_id
    )
    return await tx.row(statement.with_for_update() if for_update else statement)


async def latest_published(tx: Transaction, kind: str) -> Version | None:
    """The newest published version, in force or still to come: what the next draft builds on."""
    number = await tx.scalar(
        select(func.max(list_version.c.number)).where(
            list_version.c.province_id == tx.province_id,
            list_version.c.kind == kind,
            list_version.c.state == ListState.PUBLISHED,
        )
    )
    return None if number is None else await version_numbered(tx, kind, number)


async def proceedings(tx: Transaction, version_id: UUID) -> list[Row[Any]]:
    """Expert records and determinations of a version, in order."""
    return list(
        await tx.rows(
            select(list_proceeding)
            .where(list_proceeding.c.tenant_id == tx.tenant_id, list_proceeding.c.version_id == version_id)
            .order_by(list_proceeding.c.recorded_at)
        )
    )


async def opinions(tx: Transaction, consultation_id: UUID, *, limit: int = 500) -> list[Row[Any]]:
    """Opinions of a round: unanswered first, then by when they came."""
    return list(
        await tx.rows(
            select(list_opinion)
            .where(list_opinion.c.tenant_id == tx.tenant_id, list_opinion.c.consultation_id == consultation_id)
            .order_by(list_opinion.c.answered_at.is_not(None), list_opinion.c.received_at, list_opinion.c.id)
            .limit(limit)
        )
    )


async def opinion_counts(tx: Transaction, consultation_id: UUID) -> tuple[int, int]:
    """(received, answered) of a round."""
    row = await tx.row(
        select(func.count().label("received"), func.count(list_opinion.c.answered_at).label("answered")).where(
            list_opinion.c.tenant_id == tx.tenant_id, list_opinion.c.consultation_id == consultation_id
        )
    )
    assert row is not None
    return row.received, row.answered


async def unanswered_opinions(tx: Transaction, version_id: UUID) -> int:
    """How many opinions of all rounds on a version have no answer yet."""
    number: int = await tx.scalar(
        select(func.count())
        .select_from(list_opinion.join(list_consultation, list_consultation.c.id == list_opinion.c.consultation_id))
        .where(
            list_opinion.c.tenant_id == tx.tenant_id,
            list_consultation.c.province_id == tx.province_id,
            list_consultation.c.version_id == version_id,
            list_opinion.c.answered_at.is_(None),
        )
    )
    return number


async def published_items(tx: Transaction, kind: str) -> dict[str, Row[Any]]:
    """Every item of a kind that was ever published, by code."""
    rows = await tx.rows(select(list_item).where(list_item.c.province_id == tx.province_id, list_item.c.kind == kind))
    return {row.code: row for row in rows}


async def content_of(tx: Transaction, kind: str, number: int) -> str | None:
    """The canonical JSON of a published version, whose SHA-256 is its hash."""
    content: str | None = await tx.scalar(
        select(list_version.c.content).where(
            list_version.c.province_id == tx.province_id,
            list_version.c.kind == kind,
            list_version.c.number == number,
            list_version.c.published_at.is_not(None),
        )
    )
    return content
