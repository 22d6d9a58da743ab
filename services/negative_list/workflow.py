"""How a list version comes about (第五条): the only writers of versions, items, consultations and proceedings.

Every verb runs as the science department of its province, and its decisions, events and audit rows stand in that
department's tenant. Opinions are in :mod:`services.negative_list.opinions.workflow`, drafting in its own room.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, update

from services.negative_list import rules
from services.negative_list.models import (
    STATES,
    ListState,
    Mark,
    list_consultation,
    list_item,
    list_proceeding,
    list_version,
    list_wording,
)
from services.negative_list.queries import (
    Consultation,
    Entry,
    Version,
    consultation_of,
    latest_published,
    opinion_counts,
    proceedings,
    published_items,
    unanswered_opinions,
    version_row,
)
from services.negative_list.rules import Draft
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from shared.policy.answer import Answer
from shared.workflow import Move, Moves, move, record_decision, record_event, refuse, send
from tenants.packs import governing
from tenants.registry import province

KIND = "list_version"
_WRITE, _DETERMINE = "console:list:write", "console:list:determine"
_RULE = "negative_lists.provincial_empowerment"
_BEFORE_DETERMINED = frozenset({ListState.DRAFT, ListState.CONSULTING, ListState.CONSULTED})

MOVES = Moves(
    KIND,
    list_version,
    STATES,
    (
        Move(
            "open_consultation",
            frozenset({ListState.DRAFT, ListState.CONSULTED}),
            ListState.CONSULTING,
            "consultation_opened",
            _WRITE,
            "公开征求意见",
        ),
        Move(
            "close_consultation",
            frozenset({ListState.CONSULTING}),
            ListState.CONSULTED,
            "consultation_closed",
            _WRITE,
            "结束征求意见",
        ),
        Move("determine", frozenset({ListState.CONSULTED}), ListState.DETERMINED, "determined", _DETERMINE, "共同确定"),
        Move("publish", frozenset({ListState.DETERMINED}), ListState.PUBLISHED, "published", _DETERMINE, "公示发布"),
    ),
    articles=("negative_lists",),
    nearer={
        "open_consultation": (f"{_RULE}.needs_consultation",),
        "close_consultation": (f"{_RULE}.needs_consultation",),
        "determine": (f"{_RULE}.needs_joint_determination",),
        "publish": (f"{_RULE}.published",),
    },
)


async def locked(tx: Transaction, version_id: UUID) -> Row[Any]:
    """The version that is about to change, locked.

    :raises NotFound: no such version in the province.
    """
    row = await version_row(tx, version_id, for_update=True)
    if row is None:
        raise NotFound
    return row


# Consultation, review, determination --------------------------------------------------------------------------------------


async def open_consultation(tx: Transaction, version_id: UUID, days: int) -> Refusal | None:
    """Put the draft to the public for so many days; the day of publication does not count."""
    row = await locked(tx, version_id)
    draft = Draft.of(row.draft)
    empty = rules.nothing_listed(row.rule, draft)
    if empty is not None:
        return await refuse(tx, empty, f"{KIND}.open_consultation", KIND, version_id)
    refused = await move(tx, MOVES, version_id, "open_consultation", row.state, changes=_touched())
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.open_consultation", KIND, version_id)
    put = {"title": row.title, "number": row.number, **draft.as_json()}
    consultation_id = new_id()
    await tx.execute(
        insert(list_consultation)
        .inline()
        .values(
            id=consultation_id,
            province_id=tx.province_id,
            version_id=version_id,
            kind=row.kind,
            number=row.number,
            published_at=tx.now,
            days=days,
            last_day=rules.last_day_of(tx.today, days),
            draft=put,
            hash=rules.canonical(put)[1],
        )
    )
    last_day = rules.last_day_of(tx.today, days)
    news = {
        "title": f"公开征求意见：{row.title}",
        "path": f"/consultations/{consultation_id}",
        "text": f"截至 {last_day}",
    }
    await send(tx, "publication", {"what": "list_consultation", "id": str(consultation_id), **news})
    return None


async def close_consultation(tx: Transaction, version_id: UUID) -> Refusal | None:
    """Close the round once its last day is over; a round without opinions must be closed as well (rule 28)."""
    row = await locked(tx, version_id)
    action = f"{KIND}.close_consultation"
    round_ = await consultation_of(tx, version_id)
    early = MOVES.refusal("close_consultation", row.state)
    if early is None and round_ is not None:
        early = rules.consultation_running(round_, row.rule, (await governing(tx)).pack, tx.today)
    if early is not None or round_ is None:
        none_yet = stale(
            "尚未公开征求意见", *rules.articles_of(row.rule, "needs_consultation"), state=STATES[row.state]
        )
        return await refuse(tx, early or none_yet, action, KIND, version_id)
    refused = await move(tx, MOVES, version_id, "close_consultation", row.state, changes=_touched())
    if refused is not None:
        return await refuse(tx, refused, action, KIND, version_id)
    received, answered = await opinion_counts(tx, round_.id)
    await tx.execute(
        update(list_consultation)
        .where(list_consultation.c.province_id == tx.province_id, list_consultation.c.id == round_.id)
        .values(closed_at=tx.now, received=received, answered=answered)
    )
    return None


@dataclass(frozen=True, slots=True)
class Proceeding:
    """An expert review or a joint determination: when, who (units and numbers, no names), which opinion, which minutes.

    ``considerations`` says of each point that the pack asks to weigh what was found.
    """

    held_on: date
    participants: str
    opinion: str
    document: str
    considerations: Mapping[str, str] | None = None


async def record_expert_review(tx: Transaction, version_id: UUID, review: Proceeding) -> Refusal | None:
    """Record that experts reviewed and assessed the draft."""
    row = await locked(tx, version_id)
    refused: Refusal | None = rules.future_day(row.rule, "needs_experts", review.held_on, tx.today)
    if row.state not in _BEFORE_DETERMINED:
        refused = stale(
            f"当前状态为“{STATES[row.state]}”，不能补记专家审核与评估",
            *rules.articles_of(row.rule, "needs_experts"),
            state=STATES[row.state],
        )
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.review", KIND, version_id)
    await _record(tx, row, "review", review)
    return None


async def determine(tx: Transaction, version_id: UUID, determination: Proceeding) -> Refusal | None:
    """Record the joint determination with the departments concerned: after the consultation and the expert record."""
    row = await locked(tx, version_id)
    facts, round_ = await _facts(tx, row, determined=False)
    pack = (await governing(tx)).pack
    refused = await _decide(tx, rules.may_determine(facts, pack, tx.today), rules.determination_facts(facts), row)
    refused = refused or rules.determined_too_early(row.rule, determination.held_on, tx.today, round_)
    if refused is None:
        changes = {"decided_on": determination.held_on, **_touched()}
        refused = await move(tx, MOVES, version_id, "determine", row.state, changes=changes)
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.determine", KIND, version_id)
    await _record(tx, row, "determination", determination)
    return None


async def _record(tx: Transaction, row: Row[Any], kind: str, proceeding: Proceeding) -> None:
    proceeding_id = new_id()
    await tx.execute(
        insert(list_proceeding)
        .inline()
        .values(
            tenant_id=tx.tenant_id,
            id=proceeding_id,
            province_id=tx.province_id,
            version_id=row.id,
            kind=kind,
            held_on=proceeding.held_on,
            participants=proceeding.participants,
            opinion=proceeding.opinion,
            considerations=dict(proceeding.considerations) if proceeding.considerations else None,
            document=proceeding.document,
            actor_id=tx.actor.person_id,
        )
    )
    details = {
        "proceeding_id": str(proceeding_id),
        "held_on": proceeding.held_on.isoformat(),
        "document": proceeding.document,
    }
    await record_event(tx, KIND, row.id, f"{kind}_recorded", details=details)
    await write_audit(tx, f"{KIND}.{kind}", KIND, row.id, details=details)


async def _facts(tx: Transaction, row: Row[Any], *, determined: bool) -> tuple[dict[str, Any], Consultation | None]:
    round_ = await consultation_of(tx, row.id)
    unanswered = await unanswered_opinions(tx, row.id)
    reviewed = any(one.kind == "review" for one in await proceedings(tx, row.id))
    facts = rules.publication_facts(row.rule, round_, unanswered, reviewed=reviewed, determined=determined)
    return facts, round_


async def _decide(tx: Transaction, answer: Answer, facts: dict[str, Any], row: Row[Any]) -> Refusal | None:
    current = await governing(tx)
    await record_decision(tx, answer, facts, KIND, row.id, pack_version_id=current.id, pack_hash=current.hash)
    return Refusal.of(answer)


def _touched() -> dict[str, Any]:
    return {"changed_at": func.clock_timestamp()}


# Publication --------------------------------------------------------------------------------------------------------------


async def publication_answer(tx: Transaction, row: Row[Any]) -> Answer:
    """What still stands in the way of publication: shown on the version's page, asked again by the verb."""
    facts, _ = await _facts(tx, row, determined=row.state == ListState.DETERMINED)
    return rules.may_publish(facts, (await governing(tx)).pack, tx.today)


