"""The verbs of a received payment: recorded with its paper, corrected by another version, taken back with a reason."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import Range

from services.ledger import queries as ledger
from services.ledger.models import conversion_record
from services.ledger.papers.workflow import Paper, Store, keep_paper
from services.ledger.payments.models import conversion_payment, conversion_payment_version
from services.ledger.payments.queries import payment_for_update
from services.ledger.rules import KEPT
from services.ledger.workflow import CASE as ACHIEVEMENT
from services.ledger.workflow import MOVES as ACHIEVEMENT_MOVES
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.errors import NotFound, Refusal, lost_race, stale
from shared.ids import new_id
from shared.workflow import record_event, refuse, send

CASE = "payment"
_ARTICLES = ("ledger", *KEPT)
PURPOSE, VOUCHER = "payment", "payment_voucher"


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment as it is said; ``amount`` in yuan, above 0."""

    conversion_id: UUID
    received_on: date
    amount: Decimal
    kind: str
    reference: str
    remark: str | None = None


async def record_payment(
    tx: Transaction,
    achievement_id: UUID,
    payment: Payment,
    *,
    store: Store | None = None,
    upload: Upload | None = None,
) -> UUID | Refusal:
    """Record what came in for one conversion, with its voucher where a file is given (checked before); returns the id.

    Refused: the achievement is not registered, a day to come, the same file as another voucher.

    :raises NotFound: no such achievement of this tenant, no such conversion of it.
    """
    row = await _loaded(tx, achievement_id, payment.conversion_id)
    payment_id = new_id()
    refusal = _stands_against(tx, row, payment)
    if refusal is None and store is not None and upload is not None:
        said = Paper(PURPOSE, VOUCHER, [str(payment_id)], payment.reference, payment.received_on)
        kept = await keep_paper(tx, store, achievement_id, upload, said)
        refusal = kept if isinstance(kept, Refusal) else None
    if refusal is not None:
        return await refuse(tx, refusal, f"{CASE}.record", ACHIEVEMENT, achievement_id)
    values = {"achievement_id": achievement_id, **asdict(payment), "live": True}
    recorded = await tx.recorded_now()
    await tx.execute(
        insert(conversion_payment).values(tenant_id=tx.tenant_id, id=payment_id, recorded_at=recorded, **values)
    )
    await _write_version(tx, payment_id, values, 1, recorded, "登记到账")
    await _note(tx, row, "recorded", payment_id, values, None)
    return payment_id


async def correct_payment(
    tx: Transaction,
    achievement_id: UUID,
    payment_id: UUID,
    payment: Payment,
    *,
    reason: str,
    revision: int | None = None,
) -> Refusal | None:
    """Give a payment other values by another version; what was recorded before stays.

    :raises NotFound: no such payment of this achievement, no such conversion of it.
    """
    row = await _loaded(tx, achievement_id, payment.conversion_id)
    before = await payment_for_update(tx, achievement_id, payment_id)
    if before is None:
        raise NotFound
    refusal = _stands_against(tx, row, payment)
    if not before.live or (revision is not None and before.revision != revision):
        refusal = lost_race("这笔到账刚刚已由他人更正或者撤销，您的更正没有生效；请刷新页面")
    if refusal is not None:
        return await refuse(tx, refusal, f"{CASE}.correct", ACHIEVEMENT, achievement_id)
    values = {"achievement_id": achievement_id, **asdict(payment), "live": True}
    await _change(tx, before, values, reason)
    await _note(tx, row, "corrected", payment_id, values, reason, before)
    return None


