"""The verbs of the ledger: register, correct, record a conversion, quarantine, release, wipe, revoke. The only writers."""

from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select
from sqlalchemy.dialects.postgresql import Range

from services.ledger import rules
from services.ledger.entry import FIELDS, Completer, Deal, Entry, Right, name_key
from services.ledger.handed import take_back
from services.ledger.history import Following, change_achievement, retire
from services.ledger.intake import Registered, fill_intake, lock_ledger, open_intake, register_intake
from services.ledger.models import (
    ACHIEVEMENT_STATES,
    achievement,
    achievement_right,
    conversion_record,
    conversion_record_version,
)
from services.ledger.queries import achievement_for_update, entry_of, wipe_ordered
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, lost_race, stale
from shared.ids import new_id
from shared.workflow import Move, Moves, move, record_decision, record_event, refuse, send
from tenants.packs import Governing, governing
from tenants.people import add_people

CASE = "achievement"
_WRITE = "institution:ledger:write"
_JUDGE = "institution:secrecy:judge"
_REGISTERED = frozenset({"registered"})

MOVES = Moves(
    CASE,
    achievement,
    ACHIEVEMENT_STATES,
    (
        Move("correct", _REGISTERED, "registered", "corrected", _WRITE, "更正"),
        Move("record_conversion", _REGISTERED, "registered", "conversion_recorded", _WRITE, "登记转化"),
        Move("record_stage", _REGISTERED, "registered", "stage_recorded", _WRITE, "登记阶段"),
        Move("record_ownership", _REGISTERED, "registered", "ownership_recorded", _WRITE, "登记权属"),
        Move("quarantine", _REGISTERED, "quarantined", "quarantined", _WRITE, "隔离"),
        Move("release", frozenset({"quarantined"}), "registered", "released", _JUDGE, "解除隔离"),
        Move("wipe", frozenset({"quarantined"}), "revoked", "wiped", _JUDGE, "清除"),
        Move("revoke", _REGISTERED, "revoked", "revoked", _WRITE, "撤销"),
    ),
    articles=("ledger.verified_before_entry", "steps.disclosure", "fields.ledger"),
)


async def register(tx: Transaction, entry: Entry, *, held_from: date, source: str = "entered") -> UUID | Refusal:
    """Register one verified achievement with the next number; returns its id.

    ``held_from`` is the day from which the row holds. Refused: codes that the pack does not have, a missing field or
    amount, a name or right number that the ledger has already.
    """
    row_id = entry.id or new_id()
    await lock_ledger(tx)
    governed = await governing(tx)
    completed = rules.complete(entry, governed.pack, tx.today, exact=True)
    name = rules.name_given(await _same_name(tx, entry.name, row_id), governed.pack, tx.today)
    await _decide(tx, governed, (*completed.decided, name), row_id)
    refusal = completed.refusal or Refusal.of(name.answer) or await _number_refusal(tx, entry.rights, row_id)
    if refusal is not None:
        return await refuse(tx, refusal, "achievement.register", CASE, row_id)
    await open_intake(tx)
    await fill_intake(tx, [completed.entry.with_(id=row_id)])
    done = await register_intake(tx, held_from=held_from, source=source, reason="登记")
    await record_event(tx, CASE, row_id, "registered", to_state="registered", details={"number": done.first_number})
    await write_audit(tx, "achievement.register", CASE, row_id, details={"number": done.first_number, "source": source})
    return row_id


async def register_many(
    tx: Transaction,
    entries: Iterable[Entry] | AsyncIterable[Entry],
    *,
    held_from: date,
    source: str,
    import_id: UUID | None = None,
    reason: str | None = None,
) -> Registered:
    """Register a set of completed entries (``rules.complete``), visible at once or not at all.

    The caller has settled duplicates and writes audit, event and decision of the whole.

    :raises sqlalchemy.exc.IntegrityError: a name or right number is already in the ledger, or twice in the set.
    """
    await lock_ledger(tx)
    await open_intake(tx)
    await fill_intake(tx, entries)
    return await register_intake(tx, held_from=held_from, source=source, import_id=import_id, reason=reason)


