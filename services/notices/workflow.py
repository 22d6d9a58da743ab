"""The verbs of a notice: publish, change, withdraw, close; objections raised and answered; the hourly proof."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from services.notices import queries, rules
from services.notices.models import (
    OBJECTION_STATES,
    STATES,
    NoticeState,
    ObjectionState,
    notice,
    notice_check,
    notice_objection,
    notice_text,
)
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from shared.keys.keyring import SigningKey
from shared.policy.answer import Answer
from shared.workflow import Move, Moves, move, record_decision, record_event, refuse, send
from tenants.packs import Governing, governing

CASE = "notice"
OBJECTION = "objection"
PUBLISH = "institution:notice:publish"
ANSWER = "institution:objection:answer"
_RUNNING = frozenset({NoticeState.RUNNING.value})
_WAITING = frozenset(state.value for state in queries.WAITING)

MOVES = Moves(
    CASE,
    notice,
    STATES,
    (
        Move("publish", frozenset({"draft"}), NoticeState.RUNNING, "published", PUBLISH, "发布公示"),
        Move("change", _RUNNING, NoticeState.RUNNING, "changed", PUBLISH, "更正公示内容"),
        Move("interrupt", _RUNNING, NoticeState.RUNNING, "interrupted", PUBLISH, "登记公示中断"),
        Move("withdraw", _RUNNING, NoticeState.WITHDRAWN, "withdrawn", PUBLISH, "撤回公示"),
        Move("close", _RUNNING, NoticeState.ENDED, "ended", PUBLISH, "结束公示"),
    ),
    articles=("notices.empowerment",),
)
OBJECTION_MOVES = Moves(
    OBJECTION,
    notice_objection,
    OBJECTION_STATES,
    (
        Move("answer", _WAITING, ObjectionState.ANSWERED, "answered", ANSWER, "答复异议"),
        Move("uphold", _WAITING, ObjectionState.UPHELD, "upheld", ANSWER, "认定异议成立"),
    ),
    articles=("notices.empowerment.objections", "notices.empowerment"),
)


async def preview(
    tx: Transaction, new: rules.NewNotice, achievement_type: str, under: Governing
) -> tuple[Answer, Answer, list[dict[str, Any]]]:
    """(content, period, entries) of a notice if it were published now; writes nothing."""
    filled = rules.filled(new.provided, new.people)
    content = rules.content(
        rules.content_facts(new.kind, achievement_type, filled, novelty_at_risk=new.novelty_at_risk),
        under.pack,
        tx.now,
    )
    days = new.days or rules.required_days(new.kind, under.pack)
    period = rules.period(rules.Counted(new.kind, tx.now, days), under.pack, tx.now)
    return content, period, rules.entries_of(content, new.provided, new.people)


async def publish_notice(tx: Transaction, new: rules.NewNotice, *, under: Governing | None = None) -> UUID | Refusal:
    """Publish within the institution from now on; returns the notice's id.

    :param under: the pack that governs the case which needs the notice; the one in force by default.
    :raises NotFound: the achievement is not a registered one of this tenant.
    """
    achievement_type = await queries.achievement_type_of(tx, new.achievement_id)
    if achievement_type is None:
        raise NotFound
    governed = under or await governing(tx)
    notice_id = new_id()
    days = new.days or rules.required_days(new.kind, governed.pack)
    facts = rules.content_facts(
        new.kind, achievement_type, rules.filled(new.provided, new.people), novelty_at_risk=new.novelty_at_risk
    )
    content = rules.content(facts, governed.pack, tx.now)
    await _record(tx, content, facts, notice_id, governed)
    counted = rules.Counted(new.kind, tx.now, days)
    period = rules.period(counted, governed.pack, tx.now)
    await _record(tx, period, {**rules.facts_of(counted), "now": tx.now}, notice_id, governed)
    refused = _together(Refusal.of(content), Refusal.of(period))
    if refused is not None:
        return await refuse(tx, refused, "notice.publish", CASE, notice_id, version_id=governed.id)
    entries = rules.entries_of(content, new.provided, new.people)
    hashed = rules.text_hash(new.title, entries)
    await tx.execute(
        insert(notice).values(
            tenant_id=tx.tenant_id,
            id=notice_id,
            province_id=tx.province_id,
            kind=new.kind,
            achievement_id=new.achievement_id,
            achievement_type=achievement_type,
            state=NoticeState.DRAFT,
            days=days,
            text_number=1,
            content_hash=hashed,
            pack_version_id=governed.id,
            created_by=tx.actor.person_id,
        )
    )
    await _post_text(tx, notice_id, 1, new.title, entries, hashed, None)
    await move(
        tx, MOVES, notice_id, "publish", NoticeState.DRAFT, changes={"published_at": tx.now}, details={"hash": hashed}
    )
    await _tell(tx, "institution:notice:read", f"新的单位内部公示：{new.title}", notice_id)
    return notice_id


def _together(one: Refusal | None, other: Refusal | None) -> Refusal | None:
    """Two refusals of one act as one, with the reasons of both: what is barred leads, what a person may decide follows."""
    if one is None or other is None:
        return one or other
    first, second = (other, one) if one.needs_person and not other.needs_person else (one, other)
    return replace(first, findings=(*first.findings, *second.findings))


async def change_notice(
    tx: Transaction, notice_id: UUID, title: str, provided: Mapping[str, str], reason: str
) -> Refusal | None:
    """Correct what stands: the period counts from today again where the pack says so (rule 5).

    People who are named stay as they are. :raises NotFound: no such notice.
    """
    found = await _loaded(tx, notice_id)
    governed = await governing(tx, found.pack_version_id)
    people = {entry["code"]: [UUID(one) for one in entry.get("people") or ()] for entry in found.content}
    facts = rules.content_facts(found.kind, found.achievement_type, rules.filled(provided, people))
    answer = rules.content(facts, governed.pack, tx.now)
    await _record(tx, answer, facts, notice_id, governed)
    stopped = Refusal.of(answer) or MOVES.refusal("change", found.state)
    if stopped is not None:
        return await _refuse(tx, stopped, "change", found)
    entries = rules.entries_of(answer, provided, people)
    hashed = rules.text_hash(title, entries)
    if hashed == found.content_hash:
        same = stale(
            "内容没有变化，公示照常进行", *rules.paths(found.kind, "restarts_on_change"), number=found.text_number
        )
        return await _refuse(tx, same, "change", found)
    number = found.text_number + 1
    lost = await move(
        tx,
        MOVES,
        notice_id,
        "change",
        found.state,
        changes={
            "text_number": number,
            "content_hash": hashed,
            "restarts": [*found.restarts, {"at": tx.now.isoformat(), "reason": reason}],
        },
        reason=reason,
        details={"hash": hashed, "text": number},
    )
    if lost is not None:
        return await _refuse(tx, lost, "change", found)
    await _post_text(tx, notice_id, number, title, entries, hashed, reason)
    await _tell(tx, "institution:notice:read", f"公示内容已更正，公示期重新计算：{title}", notice_id)
    return None


async def record_interruption(
    tx: Transaction, notice_id: UUID, began_at: datetime, ended_at: datetime, reason: str
) -> Refusal | None:
    """Record that the notice could not be seen; longer than the pack's limit, the period counts anew (rule 5)."""
    found = await _loaded(tx, notice_id)
    stopped = MOVES.refusal("interrupt", found.state) or rules.interrupted_wrongly(found, began_at, ended_at, tx.now)
    if stopped is not None:
        return await _refuse(tx, stopped, "interrupt", found)
    gap = {"from": began_at.isoformat(), "to": ended_at.isoformat(), "reason": reason}
    lost = await move(
        tx,
        MOVES,
        notice_id,
        "interrupt",
        found.state,
        changes={"offline": [*found.offline, gap]},
        reason=reason,
        details={"from": gap["from"], "to": gap["to"]},
    )
    return None if lost is None else await _refuse(tx, lost, "interrupt", found)


