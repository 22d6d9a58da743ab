"""The verbs of the mark: set by finance or asset management, taken off with a reason, exported with a trace."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update
from sqlalchemy.dialects.postgresql import insert

from services.ledger import queries as ledger
from services.ledger.disclosure.queries import unit_kind_of
from services.ledger.marking import queries, rules
from services.ledger.marking.models import MARK, asset_mark
from services.ledger.workflow import CASE as ACHIEVEMENT
from services.ledger.workflow import MOVES as ACHIEVEMENT_MOVES
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from shared.workflow import record_decision, record_event, refuse, send
from tenants.packs import governing

CASE = "asset_mark"


async def mark(
    tx: Transaction,
    achievement_id: UUID,
    *,
    marked_on: date,
    asset_number: str | None = None,
    booked_value: Decimal | None = None,
    ground: str = "",
) -> UUID | Refusal:
    """Mark an achievement as a formed intangible, kept apart in the asset system; returns the mark's id.

    ``booked_value`` in yuan, None where finance states none. Refused: it is marked, not registered, a day out of its life; and
    by the text where it books no intangible for such a unit and stage and finance gives no ``ground``.

    :raises NotFound: no such achievement of this tenant.
    """
    row = await ledger.achievement_for_update(tx, achievement_id)
    if row is None:
        raise NotFound
    governed, mark_id = await governing(tx), new_id()
    rights = [one.status for one in await ledger.rights_of(tx, achievement_id)]
    decided = rules.may_mark(
        await unit_kind_of(tx), row.stage_since is not None, rights, row.status, ground, governed.pack, tx.today
    )
    refusal = await _stands_against(tx, row, marked_on)
    if refusal is None:
        await record_decision(
            tx, decided.answer, decided.facts, CASE, mark_id, pack_version_id=governed.id, pack_hash=governed.hash
        )
        refusal = Refusal.of(decided.answer)
    if refusal is not None:
        return await refuse(tx, refusal, f"{CASE}.mark", ACHIEVEMENT, achievement_id)
    values = {
        "asset_number": asset_number,
        "booked_value": booked_value,
        "ground": ground.strip() or None,
        "hint": rules.hint_of(decided),
        "marked_on": marked_on,
    }
    made = await tx.execute(
        insert(asset_mark)
        .values(
            tenant_id=tx.tenant_id,
            id=mark_id,
            achievement_id=achievement_id,
            marked_at=tx.now,
            recorded_at=await tx.recorded_now(),
            marked_by=tx.actor.person_id,
            **values,
        )
        .on_conflict_do_nothing()
    )
    if made.rowcount != 1:
        return await refuse(tx, _marked_already(row), f"{CASE}.mark", ACHIEVEMENT, achievement_id)
    details = {"mark": str(mark_id), "asset_number": asset_number, "marked_on": str(marked_on)}
    await _note(tx, row, "marked", ground.strip() or None, details)
    return mark_id


async def _stands_against(tx: Transaction, row: Row[Any], marked_on: date) -> Refusal | None:
    if row.state != "registered":
        return stale(
            "该成果不在册，不能标识；请刷新页面查看", *rules.ARTICLES, state=ACHIEVEMENT_MOVES.states[row.state]
        )
    earlier = await queries.marks_of(tx, row.id)
    if earlier and earlier[0].unmarked_at is None:
        return _marked_already(row)
    free_from = max((one.unmarked_on for one in earlier), default=None)
    return rules.wrong_day(marked_on, row.began_on, free_from, tx.today)


def _marked_already(row: Row[Any]) -> Refusal:
    told = f"{row.code} 已经标识；内容有误的，请先写明理由解除，再重新标识"
    return stale(told, *rules.ARTICLES, holder=row.code)


async def unmark(tx: Transaction, achievement_id: UUID, *, unmarked_on: date, reason: str) -> Refusal | None:
    """Take the mark off from a day on, with the reason; it stays in the lists of the days before.

    :raises NotFound: no such achievement of this tenant.
    """
    row = await ledger.achievement_for_update(tx, achievement_id)
    if row is None:
        raise NotFound
    standing = await queries.live_mark_for_update(tx, achievement_id)
    refusal = None
    if standing is None:
        refusal = stale("该成果没有标识，不需要解除；请刷新页面查看", *rules.ARTICLES, holder=row.code)
    elif not standing.marked_on <= unmarked_on <= tx.today:
        told = f"解除日期应在标识日期 {standing.marked_on} 与今天之间"
        refusal = stale(told, *rules.ARTICLES, date=unmarked_on, marked_on=standing.marked_on, today=tx.today)
    if refusal is not None or standing is None:
        assert refusal is not None
        return await refuse(tx, refusal, f"{CASE}.unmark", ACHIEVEMENT, achievement_id)
    table = asset_mark
    await tx.execute(
        update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.id == standing.id)
        .values(
            unmarked_on=unmarked_on,
            unmarked_at=tx.now,
            unmarked_by=tx.actor.person_id,
            unmark_reason=reason,
            end_recorded_at=await tx.recorded_now(),
        )
    )
    details = {
        "mark": str(standing.id),
        "asset_number": standing.asset_number,
        "marked_on": str(standing.marked_on),
        "unmarked_on": str(unmarked_on),
    }
    await _note(tx, row, "unmarked", reason, details)
    return None


async def _note(tx: Transaction, row: Row[Any], what: str, reason: str | None, details: dict[str, Any]) -> None:
    """Event, audit row, and the news for the unit's own systems: ids and numbers, no free text, which they read by the API."""
    await record_event(tx, ACHIEVEMENT, row.id, f"asset_{what}", reason=reason, details=details)
    await write_audit(tx, f"{CASE}.{what.removesuffix('ed')}", ACHIEVEMENT, row.id, details=details)
    news = {"achievement_id": str(row.id), "code": row.code, "mark": MARK, **details}
    await send(tx, "push", {"event": f"{CASE}.{what}", "data": news})


async def note_export(tx: Transaction, day: date, rows: int, kind: str) -> None:
    """An export of the marks is on the log; it names no person."""
    details = {"as_of": str(day), "rows": rows, "format": kind}
    await write_audit(tx, f"{CASE}.export", CASE, None, outcome="read", details=details)