async def correct(
    tx: Transaction,
    achievement_id: UUID,
    changes: Mapping[str, Any],
    *,
    since: date,
    reason: str,
    revision: int | None = None,
    team: Sequence[Completer] | None = None,
    new_people: Mapping[UUID, str] | None = None,
    rights: Sequence[Right] | None = None,
) -> Row[Any] | Refusal:
    """Give an achievement other values from a day on: a new version with its reason, nothing is updated away.

    ``changes`` are fields of :data:`entry.FIELDS`; ``team`` members are people by id, ``new_people`` the names of those who
    are new to the institution. ``revision`` is the one the
    person saw: when somebody else was quicker, the answer is a refusal. Returns the row afterwards.

    :raises NotFound: no such achievement of this tenant.
    """
    if "name" in changes or rights is not None:
        await lock_ledger(tx)
    row = await _loaded(tx, achievement_id)
    if revision is not None and row.revision != revision:
        return await refuse(tx, _overtaken(), "achievement.correct", CASE, achievement_id)
    changed = {name: value for name, value in changes.items() if getattr(row, name) != value}
    governed = await governing(tx)
    before = await entry_of(tx, row)
    wanted = before.with_(**changed, **({"team": tuple(team)} if team is not None else {}))
    completed = rules.complete(wanted, governed.pack, tx.today, exact=True)
    decided = list(completed.decided)
    if "name" in changed:
        decided.append(rules.name_given(await _same_name(tx, wanted.name, achievement_id), governed.pack, tx.today))
    await _decide(tx, governed, decided, achievement_id)
    refusal = (
        rules.wrong_day(since, row.began_on, tx.today)
        or completed.refusal
        or next((found for one in decided if (found := Refusal.of(one.answer))), None)
        or await _number_refusal(tx, rights or (), achievement_id)
    )
    if refusal is not None:
        return await refuse(tx, refusal, "achievement.correct", CASE, achievement_id)
    patch = {name: getattr(completed.entry, name) for name in FIELDS}
    patch = {name: _plain(value) for name, value in patch.items() if _plain(value) != getattr(row, name)}
    details = _differences(row, patch) | ({"team": True} if team is not None else {})
    stopped = await move(tx, MOVES, achievement_id, "correct", row.state, reason=reason, details={"changes": details})
    if stopped is not None:
        return await refuse(tx, stopped, "achievement.correct", CASE, achievement_id)
    await add_people(tx, new_people or {})
    return await change_achievement(tx, row, patch, since, reason, team=team, rights=rights)


async def record_conversion(
    tx: Transaction, achievement_id: UUID, deal: Deal, *, since: date | None = None, reason: str = "登记转化"
) -> UUID | Refusal:
    """Record one conversion: it counts once, its amount adds to the achievement's (rule 44); returns the record's id.

    It holds from ``since``, else from the day of signing, else from today; never from before the ledger's own beginning. On
    every day from then on it adds to what the achievement was worth on that day.

    :raises NotFound: no such achievement of this tenant.
    """
    row = await _loaded(tx, achievement_id)
    governed = await governing(tx)
    patch = rules.after_conversion(row.status, row.value, row.conversions, deal)
    wanted = (await entry_of(tx, row)).with_(**patch, deals=(deal,))
    completed = rules.complete(wanted, governed.pack, tx.today, exact=True)
    await _decide(tx, governed, completed.decided, achievement_id)
    since = max(since or deal.signed_on or tx.today, row.began_on)
    refusal = completed.refusal or rules.wrong_day(since, row.began_on, tx.today)
    refusal = refusal or await move(tx, MOVES, achievement_id, "record_conversion", row.state, reason=reason)
    if refusal is not None:
        return await refuse(tx, refusal, "achievement.record_conversion", CASE, achievement_id)
    patch["value_kind"] = completed.entry.value_kind
    await change_achievement(tx, row, patch, since, reason, following=_on_every_day(deal, patch["value_kind"]))
    return await _add_conversion(tx, achievement_id, deal, since, reason, patch["conversions"])


def _on_every_day(deal: Deal, kind: str | None) -> Following:
    """A conversion adds to what stood on each day from its own on: days before a later one know nothing of that one yet."""

    def values(day: Mapping[str, Any]) -> Mapping[str, Any]:
        added = rules.after_conversion(day["status"], day["value"], day["conversions"], deal)
        return added | {"value_kind": (kind or day["value_kind"]) if added["value"] is not None else None}

    return Following(("status", "value", "conversions", "value_kind"), values)


async def quarantine(tx: Transaction, achievement_id: UUID, reason: str) -> Refusal | None:
    """Take a record that is suspected to be classified out of every list at once (rule 21), and tell who may release it."""
    refused = await _change_state(tx, achievement_id, "quarantine", reason, tx.today)
    if refused is None:
        await send(
            tx,
            "message",
            {
                "to_permission": _JUDGE,
                "title": "有成果疑似涉密，已隔离",
                "href": f"/institution/secrecy/{achievement_id}",
            },
        )
    return refused


