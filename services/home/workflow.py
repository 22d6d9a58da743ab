"""The verbs of the home pages: messages made of the outbox, messages read, the demo clock moved."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.home import queries
from services.home.models import mail, message, message_read
from shared.audit.writing import write_audit
from shared.db.records import outbox
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.mail.sending import Mailer
from shared.observability import metrics
from shared.tasks.broker import ask_later
from tenants.people import person

log = structlog.get_logger()
CLOCK_AT_MOST = timedelta(days=1_830)
_BATCH = 200
_ATTEMPTS_AT_MOST = 10
_FIRST_WAIT, _LONGEST_WAIT = 60, 4 * 3600  # seconds; ten attempts reach over eight hours


# News that an authority writes into an institution's outbox by its name: title, address, who is told.
_NEWS = {
    "pilot_membership.selected": ("本单位已被遴选为试点", "/institution/settings", "institution:home:read"),
    "pilot_membership.ended": ("本单位的试点资格有变化", "/institution/settings", "institution:home:read"),
}


class MessagePayload(msgspec.Struct):
    """The outbox's kind ``message``: to one person, or to all who hold a permission."""

    title: str
    href: str = ""
    text: str = ""
    to_permission: str | None = None
    to_person: UUID | None = None


class MailPayload(msgspec.Struct):
    """The outbox's kind ``mail``: to a person of the tenant."""

    to_person: UUID
    subject: str
    text: str


async def deliver(tx: Transaction, mailer: Mailer | None) -> int:
    """Make messages and mails of what waits in the tenant's outbox; returns how many were delivered.

    A message carries the id of its outbox row, so that delivering twice makes one. A row that cannot be read is counted as an
    attempt and left, and after ten attempts no longer looked at. Without a ``mailer`` a mail stays in the mailbox page.
    """
    waiting = await tx.rows(
        select(outbox)
        .where(
            outbox.c.tenant_id == tx.tenant_id,
            outbox.c.delivered_at.is_(None),
            outbox.c.kind.in_(("message", "mail")),
            outbox.c.attempts < _ATTEMPTS_AT_MOST,
        )
        .order_by(outbox.c.created_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    delivered = 0
    for row in waiting:
        try:
            await (_deliver_mail(tx, row, mailer) if row.kind == "mail" else _deliver_message(tx, row))
            delivered += 1
        except (msgspec.ValidationError, NotFound, OSError) as error:
            log.error("outbox.undeliverable", outbox_id=str(row.id), kind=row.kind, reason=type(error).__name__)
            metrics.deliveries.labels(row.kind, "failed").inc()
            await _settle(tx, row.id, delivered=False)
        else:
            metrics.deliveries.labels(row.kind, "delivered").inc()
            await _settle(tx, row.id, delivered=True)
    return delivered


async def ask_again(tx: Transaction) -> None:
    """Ask for another delivery, ever later, of what could not be delivered: a mail server that is away comes back."""
    attempts = await tx.scalar(
        select(func.min(outbox.c.attempts)).where(
            outbox.c.tenant_id == tx.tenant_id,
            outbox.c.delivered_at.is_(None),
            outbox.c.attempts.between(1, _ATTEMPTS_AT_MOST - 1),
        )
    )
    if attempts:
        await ask_later(tx, "deliver_outbox", tx.tenant_id, min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempts - 1)))


async def _settle(tx: Transaction, outbox_id: UUID, *, delivered: bool) -> None:
    await tx.execute(
        update(outbox)
        .where(outbox.c.tenant_id == tx.tenant_id, outbox.c.id == outbox_id)
        .values(
            attempts=outbox.c.attempts + 1,
            **({"delivered_at": func.clock_timestamp()} if delivered else {}),
        )
    )


async def _deliver_message(tx: Transaction, row: Row[Any]) -> None:
    payload = msgspec.convert(_in_words(row.payload), MessagePayload)
    if payload.to_person is not None and await _address(tx, payload.to_person) is None:
        raise NotFound
    await tx.execute(
        insert(message)
        .values(
            tenant_id=tx.tenant_id,
            id=row.id,
            **tx.scope.stream_values(),
            actor_id=row.actor_id,
            person_id=payload.to_person,
            permission=payload.to_permission,
            title=payload.title[:200],
            text=payload.text,
            href=payload.href if payload.href.startswith("/") else "",
            at=tx.now,
        )
        .on_conflict_do_nothing()
    )


