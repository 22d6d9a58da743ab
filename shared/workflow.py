"""The only assignment to a state column, and the order inside every verb.

load → permission (guard) → rule → move → change → event → audit → outbox.

A slice declares its moves as data; ``move`` applies one with an optimistic check on the state that was loaded, writes the
past-tense event in the same transaction, and tells the caller when somebody else was quicker.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Table, Update, bindparam, update

from shared.audit.writing import vouch_for, write_audit
from shared.db.hot import HotStatement, hot_insert
from shared.db.records import decision, outbox, workflow_event
from shared.db.serialising import canonical_json, dump_json, load_json
from shared.db.transaction import Transaction
from shared.errors import Refusal, lost_race, stale
from shared.ids import new_id
from shared.policy.answer import Answer, as_json
from shared.tasks.broker import ask_soon

_STREAM = ("tenant_id", "id", "province_id", "department_id", "recipient_id", "actor_organisation_id", "actor_id")
_EVENT = hot_insert(
    workflow_event, *_STREAM, "case_kind", "case_id", "event", "from_state", "to_state", "at", "reason", "details",
    "pack_version_id",
)  # fmt: skip
_DECISION = hot_insert(
    decision, *_STREAM, "question", "verdict", "facts", "answer", "pack_version_id", "pack_hash", "list_version_id",
    "list_hash", "case_kind", "case_id", "decided_at",
)  # fmt: skip
_OUTBOX = hot_insert(outbox, *_STREAM, "kind", "payload")


@dataclass(frozen=True, slots=True)
class Move:
    """One legal step: ``name`` is the business verb, ``event`` its past tense, ``label`` the Chinese button text.

    ``onward`` are further states that it may lead to, where the order of steps is a value of the pack.
    """

    name: str
    sources: frozenset[str]
    target: str
    event: str
    permission: str
    label: str
    onward: frozenset[str] = frozenset()


# By kind of case, the paths of a pack where the order of its steps is said.
_ARTICLES: dict[str, tuple[str, ...]] = {}
Citing = Callable[[Transaction, Refusal, UUID | None], Awaitable[Refusal]]
_citing: list[Citing] = []


def cite_by(cited: Citing) -> None:
    """Say how a refusal gets its article and its inputs in words; those who know the packs do, at import."""
    _citing[:] = [cited]


@dataclass(frozen=True, slots=True)
class Moves:
    """The table of moves of one kind of case. ``articles`` are paths of a pack where the order of the steps is said, the first
    that a province has is cited; none where the steps are the platform's own. ``nearer`` are those of single moves, by name.
    """

    case_kind: str
    table: Table
    states: Mapping[str, str]
    moves: tuple[Move, ...]
    articles: tuple[str, ...] = ()
    nearer: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ARTICLES[self.case_kind] = self.articles

    def named(self, name: str) -> Move:
        return next(move for move in self.moves if move.name == name)

    def available(self, state: str, permissions: Iterable[str]) -> Sequence[Move]:
        """The moves that are legal from a state for someone with these permissions: what buttons a page shows."""
        held = frozenset(permissions)
        return [move for move in self.moves if state in move.sources and move.permission in held]

    def refusal(self, name: str, state: str) -> Refusal | None:
        """The refusal of a move that the state does not allow, or None."""
        chosen = self.named(name)
        if state in chosen.sources:
            return None
        standing = self.states.get(state, state)
        return replace(
            stale(f"当前状态为“{standing}”，不能“{chosen.label}”；请刷新页面查看最新进展", *self.articles_of(name)),
            inputs={"case": self.case_kind, "state": state, "move": name},
            told=(("当前状态", standing), ("所办事项", chosen.label)),
        )

    def articles_of(self, name: str) -> tuple[str, ...]:
        """Where the text speaks of a move: of the step itself first, then of the order of all."""
        return (*self.nearer.get(name, ()), *self.articles)


async def move(
    tx: Transaction,
    moves: Moves,
    case_id: UUID,
    name: str,
    state: str,
    *,
    tenant_id: UUID | None = None,
    department_id: UUID | None = None,
    target: str | None = None,
    changes: Mapping[str, Any] | None = None,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Refusal | None:
    """Move one case from the state that was loaded, writing its event and its audit row.

    Returns the refusal when the table does not allow the move, or when another transaction moved the case first (one
    wins, the other is told). ``target`` is one of the move's ``onward`` states, its own by default. ``changes`` are further
    columns set in the same statement.
    """
    refused = moves.refusal(name, state)
    if refused is not None:
        return refused
    chosen = moves.named(name)
    reached = chosen.target if target is None else target
    assert reached == chosen.target or reached in chosen.onward, f"{name} never leads to {reached}"
    owner = tenant_id or tx.tenant_id
    table = moves.table
    key = (_owner(tx, table, owner), case_id, state)
    if changes:
        done = (await tx.execute(_of_case(table, *key).values(state=reached, **changes))).rowcount
    else:
        done = await _moved(table).run(tx.driver, dict(zip(_KEY, key, strict=True)) | {"new_state": reached})
    if done != 1:
        return lost_race("该事项刚刚已由他人办理，您的操作没有生效；请刷新页面查看最新进展")
    await record_event(
        tx,
        moves.case_kind,
        case_id,
        chosen.event,
        from_state=state,
        to_state=reached,
        tenant_id=owner,
        department_id=department_id,
        reason=reason,
        details=details,
    )
    await write_audit(
        tx,
        f"{moves.case_kind}.{name}",
        moves.case_kind,
        case_id,
        tenant_id=owner,
        department_id=department_id,
        details={"from": state, "to": reached, **(details or {})},
    )
    return None


def _owner(tx: Transaction, table: Table, tenant_id: UUID) -> UUID:
    """A row is its tenant's; of a global table (a list version), its province's."""
    return tenant_id if "tenant_id" in table.c else tx.province_id


# No column of any table is called so: a parameter may not have the name of a column that is set.
_KEY = ("case_owner", "case_id_", "old_state")


def _of_case(table: Table, owner: Any, case_id: Any, state: Any) -> Update:
    """A change of one case in the state that was loaded; values, or parameters for them."""
    owned = table.c.tenant_id if "tenant_id" in table.c else table.c.province_id
    return update(table).where(owned == owner, table.c.id == case_id, table.c.state == state)


@cache
def _moved(table: Table) -> HotStatement:
    """The change of a case by :data:`_KEY` to ``new_state``, and of nothing else."""
    key: list[Any] = [bindparam(name) for name in _KEY]
    return HotStatement(_of_case(table, *key).values(state=bindparam("new_state", type_=table.c.state.type)))


async def record_event(
    tx: Transaction,
    case_kind: str,
    case_id: UUID,
    event: str,
    *,
    from_state: str | None = None,
    to_state: str | None = None,
    tenant_id: UUID | None = None,
    department_id: UUID | None = None,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append one past-tense event to the case's history."""
    details = tx.actor.telling(details)
    await _EVENT.run(
        tx.driver,
        {
            "tenant_id": tenant_id or tx.tenant_id,
            "id": new_id(),
            **tx.scope.stream_values(department_id),
            "actor_id": tx.actor.person_id,
            "case_kind": case_kind,
            "case_id": case_id,
            "event": event,
            "from_state": from_state,
            "to_state": to_state,
            "at": tx.now,
            "reason": reason,
            "details": dump_json(dict(details)) if details else None,
            "pack_version_id": tx.pack_version_id,
        },
    )


