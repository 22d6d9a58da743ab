"""Before a pack governs: what it would have decided differently, over the decisions that each tenant recorded.

A proposal is rehearsed tenant by tenant, each by the worker of that tenant, which alone may read its decisions. What leaves the
tenant are counts per question; the console adds them up and shows no single institution's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Row,
    String,
    Uuid,
    func,
    insert,
    select,
    tuple_,
    update,
)

from shared.clock import local_day
from shared.db.records import decision
from shared.db.tables import Json, tenant_table
from shared.db.transaction import Transaction
from shared.policy.commands import Outcome, Recorded, dry_run
from shared.policy.pack import Pack
from shared.tasks.broker import ask
from tenants.packs import governing, pack_activation
from tenants.registry import organisation

pack_rehearsal = tenant_table(
    "pack_rehearsal",
    Column("activation_id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("state", String(12), nullable=False, server_default="waiting", comment="waiting, running, done"),
    Column("total", Integer, nullable=False, server_default="0", comment="decisions of the tenant when it began"),
    Column("done", Integer, nullable=False, server_default="0"),
    Column("after_kind", String(40), comment="the last case that was looked at"),
    Column("after_id", Uuid),
    Column(
        "counts",
        Json,
        nullable=False,
        server_default="{}",
        comment="per question: decisions, changed, cases, and the new verdicts; nothing else of a decision",
    ),
    Column("finished_at", DateTime(timezone=True)),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    Index("pack_rehearsal_province_id_idx", "province_id", "activation_id"),
)

CASES_AT_ONCE = 100
TASK = "rehearse_pack"


@dataclass(slots=True)
class Line:
    """One question over all tenants: decisions recorded, how many come out differently, in how many cases and tenants."""

    question: str
    decisions: int = 0
    changed: int = 0
    cases: int = 0
    tenants: int = 0
    to: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rehearsal is: tenants and decisions, done of all."""

    tenants: int
    tenants_done: int
    total: int
    done: int

    @property
    def finished(self) -> bool:
        return self.tenants_done == self.tenants


async def begin_rehearsal(tx: Transaction, activation_id: UUID) -> None:
    """Have every tenant of the province rehearse a proposal; asking again wakes those that have not finished."""
    rows = await tx.rows(select(organisation.c.id).where(organisation.c.province_id == tx.province_id))
    known = {row.tenant_id: row.state for row in await _parts(tx, activation_id)}
    fresh = [row.id for row in rows if row.id not in known]
    if fresh:
        await tx.execute(
            insert(pack_rehearsal).inline(),
            [{"tenant_id": one, "activation_id": activation_id, "province_id": tx.province_id} for one in fresh],
        )
    for one in (*fresh, *(tenant for tenant, state in known.items() if state != "done")):
        await ask(tx, TASK, tenant=str(one), activation=str(activation_id))


async def _parts(tx: Transaction, activation_id: UUID) -> Sequence[Row[Any]]:
    table = pack_rehearsal.c
    return await tx.rows(
        select(table.tenant_id, table.state, table.total, table.done, table.counts).where(
            table.province_id == tx.province_id, table.activation_id == activation_id
        )
    )


async def progress_of(tx: Transaction, activation_id: UUID) -> Progress:
    """How far the rehearsal of a proposal is; nothing to do counts as finished."""
    parts = await _parts(tx, activation_id)
    return Progress(
        len(parts),
        sum(part.state == "done" for part in parts),
        sum(part.total for part in parts),
        sum(part.done for part in parts),
    )


async def result_of(tx: Transaction, activation_id: UUID) -> list[Line]:
    """What the rehearsal found, question by question, over the whole province; most changes first."""
    lines: dict[str, Line] = {}
    for part in await _parts(tx, activation_id):
        for question, counts in part.counts.items():
            line = lines.setdefault(question, Line(question))
            line.decisions += counts["decisions"]
            line.changed += counts["changed"]
            line.cases += counts["cases"]
            line.tenants += counts["changed"] > 0
            for verdict, n in counts["to"].items():
                line.to[verdict] = line.to.get(verdict, 0) + n
    return sorted(lines.values(), key=lambda line: (-line.changed, line.question))


