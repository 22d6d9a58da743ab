"""Putting a policy pack in force: loaded by one, proposed by one, confirmed by another person, from a day on."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, text, update

from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from tenants.packs import pack_activation, pack_version, store_pack


async def load(tx: Transaction, region: str) -> UUID:
    """Check the pack's files and store them as an immutable version; the same files are one version.

    :raises PackError: every problem at once.
    """
    known = {row.id for row in await tx.rows(select(pack_version.c.id).where(_own(tx)))}
    version_id = await store_pack(tx, region)
    if version_id not in known:
        await write_audit(tx, "pack.load", "pack_version", version_id, details={"name": region})
    return version_id


def _own(tx: Transaction) -> ColumnElement[bool]:
    return pack_version.c.province_id == tx.province_id


async def propose(tx: Transaction, version_id: UUID, effective_on: date) -> UUID:
    """Propose a stored version from a day on; proposing the same again gives the same proposal.

    :raises NotFound: no such version in this province.
    """
    if await tx.scalar(select(pack_version.c.id).where(_own(tx), pack_version.c.id == version_id)) is None:
        raise NotFound
    table = pack_activation.c
    known = await tx.scalar(
        select(table.id).where(
            table.province_id == tx.province_id,
            table.pack_version_id == version_id,
            table.effective_on == effective_on,
        )
    )
    if known is not None:
        return UUID(str(known))
    activation_id = new_id()
    assert tx.actor.person_id is not None
    await tx.execute(
        insert(pack_activation).values(
            id=activation_id,
            province_id=tx.province_id,
            pack_version_id=version_id,
            effective_on=effective_on,
            proposed_by=tx.actor.person_id,
            proposed_at=tx.now,
        )
    )
    await write_audit(
        tx,
        "pack_activation.propose",
        "pack_activation",
        activation_id,
        details={"version": str(version_id), "effective_on": effective_on.isoformat()},
    )
    return activation_id


async def confirm(tx: Transaction, activation_id: UUID) -> Refusal | None:
    """Confirm another person's proposal: the pack governs from its day on.

    :raises NotFound: no such proposal in this province.
    """
    table = pack_activation.c
    row = await tx.row(
        select(pack_activation).where(table.province_id == tx.province_id, table.id == activation_id).with_for_update()
    )
    if row is None:
        raise NotFound
    refused: Refusal | None = None
    if row.confirmed_at is not None:
        refused = stale("该启用提议已经确认过")
    elif tx.actor.person_id is None or row.proposed_by == tx.actor.person_id:
        refused = Refusal("pack.same_person", "提议人不能确认自己的提议：启用政策规则须由两人办理", kind="permission")
    if refused is not None:
        await write_audit(
            tx,
            "pack_activation.confirm",
            "pack_activation",
            activation_id,
            outcome="refused",
            details={"code": refused.code},
        )
        return refused
    await tx.execute(
        update(pack_activation)
        .where(table.province_id == tx.province_id, table.id == activation_id)
        .values(confirmed_by=tx.actor.person_id, confirmed_at=tx.now)
    )
    await tx.execute(
        text("select app.put_pack_in_force(:province, :day, :version)"),
        {"province": tx.province_id, "day": row.effective_on, "version": row.pack_version_id},
    )
    await write_audit(tx, "pack_activation.confirm", "pack_activation", activation_id)
    return None
