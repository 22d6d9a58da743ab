"""What becomes of the outbox: messages to people, the mails that go with them, and news of what was published."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.home.models import mail, message
from services.home.pushing import workflow as pushing
from shared.clock import real_now
from shared.db.records import outbox
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.ids import named_id
from shared.mail.sending import Mailer, unreachable
from shared.observability import metrics
from shared.tasks.broker import ask, ask_later, ask_soon
from tenants.people import account, person
from tenants.permissions import AUDIENCE_OF_KIND, permissions_of
from tenants.registry import organisation, province
from tenants.standing import granted_by_person
from tenants.training import KIND as TRAINING

log = structlog.get_logger()
_BATCH = 200
_ATTEMPTS_AT_MOST = 10
_SIGNED_IN_WITHIN = timedelta(days=90)  # real time
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


class PublicationPayload(msgspec.Struct):
    """The outbox's kind ``publication``: what an authority has put before the public; ``path`` lies under the province.

    Without a title there is nothing to tell: rows of before news had words.
    """

    title: str = ""
    path: str = ""
    text: str = ""


class ToldElsewhere(msgspec.Struct):
    """The outbox's kind ``told_elsewhere``: a message to those of another organisation of the province who hold a permission.

    ``title`` is the verb's own words, never what somebody typed; the message says besides from which unit it comes.
    """

    to_organisation: UUID
    to_permission: str
    title: str
    href: str = ""


class PushPayload(msgspec.Struct):
    """The outbox's kind ``push``: news for the institution's own systems, if it has registered any for this event."""

    event: str
    data: dict[str, Any]


_KINDS = ("message", "mail", "publication", "push", "told_elsewhere")
_FAULTS = (msgspec.ValidationError, NotFound, OSError, ValueError)


async def deliver(tx: Transaction, mailer: Mailer | None, *, links: str | None = None) -> int:
    """Deliver what waits in the tenant's outbox; returns how much was delivered.

    A message carries the id of its outbox row, so that delivering twice makes one. A row that cannot be read is counted as an
    attempt and left, and after ten attempts no longer looked at. Without a ``mailer`` a mail stays in the mailbox page.
    ``links`` is the platform's address: with it, messages go by mail as well. After a mail has gone out nothing more is done
    in this transaction, so that its commit does not hang on what comes next; a server that cannot be reached ends it too.
    What is tried in a training unit reaches nobody's mail.
    """
    waiting = await tx.rows(
        select(outbox)
        .where(
            outbox.c.tenant_id == tx.tenant_id,
            outbox.c.delivered_at.is_(None),
            outbox.c.kind.in_(_KINDS),
            outbox.c.attempts < _ATTEMPTS_AT_MOST,
        )
        .order_by(outbox.c.attempts, outbox.c.created_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    if waiting and await _kind(tx) == TRAINING:
        mailer = links = None
    delivered = 0
    for row in waiting:
        try:
            sent = await _deliver_one(tx, row, mailer, links)
        except _FAULTS as error:
            log.error("outbox.undeliverable", outbox_id=str(row.id), kind=row.kind, reason=type(error).__name__)
            metrics.deliveries.labels(row.kind, "failed").inc()
            await _settle(tx, row.id, delivered=False)
            sent = unreachable(error)
        else:
            delivered += 1
            metrics.deliveries.labels(row.kind, "delivered").inc()
            await _settle(tx, row.id, delivered=True)
        if sent:
            break
    return delivered


async def _deliver_one(tx: Transaction, row: Row[Any], mailer: Mailer | None, links: str | None) -> bool:
    """Whether a mail left the house."""
    if row.kind == "mail":
        return await _deliver_mail(tx, row, mailer)
    if row.kind == "publication":
        await _deliver_publication(tx, row)
    elif row.kind == "told_elsewhere":
        await _tell_elsewhere(tx, row)
    elif row.kind == "push":
        news = msgspec.convert(row.payload, PushPayload)
        await pushing.fan_out(tx, row.id, news.event, news.data)
    else:
        await _deliver_message(tx, row, links)
    return False


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


async def _deliver_message(tx: Transaction, row: Row[Any], links: str | None) -> None:
    payload = msgspec.convert(_in_words(row.payload), MessagePayload)
    if payload.to_person is not None and await _address(tx, payload.to_person) is None:
        raise NotFound
    if links is not None:
        await _mail_as_well(tx, row, payload, links)
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


async def _mail_as_well(tx: Transaction, row: Row[Any], payload: MessagePayload, links: str) -> None:
    """The same by mail to everybody whom the message reaches and who has an address; each mail is delivered by itself."""
    people = [payload.to_person] if payload.to_person else await _holders(tx, payload.to_permission)
    words = [payload.text] if payload.text else []
    words.append(f"请登录平台查看：{links.rstrip('/')}{payload.href if payload.href.startswith('/') else ''}")
    for person_id in people:
        if not await _address(tx, person_id):
            continue
        await _put(
            tx,
            named_id("mail", str(row.id), str(person_id)),
            "mail",
            {"to_person": str(person_id), "subject": payload.title, "text": "\n\n".join(words)},
        )


async def _put(tx: Transaction, outbox_id: UUID, kind: str, payload: dict[str, Any]) -> None:
    values = {"tenant_id": tx.tenant_id, "id": outbox_id, "kind": kind, "payload": payload}
    await tx.execute(insert(outbox).values(**values, **tx.scope.stream_values()).on_conflict_do_nothing())


async def _holders(tx: Transaction, permission: str | None) -> Sequence[UUID]:
    """Who of the tenant holds a permission, by the roles of the last sign-in and those that the unit granted; whoever has not
    signed in for long is left alone.
    """
    audience = AUDIENCE_OF_KIND[await _kind(tx)]
    rows = await tx.rows(
        select(account.c.person_id, account.c.roles).where(
            account.c.tenant_id == tx.tenant_id,
            account.c.roles.is_not(None),
            account.c.seen_at > real_now() - _SIGNED_IN_WITHIN,
        )
    )
    granted = await granted_by_person(tx)
    return sorted(
        {
            row.person_id
            for row in rows
            if permission in permissions_of((*row.roles, *granted.get(row.person_id, ())), audience)
        }
    )


async def _kind(tx: Transaction) -> str:
    own = (organisation.c.id == tx.tenant_id, organisation.c.province_id == tx.province_id)
    return str(await tx.scalar(select(organisation.c.kind).where(*own)))


async def _deliver_publication(tx: Transaction, row: Row[Any]) -> None:
    """Tell every organisation of the province, each by a task of its own, which works in that organisation's tenant."""
    payload = msgspec.convert(row.payload, PublicationPayload)
    if not payload.title:
        return
    slug = await tx.scalar(select(province.c.slug).where(province.c.province_id == tx.province_id))
    told = await tx.rows(
        select(organisation.c.id, organisation.c.kind).where(
            organisation.c.province_id == tx.province_id,
            organisation.c.id != tx.tenant_id,
            organisation.c.kind != "operator",
            organisation.c.state == "active",
        )
    )
    for one in told:
        await ask(
            tx,
            "announce",
            key=named_id("announce", str(row.id), str(one.id)),
            tenant=str(one.id),
            news=str(row.id),
            title=payload.title,
            text=payload.text,
            href=f"/{slug}{payload.path}",
            to_permission="institution:home:read" if one.kind == "institution" else "console:home:read",
        )


