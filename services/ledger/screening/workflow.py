"""The verbs of the screening: set the cycle, begin a round, hand achievements in, judge them, end the round."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.ledger.models import achievement
from services.ledger.rules import KEPT
from services.ledger.screening import queries, rules
from services.ledger.screening.models import (
    RESULTS,
    ROUND_STATES,
    screening_item,
    screening_plan,
    screening_round,
)
from services.ledger.workflow import CASE as ACHIEVEMENT
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from shared.workflow import Move, Moves, move, record_decision, record_event, refuse, send
from tenants.packs import governing

CASE = "screening_round"
PLAN = "institution:schedule:write"
MOVES = Moves(
    CASE,
    screening_round,
    ROUND_STATES,
    (Move("close", frozenset({"open"}), "closed", "screening_closed", queries.JUDGE, "结束本轮筛查"),),
    articles=(*(f"duties.{one}" for one in rules.DUTIES), *KEPT),
)
_LAST_DAYS = (7, 1, 0)  # our own: how long before its day a round is called to mind again

# Every registered achievement that one of the chosen reasons fits, those that were handed in among them; set-based, since
# a round may hold a whole ledger.
_FILL = text("""
insert into app.screening_item (tenant_id, id, achievement_id, round_id, reasons, added_at, added_by)
select cast(:tenant as uuid), gen_random_uuid(), id, cast(:round as uuid), reasons, cast(:now as timestamptz),
  cast(:actor as uuid) from (
  select a.id, array_remove(array[
    case when 'development' = any(cast(:reasons as text[])) and a.stage_recognised = 'development' and a.status <> 'converted'
      then 'development' end,
    case when 'unconverted' = any(cast(:reasons as text[])) and a.status = 'not_converted' then 'unconverted' end,
    case when 'expiring' = any(cast(:reasons as text[])) and exists (
      select 1 from app.achievement_right r where r.tenant_id = :tenant and r.achievement_id = a.id and r.live
        and r.status = 'granted' and r.expires_on between cast(:today as date) and cast(:until as date))
      then 'expiring' end], null) as reasons
  from app.achievement a where a.tenant_id = :tenant and a.state = 'registered') found
where cardinality(reasons) > 0
on conflict (tenant_id, round_id, achievement_id) do update set reasons = screening_item.reasons || excluded.reasons
""")


@dataclass(frozen=True, slots=True)
class Handed:
    """What came of handing in: ``added`` achievements, in round ``round_id`` or, None, waiting for the next; ``known`` were in."""

    added: int
    known: int
    round_id: UUID | None


async def set_plan(
    tx: Transaction, every_months: int, first_due_on: date, ahead_days: int, reasons: Sequence[str], basis: str
) -> UUID:
    """Set the unit's cycle from now on; the earlier one stays as it was. Returns the id."""
    plan_id = new_id()
    values = {
        "every_months": every_months,
        "first_due_on": first_due_on,
        "ahead_days": ahead_days,
        "reasons": list(reasons),
        "basis": basis,
    }
    row = {"tenant_id": tx.tenant_id, "id": plan_id, "set_at": tx.now, "set_by": tx.actor.person_id}
    await tx.execute(insert(screening_plan).values(**row, **values))
    details = {**values, "first_due_on": str(first_due_on)}
    await record_event(tx, "screening_plan", plan_id, "screening_planned", details=details)
    await write_audit(tx, "screening_plan.set", "screening_plan", plan_id, details=details)
    return plan_id


async def begin_round(tx: Transaction, due_on: date | None = None) -> UUID | Refusal:
    """Begin a round that is due on a day, by default the cycle's next; returns its id.

    In it is every registered achievement that the cycle chooses, and what was handed in. Refused: a round is under way, no
    cycle is set.
    """
    plan, last, round_id = await queries.plan(tx), await queries.last_round(tx), new_id()
    if plan is None:
        unplanned = stale("本单位还没有设定筛查周期，请先设定", *MOVES.articles, missing="筛查周期")
        return await refuse(tx, unplanned, f"{CASE}.begin", CASE, round_id)
    due = due_on or rules.next_due(plan.first_due_on, plan.every_months, last.due_on if last is not None else None)
    until = rules.months_after(max(due, tx.today), plan.every_months)
    table = screening_round
    number = await tx.scalar(
        select(func.coalesce(func.max(table.c.number), 0) + 1).where(table.c.tenant_id == tx.tenant_id)
    )
    made = await tx.execute(
        upsert(table)
        .values(
            tenant_id=tx.tenant_id,
            id=round_id,
            number=number,
            due_on=due,
            until=until,
            reasons=plan.reasons,
            opened_at=tx.now,
            opened_by=tx.actor.person_id,
        )
        .on_conflict_do_nothing()
    )
    if made.rowcount != 1:
        open_one = stale(
            "上一轮筛查还没有结束，请先结束后再开始", *MOVES.articles, due_on=last.due_on if last else None
        )
        return await refuse(tx, open_one, f"{CASE}.begin", CASE, round_id)
    count = await _fill(tx, round_id, plan.reasons, until)
    details = {"number": number, "due_on": str(due), "achievements": count}
    await record_event(tx, CASE, round_id, "screening_begun", to_state="open", details=details)
    await write_audit(tx, f"{CASE}.begin", CASE, round_id, details=details)
    await _tell(tx, round_id, f"第 {number} 轮成果筛查自评已开始，共 {count} 项，应于 {due} 前完成")
    return round_id