async def release(tx: Transaction, achievement_id: UUID, reason: str) -> Refusal | None:
    """Put a quarantined record back into the ledger; refused once its wipe is ordered."""
    if await wipe_ordered(tx, achievement_id):
        ordered = stale("已经下达清除，不能解除隔离", "secret", state="已下达清除")
        return await refuse(tx, ordered, "achievement.release", CASE, achievement_id)
    return await _change_state(tx, achievement_id, "release", reason, tx.today)


async def revoke(tx: Transaction, achievement_id: UUID, reason: str) -> Refusal | None:
    """Undo a registration from its beginning: the number stays used, marked 撤销; name and right numbers are free again."""
    return await _change_state(tx, achievement_id, "revoke", reason, None)


async def wipe(tx: Transaction, achievement_id: UUID, reason: str) -> Refusal | None:
    """End a quarantined record as a revocation does; emptying it follows, by the maintenance login."""
    return await _change_state(tx, achievement_id, "wipe", reason, None)


async def _change_state(
    tx: Transaction, achievement_id: UUID, name: str, reason: str, since: date | None
) -> Refusal | None:
    ends = MOVES.named(name).target == "revoked"
    if ends:
        await lock_ledger(tx)
    row = await _loaded(tx, achievement_id)
    stopped = await move(tx, MOVES, achievement_id, name, row.state, reason=reason, details={"number": row.number})
    if stopped is not None:
        return await refuse(tx, stopped, f"achievement.{name}", CASE, achievement_id)
    day = row.began_on if since is None else max(since, row.began_on)
    await change_achievement(tx, row, {"state": MOVES.named(name).target}, day, reason)
    if ends:
        await retire(tx, row, reason)
    if name != "release":
        await take_back(tx, achievement_id, reason)
    return None


async def _loaded(tx: Transaction, achievement_id: UUID) -> Row[Any]:
    row = await achievement_for_update(tx, achievement_id)
    if row is None:
        raise NotFound
    return row


async def _decide(tx: Transaction, governed: Governing, decided: Sequence[rules.Decided], achievement_id: UUID) -> None:
    for one in decided:
        await record_decision(
            tx, one.answer, one.facts, CASE, achievement_id, pack_version_id=governed.id, pack_hash=governed.hash
        )


async def _same_name(tx: Transaction, name: str, own_id: UUID) -> list[UUID]:
    rows = await tx.rows(
        select(achievement.c.id).where(
            achievement.c.tenant_id == tx.tenant_id,
            achievement.c.name_key == name_key(name),
            achievement.c.state != "revoked",
            achievement.c.id != own_id,
        )
    )
    return [row.id for row in rows]


async def _number_refusal(tx: Transaction, rights: Sequence[Right], own_id: UUID) -> Refusal | None:
    if not rights:
        return None
    table = achievement_right
    taken = await tx.row(
        select(table.c.number, achievement.c.code)
        .join(
            achievement,
            (achievement.c.tenant_id == table.c.tenant_id) & (achievement.c.id == table.c.achievement_id),
        )
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.live,
            table.c.number.in_([right.number for right in rights]),
            table.c.achievement_id != own_id,
        )
    )
    return rules.number_taken(taken.number, taken.code) if taken is not None else None


def _overtaken() -> Refusal:
    return lost_race("该成果刚刚已由他人更正，您的更正没有生效；请刷新页面查看最新内容后再改")


def _plain(value: Any) -> Any:
    """A value as the table holds it: lists, plain mappings, None for what is empty."""
    if isinstance(value, tuple):
        return list(value) or None
    if isinstance(value, Mapping):
        return {key: str(one) if isinstance(one, date) else one for key, one in value.items()} or None
    return value


def _differences(row: Row[Any], patch: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {name: [getattr(row, name), value] for name, value in patch.items()}


async def _add_conversion(
    tx: Transaction, achievement_id: UUID, deal: Deal, since: date, reason: str, position: int
) -> UUID:
    values = {"id": new_id(), "achievement_id": achievement_id, "position": position, **deal.as_json()}
    await tx.execute(insert(conversion_record).values(tenant_id=tx.tenant_id, **values))
    await tx.execute(
        insert(conversion_record_version).values(
            tenant_id=tx.tenant_id,
            version=new_id(),
            held=Range(since, None),
            recorded=Range(await tx.recorded_now(), None),
            live=True,
            revision=1,
            reason=reason,
            actor_id=tx.actor.person_id,
            **values,
        )
    )
    return UUID(str(values["id"]))
