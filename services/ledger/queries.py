"""What the ledger tells: one achievement with its team, rights and conversions, its history, facets, keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, bindparam, func, select

from services.ledger.entry import FIELDS, RECORDED, Completer, Entry, Right
from services.ledger.models import (
    achievement,
    achievement_completer,
    achievement_right,
    achievement_version,
    conversion_record,
    conversion_record_version,
    export_job,
    ledger_total,
)
from services.ledger.points import NOW, Point, happened_then, held_then
from shared.clock import real_now
from shared.db.hot import HotRow, HotStatement
from shared.db.records import decision, workflow_event
from shared.db.transaction import Transaction
from shared.todo import Todo
from tenants.masking import masked, names_shown
from tenants.people import names_of, person

WIPE_ORDERED = "wipe_ordered"

_FACETS_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Member:
    """One completer of an achievement, as the page names him."""

    person_id: UUID
    name: str
    role: str | None
    share: Fraction | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One achievement as it stands, or stood. ``row`` has the columns of the ledger; ``since`` is when it began to hold."""

    row: Row[Any]
    team: Sequence[Member]
    rights: Sequence[Right]
    conversions: Sequence[Row[Any]]
    since: date


@dataclass(frozen=True, slots=True)
class Change:
    """One version against the one before it: values by field, ``(before, after)``; people by id."""

    revision: int
    recorded_at: datetime
    since: date
    reason: str | None
    actor_id: UUID | None
    fields: dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Facets:
    """Values that occur in the tenant's ledger, for filters."""

    colleges: Sequence[str]
    years: Sequence[int]


def _of_achievement(table: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return table.c.tenant_id == bindparam("tenant"), table.c.achievement_id == bindparam("id")


# What every change of an achievement reads first.
_LOCKED = HotRow(
    select(achievement)
    .where(achievement.c.tenant_id == bindparam("tenant"), achievement.c.id == bindparam("id"))
    .with_for_update()
)
_TEAM = HotStatement(
    select(
        achievement_completer.c.person_id, achievement_completer.c.role, achievement_completer.c.share_numerator,
        achievement_completer.c.share_denominator, person.c.name,
    )
    .join(
        person,
        (person.c.tenant_id == achievement_completer.c.tenant_id) & (person.c.id == achievement_completer.c.person_id),
    )
    .where(*_of_achievement(achievement_completer))
    .order_by(achievement_completer.c.position)
)  # fmt: skip
_RIGHTS = HotStatement(
    select(*(achievement_right.c[name] for name in Right.__dataclass_fields__))
    .where(*_of_achievement(achievement_right))
    .order_by(achievement_right.c.position)
)


def _own(tx: Transaction, achievement_id: UUID) -> tuple[Any, Any]:
    return achievement.c.tenant_id == tx.tenant_id, achievement.c.id == achievement_id


async def find_achievement(tx: Transaction, achievement_id: UUID) -> Row[Any] | None:
    """The ledger row as it stands, whatever its state; None for an unknown id and for another tenant's."""
    return await tx.row(select(achievement).where(*_own(tx, achievement_id)))


async def achievement_for_update(tx: Transaction, achievement_id: UUID) -> Row[Any] | None:
    """The same, locked until the end of the transaction."""
    return await _LOCKED.row(tx.driver, {"tenant": tx.tenant_id, "id": achievement_id})


async def team_of(tx: Transaction, achievement_id: UUID) -> list[Member]:
    """The completers in the ledger's order."""
    rows = await _TEAM.fetch(tx.driver, {"tenant": tx.tenant_id, "id": achievement_id})
    return [
        Member(
            row["person_id"],
            row["name"] or "（已删除）",
            row["role"],
            Fraction(row["share_numerator"], row["share_denominator"])
            if row["share_denominator"] is not None
            else None,
        )
        for row in rows
    ]


def as_seen(tx: Transaction, team: list[Member]) -> list[Member]:
    """The team for whoever acts: others' names by the first character and no shares, where the names are not theirs to see."""
    if names_shown(tx):
        return team
    own = tx.actor.person_id
    return [one if one.person_id == own else Member(one.person_id, masked(one.name), one.role, None) for one in team]


async def rights_of(tx: Transaction, achievement_id: UUID) -> list[Right]:
    """The rights in the ledger's order."""
    rows = await _RIGHTS.fetch(tx.driver, {"tenant": tx.tenant_id, "id": achievement_id})
    return [Right(**row) for row in rows]


async def conversions_of(tx: Transaction, achievement_id: UUID) -> Sequence[Row[Any]]:
    """The conversions, one row each."""
    table = conversion_record
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == achievement_id, table.c.live)
        .order_by(table.c.position)
    )


