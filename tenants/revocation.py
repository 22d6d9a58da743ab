"""Revoking a confirmed version before its day: proposed by one, confirmed by another person, as it was put there."""

from uuid import UUID

from sqlalchemy import Row, text

from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import Refusal, stale
from shared.workflow import record_event, refuse, send
from tenants.activation import CONFIRMING, KIND, activation_for_update, change, not_of_the_province, tell_institutions


async def propose_revocation(tx: Transaction, activation_id: UUID, reason: str) -> Refusal | None:
    """Propose that a confirmed version does not come into force after all; until another confirms it, it stays.

    :raises NotFound: no such proposal in this province.
    """
    row = await activation_for_update(tx, activation_id)
    refused = _not_revocable(tx, row) or not_of_the_province(tx)
    if refused is None and row.revocation_at is not None:
        refused = stale("撤销已经提议过，待另一人确认")
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.propose_revocation", KIND, activation_id)
    await change(
        tx, activation_id, revocation_by=tx.actor.person_id, revocation_at=tx.now, revocation_reason=reason
    )  # fmt: skip
    await record_event(
        tx, KIND, activation_id, "revocation_proposed", from_state="confirmed", to_state="confirmed", reason=reason
    )
    await write_audit(tx, f"{KIND}.propose_revocation", KIND, activation_id, details={"reason": reason})
    news = {
        "title": f"政策规则撤销提议待确认：原定自 {row.effective_on} 起适用",
        "href": f"/console/policy/proposals/{activation_id}",
        "to_permission": CONFIRMING,
    }
    await send(tx, "message", news)
    return None


async def confirm_revocation(tx: Transaction, activation_id: UUID) -> Refusal | None:
    """Confirm another person's revocation: the version does not come into force, its day is free, institutions are told.

    :raises NotFound: no such proposal in this province.
    """
    row = await activation_for_update(tx, activation_id)
    refused = _not_revocable(tx, row) or not_of_the_province(tx)
    if refused is None and row.revocation_at is None:
        refused = stale("尚无人提议撤销")
    if refused is None and (tx.actor.person_id is None or row.revocation_by == tx.actor.person_id):
        refused = Refusal(
            "pack.same_person", "提议人不能确认自己的提议：撤销已确认的政策规则须由两人办理", kind="permission"
        )
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.confirm_revocation", KIND, activation_id)
    await change(tx, activation_id, withdrawn_by=tx.actor.person_id, withdrawn_at=tx.now)
    await tx.execute(
        text("select app.take_pack_out_of_force(:province, :day)"),
        {"province": tx.province_id, "day": row.effective_on},
    )
    await record_event(
        tx, KIND, activation_id, "revoked", from_state="confirmed", to_state="withdrawn", reason=row.revocation_reason
    )
    await write_audit(
        tx, f"{KIND}.confirm_revocation", KIND, activation_id, details={"reason": row.revocation_reason}
    )  # fmt: skip
    await tell_institutions(tx, f"原定自 {row.effective_on} 起适用的政策规则版本已撤销，不再启用")
    return None


def _not_revocable(tx: Transaction, row: Row[object]) -> Refusal | None:
    if row.withdrawn_at is not None:
        return stale("该启用已经撤回或撤销")
    if row.confirmed_at is None:
        return stale("该启用提议尚未确认，可以直接撤回提议")
    if row.effective_on <= tx.today:
        return Refusal(
            "pack.already_in_force",
            f"该版本自 {row.effective_on} 起已经施行，不能撤销：已按它办理的事项不能改变；请提议启用新的版本",
            kind="state",
        )
    return None
