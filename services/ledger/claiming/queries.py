"""Which completers of the ledger a person is, who waits for confirmation, whom one may claim to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, exists, func, or_, select

from services.ledger.claiming.models import person_claim
from services.ledger.models import achievement, achievement_completer
from shared.db.transaction import Transaction
from shared.todo import Todo
from tenants.people import account, person

SEE = "institution:ledger:read"
CLAIM = "institution:disclosure:write"
DECIDE = "institution:disclosure:verify"
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim with both names; ``works`` are names of achievements of the completer."""

    id: UUID
    person_id: UUID
    completer_id: UUID
    state: str
    reason: str | None
    claimed_at: datetime
    claimant: str
    completer: str
    works: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Namesake:
    """A completer of the ledger whom nobody has signed in as."""

    person_id: UUID
    name: str
    works: Sequence[str]


def is_own(tx: Transaction, column: ColumnElement[Any]) -> ColumnElement[bool]:
    """The column names the actor, or a completer whom the actor was confirmed to be."""
    confirmed = select(person_claim.c.completer_id).where(
        person_claim.c.tenant_id == tx.tenant_id,
        person_claim.c.person_id == tx.actor.person_id,
        person_claim.c.state == "confirmed",
    )
    return or_(column == tx.actor.person_id, column.in_(confirmed))


async def find_claim(tx: Transaction, claim_id: UUID) -> Row[Any] | None:
    """One claim of the tenant, locked until the end of the transaction."""
    table = person_claim
    return await tx.row(
        select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == claim_id).with_for_update()
    )


async def claims(tx: Transaction, states: Sequence[str], *, mine: bool = False) -> list[Claim]:
    """Claims in some states, the oldest first: of everybody, or one's own."""
    table, claimant, completer = person_claim, person.alias("claimant"), person.alias("completer")
    statement = (
        select(table, claimant.c.name.label("claimant"), completer.c.name.label("completer"))
        .join(claimant, (claimant.c.tenant_id == table.c.tenant_id) & (claimant.c.id == table.c.person_id))
        .join(completer, (completer.c.tenant_id == table.c.tenant_id) & (completer.c.id == table.c.completer_id))
        .where(table.c.tenant_id == tx.tenant_id, table.c.state.in_(states))
        .order_by(table.c.claimed_at)
        .limit(100)
    )
    if mine:
        statement = statement.where(table.c.person_id == tx.actor.person_id)
    rows = await tx.rows(statement)
    works = await _works(tx, [row.completer_id for row in rows])
    return [
        Claim(
            row.id, row.person_id, row.completer_id, row.state, row.reason, row.claimed_at,
            row.claimant or "（已删除）", row.completer or "（已删除）", works.get(row.completer_id, ()),
        )
        for row in rows
    ]  # fmt: skip


async def _works(tx: Transaction, people: Sequence[UUID]) -> dict[UUID, list[str]]:
    if not people:
        return {}
    table = achievement_completer
    rows = await tx.rows(
        select(table.c.person_id, func.array_agg(achievement.c.name).label("names"))
        .join(
            achievement, (achievement.c.tenant_id == table.c.tenant_id) & (achievement.c.id == table.c.achievement_id)
        )
        .where(table.c.tenant_id == tx.tenant_id, table.c.person_id.in_(people), achievement.c.state == "registered")
        .group_by(table.c.person_id)
    )
    return {row.person_id: sorted(row.names)[:5] for row in rows}


def _claimable(tx: Transaction) -> tuple[ColumnElement[bool], ...]:
    """Completers without an account, whom nobody was confirmed to be and the actor does not claim already."""
    signs_in = exists().where(account.c.tenant_id == person.c.tenant_id, account.c.person_id == person.c.id)
    named = exists().where(
        achievement_completer.c.tenant_id == person.c.tenant_id, achievement_completer.c.person_id == person.c.id
    )
    taken = exists().where(
        person_claim.c.tenant_id == person.c.tenant_id,
        person_claim.c.completer_id == person.c.id,
        or_(
            person_claim.c.state == "confirmed",
            (person_claim.c.state == "submitted") & (person_claim.c.person_id == tx.actor.person_id),
        ),
    )
    return (
        person.c.tenant_id == tx.tenant_id,
        person.c.erased_at.is_(None),
        person.c.id != tx.actor.person_id,
        named,
        ~signs_in,
        ~taken,
    )


async def namesakes(tx: Transaction, words: str = "") -> list[Namesake]:
    """Whom the actor may claim to be: by name as typed, by the actor's own name where nothing is typed."""
    name = words.strip() or await tx.scalar(
        select(person.c.name).where(person.c.tenant_id == tx.tenant_id, person.c.id == tx.actor.person_id)
    )
    if not name:
        return []
    rows = await tx.rows(
        select(person.c.id, person.c.name)
        .where(*_claimable(tx), person.c.name == name)
        .order_by(person.c.created_at, person.c.id)
        .limit(_SHOWN)
    )
    works = await _works(tx, [row.id for row in rows])
    return [Namesake(row.id, row.name, works.get(row.id, ())) for row in rows]


async def claimable(tx: Transaction, completer_id: UUID) -> bool:
    """Whether the actor may claim to be this completer."""
    return bool(await tx.scalar(select(person.c.id).where(*_claimable(tx), person.c.id == completer_id)))


async def still_free(tx: Transaction, completer_id: UUID) -> bool:
    """Whether nobody was confirmed to be this completer."""
    table = person_claim
    taken = select(table.c.id).where(
        table.c.tenant_id == tx.tenant_id, table.c.completer_id == completer_id, table.c.state == "confirmed"
    )
    return not await tx.scalar(taken)


async def todos(tx: Transaction) -> list[Todo]:
    """Claims that wait for the responsible department."""
    if DECIDE not in tx.actor.permissions:
        return []
    return [
        Todo(
            "完成人认领",
            f"{one.claimant} 认领完成人 {one.completer}",
            "核实是否本人后确认",
            "/institution/claims",
            "核实",
            DECIDE,
            "政策未规定期限",
        )
        for one in await claims(tx, ["submitted"])
        if one.person_id != tx.actor.person_id
    ]