async def entry_of(tx: Transaction, row: Row[Any]) -> Entry:
    """A ledger row as an entry with its team and rights, for asking the rules about a changed one."""
    team = tuple(Completer(one.person_id, role=one.role, share=one.share) for one in await team_of(tx, row.id))
    return entry_from(row, team, await rights_of(tx, row.id))


def entry_from(row: Row[Any], team: Sequence[Completer], rights: Sequence[Right]) -> Entry:
    """The same out of what was read already, of today or of a version."""
    values = {name: getattr(row, name) for name in FIELDS}
    values["stage_evidence"] = tuple(row.stage_evidence or ())
    values["stage_criteria"] = {
        code: date.fromisoformat(day) for code, day in (row.stage_criteria or {}).items()
    } or None
    return Entry(id=row.id, team=tuple(team), rights=tuple(rights), **values)


async def achievement_detail(
    tx: Transaction, achievement_id: UUID, *, as_of: date | None = None, known_at: datetime | None = None
) -> Detail | None:
    """One achievement today, as of a past day, or as it was known at an instant; None where there was none."""
    if as_of is None and known_at is None:
        row = await find_achievement(tx, achievement_id)
        if row is None:
            return None
        team, rights = await team_of(tx, achievement_id), await rights_of(tx, achievement_id)
        return Detail(row, as_seen(tx, team), rights, await conversions_of(tx, achievement_id), row.held_from)
    row = await _version_of(tx, achievement_id, as_of, known_at)
    if row is None:
        return None
    names = await names_of(tx, [UUID(one["person"]) for one in row.team])
    team = [
        Member(
            UUID(one["person"]),
            names.get(UUID(one["person"]), "（已删除）"),
            one["role"],
            Fraction(*one["share"]) if one["share"] else None,
        )
        for one in row.team
    ]
    conversions = await _conversions_then(tx, achievement_id, as_of, known_at)
    return Detail(row, as_seen(tx, team), [right_of(one) for one in row.rights], conversions, row.held.lower)


def right_of(value: dict[str, Any]) -> Right:
    """A right out of a version's JSON."""
    days = [name for name in Right.__dataclass_fields__ if name.endswith("_on")]
    return Right(**{**value, **{name: date.fromisoformat(value[name]) if value.get(name) else None for name in days}})


async def _version_of(
    tx: Transaction, achievement_id: UUID, as_of: date | None, known_at: datetime | None
) -> Row[Any] | None:
    table = achievement_version
    return await tx.row(
        select(table).where(
            table.c.tenant_id == tx.tenant_id, table.c.id == achievement_id, *held_then(table, Point(as_of, known_at))
        )
    )


def not_hidden(tx: Transaction, of: ColumnElement[Any]) -> ColumnElement[bool]:
    """What is suspected to be classified is out of every list and sum at once, of former days too; ``of`` is its id."""
    hidden = select(achievement.c.id).where(
        achievement.c.tenant_id == tx.tenant_id, achievement.c.state == "quarantined"
    )
    return of.not_in(hidden)


async def _conversions_then(
    tx: Transaction, achievement_id: UUID, as_of: date | None, known_at: datetime | None
) -> Sequence[Row[Any]]:
    table = conversion_record_version
    return await tx.rows(
        select(table)
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.achievement_id == achievement_id,
            table.c.live,
            *held_then(table, Point(as_of, known_at)),
        )
        .order_by(table.c.position)
    )


async def versions_of(tx: Transaction, achievement_id: UUID) -> Sequence[Row[Any]]:
    """Every version that was ever known, in the order in which they became known and then held."""
    table = achievement_version
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.id == achievement_id, ~func.isempty(table.c.recorded))
        .order_by(func.lower(table.c.recorded), func.lower(table.c.held))
    )


async def history(tx: Transaction, achievement_id: UUID) -> list[Change]:
    """What changed with each revision, field by field, newest first."""
    made: dict[int, list[Row[Any]]] = {}
    for row in await versions_of(tx, achievement_id):
        pieces = made.setdefault(row.revision, [])
        # what a later correction of the past wrote anew is no change of its own and keeps its revision
        if not pieces or row.recorded.lower == pieces[0].recorded.lower:
            pieces.append(row)
    found: list[Change] = []
    before: Row[Any] | None = None
    for revision, pieces in sorted(made.items()):
        first, last = pieces[0], pieces[-1]
        fields = _changed(before, last)
        found.append(Change(revision, last.recorded.lower, first.held.lower, last.reason, last.actor_id, fields))
        before = last
    return found[::-1]