async def remove_payment(tx: Transaction, achievement_id: UUID, payment_id: UUID, *, reason: str) -> Refusal | None:
    """Take back a payment that was recorded by mistake, from its beginning.

    :raises NotFound: no such payment of this achievement.
    """
    row = await _loaded(tx, achievement_id, None)
    before = await payment_for_update(tx, achievement_id, payment_id)
    if before is None:
        raise NotFound
    if not before.live:
        gone = stale("这笔到账已经撤销；请刷新页面", *_ARTICLES, received_on=before.received_on, amount=before.amount)
        return await refuse(tx, gone, f"{CASE}.remove", ACHIEVEMENT, achievement_id)
    values = {name: getattr(before, name) for name in ("achievement_id", *Payment.__dataclass_fields__)}
    values["live"] = False
    await _change(tx, before, values, reason)
    await _note(tx, row, "corrected", payment_id, values, reason, before)
    return None


async def _loaded(tx: Transaction, achievement_id: UUID, conversion_id: UUID | None) -> Row[Any]:
    row = await ledger.achievement_for_update(tx, achievement_id)
    table = conversion_record
    known = conversion_id is None or await tx.scalar(
        select(table.c.id).where(
            table.c.tenant_id == tx.tenant_id,
            table.c.achievement_id == achievement_id,
            table.c.id == conversion_id,
            table.c.live,
        )
    )
    if row is None or not known:
        raise NotFound
    return row


def _stands_against(tx: Transaction, row: Row[Any], payment: Payment) -> Refusal | None:
    if row.state != "registered":
        return stale("该成果不在册，不能登记到账；请刷新页面", *_ARTICLES, state=ACHIEVEMENT_MOVES.states[row.state])
    if payment.received_on > tx.today:
        told = f"到账日期 {payment.received_on} 晚于今天，请在到账之后登记"
        return stale(told, *_ARTICLES, received_on=payment.received_on, today=tx.today)
    return None


async def _change(tx: Transaction, before: Row[Any], values: Mapping[str, Any], reason: str) -> None:
    """Close what was known of a payment and write it anew, from its day on."""
    recorded = await tx.recorded_now()
    table, revision = conversion_payment_version, before.revision + 1
    await tx.execute(
        update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.id == before.id, func.upper_inf(table.c.recorded))
        .values(recorded=func.tstzrange(func.lower(table.c.recorded), recorded))
    )
    now = conversion_payment
    await tx.execute(
        update(now)
        .where(now.c.tenant_id == tx.tenant_id, now.c.id == before.id)
        .values(**values, revision=revision, recorded_at=recorded)
    )
    await _write_version(tx, before.id, values, revision, recorded, reason)


async def _write_version(
    tx: Transaction, payment_id: UUID, values: Mapping[str, Any], revision: int, recorded: Any, reason: str
) -> None:
    await tx.execute(
        insert(conversion_payment_version).values(
            tenant_id=tx.tenant_id,
            id=payment_id,
            version=new_id(),
            held=Range(values["received_on"], None),
            recorded=Range(recorded, None),
            revision=revision,
            reason=reason,
            actor_id=tx.actor.person_id,
            **values,
        )
    )


async def _note(
    tx: Transaction,
    row: Row[Any],
    what: str,
    payment_id: UUID,
    values: Mapping[str, Any],
    reason: str | None,
    before: Row[Any] | None = None,
) -> None:
    """Event, audit row, news for the unit's own systems: numbers and days, no free text."""
    told = {
        "payment": str(payment_id),
        "conversion": str(values["conversion_id"]),
        "received_on": str(values["received_on"]),
        "amount": str(values["amount"]),
        "kind": values["kind"],
        "live": values["live"],
    }
    changes = {} if before is None else {
        "changes": {
            name: [str(getattr(before, name)), str(values[name])]
            for name in ("conversion_id", "received_on", "amount", "kind", "reference", "live")
            if getattr(before, name) != values[name]
        }
    }  # fmt: skip
    await record_event(tx, ACHIEVEMENT, row.id, f"payment_{what}", reason=reason, details=told | changes)
    await write_audit(tx, f"{CASE}.{what.removesuffix('ed')}", ACHIEVEMENT, row.id, details=told | changes)
    news = {"achievement_id": str(row.id), "code": row.code, **told}
    await send(tx, "push", {"event": f"{CASE}.{what}", "data": news})