async def rehearse(tx: Transaction, activation_id: UUID) -> bool:
    """One step of the entered tenant's rehearsal: some cases with all their decisions. True: there is more."""
    mine = (pack_rehearsal.c.tenant_id == tx.tenant_id, pack_rehearsal.c.activation_id == activation_id)
    part = await tx.row(select(pack_rehearsal).where(*mine).with_for_update())
    if part is None or part.state == "done":
        return False
    proposal = await tx.row(
        select(pack_activation).where(
            pack_activation.c.province_id == tx.province_id, pack_activation.c.id == activation_id
        )
    )
    if proposal is None or proposal.withdrawn_at is not None:
        return False
    total = part.total if part.after_id else await _count(tx)
    last, recorded = await next_decisions(tx, part.after_kind, part.after_id)
    pack = (await governing(tx, proposal.pack_version_id)).pack
    values: dict[str, Any] = {
        "state": "running" if last else "done",
        "total": max(total, part.done + len(recorded)),
        "done": part.done + len(recorded),
        "counts": added(part.counts, counted(pack, recorded)),
    }
    if last:
        values |= {"after_kind": last[0], "after_id": last[1]}
    else:
        values["finished_at"] = func.clock_timestamp()
    await tx.execute(update(pack_rehearsal).where(*mine).values(**values))
    return last is not None


async def _count(tx: Transaction) -> int:
    return int(await tx.scalar(select(func.count()).where(decision.c.tenant_id == tx.tenant_id)) or 0)


async def next_decisions(
    tx: Transaction, after_kind: str | None = None, after_id: UUID | None = None
) -> tuple[tuple[str, UUID] | None, list[Recorded]]:
    """The next cases' decisions of the tenant, a case always whole, after the last case (None when there are no more)."""
    key = tuple_(decision.c.case_kind, decision.c.case_id)
    reached = (key > (after_kind, after_id),) if after_id else ()
    cases = await tx.rows(
        select(decision.c.case_kind, decision.c.case_id)
        .where(decision.c.tenant_id == tx.tenant_id, *reached)
        .distinct()
        .order_by(decision.c.case_kind, decision.c.case_id)
        .limit(CASES_AT_ONCE)
    )
    if not cases:
        return None, []
    last = (cases[-1].case_kind, cases[-1].case_id)
    rows = await tx.rows(select(decision).where(decision.c.tenant_id == tx.tenant_id, *reached, key <= last))
    return last, [recorded_of(row) for row in rows]


def recorded_of(row: Row[Any]) -> Recorded:
    """A stored decision as the dry run reads it; it is known by its case."""
    codes = tuple(finding["code"] for finding in row.answer["findings"])
    day = local_day(row.decided_at)
    return Recorded(f"{row.case_kind}/{row.case_id}", row.question, row.facts, day, row.verdict, codes)


def counted(pack: Pack, recorded: Sequence[Recorded]) -> dict[str, dict[str, Any]]:
    """Counts per question of what a pack would decide differently."""
    counts: dict[str, dict[str, Any]] = {
        one.question: {"decisions": 0, "changed": 0, "cases": 0, "to": {}} for one in recorded
    }
    for one in recorded:
        counts[one.question]["decisions"] += 1
    changed = dry_run(pack, recorded)
    for outcome in changed:
        line = counts[outcome.recorded.question]
        line["changed"] += 1
        line["to"][turn_of(outcome)] = line["to"].get(turn_of(outcome), 0) + 1
    for question, _ in {(one.recorded.question, one.recorded.id) for one in changed}:
        counts[question]["cases"] += 1
    return counts


def turn_of(outcome: Outcome) -> str:
    """Where a changed decision goes: its new verdict, or ``reasons`` when only the findings differ."""
    return "reasons" if outcome.verdict == outcome.recorded.verdict else outcome.verdict


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two counts as one."""
    return {question: _sum(one.get(question), other.get(question)) for question in _keys(one, other)}


def _sum(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> dict[str, Any]:
    first: Mapping[str, Any] = one or {}
    second: Mapping[str, Any] = other or {}
    turns: Mapping[str, int] = first.get("to", {})
    more: Mapping[str, int] = second.get("to", {})
    return {
        **{name: first.get(name, 0) + second.get(name, 0) for name in ("decisions", "changed", "cases")},
        "to": {verdict: turns.get(verdict, 0) + more.get(verdict, 0) for verdict in _keys(turns, more)},
    }


def _keys(one: Iterable[str], other: Iterable[str]) -> list[str]:
    return sorted({*one, *other})
