"""The verbs of erasing: a wipe is ordered by the secrecy office; the maintenance login carries orders out and certifies them.

What is append-only for everybody who serves requests can be changed by that login alone. Where a sealed entry or a decision
loses its words, a witness in the audit log names it with the hash of what is left of it: the chain then tells a text
that was erased by an order from one that somebody altered.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update

from services.home.erasing import queries
from services.home.erasing.copies import cells_without, clean_copies, drop_archives, drop_exports, rows_without
from services.home.erasing.models import erasure_order
from services.home.erasing.scanning import Found, columns_of, emptied, hanging_on, rewrite, saying, tables, without
from services.ledger import queries as ledger
from services.ledger.disclosure.models import disclosure, disclosure_completer
from services.ledger.disclosure.queries import find_disclosure, members_of
from services.ledger.disclosure.workflow import CASE as DISCLOSURE
from services.ledger.disclosure.workflow import MOVES as DISCLOSURES
from services.ledger.disclosure.workflow import empty_versions
from services.ledger.evidence.workflow import empty_papers
from services.ledger.models import achievement, achievement_completer, achievement_gram, achievement_right
from services.ledger.workflow import CASE, MOVES, wipe
from shared.audit.sealing import entry_text, seal
from shared.audit.tables import audit_entry, audit_head
from shared.audit.verification import WITNESS
from shared.audit.writing import write_audit
from shared.db.records import decision
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal, stale
from shared.ids import new_id
from shared.keys.keyring import Keyring
from shared.storage.objects import ObjectStore
from shared.workflow import decision_text, move, record_event, refuse
from tenants.people import new_salt, person, salted_hash

COPIES = "copies"
"""The kept copies of imports, as a place that may be spared."""
_OBJECTS = ("object_hash", "document_hash")
_DRAFT = "填写人发现涉密，清除草稿"
_SUBJECTS = {"achievement": achievement, "disclosure": disclosure}


@dataclass(slots=True)
class Cleaned:
    """What one run changed: rows by table, objects that nothing reads any more."""

    rows: Counter[str] = field(default_factory=Counter)
    objects: set[str] = field(default_factory=set)
    entries: list[UUID] = field(default_factory=list)
    decisions: list[UUID] = field(default_factory=list)

    def count(self, found: Found) -> None:
        self.rows[found.table.name] += 1
        if found.table is audit_entry:
            self.entries.append(found.row.id)
        if found.table is decision:
            self.decisions.append(found.row.id)


async def order_wipe(tx: Transaction, achievement_id: UUID, reason: str) -> Refusal | None:
    """Order that nothing of a quarantined record is kept; until it is carried out, nobody else reads it and it stays so.

    :raises NotFound: no such achievement of this tenant.
    :raises FormInvalid: the reason says what is to be erased.
    """
    row = await ledger.achievement_for_update(tx, achievement_id)
    if row is None:
        raise NotFound
    stopped = MOVES.refusal("wipe", row.state)
    known = await queries.order_of(tx, achievement_id)
    if stopped is None and known is not None and known.done_at is None:
        stopped = stale("已经下达清除，等待执行", "secret", state="已下达清除")
    words = await queries.telling_words(tx, achievement_id)
    if stopped is None and (twins := await queries.records_saying(tx, words, achievement_id)):
        codes = "、".join(twins)
        stopped = Refusal(
            "secrecy.said_elsewhere",
            f"在册的 {codes} 也写有同样的名称或者权利号；先核实并隔离，再一并清除",
            inputs={"codes": list(twins)},
            articles=("secret",),
        )
    if stopped is not None:
        return await refuse(tx, stopped, "achievement.order_wipe", CASE, achievement_id)
    if any(one in reason for one in words):
        raise FormInvalid({"reason": "理由中不能写疑似涉密的内容"})
    await order(tx, "secret", "achievement", achievement_id, reason, words)
    await record_event(tx, CASE, achievement_id, ledger.WIPE_ORDERED, reason=reason)
    await write_audit(tx, "achievement.order_wipe", CASE, achievement_id, details={"reason": reason})
    return None


async def wipe_draft(tx: Transaction, disclosure_id: UUID) -> Refusal | None:
    """Empty one's own open disclosure that turns out to be classified; what a submission left elsewhere is ordered away.

    :raises NotFound: somebody else's, another tenant's, unknown.
    """
    row = await find_disclosure(tx, disclosure_id, for_update=True)
    if row is None or row.person_id != tx.actor.person_id:
        raise NotFound
    stopped = DISCLOSURES.refusal("withdraw", row.state) or (
        stale("已经提交的，请联系责任部门隔离", "secret", state="已提交") if row.state == "submitted" else None
    )
    if stopped is not None:
        return await refuse(tx, stopped, "disclosure.wipe", DISCLOSURE, disclosure_id)
    await move(tx, DISCLOSURES, disclosure_id, "withdraw", row.state, reason=_DRAFT)
    made = [one.person_id for one in await members_of(tx, disclosure_id) if one.made_here]
    await tx.execute(
        delete(disclosure_completer).where(
            disclosure_completer.c.tenant_id == tx.tenant_id, disclosure_completer.c.disclosure_id == disclosure_id
        )
    )
    await tx.execute(update(person).where(person.c.tenant_id == tx.tenant_id, person.c.id.in_(made)).values(name=None))
    empty = {column.name: None for column in (*columns_of(disclosure), disclosure.c.type, disclosure.c.obtained_on)}
    await tx.execute(
        update(disclosure)
        .where(disclosure.c.tenant_id == tx.tenant_id, disclosure.c.id == disclosure_id)
        .values(**empty)
    )
    await empty_versions(tx, disclosure_id)
    papers = await empty_papers(tx, disclosure_id)
    if row.submitted_at is not None or papers:
        words = [one for one in (row.name, row.right_number) if one and len(one) >= queries.TELLING]
        await order(tx, "secret", DISCLOSURE, disclosure_id, _DRAFT, words)
    await write_audit(tx, "disclosure.wipe", DISCLOSURE, disclosure_id)
    return None


async def order(
    tx: Transaction,
    kind: str,
    subject_kind: str,
    subject_id: UUID,
    reason: str,
    words: Sequence[str],
    spared: Sequence[str] = (),
) -> UUID:
    """Write an order; ``spared`` are places to leave as they are, ``table|key``."""
    order_id = new_id()
    await tx.execute(
        insert(erasure_order).values(
            tenant_id=tx.tenant_id,
            id=order_id,
            province_id=tx.province_id,
            kind=kind,
            subject_kind=subject_kind,
            subject_id=subject_id,
            reason=reason,
            words={"words": list(words)},
            spared=list(spared) or None,
            ordered_by=tx.actor.person_id,
            ordered_at=tx.now,
        )
    )
    return order_id


async def clean(tx: Transaction, objects: ObjectStore, keyring: Keyring, order_id: UUID) -> list[str] | None:
    """Everything of an order that stands in the database, in one transaction; run again it finds nothing more.

    Returns the objects to remove once this is committed; None when another run has done the order.
    """
    row = await queries.order_for_update(tx, order_id)
    if row is None:
        return None
    await seal(tx, keyring, sweep=True)
    words = list(row.words["words"])
    done = Cleaned(objects=set(row.words.get("objects", ())))
    if row.kind == "secret":
        await _wipe_record(tx, row, done)
    spared = frozenset(row.spared or ())
    for table in tables() if words else ():
        for found in await saying(tx, table, words):
            if found.place not in spared and await rewrite(tx, found, without(words)):
                done.count(found)
    if words:
        change = rows_without(words) if row.kind == "secret" else cells_without(without(words))
        former = [] if COPIES in spared else await clean_copies(tx, objects, change)
        done.rows["ledger_import"] += len(former)
        dropped = await drop_exports(tx)
        done.rows["export_job"] += len(dropped)
        archives = await drop_archives(tx)
        done.rows["tenant_archive"] += len(archives)
        done.objects |= {*former, *dropped, *archives}
    await _witness(tx, row, done)
    await seal(tx, keyring, sweep=True)
    counted = Counter(row.words.get("rows", {})) + done.rows
    await _update(tx, row, words={"words": words, "objects": sorted(done.objects), "rows": dict(counted)})
    return sorted(done.objects - await queries.still_needed(tx, done.objects))


async def certify(tx: Transaction, keyring: Keyring, order_id: UUID, removed: int) -> None:
    """The order is carried out: its words go, a signed certificate says what was done and where the chain stood then."""
    row = await queries.order_for_update(tx, order_id)
    if row is None:
        return
    head = await tx.row(select(audit_head).where(audit_head.c.tenant_id == tx.tenant_id))
    at = await tx.recorded_now()
    statement = certificate(row, row.words.get("rows", {}), removed, head, at)
    key = keyring.signing("audit")
    await _update(
        tx, row, words=None, spared=None, done_at=at, statement=statement, key_id=key.key_id,
        signature=key.sign(statement.encode()).hex(),
    )  # fmt: skip
    await record_event(tx, row.subject_kind, row.subject_id, "erasure_done")
    await write_audit(
        tx, "erasure.carry_out", row.subject_kind, row.subject_id,
        details={"order": str(order_id), "certificate": sha256(statement.encode()).hexdigest()},
    )  # fmt: skip
    await seal(tx, keyring, sweep=True)


def certificate(row: Row[Any], counted: Mapping[str, int], removed: int, head: Row[Any] | None, at: datetime) -> str:
    """The text that is signed: which order, how many rows of which table, how many objects, the chain's head."""
    lines = [f"{table} {n}" for table, n in sorted(counted.items()) if n]
    chain = f"chain {head.sealed} sha256 {bytes(head.hash).hex()}" if head is not None else "chain 0"
    return "\n".join(
        [
            "chengguo erasure certificate",
            f"tenant {row.tenant_id}",
            f"order {row.id} {row.kind}",
            f"subject {row.subject_kind} {row.subject_id}",
            f"ordered {row.ordered_at.astimezone(UTC).isoformat()}",
            f"done {at.astimezone(UTC).isoformat()}",
            *lines,
            f"objects {removed}",
            chain,
            "",
        ]
    )