async def publish(tx: Transaction, version_id: UUID, effective_on: date) -> Refusal | None:
    """Publish the version with its four dates; the one before ends on the day on which this one takes effect.

    Refused with article 5 while the consultation is open, an opinion unanswered, the expert record or the determination
    missing (rule 28).
    """
    row = await locked(tx, version_id)
    if row.state == ListState.PUBLISHED:
        done = stale("该版本已经发布", *rules.articles_of(row.rule, "published"), state=STATES[row.state])
        return await refuse(tx, done, f"{KIND}.publish", KIND, version_id)
    facts, _ = await _facts(tx, row, determined=row.state == ListState.DETERMINED)
    pack = (await governing(tx)).pack
    previous = await latest_published(tx, row.kind)
    refused = await _decide(tx, rules.may_publish(facts, pack, tx.today), facts, row)
    refused = refused or rules.effect_too_early(row.rule, effective_on, tx.today, previous)
    if refused is None:
        entries = await _entries(tx, row, effective_on, list(pack.content.screening_categories))
        content, digest = rules.canonical(
            rules.published_content(row, await _province_name(tx), tx.now, effective_on, entries)
        )
        changes = {"published_at": tx.now, "effective_on": effective_on, "content": content, "hash": digest}
        refused = await move(tx, MOVES, version_id, "publish", row.state, changes={**changes, **_touched()})
    if refused is not None:
        return await refuse(tx, refused, f"{KIND}.publish", KIND, version_id)
    await _store(tx, row, entries)
    if previous is not None:
        await _end_version(tx, previous, effective_on)
    news = {
        "title": f"已公示发布：{row.title}",
        "path": f"/lists/{row.kind}/{row.number}",
        "text": f"自 {effective_on} 起生效",
    }
    await send(tx, "publication", {"what": "list_version", "id": str(version_id), "hash": digest, **news})
    return None


