"""Recomputes a tenant's audit chain and says everything that does not fit."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from shared.audit.sealing import checkpoint_statement, entry_text, first_hash, seal_hash
from shared.audit.tables import audit_checkpoint, audit_entry, audit_head, audit_seal
from shared.db.transaction import Transaction
from shared.keys.keyring import Keyring

UNSEALED_AT_MOST = timedelta(minutes=10)
# An entry of this action names, under ``details.erased``, entries that lost their words by an order, each with the SHA-256
# of what is left of it; under ``details.erased_decisions`` decisions alike.
WITNESS = "content.erase"
_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Fault:
    """``number`` is the seal at which the fault shows; 0 where it concerns none."""

    number: int
    message: str


@dataclass(slots=True)
class ChainReport:
    """What a verification found; ``faults`` is empty when the chain holds."""

    sealed: int = 0
    waiting: int = 0
    checkpoints: int = 0
    erased: int = 0
    faults: list[Fault] = field(default_factory=list)
    altered: dict[UUID, tuple[Fault, str]] = field(default_factory=dict)
    witnessed: dict[str, str] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return not self.faults


async def verify_chain(tx: Transaction, keyring: Keyring) -> ChainReport:
    """Recompute every seal of the transaction's tenant and check every checkpoint's signature."""
    report = ChainReport()
    hashes = {int(c.number): c for c in await _checkpoints(tx)}
    report.checkpoints = len(hashes)
    previous = first_hash(tx.tenant_id)
    async for batch in _seals(tx):
        entries = await _entries(tx, batch)
        for seal in batch:
            report.sealed += 1
            _check_seal(report, seal, entries.get(seal.entry_id), previous)
            previous = bytes(seal.hash)
            checkpoint = hashes.pop(int(seal.number), None)
            if checkpoint is not None:
                _check_checkpoint(report, keyring, tx, checkpoint, previous)
    _judge_altered(report)
    report.faults += [Fault(number, "签名检查点之后的封存记录缺失，链尾被截去") for number in sorted(hashes)]
    await _check_head(report, tx, previous)
    await _check_waiting(report, tx)
    return report


async def _checkpoints(tx: Transaction) -> Sequence[Row[Any]]:
    return await tx.rows(
        select(audit_checkpoint).where(audit_checkpoint.c.tenant_id == tx.tenant_id).order_by(audit_checkpoint.c.number)
    )


async def _seals(tx: Transaction) -> AsyncIterator[Sequence[Row[Any]]]:
    after = -1
    while True:
        batch = await tx.rows(
            select(audit_seal)
            .where(audit_seal.c.tenant_id == tx.tenant_id, audit_seal.c.number > after)
            .order_by(audit_seal.c.number)
            .limit(_BATCH)
        )
        if not batch:
            return
        yield batch
        after = batch[-1].number


async def _entries(tx: Transaction, seals: Sequence[Row[Any]]) -> dict[Any, Row[Any]]:
    ids = [seal.entry_id for seal in seals]
    rows = await tx.rows(select(audit_entry).where(audit_entry.c.tenant_id == tx.tenant_id, audit_entry.c.id.in_(ids)))
    return {row.id: row for row in rows}


def _check_seal(report: ChainReport, seal: Row[Any], entry: Row[Any] | None, previous: bytes) -> None:
    number = int(seal.number)
    if number != report.sealed:
        report.faults.append(Fault(number, f"封存编号不连续：应为 {report.sealed}"))
        report.sealed = number
    if bytes(seal.previous) != previous:
        report.faults.append(Fault(number, "与前一条的哈希不衔接"))
    if entry is None:
        report.faults.append(Fault(number, "日志记录缺失"))
    elif seal_hash(bytes(seal.previous), entry) != bytes(seal.hash):
        said = Fault(number, f"日志记录被改动（{entry.action}，{entry.id}）")
        report.altered[entry.id] = said, sha256(entry_text(dict(entry._mapping))).hexdigest()
    elif entry.action == WITNESS:
        report.witnessed.update((entry.details or {}).get("erased") or {})


def _judge_altered(report: ChainReport) -> None:
    """What an intact witness names, and hashes to what the witness says, was erased by an order; anything else was altered."""
    for entry_id, (fault, left) in report.altered.items():
        if report.witnessed.get(str(entry_id)) == left:
            report.erased += 1
        else:
            report.faults.append(fault)
    report.faults.sort(key=lambda one: one.number)


def _check_checkpoint(
    report: ChainReport, keyring: Keyring, tx: Transaction, checkpoint: Row[Any], chain_hash: bytes
) -> None:
    number = int(checkpoint.number)
    said = checkpoint_statement(tx.tenant_id, number, chain_hash, checkpoint.signed_at)
    if bytes(checkpoint.hash) != chain_hash or checkpoint.statement != said:
        report.faults.append(Fault(number, "签名检查点与链上哈希不符"))
    if not keyring.verify("audit", checkpoint.key_id, bytes(checkpoint.signature), checkpoint.statement.encode()):
        report.faults.append(Fault(number, f"签名检查点的签名无效（密钥 {checkpoint.key_id}）"))


async def _check_head(report: ChainReport, tx: Transaction, chain_hash: bytes) -> None:
    head = await tx.row(select(audit_head).where(audit_head.c.tenant_id == tx.tenant_id))
    if head is None:
        if report.sealed:
            report.faults.append(Fault(report.sealed, "缺少链头记录"))
        return
    if head.sealed != report.sealed or bytes(head.hash) != chain_hash:
        report.faults.append(Fault(int(head.sealed), "链头与最后一条封存记录不符"))


async def _check_waiting(report: ChainReport, tx: Transaction) -> None:
    sealed = (
        select(audit_seal.c.entry_id)
        .where(audit_seal.c.tenant_id == tx.tenant_id, audit_seal.c.entry_id == audit_entry.c.id)
        .exists()
    )
    waiting = await tx.row(
        select(func.count().label("n"), (func.clock_timestamp() - func.min(audit_entry.c.at)).label("age")).where(
            audit_entry.c.tenant_id == tx.tenant_id, ~sealed
        )
    )
    assert waiting is not None
    report.waiting = waiting.n
    if waiting.age is not None and waiting.age > UNSEALED_AT_MOST:
        report.faults.append(Fault(0, f"有 {waiting.n} 条日志超过 10 分钟没有封存"))
