"""Carrying a confirmed merger out on its day: one transaction of the maintenance login over both tenants.

Killed at any moment it leaves nothing, run again it ends the same: papers are copied under the hash that they have already, and
the rest is committed at once.
"""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.administration.merging import queries
from services.administration.merging.models import organisation_merger
from services.administration.merging.workflow import CASE, MOVES
from services.ledger.transferring.workflow import (
    Carried,
    Handover,
    carry_over,
    lock_ledgers,
    papers_to_carry,
    standing_twice,
)
from shared.audit.sealing import seal
from shared.audit.writing import write_audit
from shared.db.transaction import Actor, Scope, Transaction, unconfined
from shared.errors import NotFound
from shared.ids import NIL
from shared.keys.keyring import Keyring
from shared.storage.objects import ObjectStore
from shared.workflow import move, record_event
from tenants.registry import organisation, tenant_directory
from tenants.sessions import session


async def carry_out_due(engine: AsyncEngine, objects: ObjectStore, keyring: Keyring) -> tuple[int, int]:
    """(mergers carried out, mergers in whose way something stands); run again it finds nothing more to do."""
    table = organisation_merger
    async with unconfined(engine, Scope("", NIL, NIL, NIL, NIL), Actor(None, NIL)) as tx:
        due = await tx.rows(
            select(table.c.id, table.c.province_id, organisation.c.id.label("operator"))
            .join(organisation, organisation.c.province_id == table.c.province_id)
            .where(table.c.state == "confirmed", table.c.since <= tx.today, organisation.c.kind == "operator")
            .order_by(table.c.confirmed_at)
        )
    done = 0
    for one in due:
        scope = Scope("", one.operator, one.province_id, one.operator, one.operator)
        async with unconfined(engine, scope, Actor(None, one.operator)) as tx:
            done += await carry_out(tx, objects, keyring, one.id)
    return done, len(due) - done


async def carry_out(tx: Transaction, objects: ObjectStore, keyring: Keyring, merger_id: UUID) -> bool:
    """Carry one merger out, or keep what stands in its way; the transaction is the operator's, without row-level security."""
    row = await queries.find_merger(tx, merger_id, for_update=True)
    if row is None or row.state != "confirmed" or row.since > tx.today:
        return False
    old, new = await _registered(tx, row.source_id), await _registered(tx, row.target_id)
    handover = Handover(old, new, max(row.since, tx.today))
    await lock_ledgers(tx, handover)
    found = await queries.findings(_within(tx, old), handover.since)
    twice = await standing_twice(tx, handover)
    if twice:
        words = "两个单位台账重复的成果（原编号、并入单位编号）：" + "、".join(f"{a}＝{b}" for a, b in twice)
        found["stands"].append((queries.TWICE, words + "；核对后在其中一个台账撤销或者更正", len(twice)))
    await _keep(tx, merger_id, examined_at=tx.now, findings=found)
    if found["stands"]:
        await write_audit(tx, f"{CASE}.carry_out", CASE, merger_id, outcome="refused",
                          details={"code": f"merger.open.{found['stands'][0][0]}"})  # fmt: skip
        return False
    await _copy_papers(tx, objects, handover)
    carried = await carry_over(tx, handover)
    await _close(tx, handover)
    await _tell(tx, row, handover, carried)
    await move(tx, MOVES, merger_id, "carry_out", row.state, changes={"done_at": tx.now})
    for one in (old, new):
        await seal(_within(tx, one), keyring, sweep=True)
    return True


def _within(tx: Transaction, one: Row[Any]) -> Transaction:
    """The same transaction, working in another tenant."""
    scope = replace(tx.scope, tenant_id=one.id, organisation_id=one.id, department_id=one.department_id)
    return Transaction(tx.connection, tx.driver, scope, Actor(None, one.id), tx.now)


async def _registered(tx: Transaction, tenant_id: UUID) -> Row[Any]:
    row = await tx.row(
        select(organisation)
        .where(organisation.c.id == tenant_id, organisation.c.province_id == tx.province_id)
        .with_for_update()
    )
    assert row is not None
    return row


async def _copy_papers(tx: Transaction, objects: ObjectStore, handover: Handover) -> None:
    for digest in await papers_to_carry(tx, handover):
        try:
            await objects.get(handover.new.id, digest)
        except NotFound:
            await objects.put(handover.new.id, await objects.get(handover.old.id, digest))


async def _close(tx: Transaction, handover: Handover) -> None:
    """The institution that went over only reads from now on, and its people sign in anew."""
    old, new = handover.old, handover.new
    await tx.execute(
        update(organisation)
        .where(organisation.c.id == old.id, organisation.c.province_id == tx.province_id)
        .values(state="suspended", settings={**old.settings, "merged_into": str(new.id)})
    )
    await tx.execute(update(tenant_directory).where(tenant_directory.c.id == old.id).values(active=False))
    await tx.execute(delete(session).where(session.c.tenant_id == old.id))


async def _tell(tx: Transaction, row: Row[Any], handover: Handover, carried: Carried) -> None:
    """On record in both: what went, what came, by which paper."""
    facts = {"document": row.document, "since": str(handover.since), "achievements_count": carried.achievements,
             "persons_count": carried.persons}  # fmt: skip
    for one, event, other in ((handover.old, "went_over", handover.new), (handover.new, "took_over", handover.old)):
        within, details = _within(tx, one), {**facts, "other": str(other.id), "name": other.name}
        await record_event(within, CASE, row.id, event, details=details)
        await write_audit(within, f"{CASE}.{event}", CASE, row.id, details=details)


async def _keep(tx: Transaction, merger_id: UUID, **values: Any) -> None:
    table = organisation_merger
    await tx.execute(
        update(table).where(table.c.province_id == tx.province_id, table.c.id == merger_id).values(**values)
    )