async def _fill(tx: Transaction, round_id: UUID, reasons: Sequence[str], until: date) -> int:
    """Put in what waited and what the cycle chooses; how many there are."""
    table = screening_item
    await tx.execute(
        update(table).where(table.c.tenant_id == tx.tenant_id, table.c.round_id.is_(None)).values(round_id=round_id)
    )
    await tx.execute(
        _FILL,
        {
            "tenant": tx.tenant_id,
            "round": round_id,
            "reasons": list(reasons),
            "today": tx.today,
            "until": until,
            "now": tx.now,
            "actor": tx.actor.person_id,
        },
    )
    return sum((await queries.counts(tx, round_id)).values())


async def hand_to_screening(tx: Transaction, achievement_ids: Sequence[UUID], asked: str = "") -> Handed:
    """Have registered achievements looked at: in the round under way, else in the next one; once each.

    ``asked`` says what whoever hands them in wants to know. Ids of other tenants, of what is revoked or quarantined count for
    nothing. The caller's route asks for the permission.
    """
    running = await queries.open_round(tx)
    round_id = running.id if running is not None else None
    table = achievement
    found = await tx.rows(
        select(table.c.id, table.c.code)
        .where(table.c.tenant_id == tx.tenant_id, table.c.id.in_(achievement_ids), table.c.state == "registered")
        .order_by(table.c.id)
    )
    added = []
    for one in found:
        done = await tx.execute(
            upsert(screening_item)
            .values(
                tenant_id=tx.tenant_id,
                id=new_id(),
                achievement_id=one.id,
                round_id=round_id,
                reasons=["handed"],
                asked=asked.strip() or None,
                added_at=tx.now,
                added_by=tx.actor.person_id,
            )
            .on_conflict_do_nothing()
        )
        if done.rowcount:
            added.append(one)
            await record_event(tx, ACHIEVEMENT, one.id, "handed_to_screening", reason=asked.strip() or None)
    details = {"added": [one.code for one in added], "known": len(found) - len(added), "asked": asked.strip()}
    await write_audit(tx, f"{CASE}.hand_in", CASE, round_id, details=details)
    return Handed(len(added), len(found) - len(added), round_id)


async def judge(tx: Transaction, round_id: UUID, item_ids: Sequence[UUID], result: str, finding: str) -> int | Refusal:
    """Give achievements of the round under way the same result; how many. A result may be given anew until the round ends.

    :raises NotFound: no such round, no such achievement in it.
    """
    row = await queries.find_round(tx, round_id, lock=True)
    found = await queries.items_for_update(tx, round_id, item_ids) if row is not None else []
    if row is None or not found or len(found) != len(set(item_ids)) or result not in RESULTS:
        raise NotFound
    if row.state != "open":
        over = stale("本轮筛查已经结束，结论不能再改", *MOVES.articles, ended_at=row.closed_at)
        return await refuse(tx, over, f"{CASE}.judge", CASE, round_id)
    table = screening_item
    await tx.execute(
        update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.id.in_([one.id for one in found]))
        .values(result=result, finding=finding, judged_at=tx.now, judged_by=tx.actor.person_id)
    )
    for one in found:
        details = {"round": row.number, "result": result, "before": one.result}
        await record_event(tx, ACHIEVEMENT, one.achievement_id, "self_assessed", reason=finding, details=details)
    details = {"round": row.number, "result": result, "achievements": [one.code for one in found]}
    await write_audit(tx, f"{CASE}.judge", CASE, round_id, details=details)
    return len(found)


async def close_round(tx: Transaction, round_id: UUID, summary: str) -> Refusal | None:
    """End the round with its summary and what came out of it.

    Refused by the text's duty: an achievement without a result, no summary.

    :raises NotFound: no such round.
    """
    row = await queries.find_round(tx, round_id, lock=True)
    if row is None:
        raise NotFound
    governed = await governing(tx)
    decided = rules.may_close(await queries.open_codes(tx, round_id), summary, governed.pack, tx.today)
    refusal = MOVES.refusal("close", row.state)
    if refusal is None:
        await record_decision(
            tx, decided.answer, decided.facts, CASE, round_id, pack_version_id=governed.id, pack_hash=governed.hash
        )
        refusal = Refusal.of(decided.answer)
    if refusal is not None:
        return await refuse(tx, refusal, f"{CASE}.close", CASE, round_id)
    counted = dict(await queries.counts(tx, round_id))
    changes = {"closed_at": tx.now, "closed_by": tx.actor.person_id, "summary": summary.strip(), "counts": counted}
    stopped = await move(
        tx, MOVES, round_id, "close", row.state, changes=changes, reason=summary.strip(), details={"counts": counted}
    )
    if stopped is not None:
        return await refuse(tx, stopped, f"{CASE}.close", CASE, round_id)
    await _tell(tx, round_id, f"第 {row.number} 轮成果筛查自评已结束", queries.SEE)
    return None


async def follow_plan(tx: Transaction) -> None:
    """Daily: begin the round whose time has come, call to mind the one whose day is near or over."""
    plan, running = await queries.plan(tx), await queries.open_round(tx)
    if plan is None:
        return
    if running is None:
        last = await queries.last_round(tx)
        due = rules.next_due(plan.first_due_on, plan.every_months, last.due_on if last is not None else None)
        if tx.today >= due - timedelta(days=plan.ahead_days):
            await begin_round(tx, due)
        return
    left = (running.due_on - tx.today).days
    if left in _LAST_DAYS or (left < 0 and -left % 7 == 0):
        when = f"还有 {left} 天到期" if left > 0 else "今天到期" if left == 0 else f"已逾期 {-left} 天"
        await _tell(tx, running.id, f"第 {running.number} 轮成果筛查自评{when}")


async def _tell(tx: Transaction, round_id: UUID, title: str, permission: str = queries.JUDGE) -> None:
    href = f"/institution/screening/{round_id}"
    await send(tx, "message", {"to_permission": permission, "title": title, "href": href})
