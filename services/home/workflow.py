"""The verbs of the home pages: messages read, the demo clock moved."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from services.home import queries
from services.home.models import message_read
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.keyset import Place

CLOCK_AT_MOST = timedelta(days=1_830)


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
    before: Place | None = None
    while page := await queries.messages(tx, before=before):
        await _mark_read(tx, [row.id for row in page if row.read_at is None])
        before = (page[-1].recorded_at, page[-1].id)


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