# What of a decision the audit chain covers; frozen, since old hashes must stay checkable.
_COVERED = (
    "tenant_id", "id", "actor_id", "question", "verdict", "facts", "answer", "pack_version_id", "pack_hash",
    "list_version_id", "list_hash", "case_kind", "case_id", "decided_at",
)  # fmt: skip


def decision_text(row: Mapping[str, Any]) -> bytes:
    """The canonical JSON of a decision (facts and answer as plain data), whose SHA-256 its act's audit row names."""
    return canonical_json({name: row[name] for name in _COVERED} | {"decided_at": row["decided_at"].astimezone(UTC)})


async def record_decision(
    tx: Transaction,
    answer: Answer,
    facts: Mapping[str, Any],
    case_kind: str,
    case_id: UUID,
    *,
    pack_version_id: UUID,
    pack_hash: str,
    tenant_id: UUID | None = None,
    department_id: UUID | None = None,
    list_version_id: UUID | None = None,
    list_hash: str | None = None,
) -> UUID:
    """Keep question, facts, answer, pack and list version of a decision, refused or not; returns its id.

    The transaction's next audit row names its hash.
    """
    decision_id = new_id()
    owner = tenant_id or tx.tenant_id
    values: dict[str, Any] = {
        "tenant_id": owner,
        "id": decision_id,
        **tx.scope.stream_values(department_id),
        "actor_id": tx.actor.person_id,
        "question": answer.question,
        "verdict": str(answer.verdict),
        "facts": dump_json(as_json(facts)),
        "answer": dump_json(as_json(answer)),
        "pack_version_id": pack_version_id,
        "pack_hash": pack_hash,
        "list_version_id": list_version_id,
        "list_hash": list_hash,
        "case_kind": case_kind,
        "case_id": case_id,
        "decided_at": tx.now,
    }
    await _DECISION.run(tx.driver, values)
    plain = {name: load_json(values[name]) for name in ("facts", "answer")}
    vouch_for(tx, owner, decision_id, sha256(decision_text(values | plain)).hexdigest())
    return decision_id


async def refuse(
    tx: Transaction,
    refusal: Refusal,
    action: str,
    case_kind: str,
    case_id: UUID,
    *,
    tenant_id: UUID | None = None,
    department_id: UUID | None = None,
    version_id: UUID | None = None,
    articles: Sequence[str] = (),
) -> Refusal:
    """Write the audit row of a refused act and hand the refusal back, so that a verb can ``return await refuse(…)``; one that
    names where the text speaks gets that article, of the pack in force or of ``version_id``, which governs the case.

    ``articles`` are those of this very case, before what the table of moves says of every one of its kind.
    """
    if "case" in refusal.inputs:
        refusal = replace(refusal, articles=(*articles, *refusal.articles))
    if _citing:
        refusal = await _citing[0](tx, refusal, version_id)
    citation = refusal.citation
    await write_audit(
        tx,
        action,
        case_kind,
        case_id,
        outcome="refused",
        tenant_id=tenant_id,
        department_id=department_id,
        details={
            "code": refusal.code,
            "message": refusal.message,
            "article": citation.article if citation else None,
        },
    )
    return refusal


async def send(
    tx: Transaction,
    kind: str,
    payload: Mapping[str, Any],
    *,
    tenant_id: UUID | None = None,
    department_id: UUID | None = None,
) -> UUID:
    """Put what has legal effect or leaves the house into the outbox of this transaction; returns the row's id."""
    outbox_id = new_id()
    await _OUTBOX.run(
        tx.driver,
        {
            "tenant_id": tenant_id or tx.tenant_id,
            "id": outbox_id,
            **tx.scope.stream_values(department_id),
            "actor_id": tx.actor.person_id,
            "kind": kind,
            "payload": dump_json(dict(payload)),
        },
    )
    ask_soon(tx, "deliver_outbox", tenant_id or tx.tenant_id)
    return outbox_id