async def withdraw_notice(tx: Transaction, notice_id: UUID, reason: str) -> Refusal | None:
    """Take a running notice back, with a reason. :raises NotFound: no such notice."""
    found = await _loaded(tx, notice_id)
    lost = await move(tx, MOVES, notice_id, "withdraw", found.state, changes={"ended_at": tx.now}, reason=reason)
    return None if lost is None else await _refuse(tx, lost, "withdraw", found)


async def close_notice(tx: Transaction, notice_id: UUID) -> Refusal | None:
    """End a notice whose period is over; what may follow is decided by the rule, not by this state."""
    found = await _loaded(tx, notice_id)
    over = MOVES.refusal("close", found.state)
    if over is not None:
        return await _refuse(tx, over, "close", found)
    governed = await governing(tx, found.pack_version_id)
    answer = rules.period(found, governed.pack, tx.now)
    await _record(tx, answer, {**rules.facts_of(found), "now": tx.now}, notice_id, governed)
    if answer.values.get("has_run") is not True:
        return await _refuse(tx, rules.still_running(found, answer), "close", found)
    lost = await move(tx, MOVES, notice_id, "close", found.state, changes={"ended_at": tx.now})
    if lost is not None:
        return await _refuse(tx, lost, "close", found)
    open_ones = f"，还有 {found.open_objections} 件异议待答复" if found.open_objections else "，没有未处理的异议"
    await _tell(tx, PUBLISH, f"公示期满{open_ones}：{found.title}", notice_id)
    return None


