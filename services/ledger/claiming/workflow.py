"""The verbs of a claim: said by the person, decided by the responsible department, ended when it was wrong."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from services.ledger.claiming.models import CLAIM_STATES, person_claim
from services.ledger.claiming.queries import CLAIM, DECIDE, claimable, find_claim, still_free
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import Forbidden, NotFound, Refusal, stale
from shared.ids import new_id
from shared.workflow import Move, Moves, move, record_event, refuse, send

CASE = "person_claim"
_OPEN = frozenset({"submitted"})

MOVES = Moves(
    CASE,
    person_claim,
    CLAIM_STATES,
    (
        Move("confirm", _OPEN, "confirmed", "claim_confirmed", DECIDE, "确认是本人"),
        Move("decline", _OPEN, "declined", "claim_declined", DECIDE, "不予确认"),
        Move("withdraw", _OPEN, "withdrawn", "claim_withdrawn", CLAIM, "撤回认领"),
        Move("end", frozenset({"confirmed"}), "ended", "claim_ended", DECIDE, "解除关联"),
    ),
    articles=("fields.ledger.completers",),
)
_TOLD = {"confirm": "完成人认领已确认", "decline": "完成人认领未确认", "end": "完成人关联已解除"}


async def claim(tx: Transaction, completer_id: UUID) -> UUID | Refusal:
    """Say that one is this completer of the ledger; returns the claim's id.

    :raises NotFound: no such completer of this institution.
    """
    if tx.actor.person_id is None:
        raise Forbidden("请先登录")
    if not await claimable(tx, completer_id):
        raise NotFound
    claim_id = new_id()
    made = await tx.execute(
        insert(person_claim)
        .values(
            tenant_id=tx.tenant_id,
            id=claim_id,
            province_id=tx.province_id,
            person_id=tx.actor.person_id,
            completer_id=completer_id,
            state="submitted",
            claimed_at=tx.now,
        )
        .on_conflict_do_nothing()
    )
    if made.rowcount != 1:
        known = stale("您已经提交过这项认领，请等待责任部门确认", *MOVES.articles, state="待核实")
        return await refuse(tx, known, "person_claim.claim", CASE, claim_id)
    await record_event(tx, CASE, claim_id, "claimed", to_state="submitted")
    await write_audit(tx, "person_claim.claim", CASE, claim_id, details={"completer": str(completer_id)})
    await send(tx, "message", {"title": "有完成人认领待核实", "href": "/institution/claims", "to_permission": DECIDE})
    return claim_id


async def decide(tx: Transaction, claim_id: UUID, name: str, reason: str = "") -> Refusal | None:
    """Confirm, decline or end a claim of somebody else; withdraw one's own.

    :raises NotFound: no such claim of this institution, or somebody else's to withdraw.
    :raises Forbidden: one's own to confirm or to end.
    """
    row = await find_claim(tx, claim_id)
    if row is None:
        raise NotFound
    own = row.person_id == tx.actor.person_id
    if name == "withdraw" and not own:
        raise NotFound
    if name != "withdraw" and (own or DECIDE not in tx.actor.permissions):
        raise Forbidden("本人的认领应由责任部门的其他人员核实")
    action = f"{CASE}.{name}"
    stopped = MOVES.refusal(name, row.state)
    if stopped is None and name == "confirm" and not await still_free(tx, row.completer_id):
        stopped = stale("该完成人已经与其他账号关联，请先核实", *MOVES.articles, state="已关联其他账号")
    if stopped is not None:
        return await refuse(tx, stopped, action, CASE, claim_id)
    changes = {"decided_at": tx.now, "decided_by": tx.actor.person_id, "reason": reason or None}
    refused = await move(tx, MOVES, claim_id, name, row.state, changes=changes, reason=reason or None)
    if refused is not None:
        return await refuse(tx, refused, action, CASE, claim_id)
    if name in _TOLD:
        told = {"title": _TOLD[name], "text": reason, "href": "/institution/claims", "to_person": str(row.person_id)}
        await send(tx, "message", told)
    return None