async def _update(tx: Transaction, row: Row[Any], **values: Any) -> None:
    table = erasure_order
    await tx.execute(update(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == row.id).values(**values))


async def _wipe_record(tx: Transaction, row: Row[Any], done: Cleaned) -> None:
    """Revoke the record and empty it, its versions and whatever hangs on it; number, state and days are the tombstone."""
    record = await ledger.achievement_for_update(tx, row.subject_id)
    if record is not None and record.state == "quarantined":
        await wipe(tx, row.subject_id, row.reason)
    for found in await hanging_on(tx, _SUBJECTS[row.subject_kind], row.subject_id):
        done.objects |= await _let_go(tx, found)
        if await rewrite(tx, found, emptied, empty=True):
            done.count(found)
        if found.table.name == "disclosure":
            await _drop(tx, disclosure_completer, disclosure_completer.c.disclosure_id, found.row.id, done)
    for table in (achievement_gram, achievement_right, achievement_completer):
        await _drop(tx, table, table.c.achievement_id, row.subject_id, done)


async def _let_go(tx: Transaction, found: Found) -> set[str]:
    """The files that the row names; it keeps a salted hash of each, which leads nowhere."""
    named = {name: digest for name in _OBJECTS if (digest := found.row._mapping.get(name))}
    if named:
        salted = {name: salted_hash(new_salt(), digest) for name, digest in named.items()}
        same = [found.table.c[column.name] == found.row._mapping[column.name] for column in found.table.primary_key]
        await tx.execute(update(found.table).where(*same).values(**salted))
    return set(named.values())