async def close_due_notices(tx: Transaction) -> int:
    """End every running notice whose period is over; how many were ended."""
    closed = 0
    for found in await queries.running_notices(tx):
        governed = await governing(tx, found.pack_version_id)
        if rules.notice_has_run(found, governed.pack, tx.now):
            closed += await close_notice(tx, found.id) is None
    return closed


async def raise_objection(tx: Transaction, notice_id: UUID, body: str) -> UUID | Refusal:
    """Receive an objection now. In time it blocks until answered; late it is recorded and blocks nothing (rule 6)."""
    found = await _loaded(tx, notice_id)
    governed = await governing(tx, found.pack_version_id)
    facts = rules.objection_facts(found, tx.now)
    answer = rules.objection_effect(facts, governed.pack, tx.now)
    objection_id = new_id()
    await _record(tx, answer, facts, objection_id, governed, kind=OBJECTION)
    person = tx.actor.person_id
    if found.state == NoticeState.WITHDRAWN or person is None:
        stopped = rules.not_taken(found, known=person is not None)
        return await refuse(tx, stopped, "objection.raise", OBJECTION, objection_id, version_id=found.pack_version_id)
    state = ObjectionState.OPEN if answer.values.get("in_time", True) else ObjectionState.LATE
    await tx.execute(
        insert(notice_objection).values(
            tenant_id=tx.tenant_id,
            id=objection_id,
            notice_id=notice_id,
            raised_by=person,
            received_at=tx.now,
            body=body,
            state=state,
        )
    )
    await record_event(tx, OBJECTION, objection_id, "raised", to_state=state, details={"notice": str(notice_id)})
    await record_event(tx, CASE, notice_id, "objected", details={"objection": str(objection_id), "state": state})
    await _audit(tx, "objection.raise", objection_id, {"notice": str(notice_id), "state": str(state)})
    late = "（期满后提出）" if state == ObjectionState.LATE else ""
    await _tell(tx, ANSWER, f"收到公示异议{late}：{found.title}", notice_id)
    return objection_id