def _in_words(payload: dict[str, Any]) -> dict[str, Any]:
    """News sent by name, as a message."""
    known = _NEWS.get(payload.get("what", ""))
    if known is None:
        return payload
    title, href, permission = known
    return {"title": title, "href": href, "to_permission": permission, "text": str(payload.get("document") or "")}


async def _deliver_mail(tx: Transaction, row: Row[Any], mailer: Mailer | None) -> None:
    payload = msgspec.convert(row.payload, MailPayload)
    address = await _address(tx, payload.to_person)
    if address is None:
        raise NotFound
    await tx.execute(
        insert(mail)
        .values(
            tenant_id=tx.tenant_id,
            id=row.id,
            province_id=tx.province_id,
            person_id=payload.to_person,
            subject=payload.subject[:200],
            text=payload.text,
            at=tx.now,
        )
        .on_conflict_do_nothing()
    )
    kept = (mail.c.tenant_id == tx.tenant_id, mail.c.id == row.id)
    if mailer is not None and address and await tx.scalar(select(mail.c.sent_at).where(*kept)) is None:
        await mailer.send(address, payload.subject, payload.text, row.id)
        await tx.execute(update(mail).where(*kept).values(sent_at=func.clock_timestamp()))


async def _address(tx: Transaction, person_id: UUID) -> str | None:
    """The mail address of a person of the tenant, empty when they have none; None when there is no such person."""
    row = await tx.row(select(person.c.email).where(person.c.tenant_id == tx.tenant_id, person.c.id == person_id))
    return None if row is None else row.email or ""


async def open_message(tx: Transaction, message_id: UUID) -> str:
    """Mark a message of one's own as read and return where it leads.

    :raises NotFound: no such message of this person.
    """
    found = await queries.one_message(tx, message_id)
    if found is None:
        raise NotFound
    await _mark_read(tx, [message_id])
    return str(found.href)


async def read_all(tx: Transaction) -> None:
    """Mark every message of the person as read."""
    before: datetime | None = None
    while page := await queries.messages(tx, before=before):
        await _mark_read(tx, [row.id for row in page if row.read_at is None])
        before = page[-1].recorded_at


async def _mark_read(tx: Transaction, message_ids: list[UUID]) -> None:
    if not message_ids:
        return
    await tx.execute(
        insert(message_read)
        .values(
            [
                {
                    "tenant_id": tx.tenant_id,
                    "message_id": id_,
                    "person_id": tx.actor.person_id,
                    **tx.scope.stream_values(),
                }
                for id_ in message_ids
            ]
        )
        .on_conflict_do_nothing()
    )
    await write_audit(tx, "message.read", "message", None, details={"count": len(message_ids)})


async def move_clock(tx: Transaction, target: datetime) -> Refusal | None:
    """Ask for the demo clock to be moved to a later instant; the worker steps through what falls due on the way."""
    state = await queries.clock_move(tx)
    if state.at is None:
        raise NotFound
    refused = _clock_refusal(state, target)
    if refused is None and not await tx.scalar(text("select app.request_clock_move(:target)"), {"target": target}):
        refused = stale("时钟刚刚被他人拨动，请刷新页面查看")
    await write_audit(
        tx,
        "clock.move",
        "clock",
        None,
        outcome="refused" if refused else "done",
        details={"from": state.at.isoformat(), "to": target.isoformat()},
    )
    return refused


def _clock_refusal(state: queries.ClockMove, target: datetime) -> Refusal | None:
    assert state.at is not None
    if state.target is not None:
        return stale("时钟正在推进，请等本次推进完成后再拨")
    if target <= state.at:
        return Refusal("clock.backwards", "演示时钟只能向前拨：所选时间不晚于当前演示时间")
    if target - state.at > CLOCK_AT_MOST:
        return Refusal("clock.too_far", "一次最多向前拨 5 年")
    return None
