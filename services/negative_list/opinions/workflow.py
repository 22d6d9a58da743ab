"""Opinions on a draft (公开征集意见): sent by anybody without an account, or entered from letters and visits; each is answered."""

import math
import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, text, update

from services.negative_list import rules
from services.negative_list.models import list_consultation, list_opinion
from services.negative_list.queries import consultation
from shared.audit.writing import write_audit
from shared.clock import local_day
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, TooMany, stale
from shared.ids import new_id
from shared.workflow import record_event, refuse

KIND = "list_opinion"
BUCKET_SIZE = 10
BUCKET_PER_SECOND = 1 / 30
_RECEIPT = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


async def submit_opinion(tx: Transaction, consultation_id: UUID, body: str, item_code: str = "") -> str | Refusal:
    """Take one opinion of a visitor; returns the receipt number that they keep.

    :raises TooMany: the address sent too many within minutes; nothing of this one is kept.
    :raises NotFound: no such round in the province of the address.
    """
    wait = await tx.scalar(
        text("select app.take_from_bucket(:name, :capacity, :per_second)"),
        {
            "name": f"opinion:{tx.province_id}:{tx.actor.address}"[:120],
            "capacity": float(BUCKET_SIZE),
            "per_second": BUCKET_PER_SECOND,
        },
    )
    if wait > 0:
        seconds = math.ceil(wait)
        raise TooMany(f"提交过于频繁，请 {seconds} 秒后再提交；本次内容没有保存", retry_after=seconds)
    return await _take(tx, consultation_id, "online", body, item_code)


async def record_letter(
    tx: Transaction, consultation_id: UUID, channel: str, body: str, item_code: str = ""
) -> str | Refusal:
    """Enter an opinion that came by letter, visit or meeting, so that it is answered like the others."""
    return await _take(tx, consultation_id, channel, body, item_code)


async def _take(tx: Transaction, consultation_id: UUID, channel: str, body: str, item_code: str) -> str | Refusal:
    round_ = await consultation(tx, consultation_id)
    if round_ is None:
        raise NotFound
    opinion_id = new_id()
    over = rules.consultation_over(round_, tx.today)
    if over is not None:
        return await refuse(tx, over, f"{KIND}.submit", KIND, opinion_id)
    known = {item["code"] for item in round_.draft["items"]}
    receipt = f"YJ{local_day(tx.now):%Y%m%d}-" + "".join(secrets.choice(_RECEIPT) for _ in range(8))
    await tx.execute(
        insert(list_opinion)
        .inline()
        .values(
            tenant_id=tx.tenant_id,
            id=opinion_id,
            province_id=tx.province_id,
            consultation_id=consultation_id,
            receipt=receipt,
            channel=channel,
            item_code=item_code if item_code in known else None,
            body=body,
            received_at=tx.now,
        )
    )
    await record_event(tx, KIND, opinion_id, "received", details={"consultation_id": str(consultation_id)})
    await write_audit(tx, f"{KIND}.submit", KIND, opinion_id, details={"receipt": receipt, "channel": channel})
    return receipt


async def answer_opinion(tx: Transaction, opinion_id: UUID, answer: str, adopted: str) -> Refusal | None:
    """Answer one opinion, once: adopted, partly, or not, and why. Publication waits for the last answer (rule 28)."""
    done = await tx.execute(
        update(list_opinion)
        .where(
            list_opinion.c.tenant_id == tx.tenant_id,
            list_opinion.c.id == opinion_id,
            list_opinion.c.answered_at.is_(None),
        )
        .values(answer=answer, adopted=adopted, answered_at=tx.now, answered_by=tx.actor.person_id)
    )
    round_id = await _round_of(tx, opinion_id)
    if done.rowcount != 1:
        known = stale("该意见已经答复", "negative_lists", state="已答复")
        return await refuse(tx, known, f"{KIND}.answer", KIND, opinion_id)
    await tx.execute(
        update(list_consultation)
        .where(
            list_consultation.c.province_id == tx.province_id,
            list_consultation.c.id == round_id,
            list_consultation.c.closed_at.is_not(None),
        )
        .values(answered=func.coalesce(list_consultation.c.answered, 0) + 1)
    )
    await record_event(tx, KIND, opinion_id, "answered", details={"adopted": adopted})
    await write_audit(tx, f"{KIND}.answer", KIND, opinion_id, details={"adopted": adopted})
    return None


async def _round_of(tx: Transaction, opinion_id: UUID) -> Any:
    found = await tx.scalar(
        select(list_opinion.c.consultation_id).where(
            list_opinion.c.tenant_id == tx.tenant_id, list_opinion.c.id == opinion_id
        )
    )
    if found is None:
        raise NotFound
    return found
