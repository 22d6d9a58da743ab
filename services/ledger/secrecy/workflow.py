"""Counting how often the gate closed: the only thing that a classified answer may leave."""

from datetime import date

from sqlalchemy.dialects.postgresql import insert

from services.ledger.secrecy.models import secrecy_count, secrecy_setting
from services.ledger.secrecy.queries import setting_of
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.workflow import record_event

CASE = "secrecy"


async def count_answer(tx: Transaction, classified: str | None) -> None:
    """One more in this month, where the unit allows counting; no audit row, since that would say who and when."""
    if classified != "yes":
        return
    setting = await setting_of(tx)
    if setting is None or not setting.counted:
        return
    month = date(tx.today.year, tx.today.month, 1)
    table = secrecy_count
    await tx.execute(
        insert(table)
        .values(tenant_id=tx.tenant_id, month=month, province_id=tx.province_id, n=1)
        .on_conflict_do_update(index_elements=["tenant_id", "month"], set_={"n": table.c.n + 1})
    )


async def decide_counting(tx: Transaction, *, counted: bool) -> None:
    """Allow or end the monthly count; what was counted until then stays."""
    values = {"counted": counted, "decided_by": tx.actor.person_id, "decided_at": tx.now}
    await tx.execute(
        insert(secrecy_setting)
        .values(tenant_id=tx.tenant_id, province_id=tx.province_id, **values)
        .on_conflict_do_update(index_elements=["tenant_id"], set_=values)
    )
    event = "counting_allowed" if counted else "counting_ended"
    await record_event(tx, CASE, tx.tenant_id, event)
    await write_audit(tx, "secrecy.decide_counting", CASE, tx.tenant_id, details={"counted": counted})
