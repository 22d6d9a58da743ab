"""Every SELECT of the notices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, case, cast, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import JSONB

from services.ledger.models import achievement
from services.notices.models import (
    NoticeState,
    ObjectionState,
    notice,
    notice_check,
    notice_objection,
    notice_text,
)
from shared.db.transaction import Transaction
from shared.keyset import Place

WAITING = (ObjectionState.OPEN, ObjectionState.LATE)
PAGE = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice with the text that stands now. ``content`` is [{code, label, value, people}]."""

    id: UUID
    kind: str
    achievement_id: UUID
    achievement_type: str
    achievement_state: str
    state: str
    days: int
    published_at: datetime | None
    restarts: list[dict[str, Any]]
    offline: list[dict[str, Any]]
    ended_at: datetime | None
    text_number: int
    content_hash: str
    pack_version_id: UUID
    title: str
    content: list[dict[str, Any]]
    open_objections: int = 0
    objections: int = 0

    @property
    def published(self) -> datetime:
        assert self.published_at is not None
        return self.published_at

    @property
    def people(self) -> list[UUID]:
        """Everybody whom the text names."""
        return [UUID(person) for entry in self.content for person in entry.get("people") or ()]

    def value(self, code: str) -> str:
        return next((entry["value"] or "" for entry in self.content if entry["code"] == code), "")


_WITHHELD = "（内容已停止展示）"


def _notices(tx: Transaction) -> Select[Any]:
    waiting = notice_objection.c.state == ObjectionState.OPEN
    # What is suspected to be classified is shown to nobody; the hourly proof goes on over what was posted.
    shown = true() if tx.scope.role == "worker" else achievement.c.state != "quarantined"
    counted = (
        select(
            notice_objection.c.notice_id,
            func.count().label("objections"),
            func.count().filter(waiting).label("open_objections"),
        )
        .where(notice_objection.c.tenant_id == tx.tenant_id)
        .group_by(notice_objection.c.notice_id)
        .subquery()
    )
    return (
        select(
            notice,
            achievement.c.state.label("achievement_state"),
            case((shown, notice_text.c.title), else_=_WITHHELD).label("title"),
            case((shown, notice_text.c.content), else_=cast([], JSONB)).label("content"),
            func.coalesce(counted.c.open_objections, 0).label("open_objections"),
            func.coalesce(counted.c.objections, 0).label("objections"),
        )
        .join(
            notice_text,
            and_(
                notice_text.c.tenant_id == notice.c.tenant_id,
                notice_text.c.notice_id == notice.c.id,
                notice_text.c.number == notice.c.text_number,
            ),
        )
        .join(
            achievement,
            and_(achievement.c.tenant_id == notice.c.tenant_id, achievement.c.id == notice.c.achievement_id),
        )
        .outerjoin(counted, counted.c.notice_id == notice.c.id)
        .where(
            notice.c.tenant_id == tx.tenant_id,
            notice_text.c.tenant_id == tx.tenant_id,
            achievement.c.tenant_id == tx.tenant_id,
        )
    )


def _notice(row: Row[Any]) -> Notice:
    return Notice(**{name: getattr(row, name) for name in Notice.__dataclass_fields__})


async def find_notice(tx: Transaction, notice_id: UUID) -> Notice | None:
    """One published notice of the tenant with its standing text."""
    row = await tx.row(_notices(tx).where(notice.c.id == notice_id, notice.c.published_at.is_not(None)))
    return None if row is None else _notice(row)


async def notice_for_update(tx: Transaction, notice_id: UUID) -> Notice | None:
    """The same, with the notice's row locked until the transaction ends."""
    locked = await tx.scalar(
        select(notice.c.id).where(notice.c.tenant_id == tx.tenant_id, notice.c.id == notice_id).with_for_update()
    )
    return None if locked is None else await find_notice(tx, notice_id)


async def list_notices(
    tx: Transaction,
    states: Sequence[str] = (NoticeState.RUNNING,),
    *,
    before: Place | None = None,
    limit: int = PAGE,
) -> list[Notice]:
    """Published notices in some states, the newest first; ``before`` is the place of the last one shown."""
    statement = _notices(tx).where(notice.c.state.in_(states), notice.c.published_at.is_not(None))
    if before is not None:
        statement = statement.where(tuple_(notice.c.published_at, notice.c.id) < before)
    rows = await tx.rows(statement.order_by(notice.c.published_at.desc(), notice.c.id.desc()).limit(limit))
    return [_notice(row) for row in rows]


async def running_notices(tx: Transaction) -> list[Notice]:
    """Every running notice of the tenant, the oldest first."""
    rows = await tx.rows(_notices(tx).where(notice.c.state == NoticeState.RUNNING).order_by(notice.c.published_at))
    return [_notice(row) for row in rows]


