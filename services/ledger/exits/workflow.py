"""The verbs of the exit list: list an achievement, take it off, record that the list was sent."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.ledger.exits import queries, rules
from services.ledger.exits.models import exit_item, exit_sheet
from services.ledger.rules import Vocabulary, vocabulary
from services.ledger.workflow import CASE as ACHIEVEMENT
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, lost_race, stale
from shared.ids import new_id
from shared.workflow import record_decision, record_event, refuse
from tenants.packs import governing

CASE, SHEET = "exit_item", "exit_sheet"


async def list_exit(
    tx: Transaction, achievement_id: UUID, code: str, ground: str, decided_on: date, decision: str
) -> UUID | Refusal:
    """Put an achievement on the list by the leading group's decision; returns the entry's id. The caller has locked it.

    Refused: it stands on the list; and by the text where it knows no such list.
    """
    entry_id = new_id()
    refusal = await _asked(tx, CASE, entry_id)
    if refusal is not None:
        return await refuse(tx, refusal, f"{CASE}.list", ACHIEVEMENT, achievement_id)
    values = {"ground": ground, "decided_on": decided_on, "decision": decision}
    made = await tx.execute(
        insert(exit_item)
        .values(
            tenant_id=tx.tenant_id,
            id=entry_id,
            achievement_id=achievement_id,
            listed_at=tx.now,
            listed_by=tx.actor.person_id,
            **values,
        )
        .on_conflict_do_nothing()
    )
    if made.rowcount != 1:
        known = stale(f"{code} 已经列入清单", *rules.ARTICLES, holder=code)
        return await refuse(tx, known, f"{CASE}.list", ACHIEVEMENT, achievement_id)
    details = {"entry": str(entry_id), "decision": decision, "decided_on": str(decided_on)}
    await record_event(tx, ACHIEVEMENT, achievement_id, "exit_listed", reason=ground, details=details)
    await write_audit(tx, f"{CASE}.list", ACHIEVEMENT, achievement_id, details=details)
    return entry_id


async def take_off(tx: Transaction, entry_id: UUID, reason: str) -> Refusal | None:
    """Take an entry off the list; the sheets that were sent with it stay.

    :raises NotFound: no such entry of this tenant.
    """
    row = await queries.entry_for_update(tx, entry_id)
    if row is None:
        raise NotFound
    if row.removed_at is not None:
        gone = stale("该成果已经移出清单；请刷新页面", *rules.ARTICLES, ended_at=row.removed_at)
        return await refuse(tx, gone, f"{CASE}.take_off", CASE, entry_id)
    table = exit_item
    await tx.execute(
        update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.id == entry_id)
        .values(removed_at=tx.now, removed_by=tx.actor.person_id, removed_reason=reason)
    )
    details = {"entry": str(entry_id)}
    await record_event(tx, ACHIEVEMENT, row.achievement_id, "exit_taken_off", reason=reason, details=details)
    await write_audit(tx, f"{CASE}.take_off", ACHIEVEMENT, row.achievement_id, details=details)
    return None


async def send_sheet(tx: Transaction, sent_on: date, reference: str) -> UUID | Refusal:
    """Keep the list as it stands as a sheet that was sent to the authorities of the text; returns the sheet's id.

    Refused: the list is empty, a day to come; and by the text where it names no authority.
    """
    sheet_id, pack = new_id(), (await governing(tx)).pack
    found = await queries.entries(tx)
    refusal = await _asked(tx, SHEET, sheet_id)
    if refusal is None and not found:
        refusal = stale("清单是空的，没有可以报送的成果", *rules.ARTICLES, items=[])
    if refusal is None and sent_on > tx.today:
        refusal = stale(
            f"报送日期 {sent_on} 晚于今天，请在报送之后登记", *rules.ARTICLES, sent_on=sent_on, today=tx.today
        )
    if refusal is not None:
        return await refuse(tx, refusal, f"{SHEET}.send", SHEET, sheet_id)
    words, to = vocabulary(pack), rules.labels(rules.recipients(pack), pack)
    table = exit_sheet
    number = await tx.scalar(
        select(func.coalesce(func.max(table.c.number), 0) + 1).where(table.c.tenant_id == tx.tenant_id)
    )
    made = await tx.execute(
        insert(table)
        .values(
            tenant_id=tx.tenant_id,
            id=sheet_id,
            number=number,
            payload={"as_of": str(tx.today), "rows": [line_of(one, words) for one in found]},
            recipients=to,
            reference=reference,
            sent_on=sent_on,
            recorded_at=tx.now,
            recorded_by=tx.actor.person_id,
        )
        .on_conflict_do_nothing()
    )
    if made.rowcount != 1:
        return await refuse(tx, lost_race("清单刚刚已由他人登记报送；请刷新页面"), f"{SHEET}.send", SHEET, sheet_id)
    entry = exit_item
    await tx.execute(
        update(entry)
        .where(
            entry.c.tenant_id == tx.tenant_id,
            entry.c.id.in_([one.id for one in found]),
            entry.c.sheet_id.is_(None),
        )
        .values(sheet_id=sheet_id)
    )
    details = {"number": number, "achievements": len(found), "recipients": to, "reference": reference}
    await record_event(tx, SHEET, sheet_id, "exit_list_sent", details=details)
    await write_audit(tx, f"{SHEET}.send", SHEET, sheet_id, details=details)
    return sheet_id


async def _asked(tx: Transaction, kind: str, case_id: UUID) -> Refusal | None:
    """Ask the text to whom the list goes, keep the decisions, give the first refusal."""
    governed = await governing(tx)
    found = None
    for one in rules.may_send(governed.pack, tx.today):
        await record_decision(
            tx, one.answer, one.facts, kind, case_id, pack_version_id=governed.id, pack_hash=governed.hash
        )
        found = found or Refusal.of(one.answer)
    return found


def line_of(one: Any, words: Vocabulary) -> dict[str, Any]:
    """One entry in words, as it is sent; ``value`` in yuan as text, None where none is appraised."""
    return {
        "code": one.code,
        "name": one.name,
        "type": words.label("type", one.type),
        "status": words.label("status", one.status),
        "mode": words.label("mode", one.mode) if one.mode else "",
        "value": None if one.value is None else str(one.value),
        "ground": one.ground,
        "decided_on": str(one.decided_on),
        "decision": one.decision,
    }


async def note_export(tx: Transaction, rows: int, sheet_id: UUID | None) -> None:
    """An export of the list is on the log."""
    await write_audit(tx, f"{SHEET}.export", SHEET, sheet_id, outcome="read", details={"rows": rows})