async def answer_objection(
    tx: Transaction, objection_id: UUID, answer: str, *, upheld: bool, result_published: bool
) -> Refusal | None:
    """Answer an objection with the findings; its author never answers it. :raises NotFound: no such objection."""
    found = await queries.objection_for_update(tx, objection_id)
    if found is None:
        raise NotFound
    if found.raised_by == tx.actor.person_id:
        return await _refuse_answer(tx, None, found)
    lost = await move(
        tx,
        OBJECTION_MOVES,
        objection_id,
        "uphold" if upheld else "answer",
        found.state,
        changes={
            "answer": answer,
            "answered_at": tx.now,
            "answered_by": tx.actor.person_id,
            "result_published_at": tx.now if result_published else None,
        },
        details={"notice": str(found.notice_id), "result_published": result_published},
    )
    if lost is not None:
        return await _refuse_answer(tx, lost, found)
    outcome = "成立" if upheld else "不成立"
    await record_event(tx, CASE, found.notice_id, "objection_answered", details={"objection": str(objection_id)})
    payload = {"to_person": str(found.raised_by), "title": f"您提出的异议已答复：{outcome}"}
    await send(tx, "message", {**payload, "href": f"/institution/notices/{found.notice_id}"})
    return None


async def check_notice(tx: Transaction, found: queries.Notice, key: SigningKey) -> bool:
    """Prove that the notice stands unchanged in this hour: hash what is stored, sign the statement.

    Once an hour however often it is called; returns whether the text is intact. A broken text is told to people.
    """
    hour = tx.now.replace(minute=0, second=0, microsecond=0)
    hashed = rules.text_hash(found.title, found.content)
    intact = hashed == found.content_hash
    statement = rules.proof_statement(tx.tenant_id, found.id, hour, hashed, intact)
    done = await tx.execute(
        upsert(notice_check)
        .values(
            tenant_id=tx.tenant_id,
            notice_id=found.id,
            hour=hour,
            intact=intact,
            hash=hashed,
            statement=statement,
            key_id=key.key_id,
            signature=key.sign(statement.encode()),
        )
        .on_conflict_do_nothing()
    )
    if done.rowcount and not intact:
        await record_event(tx, CASE, found.id, "found_altered", details={"hash": hashed})
        await _tell(tx, PUBLISH, f"公示内容与发布时不一致，请立即核查：{found.title}", found.id)
    return intact


async def _refuse(tx: Transaction, refusal: Refusal, verb: str, found: queries.Notice) -> Refusal:
    """A refused act on a notice, by what the version that governs it says of its kind."""
    return await refuse(
        tx, refusal, f"notice.{verb}", CASE, found.id,
        version_id=found.pack_version_id, articles=rules.paths(found.kind),
    )  # fmt: skip


async def _refuse_answer(tx: Transaction, refusal: Refusal | None, found: queries.Objection) -> Refusal:
    """The same of an answer to an objection; None: its author never answers it."""
    on = await queries.find_notice(tx, found.notice_id)
    assert on is not None
    return await refuse(
        tx, refusal or rules.own_objection(on.kind), "objection.answer", OBJECTION, found.id,
        version_id=on.pack_version_id, articles=rules.paths(on.kind, "objections"),
    )  # fmt: skip


async def _loaded(tx: Transaction, notice_id: UUID) -> queries.Notice:
    found = await queries.notice_for_update(tx, notice_id)
    if found is None:
        raise NotFound
    return found


async def _post_text(
    tx: Transaction,
    notice_id: UUID,
    number: int,
    title: str,
    entries: Sequence[Mapping[str, Any]],
    hashed: str,
    reason: str | None,
) -> None:
    await tx.execute(
        insert(notice_text).values(
            tenant_id=tx.tenant_id,
            notice_id=notice_id,
            number=number,
            title=title,
            content=list(entries),
            hash=hashed,
            posted_at=tx.now,
            posted_by=tx.actor.person_id,
            reason=reason,
        )
    )


async def _record(
    tx: Transaction, answer: Answer, facts: Mapping[str, Any], case_id: UUID, governed: Governing, *, kind: str = CASE
) -> UUID:
    return await record_decision(tx, answer, facts, kind, case_id, pack_version_id=governed.id, pack_hash=governed.hash)


async def _tell(tx: Transaction, permission: str, title: str, notice_id: UUID) -> None:
    await send(
        tx, "message", {"to_permission": permission, "title": title, "href": f"/institution/notices/{notice_id}"}
    )


async def _audit(tx: Transaction, action: str, object_id: UUID, details: Mapping[str, Any]) -> None:
    await write_audit(tx, action, OBJECTION, object_id, details=details)
