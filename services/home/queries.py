"""Everything the home pages read of their own: messages, the mailbox, what a person did, the demo clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, text, tuple_

from services.home.models import mail, message, message_read
from services.ledger.models import achievement
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from shared.keyset import Place

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class ClockMove:
    """A move of the demo clock: where it began, where it is, where it goes; ``target`` is None when none is under way."""

    at: datetime | None
    target: datetime | None
    started_from: datetime | None

    @property
    def done_seconds(self) -> int:
        return int((self.at - self.started_from).total_seconds()) if self.at and self.started_from else 0

    @property
    def total_seconds(self) -> int:
        return int((self.target - self.started_from).total_seconds()) if self.target and self.started_from else 0


CLOCK_STATE = "select at, target, started_from from app.clock_state()"


async def clock_move(tx: Transaction) -> ClockMove:
    """The demo clock as it stands; all empty where the clock is real."""
    row = await tx.row(text(CLOCK_STATE))
    return ClockMove(row.at, row.target, row.started_from) if row is not None else ClockMove(None, None, None)


def _mine(tx: Transaction) -> ColumnElement[bool]:
    """Addressed to the person, or to all who hold a permission that the person holds."""
    return and_(
        message.c.tenant_id == tx.actor.organisation_id,
        or_(message.c.person_id == tx.actor.person_id, message.c.permission.in_(sorted(tx.actor.permissions))),
    )


def _read_at() -> ColumnElement[Any]:
    return message_read.c.read_at


def _with_reading(tx: Transaction, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(message)
        .outerjoin(
            message_read,
            and_(
                message_read.c.tenant_id == message.c.tenant_id,
                message_read.c.message_id == message.c.id,
                message_read.c.person_id == tx.actor.person_id,
            ),
        )
        .where(_mine(tx))
    )


async def unread_count(tx: Transaction) -> int:
    """How many messages the person has not opened; counted up to 100."""
    unread = _with_reading(tx, message.c.id).where(_read_at().is_(None)).limit(100).subquery()
    return int(await tx.scalar(select(func.count()).select_from(unread)) or 0)


async def messages(tx: Transaction, *, before: Place | None = None) -> Sequence[Row[Any]]:
    """A page of the person's messages, newest first, one more than a page shows; ``before`` is the keyset."""
    statement = _with_reading(
        tx,
        message.c.id,
        message.c.title,
        message.c.text,
        message.c.href,
        message.c.at,
        message.c.recorded_at,
        _read_at().label("read_at"),
    )
    for name in await _hidden_names(tx):
        statement = statement.where(func.strpos(message.c.title, name) == 0, func.strpos(message.c.text, name) == 0)
    if before is not None:
        statement = statement.where(tuple_(message.c.recorded_at, message.c.id) < before)
    return await tx.rows(statement.order_by(message.c.recorded_at.desc(), message.c.id.desc()).limit(PAGE_SIZE + 1))


async def one_message(tx: Transaction, message_id: UUID) -> Row[Any] | None:
    """A message of the person's own, or None."""
    return await tx.row(select(message.c.id, message.c.href).where(_mine(tx), message.c.id == message_id))


async def mailbox(tx: Transaction) -> Sequence[Row[Any]]:
    """The person's newest mails, as a demo shows them instead of sending."""
    statement = select(mail.c.id, mail.c.subject, mail.c.text, mail.c.at, mail.c.sent_at).where(
        mail.c.tenant_id == tx.tenant_id, mail.c.person_id == tx.actor.person_id
    )
    for name in await _hidden_names(tx):
        statement = statement.where(func.strpos(mail.c.subject, name) == 0, func.strpos(mail.c.text, name) == 0)
    return await tx.rows(statement.order_by(mail.c.recorded_at.desc()).limit(PAGE_SIZE))


async def _hidden_names(tx: Transaction) -> list[str]:
    """Names of records that are suspected to be classified: what says one of them is shown to nobody until it is judged."""
    if tx.scope.role != "web_institution":
        return []
    table = achievement.c
    rows = await tx.rows(
        select(table.name).where(table.tenant_id == tx.tenant_id, table.state == "quarantined").limit(100)
    )
    return [row.name for row in rows]


async def done_by(tx: Transaction, *, begun_only: bool = False) -> Sequence[Row[Any]]:
    """What the person did, newest first; ``begun_only`` gives the cases that the person opened."""
    event = workflow_event
    wanted = [event.c.tenant_id == tx.tenant_id, event.c.actor_id == tx.actor.person_id]
    if begun_only:
        wanted.append(event.c.from_state.is_(None))
    return await tx.rows(
        select(event.c.case_kind, event.c.case_id, event.c.event, event.c.to_state, event.c.at, event.c.reason)
        .where(*wanted)
        .order_by(event.c.recorded_at.desc())
        .limit(PAGE_SIZE)
    )