def _changed(before: Row[Any] | None, after: Row[Any]) -> dict[str, tuple[Any, Any]]:
    names = (*FIELDS, *RECORDED, "team", "rights", "state")
    if before is None:
        return {}
    return {
        name: (getattr(before, name), getattr(after, name))
        for name in names
        if getattr(before, name) != getattr(after, name)
    }


async def events_of(tx: Transaction, case_kind: str, case_id: UUID, point: Point = NOW) -> Sequence[Row[Any]]:
    """What happened to a case, newest first; of a past day, what had happened by its end."""
    table = workflow_event
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.case_kind == case_kind, table.c.case_id == case_id)
        .where(*happened_then(tx, point, table.c.at, table.c.recorded_at))
        .order_by(table.c.recorded_at.desc())
    )


async def decisions_of(tx: Transaction, case_kind: str, case_id: UUID, point: Point = NOW) -> Sequence[Row[Any]]:
    """What was decided about a case with which answer, newest first; of a past day, what had been by its end."""
    table = decision
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.case_kind == case_kind, table.c.case_id == case_id)
        .where(*happened_then(tx, point, table.c.decided_at, table.c.recorded_at))
        .order_by(table.c.recorded_at.desc())
    )


_facets: dict[UUID, tuple[float, Facets]] = {}


async def facets(tx: Transaction) -> Facets:
    """Colleges and years that occur, out of the totals; read again after five seconds."""
    now = real_now().timestamp()
    kept = _facets.get(tx.tenant_id)
    if kept is not None and now - kept[0] < _FACETS_SECONDS:
        return kept[1]
    table = ledger_total
    rows = await tx.rows(
        select(table.c.dimension, func.array_agg(table.c.first).label("found"))
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.dimension.in_(["college", "year"]),
            table.c.n > 0,
            table.c.first != "",
        )
        .group_by(table.c.dimension)
    )
    found = {row.dimension: row.found for row in rows}
    value = Facets(sorted(found.get("college", [])), sorted(map(int, found.get("year", [])), reverse=True))
    _facets[tx.tenant_id] = (now, value)
    return value


async def totals(tx: Transaction, dimension: str) -> dict[tuple[str, str], Row[Any]]:
    """The cells of one dimension by their values: ``n``, ``n_valued``, ``sum`` in yuan."""
    table = ledger_total
    rows = await tx.rows(
        select(table).where(table.c.tenant_id == tx.tenant_id, table.c.dimension == dimension, table.c.n > 0)
    )
    return {(row.first, row.second): row for row in rows}


async def find_export(tx: Transaction, export_id: UUID) -> Row[Any] | None:
    """One export of the person who asks."""
    return await tx.row(
        select(export_job).where(
            export_job.c.tenant_id == tx.tenant_id,
            export_job.c.id == export_id,
            export_job.c.person_id == tx.actor.person_id,
        )
    )


async def wipe_ordered(tx: Transaction, achievement_id: UUID) -> bool:
    """Whether the secrecy office ordered that nothing of the record is kept."""
    table = workflow_event.c
    return bool(
        await tx.scalar(
            select(table.id)
            .where(
                table.tenant_id == tx.tenant_id,
                table.case_kind == "achievement",
                table.case_id == achievement_id,
                table.event == WIPE_ORDERED,
            )
            .limit(1)
        )
    )


async def todos(tx: Transaction) -> list[Todo]:
    """Records that wait for a person: quarantined ones."""
    rows = await tx.rows(
        select(achievement.c.id, achievement.c.code)
        .where(achievement.c.tenant_id == tx.tenant_id, achievement.c.state == "quarantined")
        .order_by(achievement.c.number)
    )
    return [
        Todo(
            "疑似涉密",
            f"{row.code} 已隔离，待核实是否涉密",
            "核实后解除隔离或下达清除",
            f"/institution/secrecy/{row.id}",
            "核实",
            "institution:secrecy:judge",
            "政策未规定期限；按本单位保密工作机构要求办理",
            tone="red",
        )
        for row in rows
    ]