async def _entries(tx: Transaction, row: Row[Any], effective_on: date, categories: list[str]) -> list[Entry]:
    """The draft's items in order as entries: a known item keeps its own dates, an ended one gets its end."""
    known = await published_items(tx, row.kind)
    entries = []
    for item in rules.in_order(Draft.of(row.draft).items, categories):
        old = known.get(item.code)
        entries.append(
            Entry(
                old.id if old else new_id(),
                item.code,
                item.category,
                item.title,
                item.note,
                item.mark,
                old.decided_on if old else row.decided_on,
                old.published_at if old else tx.now,
                old.effective_on if old else effective_on,
                effective_on if item.mark == Mark.ENDED else None,
            )
        )
    return entries


async def _store(tx: Transaction, row: Row[Any], entries: list[Entry]) -> None:
    """Make items and wordings of the draft; they are never changed again, but for an item's end."""
    province = {"province_id": tx.province_id}
    added = [entry for entry in entries if entry.mark == Mark.NEW]
    if added:
        await tx.execute(
            insert(list_item),
            [
                {
                    **province,
                    "id": e.id,
                    "kind": row.kind,
                    "code": e.code,
                    "category": e.category,
                    "decided_on": e.decided_on,
                    "published_at": e.published_at,
                    "effective_on": e.effective_on,
                }
                for e in added
            ],
        )
    for entry in entries:
        if entry.mark == Mark.ENDED:
            await tx.execute(
                update(list_item)
                .where(list_item.c.province_id == tx.province_id, list_item.c.id == entry.id)
                .values(ended_on=entry.ended_on)
            )
    await tx.execute(
        insert(list_wording),
        [
            {
                **province,
                "version_id": row.id,
                "item_id": e.id,
                "position": position,
                "title": e.title,
                "note": e.note,
                "mark": e.mark,
                "published_at": tx.now,
            }
            for position, e in enumerate(entries)
        ],
    )


async def _end_version(tx: Transaction, previous: Version, ended_on: date) -> None:
    await tx.execute(
        update(list_version)
        .where(list_version.c.province_id == tx.province_id, list_version.c.id == previous.id)
        .values(ended_on=ended_on, **_touched())
    )
    details = {"ended_on": ended_on.isoformat()}
    await record_event(tx, KIND, previous.id, "superseded", details=details)
    await write_audit(tx, f"{KIND}.superseded", KIND, previous.id, details=details)


async def _province_name(tx: Transaction) -> str:
    name: str = await tx.scalar(select(province.c.name).where(province.c.province_id == tx.province_id))
    return name
