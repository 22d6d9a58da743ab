"""The verbs of a task: handed over, taken back or accepted by the institution; saved and delivered by the agency."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, update
from sqlalchemy.dialects.postgresql import insert

from services.ledger.display import words_of
from services.ledger.handed import ENDED, MOVES, tell_agency
from services.ledger.helping import queries, rules
from services.ledger.helping.forms import HandOverForm
from services.ledger.helping.queries import MANAGE
from services.ledger.models import agency_task
from services.ledger.ownership.rules import owner_of
from services.ledger.ownership.workflow import record_ownership
from services.ledger.queries import achievement_for_update
from services.ledger.workflow import CASE as ACHIEVEMENT
from services.ledger.workflow import MOVES as ACHIEVEMENT_MOVES
from services.ledger.workflow import correct
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal, lost_race, stale
from shared.ids import new_id
from shared.workflow import move, record_decision, record_event, refuse, send
from tenants.packs import governing

CASE = MOVES.case_kind
# What an agency is told of a move of the institution's.
_TOLD = {"give_back": "交付的委托服务被退回修改", "accept": "交付的委托服务已采纳", "end": ENDED}


async def hand_over(tx: Transaction, achievement_id: UUID, form: HandOverForm) -> UUID | Refusal:
    """Let an agency help with one achievement for a period; returns the task's id.

    Refused: a service that the text does not know, an achievement that is not registered, the same task twice.

    :raises NotFound: no such achievement of this institution.
    :raises FormInvalid: no such agency in the province.
    """
    row = await achievement_for_update(tx, achievement_id)
    if row is None:
        raise NotFound
    agency = next((one for one in await queries.agencies(tx) if one.id == form.agency_id), None)
    if agency is None:
        raise FormInvalid({"agency_id": "请选择本省登记的技术转移机构"})
    governed = await governing(tx)
    decided = rules.service_known(form.service, governed.pack, tx.today)
    task_id = new_id()
    await record_decision(
        tx, decided.answer, decided.facts, CASE, task_id, pack_version_id=governed.id, pack_hash=governed.hash
    )
    refusal = Refusal.of(decided.answer)
    if row.state != "registered":
        refusal = stale(
            "该成果不在册，不能委托；请刷新页面", *MOVES.articles, state=ACHIEVEMENT_MOVES.states[row.state]
        )
    if refusal is None and not await _stored(tx, task_id, row, form):
        refusal = stale("同一成果的同一服务已经委托给该机构；请刷新页面", *MOVES.articles, code=form.service)
    if refusal is None and rules.is_custody(form.service, governed.pack):
        custody = {"agency": agency.name, "contract": None, "from": str(form.first_day), "to": str(form.last_day)}
        refusal = await _keep_custody(tx, row, custody, f"委托{agency.name}集中托管")
    if refusal is not None:
        return await refuse(tx, refusal, f"{CASE}.hand_over", ACHIEVEMENT, achievement_id)
    details = {"agency": str(agency.id), "service": form.service, "from": str(form.first_day), "to": str(form.last_day)}
    await record_event(tx, CASE, task_id, "handed_to_agency", to_state="open", details=details)
    await record_event(tx, ACHIEVEMENT, achievement_id, "handed_to_agency", reason=agency.name, details=details)
    await write_audit(tx, f"{CASE}.hand_over", ACHIEVEMENT, achievement_id, details=details)
    await tell_agency(tx, agency.id, "有一项新的委托")
    return task_id


async def _stored(tx: Transaction, task_id: UUID, row: Row[Any], form: HandOverForm) -> bool:
    made = await tx.execute(
        insert(agency_task)
        .values(
            tenant_id=tx.tenant_id,
            id=task_id,
            province_id=tx.province_id,
            recipient_id=form.agency_id,
            achievement_id=row.id,
            service=form.service,
            first_day=form.first_day,
            last_day=form.last_day,
            instruction=form.instruction,
            handed=rules.handed(row, form.shown, await words_of(tx)),
            asks=form.asks,
            handed_at=tx.now,
            handed_by=tx.actor.person_id,
        )
        .on_conflict_do_nothing()
    )
    return made.rowcount == 1


async def _keep_custody(
    tx: Transaction, row: Row[Any], custody: Mapping[str, Any] | None, reason: str
) -> Refusal | None:
    owners = [owner_of(one) for one in row.owners or ()]
    done = await record_ownership(
        tx, row.id, owners, since=max(tx.today, row.began_on), reason=reason, custody=custody,
        declassified_on=row.declassified_on,
    )  # fmt: skip
    return done if isinstance(done, Refusal) else None


async def save(
    tx: Transaction, task_id: UUID, body: str | None, proposed: Mapping[str, str], revision: int
) -> Row[Any] | Refusal:
    """Keep what the agency works out; ``proposed`` holds fields of ``asks`` alone. Returns the task as it was.

    :raises NotFound: not this agency's, ended, or outside its period.
    """
    row = await queries.own_task(tx, task_id, for_update=True)
    if row is None:
        raise NotFound
    refusal = MOVES.refusal("deliver", row.state)
    if refusal is not None:
        refusal = replace(refusal, message="该委托已经交付，不能再修改；请刷新页面")
    elif row.revision != revision:
        refusal = lost_race("该委托刚刚已由本机构其他人员修改；请刷新页面")
    if refusal is not None:
        return await refuse(tx, refusal, f"{CASE}.save", CASE, task_id, tenant_id=row.tenant_id)
    table = agency_task
    await tx.execute(
        update(table)
        .where(table.c.recipient_id == tx.scope.organisation_id, table.c.tenant_id == row.tenant_id)
        .where(table.c.id == task_id)
        .values(body=body, proposed={k: v for k, v in proposed.items() if k in row.asks}, revision=row.revision + 1)
    )
    await write_audit(tx, f"{CASE}.save", CASE, task_id, tenant_id=row.tenant_id)
    return row


async def deliver(
    tx: Transaction, task_id: UUID, body: str | None, proposed: Mapping[str, str], revision: int
) -> Refusal | None:
    """Keep what was worked out and hand it to the institution.

    :raises NotFound: not this agency's, ended, or outside its period.
    """
    row = await save(tx, task_id, body, proposed, revision)
    if isinstance(row, Refusal):
        return row
    changes = {"delivered_at": tx.now}
    stopped = await move(tx, MOVES, task_id, "deliver", row.state, tenant_id=row.tenant_id, changes=changes)
    if stopped is not None:
        return await refuse(tx, stopped, f"{CASE}.deliver", CASE, task_id, tenant_id=row.tenant_id)
    href = f"/institution/ledger/{row.achievement_id}/agency"
    told = {"to_permission": MANAGE, "title": "技术转移机构已交付委托服务", "href": href}
    await send(tx, "message", told, tenant_id=row.tenant_id)
    return None


async def give_back(tx: Transaction, achievement_id: UUID, task_id: UUID, reason: str) -> Refusal | None:
    """Let the agency go on: what it delivered does not do yet."""
    row = await _loaded(tx, achievement_id, task_id)
    return await _moved(tx, row, "give_back", {"reason": reason}, reason)


async def accept(tx: Transaction, achievement_id: UUID, task_id: UUID) -> Refusal | None:
    """Take over what the agency worked out: what it proposed becomes a correction of the ledger from today, in its name.

    Refused: nothing was delivered, or the ledger refuses the correction.
    """
    row = await _loaded(tx, achievement_id, task_id)
    stopped = MOVES.refusal("accept", row.state) or _ended(row)
    if stopped is not None:
        return await refuse(tx, stopped, f"{CASE}.accept", CASE, task_id)
    label = (await governing(tx)).pack.label(rules.SERVICE, row.service)
    reason = f"采纳{row.agency_name}的{label}"
    changes = {**(row.proposed or {}), "agency": row.agency_name}
    done = await correct(tx, achievement_id, changes, since=tx.today, reason=reason)
    if isinstance(done, Refusal):
        return done
    return await _moved(tx, row, "accept", {"ended_at": tx.now}, reason)


async def end(tx: Transaction, achievement_id: UUID, task_id: UUID, reason: str) -> Refusal | None:
    """End a task at once: from this transaction on the agency sees nothing of it."""
    row = await _loaded(tx, achievement_id, task_id)
    refusal = await _moved(tx, row, "end", {"ended_at": tx.now, "reason": reason}, reason)
    return refusal or await _end_custody(tx, row, reason)


async def _end_custody(tx: Transaction, row: Row[Any], reason: str) -> Refusal | None:
    found = await achievement_for_update(tx, row.achievement_id)
    if found is None or found.state != "registered" or (found.custody or {}).get("agency") != row.agency_name:
        return None
    if not rules.is_custody(row.service, (await governing(tx)).pack):
        return None
    return await _keep_custody(tx, found, None, f"终止托管：{reason}")


async def end_over(tx: Transaction) -> int:
    """End the tasks whose last day is over or whose achievement left the ledger; returns how many."""
    rows = await queries.over(tx, tx.today)
    for row in rows:
        reason = f"委托期限至 {row.last_day} 届满" if row.last_day < tx.today else "成果已不在册"
        changes = {"ended_at": tx.now, "reason": reason}
        stopped = await move(tx, MOVES, row.id, "end", row.state, changes=changes, reason=reason)
        assert stopped is None, "the rows are locked"
        await tell_agency(tx, row.recipient_id, ENDED)
    return len(rows)


async def _loaded(tx: Transaction, achievement_id: UUID, task_id: UUID) -> Row[Any]:
    row = await queries.task_for_update(tx, achievement_id, task_id)
    if row is None:
        raise NotFound
    return row


def _ended(row: Row[Any]) -> Refusal | None:
    if row.ended_at is None:
        return None
    return stale("该委托已经结束；请刷新页面", *MOVES.articles, ended_at=row.ended_at)


async def _moved(tx: Transaction, row: Row[Any], name: str, changes: Mapping[str, Any], reason: str) -> Refusal | None:
    stopped = MOVES.refusal(name, row.state) or _ended(row)
    stopped = stopped or await move(tx, MOVES, row.id, name, row.state, changes=changes, reason=reason)
    if stopped is not None:
        return await refuse(tx, stopped, f"{CASE}.{name}", CASE, row.id)
    await tell_agency(tx, row.recipient_id, _TOLD[name])
    return None
