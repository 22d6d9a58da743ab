"""The verbs of the stage: criteria with their dates, proofs, the start of research. The recognised stage follows from them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.ledger import rules as ledger_rules
from services.ledger.history import change_achievement
from services.ledger.papers.queries import papers_of
from services.ledger.papers.workflow import Paper, Store, keep_paper, withdraw_paper
from services.ledger.queries import achievement_for_update, entry_of
from services.ledger.rules import Decided
from services.ledger.stages import rules
from services.ledger.workflow import CASE, MOVES
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.errors import NotFound, Refusal, lost_race
from shared.workflow import move, record_decision, refuse
from tenants.packs import Governing, governing

PURPOSE = "stage"
_MOVE = "record_stage"
_ACTION = f"{CASE}.{_MOVE}"


async def record_criteria(
    tx: Transaction, achievement_id: UUID, criteria: Mapping[str, date], *, reason: str, revision: int | None = None
) -> Row[Any] | Refusal:
    """Record since when which criteria of development are met; the stage that follows holds from its own day.

    ``revision`` is the one that the person saw. Returns the row afterwards. Refused: a day to come, a criterion that the
    pack does not have, a province without stages.

    :raises NotFound: no such achievement of this tenant.
    """
    row, governed = await _loaded(tx, achievement_id), await governing(tx)
    refusal = (
        MOVES.refusal(_MOVE, row.state)
        or _overtaken(row, revision)
        or rules.unknown(list(criteria), governed.pack, "criteria")
        or rules.in_future(criteria, tx.today)
    )
    if refusal is not None:
        return await refuse(tx, refusal, _ACTION, CASE, achievement_id)
    return await _recognise(tx, governed, row, criteria, tuple(row.stage_evidence or ()), reason)


async def add_proof(tx: Transaction, store: Store, achievement_id: UUID, upload: Upload, said: Paper) -> UUID | Refusal:
    """Keep a paper that proves criteria (``papers.rules.fault`` found none in it); the stage follows.

    :raises NotFound: no such achievement of this tenant.
    """
    row, governed = await _loaded(tx, achievement_id), await governing(tx)
    refusal = (
        MOVES.refusal(_MOVE, row.state)
        or rules.unknown([said.kind], governed.pack, "evidence")
        or rules.unknown(said.subjects, governed.pack, "criteria")
    )
    if refusal is not None:
        return await refuse(tx, refusal, _ACTION, CASE, achievement_id)
    former = await _kinds(tx, achievement_id)
    kept = await keep_paper(tx, store, achievement_id, upload, said)
    if isinstance(kept, Refusal):
        return await refuse(tx, kept, _ACTION, CASE, achievement_id)
    await _follow(tx, governed, row, former, f"上传佐证材料：{upload.file_name}")
    return kept


async def withdraw_proof(tx: Transaction, achievement_id: UUID, paper_id: UUID, reason: str) -> Refusal | None:
    """Take a paper back; what rested on it alone is no longer recognised, from the day from which it was.

    :raises NotFound: no such achievement of this tenant, no such paper of it.
    """
    row, governed = await _loaded(tx, achievement_id), await governing(tx)
    former = await _kinds(tx, achievement_id)
    refusal = MOVES.refusal(_MOVE, row.state) or await withdraw_paper(tx, achievement_id, paper_id, reason)
    if refusal is not None:
        return await refuse(tx, refusal, _ACTION, CASE, achievement_id)
    await _follow(tx, governed, row, former, f"撤下佐证材料：{reason}")
    return None


async def record_research_start(
    tx: Transaction,
    achievement_id: UUID,
    funding: str,
    dates: Mapping[str, date],
    *,
    chosen: date | None = None,
    reason: str | None = None,
    revision: int | None = None,
) -> Row[Any] | Refusal:
    """Record when research began: the usual day of its funding, or another one with its reason (rule 39).

    :raises NotFound: no such achievement of this tenant.
    """
    row, governed = await _loaded(tx, achievement_id), await governing(tx)
    refusal = (
        MOVES.refusal(_MOVE, row.state)
        or _overtaken(row, revision)
        or rules.unknown(list(dates), governed.pack, "starts")
        or rules.in_future({**dates, "chosen": chosen}, tx.today)
    )
    if refusal is None:
        decided = rules.research_start(funding, dates, chosen, reason, governed.pack, tx.today)
        await _decide(tx, governed, decided, achievement_id)
        refusal = Refusal.of(decided.answer)
    if refusal is not None:
        return await refuse(tx, refusal, _ACTION, CASE, achievement_id)
    basis: dict[str, Any] = {"dates": {code: str(day) for code, day in dates.items()}}
    basis |= {"chosen": str(chosen), "reason": reason or ""} if chosen else {}
    start = decided.answer.values["start"]
    details = {"research_started_on": start, "funding": funding}
    stopped = await move(tx, MOVES, achievement_id, _MOVE, row.state, reason="登记研发起点", details=details)
    if stopped is not None:
        return await refuse(tx, stopped, _ACTION, CASE, achievement_id)
    patch = {"funding": funding, "research_started_on": start, "research_basis": basis}
    # it was so from the beginning: a correction of what is known, not a change of what is
    return await change_achievement(tx, row, patch, row.began_on, "登记研发起点")


async def _follow(tx: Transaction, governed: Governing, row: Row[Any], former: Sequence[str], reason: str) -> None:
    """What the papers that are left make of the stage."""
    evidence = rules.evidence_codes(row.stage_evidence or (), former, await _kinds(tx, row.id))
    if set(evidence) == set(row.stage_evidence or ()):
        return
    criteria = {code: date.fromisoformat(day) for code, day in (row.stage_criteria or {}).items()}
    await _recognise(tx, governed, row, criteria, evidence, reason)


async def _recognise(
    tx: Transaction,
    governed: Governing,
    row: Row[Any],
    criteria: Mapping[str, date],
    evidence: tuple[str, ...],
    reason: str,
) -> Row[Any] | Refusal:
    wanted = (await entry_of(tx, row)).with_(stage_criteria=dict(criteria) or None, stage_evidence=evidence)
    decided = ledger_rules.stage_of(wanted, governed.pack, tx.today)
    await _decide(tx, governed, decided, row.id)
    values = decided.answer.values
    details = {"stage_recognised": [row.stage_recognised, values["recognised"]], "since": values["development_from"]}
    stopped = await move(tx, MOVES, row.id, _MOVE, row.state, reason=reason, details=details)
    if stopped is not None:
        return await refuse(tx, stopped, _ACTION, CASE, row.id)
    said = {
        "stage_criteria": {code: str(day) for code, day in criteria.items()} or None,
        "stage_evidence": list(evidence) or None,
    }
    default = governed.pack.content.stage.default if governed.pack.content.stage is not None else None
    for since, proven in rules.turns(row.stage_since, values["development_from"], row.began_on, tx.today):
        recognised = (values["recognised"], values["development_from"]) if proven else (default, None)
        patch = {**said, "stage_recognised": recognised[0], "stage_since": recognised[1]}
        row = await change_achievement(tx, row, patch, since, reason)
    return row


async def _kinds(tx: Transaction, achievement_id: UUID) -> list[str]:
    return [one.kind for one in await papers_of(tx, achievement_id, PURPOSE) if one.withdrawn_at is None]


async def _decide(tx: Transaction, governed: Governing, decided: Decided, achievement_id: UUID) -> None:
    await record_decision(
        tx,
        decided.answer,
        decided.facts,
        CASE,
        achievement_id,
        pack_version_id=governed.id,
        pack_hash=governed.hash,
    )


async def _loaded(tx: Transaction, achievement_id: UUID) -> Row[Any]:
    row = await achievement_for_update(tx, achievement_id)
    if row is None:
        raise NotFound
    return row


def _overtaken(row: Row[Any], revision: int | None) -> Refusal | None:
    if revision is None or revision == row.revision:
        return None
    return lost_race("该成果刚刚已由他人更正，您的登记没有生效；请刷新页面查看最新内容后再登记")