async def _drop(tx: Transaction, table: Any, column: Any, row_id: UUID, done: Cleaned) -> None:
    gone = await tx.execute(delete(table).where(table.c.tenant_id == tx.tenant_id, column == row_id))
    done.rows[table.name] += gone.rowcount


async def _witness(tx: Transaction, row: Row[Any], done: Cleaned) -> None:
    """Say in the log, case by case, which of its sealed entries and decisions lost words, and what the rest hashes to."""
    told: dict[tuple[str, UUID], dict[str, dict[str, str]]] = defaultdict(
        lambda: {"erased": {}, "erased_decisions": {}}
    )
    for entry in await _again(tx, audit_entry, done.entries):
        case = (entry.object_kind, entry.object_id or row.subject_id)
        told[case]["erased"][str(entry.id)] = sha256(entry_text(dict(entry._mapping))).hexdigest()
    for one in await _again(tx, decision, done.decisions):
        digest = sha256(decision_text(dict(one._mapping))).hexdigest()
        for case in await queries.cases_vouching(tx, one):
            told[case]["erased_decisions"][str(one.id)] = digest
    for (kind, case_id), named in told.items():
        await write_audit(tx, WITNESS, kind, case_id, details={"order": str(row.id), **named})


async def _again(tx: Transaction, table: Any, ids: Iterable[UUID]) -> Sequence[Row[Any]]:
    return await tx.rows(select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id.in_(list(ids))))