async def _tell_elsewhere(tx: Transaction, row: Row[Any]) -> None:
    """By a task of its own, as with a publication; an organisation that is no longer active is not told."""
    payload = msgspec.convert(row.payload, ToldElsewhere)
    found = await tx.rows(
        select(organisation.c.id, organisation.c.name, organisation.c.state).where(
            organisation.c.province_id == tx.province_id,
            organisation.c.id.in_((tx.tenant_id, payload.to_organisation)),
        )
    )
    named = {one.id: one for one in found}
    if payload.to_organisation not in named:
        raise NotFound
    if named[payload.to_organisation].state != "active":
        return
    await ask(
        tx,
        "announce",
        key=named_id("announce", str(row.id), str(payload.to_organisation)),
        tenant=str(payload.to_organisation),
        news=str(row.id),
        title=payload.title,
        text=f"单位：{named[tx.tenant_id].name}",
        href=payload.href,
        to_permission=payload.to_permission,
    )


async def announce(tx: Transaction, news: str, payload: dict[str, Any]) -> None:
    """Put news of the province into the outbox of the transaction's tenant; the same news twice is one message."""
    await _put(tx, named_id("news", news, str(tx.tenant_id)), "message", payload)
    ask_soon(tx, "deliver_outbox", tx.tenant_id)


def _in_words(payload: dict[str, Any]) -> dict[str, Any]:
    """News sent by name, as a message."""
    known = _NEWS.get(payload.get("what", ""))
    if known is None:
        return payload
    title, href, permission = known
    return {"title": title, "href": href, "to_permission": permission, "text": str(payload.get("document") or "")}


async def _deliver_mail(tx: Transaction, row: Row[Any], mailer: Mailer | None) -> bool:
    payload = msgspec.convert(row.payload, MailPayload)
    address = await _address(tx, payload.to_person)
    if address is None:
        raise NotFound
    await tx.execute(
        insert(mail)
        .values(
            tenant_id=tx.tenant_id,
            id=row.id,
            **tx.scope.stream_values(),
            actor_id=row.actor_id,
            person_id=payload.to_person,
            subject=payload.subject[:200],
            text=payload.text,
            at=tx.now,
        )
        .on_conflict_do_nothing()
    )
    kept = (mail.c.tenant_id == tx.tenant_id, mail.c.id == row.id)
    if mailer is None or not address or await tx.scalar(select(mail.c.sent_at).where(*kept)) is not None:
        return False
    await mailer.send(address, payload.subject, payload.text, row.id)
    await tx.execute(update(mail).where(*kept).values(sent_at=func.clock_timestamp()))
    return True


async def _address(tx: Transaction, person_id: UUID) -> str | None:
    """The mail address of a person of the tenant, empty when they have none; None when there is no such person."""
    row = await tx.row(select(person.c.email).where(person.c.tenant_id == tx.tenant_id, person.c.id == person_id))
    return None if row is None else row.email or ""
