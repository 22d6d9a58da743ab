"""The verbs of a loss: the department records it with its three checks, finance or asset management books it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from services.ledger import queries as ledger
from services.ledger.entry import right_number
from services.ledger.losses import rules
from services.ledger.losses.models import CAUSES, STATES, right_handover
from services.ledger.losses.queries import RECEIVE, handover_for_update
from services.ledger.workflow import CASE, correct
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from shared.workflow import Move, Moves, move, record_decision, record_event, refuse, send
from tenants.packs import governing

HANDOVER = "right_handover"
MOVES = Moves(
    HANDOVER,
    right_handover,
    STATES,
    (Move("receive", frozenset({"handed"}), "received", "received", RECEIVE, "登记账务处理"),),
    articles=rules.ARTICLES,
)


async def record_loss(
    tx: Transaction, achievement_id: UUID, number: str, cause: str, lost_on: date, checks: Mapping[str, str]
) -> UUID | Refusal:
    """Record that the unit no longer has a right, with the three checks, and hand it to finance; returns the handover's id.

    Refused: a check is missing, the right is not the unit's any more, a day to come, and what ``correct`` refuses.

    :raises NotFound: no such achievement of this tenant, no such right of it.
    """
    row = await ledger.achievement_for_update(tx, achievement_id)
    present = await ledger.rights_of(tx, achievement_id) if row is not None else []
    right = next((one for one in present if one.number == right_number(number)), None)
    if row is None or right is None:
        raise NotFound
    governed = await governing(tx)
    decided = rules.checked(checks, governed.pack, tx.today)
    await record_decision(
        tx, decided.answer, decided.facts, CASE, achievement_id, pack_version_id=governed.id, pack_hash=governed.hash
    )
    refusal = rules.may_hand_over(right, lost_on, tx.today) or Refusal.of(decided.answer)
    if refusal is not None:
        return await refuse(tx, refusal, "achievement.record_loss", CASE, achievement_id)
    label, status = CAUSES[cause]
    lost = replace(right, status=status, ended_on=lost_on, fee_due_on=None)
    wanted = [lost if one.number == right.number else one for one in present]
    reason = f"{right.number} {label}，不再属于本单位"
    done = await correct(tx, achievement_id, {}, since=max(lost_on, row.began_on), reason=reason, rights=wanted)
    if isinstance(done, Refusal):
        return done
    handover_id = new_id()
    values: dict[str, Any] = {name: checks[name] for name in rules.CHECKS}
    await tx.execute(
        insert(right_handover).values(
            tenant_id=tx.tenant_id,
            id=handover_id,
            achievement_id=achievement_id,
            number=right.number,
            cause=cause,
            lost_on=lost_on,
            in_development=row.stage_since is not None and row.stage_since <= lost_on,
            handed_at=tx.now,
            handed_by=tx.actor.person_id,
            **values,
        )
    )
    details = {"handover": str(handover_id), "number": right.number, "cause": cause, "lost_on": str(lost_on)}
    await record_event(tx, CASE, achievement_id, "right_lost", reason=reason, details=details)
    await write_audit(tx, "achievement.record_loss", CASE, achievement_id, details=details)
    href = f"/institution/ledger/{achievement_id}/losses"
    await send(tx, "message", {"to_permission": RECEIVE, "title": "有成果权利丧失，待账务处理", "href": href})
    news = {"achievement_id": str(achievement_id), "code": row.code, **details}
    await send(tx, "push", {"event": "right.lost", "data": news})
    return handover_id


async def receive(tx: Transaction, achievement_id: UUID, handover_id: UUID, booking: str) -> Refusal | None:
    """Record how a lost right was booked.

    :raises NotFound: no such handover of this achievement.
    """
    row = await handover_for_update(tx, achievement_id, handover_id)
    if row is None:
        raise NotFound
    changes = {"received_at": tx.now, "received_by": tx.actor.person_id, "booking": booking}
    stopped = await move(tx, MOVES, handover_id, "receive", row.state, changes=changes, reason=booking)
    if stopped is not None:
        return await refuse(tx, stopped, f"{HANDOVER}.receive", HANDOVER, handover_id)
    await record_event(tx, CASE, achievement_id, "loss_booked", reason=booking, details={"number": row.number})
    return None
