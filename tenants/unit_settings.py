"""What a unit sets for its own papers: the red head over what is printed, and where its notices are put up.

Both are the unit's own words, never invented: where it has set nothing, nothing is printed and nothing is said.
"""

from typing import Any

from sqlalchemy import Column, DateTime, Row, String, Uuid, select
from sqlalchemy.dialects.postgresql import insert

from shared.audit.writing import write_audit
from shared.db.tables import tenant_table
from shared.db.transaction import Transaction

KIND = "unit_setting"
FIELDS = ("red_head", "notice_place")

unit_setting = tenant_table(
    "unit_setting",
    Column("red_head", String(60), comment="stands in red over what is printed; empty: nothing does"),
    Column("notice_place", String(300), comment="where the unit puts its notices up besides the platform"),
    Column("changed_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("changed_by", Uuid),
)


async def own_settings(tx: Transaction) -> Row[Any] | None:
    """What the transaction's unit has set; None before the first time."""
    return await tx.row(select(unit_setting).where(unit_setting.c.tenant_id == tx.tenant_id))


async def red_head(tx: Transaction) -> str:
    """What stands over what the unit prints; empty where it has set none."""
    found = await own_settings(tx)
    return (found.red_head or "") if found is not None else ""


async def notice_place(tx: Transaction) -> str:
    """Where the unit puts its notices up besides the platform; empty where it has not said."""
    found = await own_settings(tx)
    return (found.notice_place or "") if found is not None else ""


async def change_settings(tx: Transaction, **wanted: str | None) -> bool:
    """Set both, on record with what they were; True when anything changed."""
    before = await own_settings(tx)
    changes = {
        name: [getattr(before, name, None), wanted[name]]
        for name in FIELDS
        if getattr(before, name, None) != wanted[name]
    }
    if not changes:
        return False
    values = {**wanted, "changed_at": tx.now, "changed_by": tx.actor.person_id}
    await tx.execute(
        insert(unit_setting)
        .values(tenant_id=tx.tenant_id, **values)
        .on_conflict_do_update(index_elements=["tenant_id"], set_=values)
    )
    await write_audit(tx, f"{KIND}.change", KIND, tx.tenant_id, details={"changes": changes})
    return True
