"""Many achievements at once: first what would become of each, then the same in one transaction.

Each row is corrected by the ledger's own verb, so that it has its version, its event and its decisions as if it had been
corrected alone; one entry more in the log says that they belong together.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert

from services.ledger import rules, workflow
from services.ledger.bulk.models import STATES, ledger_batch
from services.ledger.bulk.queries import (
    batch_for_update,
    chosen_rows,
    completers_to_remind,
    touched_codes,
    values_before,
)
from services.ledger.entry import Entry
from services.ledger.queries import entry_of
from services.ledger.screening.workflow import Handed, hand_to_screening
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, lost_race, stale
from shared.ids import new_id
from shared.workflow import Move, Moves, move, record_event, refuse, send
from tenants.packs import cited, governing

CASE = "achievement_batch"
LIMIT = 200
_WRITE = "institution:ledger:write"
MOVES = Moves(
    CASE,
    ledger_batch,
    STATES,
    (Move("undo", frozenset({"done"}), "undone", "undone", _WRITE, "撤回"),),
    articles=("ledger.verified_before_entry", "steps.disclosure", "fields.ledger"),
)
_OVERTAKEN = lost_race("预览之后台账有变动，本次没有修改任何成果；请核对下面的最新预览后再确认")


@dataclass(frozen=True, slots=True)
class Planned:
    """What would become of one row: refused, or left as it is (``same``), or changed."""

    row: Row[Any]
    refusal: Refusal | None
    same: bool

    @property
    def changes(self) -> bool:
        return self.refusal is None and not self.same


async def plan(tx: Transaction, rows: Sequence[Row[Any]], changes: Mapping[str, Any], since: date) -> list[Planned]:
    """What the rules say of the change, row by row; nothing is written."""
    pack = (await governing(tx)).pack
    found = []
    for row in rows:
        same = all(getattr(row, name) == value for name, value in changes.items())
        wanted = (await entry_of(tx, row)).with_(**changes)
        completed = rules.complete(wanted, pack, tx.today, exact=True)
        refusal = rules.wrong_day(since, row.began_on, tx.today) or completed.refusal or _revalued(row, completed.entry)
        found.append(Planned(row, None if same or refusal is None else cited(refusal, pack), same))
    return found


def _revalued(row: Row[Any], after: Entry) -> Refusal | None:
    """What an achievement was appraised at is not what it was sold for: somebody says the amount, one by one."""
    if row.value is None or after.value_kind == row.value_kind:
        return None
    message = "该成果登记的是评估价值，改为这一状态后会成为转化金额；请在成果页面逐项登记转化及其金额。"
    inputs = {"status": row.status, "amount": row.value}
    return Refusal("ledger.value_would_change", message, inputs=inputs, articles=("ledger", *rules.KEPT))


def seal_of(planned: Sequence[Planned]) -> str:
    """What the person saw: every row at its revision with what would become of it."""
    told = ";".join(f"{one.row.id}:{one.row.revision}:{one.changes}" for one in planned)
    return hashlib.sha256(told.encode()).hexdigest()


async def apply(
    tx: Transaction, planned: Sequence[Planned], seal: str, changes: Mapping[str, Any], *, since: date, reason: str
) -> int | Refusal:
    """Correct every row that the rules let be corrected; how many. A refusal where it is no longer what was shown."""
    if seal != seal_of(planned):
        return await _refuse(tx, _OVERTAKEN)
    done = []
    for one in sorted((one for one in planned if one.changes), key=lambda one: one.row.id):
        after = await workflow.correct(tx, one.row.id, changes, since=since, reason=reason, revision=one.row.revision)
        if not isinstance(after, Refusal):
            done.append(after)
    batch_id = new_id()
    await tx.execute(
        insert(ledger_batch).values(
            tenant_id=tx.tenant_id,
            id=batch_id,
            person_id=tx.actor.person_id,
            changes=dict(changes),
            rows=[[str(one.id), one.revision] for one in done],
            since=since,
            reason=reason,
            done_at=tx.now,
        )
    )
    details = {
        "fields": sorted(changes),
        "changed": [one.code for one in done],
        "refused": {one.row.code: one.refusal.code for one in planned if one.refusal is not None},
        "unchanged": [one.row.code for one in planned if one.same],
    }
    await record_event(tx, CASE, batch_id, "done", to_state="done", reason=reason, details=details)
    await write_audit(tx, "achievement_batch.correct", CASE, batch_id, details=details)
    return len(done)


async def undo(tx: Transaction, batch_id: UUID) -> Refusal | None:
    """Take a change of many back while nobody has touched what it changed: each has again what it had on each day.

    The change itself stays in the history, as does its undoing; both hold from the day of the change.

    :raises NotFound: no such batch of this tenant.
    """
    row = await batch_for_update(tx, batch_id)
    if row is None:
        raise NotFound
    refusal = MOVES.refusal("undo", row.state)
    touched = await touched_codes(tx, row.rows) if refusal is None else []
    if touched:
        told = f"之后又有变动，不能整批撤回：{'、'.join(touched[:20])}；没有撤回任何一项"
        refusal = stale(told, *rules.KEPT, codes=touched)
    before = {one: await values_before(tx, one, row.since, tuple(row.changes)) for one in map(UUID, dict(row.rows))}
    refusal = refusal or await _not_back(tx, before)
    if refusal is not None:
        return await refuse(tx, refusal, f"{CASE}.undo", CASE, batch_id)
    for achievement_id, pieces in sorted(before.items()):
        for since, values in pieces:
            await workflow.correct(tx, achievement_id, values, since=since, reason=f"撤回批量办理：{row.reason}")
    changes = {"undone_at": tx.now, "undone_by": tx.actor.person_id}
    return await move(tx, MOVES, batch_id, "undo", row.state, changes=changes, details={"rows": len(row.rows)})


async def _not_back(tx: Transaction, before: Mapping[UUID, Sequence[tuple[date, dict[str, Any]]]]) -> Refusal | None:
    """Why what an achievement had cannot be recorded again: the rules may have changed since."""
    pack = (await governing(tx)).pack
    for one in await chosen_rows(tx, list(before)):
        for _, values in before[one.id]:
            refusal = rules.complete((await entry_of(tx, one)).with_(**values), pack, tx.today, exact=True).refusal
            if refusal is not None:
                return refusal
    return None


async def plan_reminders(tx: Transaction, rows: Sequence[Row[Any]]) -> list[Planned]:
    """Of which achievements somebody can be reminded: a completer who has signed in."""
    people = await completers_to_remind(tx, [one.id for one in rows])
    told = "完成人都没有登录过平台，不能提醒；请以其他方式联系。"
    nobody = Refusal("ledger.nobody_to_remind", told, inputs={"team": "未登录"}, articles=rules.KEPT)
    nobody = cited(nobody, (await governing(tx)).pack)
    return [Planned(one, None if people.get(one.id) else nobody, False) for one in rows]


async def remind(tx: Transaction, planned: Sequence[Planned], seal: str, words: str) -> int | Refusal:
    """Send each completer who has signed in a message for each of the achievements; how many achievements."""
    if seal != seal_of(planned):
        return await _refuse(tx, _OVERTAKEN)
    chosen = [one.row for one in planned if one.changes]
    people = await completers_to_remind(tx, [one.id for one in chosen])
    for row in chosen:
        for person_id in people.get(row.id, ()):
            title, href = f"请处理成果 {row.code}", f"/institution/ledger/{row.id}"
            await send(tx, "message", {"to_person": str(person_id), "title": title, "href": href, "text": words})
    details = {"reminded": [one.code for one in chosen if people.get(one.id)]}
    await write_audit(tx, "achievement_batch.remind", CASE, None, details=details)
    return len(details["reminded"])


async def hand_in(tx: Transaction, planned: Sequence[Planned], seal: str, asked: str) -> Handed | Refusal:
    """Have the chosen ones looked at in the unit's screening."""
    if seal != seal_of(planned):
        return await _refuse(tx, _OVERTAKEN)
    return await hand_to_screening(tx, [one.row.id for one in planned if one.changes], asked)


async def _refuse(tx: Transaction, refusal: Refusal) -> Refusal:
    details = {"code": refusal.code, "message": refusal.message}
    await write_audit(tx, "achievement_batch.correct", CASE, None, outcome="refused", details=details)
    return refusal
