"""The only statements that change what is recorded: versions, their projection, search words, totals.

A change holds from a day. Every version known now that reaches beyond that day is closed and written anew with the changed
values from that day on, so that a correction of the past leaves later changes standing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    DateTime,
    Label,
    Row,
    Table,
    Uuid,
    any_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.ledger.entry import Completer, Right, grams_of, name_key, sort_key
from services.ledger.initials import initial_words
from services.ledger.models import (
    achievement,
    achievement_completer,
    achievement_gram,
    achievement_right,
    achievement_version,
    conversion_record,
    conversion_record_version,
    ledger_number,
)
from services.ledger.past.changes import follow_change, hide, show_again
from services.ledger.totals import add_change, change_of
from shared.db.hot import HotRow, HotStatement
from shared.db.serialising import dump_json
from shared.db.transaction import Transaction
from shared.ids import new_id

_META = frozenset({"tenant_id", "id", "version", "held", "recorded", "reason", "actor_id", "revision"})
_OWN: Label[Any] = literal_column("xmin = pg_current_xact_id()::xid").label("own")
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A current table with its versions."""

    current: Table
    versions: Table

    @property
    def copied(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.versions.c if c.name not in _META and c.computed is None)


ACHIEVEMENTS = Recorded(achievement, achievement_version)
CONVERSIONS = Recorded(conversion_record, conversion_record_version)


@dataclass(frozen=True, slots=True)
class Following:
    """What a change makes of each version by what that version says itself: ``reads`` are the columns it looks at."""

    reads: tuple[str, ...]
    values: Callable[[Mapping[str, Any]], Mapping[str, Any]]


async def write_versions(
    tx: Transaction,
    kind: Recorded,
    row_id: UUID,
    patch: Mapping[str, Any],
    since: date,
    reason: str,
    revision: int,
    following: Following | None = None,
) -> datetime:
    """Record that a row has other values from ``since`` on; returns the instant from which that is known.

    Every later version gets ``patch``; with ``following``, what follows for it from its own values instead.

    The caller holds the row's lock, so that the instant read here is later than that of every version it closes. A
    second change in the same transaction replaces the first one's versions: what was never committed was never known.

    :raises ValueError: nothing is known of the row from that day on.
    """
    key = {"tenant": tx.tenant_id, "id": row_id}
    reads = following.reads if following is not None else ()
    known = await _known(kind, reads).fetch(tx.driver, {**key, "since": since})
    if not known:
        raise ValueError("nothing is recorded from that day on")
    now = await tx.recorded_now()
    own = [row["recorded"].lower for row in known if row["own"]]
    at: datetime = own[0] if own else max(now, max(row["recorded"].lower for row in known) + _TICK)
    await _closed(kind).run(tx.driver, {**key, "at": at, "versions": [row["version"] for row in known]})
    noted = {"reason": reason, "actor_id": tx.actor.person_id, "revision": revision}
    for row in known:
        changed = {
            **(following.values({name: row[name] for name in reads}) if following is not None else patch),
            **noted,
        }
        began, ended = row["held"].lower, row["held"].upper
        copied = {**key, "version": row["version"], "at": at}
        if began is not None and began < since:
            await _copied(kind, ()).run(
                tx.driver, {**copied, "new_version": new_id(), "new_held": asyncpg.Range(began, since)}
            )
        held = asyncpg.Range(max(since, began or since), ended)
        await _copied(kind, tuple(sorted(changed))).run(
            tx.driver,
            {**copied, "new_version": new_id(), "new_held": held}
            | {f"new_{name}": _given(kind.versions.c[name], value) for name, value in changed.items()},
        )
    if kind is ACHIEVEMENTS:
        await follow_change(tx, row_id, since, at, [row["version"] for row in known])
    return at


def _given(column: Column[Any], value: Any) -> Any:
    return dump_json(value) if isinstance(column.type, JSONB) and value is not None else value


def _is(kind: Recorded) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return kind.versions.c.tenant_id == bindparam("tenant"), kind.versions.c.id == bindparam("id")


@cache
def _known(kind: Recorded, reads: tuple[str, ...]) -> HotStatement:
    """What is known now from a day on, with the columns ``reads`` of it."""
    versions = kind.versions
    return HotStatement(
        select(versions.c.version, versions.c.held, versions.c.recorded, _OWN, *(versions.c[name] for name in reads))
        .where(
            *_is(kind),
            func.upper_inf(versions.c.recorded),
            versions.c.held.op("&&")(func.daterange(bindparam("since", type_=Date), null())),
        )
        .order_by(func.lower(versions.c.held))
    )


@cache
def _closed(kind: Recorded) -> HotStatement:
    """Have these versions known until an instant; those known from that very instant on, never."""
    versions, at = kind.versions, bindparam("at", type_=DateTime(timezone=True))
    return HotStatement(
        update(versions)
        .where(*_is(kind), versions.c.version == any_(bindparam("versions", type_=ARRAY(Uuid))))
        .values(
            recorded=case(
                (func.lower(versions.c.recorded) == at, literal_column("tstzrange 'empty'")),
                else_=func.tstzrange(func.lower(versions.c.recorded), at),
            )
        )
    )