async def any_running(tx: Transaction) -> bool:
    """Whether any notice of the tenant is running."""
    running = select(notice.c.id).where(notice.c.tenant_id == tx.tenant_id, notice.c.state == NoticeState.RUNNING)
    return bool(await tx.scalar(select(running.exists())))


async def count_by_state(tx: Transaction) -> Mapping[str, int]:
    rows = await tx.rows(
        select(notice.c.state, func.count().label("n"))
        .where(notice.c.tenant_id == tx.tenant_id)
        .group_by(notice.c.state)
    )
    return {row.state: row.n for row in rows}


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection; ``raised_by`` is shown to those who answer and to its author alone."""

    id: UUID
    notice_id: UUID
    raised_by: UUID
    received_at: datetime
    body: str
    state: str
    answer: str | None
    answered_at: datetime | None
    answered_by: UUID | None
    result_published_at: datetime | None

    @property
    def waiting(self) -> bool:
        return self.state in WAITING

    def facts(self) -> dict[str, Any]:
        """As ``agreement.may_sign`` reads it; lateness is the engine's to say."""
        state = {ObjectionState.ANSWERED: "settled", ObjectionState.UPHELD: "upheld"}.get(ObjectionState(self.state))
        return {
            "received_at": self.received_at,
            "state": state or "open",
            "result_published": self.result_published_at is not None,
        }


_OBJECTION = tuple(notice_objection.c[name] for name in Objection.__dataclass_fields__)


def _objection(row: Row[Any]) -> Objection:
    return Objection(**{name: getattr(row, name) for name in Objection.__dataclass_fields__})


async def objections_to(tx: Transaction, notice_id: UUID) -> list[Objection]:
    """The objections to a notice as they came."""
    rows = await tx.rows(
        select(*_OBJECTION)
        .where(notice_objection.c.tenant_id == tx.tenant_id, notice_objection.c.notice_id == notice_id)
        .order_by(notice_objection.c.received_at, notice_objection.c.id)
    )
    return [_objection(row) for row in rows]


async def objection_for_update(tx: Transaction, objection_id: UUID) -> Objection | None:
    row = await tx.row(
        select(*_OBJECTION)
        .where(notice_objection.c.tenant_id == tx.tenant_id, notice_objection.c.id == objection_id)
        .with_for_update()
    )
    return None if row is None else _objection(row)


async def waiting_objections(tx: Transaction) -> list[tuple[Objection, str]]:
    """Unanswered objections with the title of their notice, the oldest first."""
    rows = await tx.rows(
        select(*_OBJECTION, notice_text.c.title)
        .join(
            notice,
            and_(notice.c.tenant_id == notice_objection.c.tenant_id, notice.c.id == notice_objection.c.notice_id),
        )
        .join(
            notice_text,
            and_(
                notice_text.c.tenant_id == notice.c.tenant_id,
                notice_text.c.notice_id == notice.c.id,
                notice_text.c.number == notice.c.text_number,
            ),
        )
        .where(
            notice_objection.c.tenant_id == tx.tenant_id,
            notice.c.tenant_id == tx.tenant_id,
            notice_text.c.tenant_id == tx.tenant_id,
            notice_objection.c.state.in_(WAITING),
            notice.c.state != NoticeState.WITHDRAWN,
        )
        .order_by(notice_objection.c.received_at)
    )
    return [(_objection(row), row.title) for row in rows]


@dataclass(frozen=True, slots=True)
class Proof:
    """How the hourly checks cover a notice."""

    count: int = 0
    broken: int = 0
    hours: list[datetime] = field(default_factory=list)
    last: datetime | None = None


async def proof_of(tx: Transaction, notice_id: UUID) -> Proof:
    rows = await tx.rows(
        select(notice_check.c.hour, notice_check.c.intact)
        .where(notice_check.c.tenant_id == tx.tenant_id, notice_check.c.notice_id == notice_id)
        .order_by(notice_check.c.hour)
    )
    hours = [row.hour for row in rows]
    return Proof(len(rows), sum(not row.intact for row in rows), hours, hours[-1] if hours else None)


async def texts_of(tx: Transaction, notice_id: UUID) -> list[Row[Any]]:
    """Every text that stood on a notice, the newest first."""
    return list(
        await tx.rows(
            select(notice_text)
            .where(notice_text.c.tenant_id == tx.tenant_id, notice_text.c.notice_id == notice_id)
            .order_by(notice_text.c.number.desc())
        )
    )


async def achievement_type_of(tx: Transaction, achievement_id: UUID) -> str | None:
    """The type of a registered achievement of the tenant; None for anything else."""
    found = await tx.scalar(
        select(achievement.c.type).where(
            achievement.c.tenant_id == tx.tenant_id,
            achievement.c.id == achievement_id,
            achievement.c.state == "registered",
        )
    )
    return None if found is None else str(found)
