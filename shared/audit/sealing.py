"""Chains the audit rows of one tenant after they were committed, and signs checkpoints of the chain.

The form of hash and statement is written in README.md beside this file; both are frozen, since old chains must stay checkable.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.audit.tables import audit_checkpoint, audit_entry, audit_head, audit_seal
from shared.db.serialising import canonical_json
from shared.db.transaction import Transaction
from shared.keys.keyring import Keyring
from shared.settings import settings
from shared.tasks.broker import task

CHECKPOINT_EVERY = 1_000
_BATCH = 2_000
# How far behind the newest seal a quick run looks for entries of transactions that took long; the daily sweep looks everywhere.
_LOOK_BACK = 2_000


def first_hash(tenant_id: UUID) -> bytes:
    """What stands before the first seal of a tenant's chain."""
    return hashlib.sha256(f"chengguo audit {tenant_id}".encode()).digest()


def entry_text(values: Mapping[str, Any]) -> bytes:
    """The canonical JSON of an entry, all its columns."""
    return canonical_json({**values, "at": values["at"].astimezone(UTC)})


def seal_hash(previous: bytes, entry: Row[Any]) -> bytes:
    """SHA-256 over the previous hash and the entry's canonical JSON."""
    return hashlib.sha256(previous + entry_text(dict(entry._mapping))).digest()


def checkpoint_statement(tenant_id: UUID, number: int, chain_hash: bytes, signed_at: datetime) -> str:
    """The text that a checkpoint signs."""
    return (
        f"chengguo audit checkpoint\ntenant {tenant_id}\nnumber {number}\nsha256 {chain_hash.hex()}\n"
        f"signed {signed_at.astimezone(UTC).isoformat()}\n"
    )


async def seal(tx: Transaction, keyring: Keyring, *, sweep: bool = False) -> int:
    """Chain what is unsealed in order of arrival and return how many entries that were; running again changes nothing.

    The head row is locked first, so that two runs at once follow each other. ``sweep`` looks at every entry of the tenant
    and signs the day's checkpoint; otherwise the newest are looked at.
    """
    await tx.execute(
        upsert(audit_head)
        .values(tenant_id=tx.tenant_id, sealed=0, hash=first_hash(tx.tenant_id))
        .on_conflict_do_nothing()
    )
    head = await tx.row(
        select(audit_head.c.sealed, audit_head.c.hash).where(audit_head.c.tenant_id == tx.tenant_id).with_for_update()
    )
    assert head is not None
    number, chain_hash, sealed = head.sealed, bytes(head.hash), 0
    while entries := await _unsealed(tx, number, sweep):
        rows = []
        for entry in entries:
            number += 1
            previous, chain_hash = chain_hash, seal_hash(chain_hash, entry)
            rows.append(
                {
                    "tenant_id": tx.tenant_id,
                    "number": number,
                    "entry_id": entry.id,
                    "previous": previous,
                    "hash": chain_hash,
                }
            )
        await tx.execute(insert(audit_seal), rows)
        sealed += len(rows)
    if sealed:
        await tx.execute(
            update(audit_head)
            .where(audit_head.c.tenant_id == tx.tenant_id)
            .values(sealed=number, hash=chain_hash, at=text("clock_timestamp()"))
        )
    await _sign_when_due(tx, keyring, number, chain_hash, daily=sweep)
    return sealed


async def _unsealed(tx: Transaction, number: int, sweep: bool) -> Sequence[Row[Any]]:
    sealed = (
        select(audit_seal.c.entry_id)
        .where(audit_seal.c.tenant_id == tx.tenant_id, audit_seal.c.entry_id == audit_entry.c.id)
        .exists()
    )
    wanted: list[ColumnElement[bool]] = [audit_entry.c.tenant_id == tx.tenant_id, ~sealed]
    if not sweep and number > _LOOK_BACK:
        wanted.append(audit_entry.c.position > await _position_of_seal(tx, number - _LOOK_BACK))
    return await tx.rows(select(audit_entry).where(*wanted).order_by(audit_entry.c.position).limit(_BATCH))


async def _position_of_seal(tx: Transaction, number: int) -> int:
    position = await tx.scalar(
        select(audit_entry.c.position)
        .join(
            audit_seal,
            (audit_seal.c.tenant_id == audit_entry.c.tenant_id) & (audit_seal.c.entry_id == audit_entry.c.id),
        )
        .where(audit_seal.c.tenant_id == tx.tenant_id, audit_seal.c.number == number)
    )
    return int(position or 0)


async def _sign_when_due(tx: Transaction, keyring: Keyring, number: int, chain_hash: bytes, *, daily: bool) -> None:
    covered = await tx.scalar(
        select(func.max(audit_checkpoint.c.number)).where(audit_checkpoint.c.tenant_id == tx.tenant_id)
    )
    fresh = number - (covered or 0)
    if fresh < (1 if daily else CHECKPOINT_EVERY):
        return
    signed_at = await tx.recorded_now()
    statement = checkpoint_statement(tx.tenant_id, number, chain_hash, signed_at)
    key = keyring.signing("audit")
    await tx.execute(
        insert(audit_checkpoint).values(
            tenant_id=tx.tenant_id,
            number=number,
            hash=chain_hash,
            key_id=key.key_id,
            signature=key.sign(statement.encode()),
            signed_at=signed_at,
            statement=statement,
        )
    )


@task(upkeep=True)
async def seal_audit(tx: Transaction) -> None:
    """Soon after every act."""
    await seal(tx, Keyring(settings().key_directory))


@task(upkeep=True)
async def sweep_audit(tx: Transaction) -> None:
    """Once a day: whatever was left behind, and the day's signed checkpoint."""
    await seal(tx, Keyring(settings().key_directory), sweep=True)