@lru_cache(maxsize=256)
def _copied(kind: Recorded, changed: tuple[str, ...]) -> HotStatement:
    """A version like another one but for its period, the instant from which it is known, and the ``changed`` columns."""
    versions = kind.versions
    names = ["tenant_id", "id", "version", "held", "recorded", *kind.copied, "reason", "actor_id", "revision"]
    new = {name: bindparam(f"new_{name}", type_=versions.c[name].type) for name in ("version", "held", *changed)}
    recorded = {"recorded": func.tstzrange(bindparam("at", type_=DateTime(timezone=True)), null())}
    columns = [{**new, **recorded}.get(name, versions.c[name]) for name in names]
    like = select(*columns).where(*_is(kind), versions.c.version == bindparam("version"))
    return HotStatement(insert(versions).from_select(names, like))


async def change_achievement(
    tx: Transaction,
    before: Row[Any],
    patch: Mapping[str, Any],
    since: date,
    reason: str,
    *,
    team: Sequence[Completer] | None = None,
    rights: Sequence[Right] | None = None,
    following: Following | None = None,
) -> Row[Any]:
    """Write a change of one locked achievement everywhere: versions, projection, team, rights, search words, totals.

    ``team`` members are existing people. ``following`` says what becomes of each version, ``patch`` then what becomes of
    the one that stands. A changed ``state`` was already moved by the caller. Returns the row as it stands afterwards.
    """
    values = dict(patch)
    if "name" in values:
        values.update(name_key=name_key(values["name"]), sort_key=sort_key(values["name"]))
    recorded = dict(values)
    if team is not None:
        recorded.update(team=[_member(member) for member in team], team_size=len(team))
        values["team_size"] = len(team)
        await _replace_team(tx, before.id, team)
    if rights is not None:
        recorded["rights"] = [right.as_json() for right in rights]
        await _replace_rights(tx, before.id, rights)
    revision = before.revision + 1
    if before.state == "quarantined":
        await show_again(tx, before.id)
    at = await write_versions(tx, ACHIEVEMENTS, before.id, recorded, since, reason, revision, following)
    if values.get("state") == "quarantined":
        await hide(tx, before.id)
    values.pop("state", None)
    values |= {"revision": revision, "recorded_at": at, "held_from": max(since, before.held_from)}
    given = {f"new_{name}": _given(achievement.c[name], value) for name, value in values.items()}
    key = {"tenant": tx.tenant_id, "id": before.id}
    after = await _projected(tuple(sorted(values))).row(tx.driver, {**key, **given})
    assert after is not None
    if (after.name_key, after.obtained_key) != (before.name_key, before.obtained_key):
        await _replace_grams(tx, before, after)
    await add_change(tx, change_of(before, after))
    return after


@lru_cache(maxsize=256)
def _projected(changed: tuple[str, ...]) -> HotRow:
    """The achievement as it stands, with other values in the ``changed`` columns."""
    new = {name: bindparam(f"new_{name}", type_=achievement.c[name].type) for name in changed}
    own = (achievement.c.tenant_id == bindparam("tenant"), achievement.c.id == bindparam("id"))
    return HotRow(update(achievement).where(*own).values(**new).returning(achievement))


def _member(member: Completer) -> dict[str, Any]:
    values = member.as_json()
    del values["name"]
    return values


async def _replace_team(tx: Transaction, row_id: UUID, team: Sequence[Completer]) -> None:
    table = achievement_completer
    await tx.execute(delete(table).where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == row_id))
    rows = [
        {
            "tenant_id": tx.tenant_id,
            "achievement_id": row_id,
            "position": place,
            "person_id": member.person_id,
            "role": member.role,
            "share_numerator": member.share.numerator if member.share is not None else None,
            "share_denominator": member.share.denominator if member.share is not None else None,
        }
        for place, member in enumerate(team, 1)
    ]
    if rows:
        await tx.execute(insert(table).values(rows))


async def _replace_rights(tx: Transaction, row_id: UUID, rights: Sequence[Right]) -> None:
    table = achievement_right
    await tx.execute(delete(table).where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == row_id))
    rows = [
        {"tenant_id": tx.tenant_id, "achievement_id": row_id, "position": place, **right.values()}
        for place, right in enumerate(rights, 1)
    ]
    if rows:
        await tx.execute(insert(table).values(rows))


async def _replace_grams(tx: Transaction, before: Row[Any], after: Row[Any]) -> None:
    table = achievement_gram
    grams = (*grams_of(after.name_key), *sorted(initial_words(after.name)))
    own = [table.c.tenant_id == tx.tenant_id, table.c.achievement_id == after.id]
    if before.name == after.name:
        # The words are the same: they are found by the key, where other names' words have the tenant's all read through.
        own += [table.c.gram.in_(grams), table.c.obtained_key == before.obtained_key, table.c.number == before.number]
    await tx.execute(delete(table).where(*own))
    kept = {"tenant_id": tx.tenant_id, "obtained_key": after.obtained_key, "number": after.number}
    await tx.execute(insert(table).values([{**kept, "gram": gram, "achievement_id": after.id} for gram in grams]))


async def retire(tx: Transaction, row: Row[Any], reason: str) -> None:
    """What follows a revocation: its number stays used and is marked, its rights' numbers and its name are free again."""
    await tx.execute(
        update(ledger_number)
        .where(ledger_number.c.tenant_id == tx.tenant_id, ledger_number.c.number == row.number)
        .values(revoked_at=func.clock_timestamp(), reason=reason)
    )
    await tx.execute(
        update(achievement_right)
        .where(achievement_right.c.tenant_id == tx.tenant_id, achievement_right.c.achievement_id == row.id)
        .values(live=False)
    )
    table = achievement_gram
    await tx.execute(delete(table).where(table.c.tenant_id == tx.tenant_id, table.c.achievement_id == row.id))
