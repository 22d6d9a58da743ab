"""The verbs of rights: record one with what follows from its days, record a paid annual fee. Each is a correction of the ledger."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.ledger import rules as ledger_rules
from services.ledger.entry import Right, right_number
from services.ledger.queries import find_achievement, rights_of
from services.ledger.rights import rules
from services.ledger.workflow import CASE, correct
from shared.db.transaction import Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.workflow import record_decision, refuse
from tenants.packs import Governing, governing

_ACTION = "achievement.record_right"


async def record_right(
    tx: Transaction,
    achievement_id: UUID,
    right: Right,
    *,
    since: date,
    reason: str,
    replaces: str | None = None,
    revision: int | None = None,
) -> Row[Any] | Refusal:
    """Record a right, or in place of the one with the number ``replaces``; end of term and next fee follow from its days.

    Refused: a number that this ledger has already, and what ``correct`` refuses.

    :raises NotFound: no such achievement of this tenant.
    :raises FormInvalid: a number whose check digit does not fit.
    """
    row = await find_achievement(tx, achievement_id)
    if row is None:
        raise NotFound
    governed = await governing(tx)
    fault = rules.number_fault(right.number, right.kind, governed.pack)
    present = await rights_of(tx, achievement_id)
    right = rules.completed(right, governed.pack, tx.today)
    replaces = right_number(replaces) if replaces is not None else None
    if fault:
        raise FormInvalid({"number": fault})
    refusal = None
    if right.number != replaces and any(one.number == right.number for one in present):
        refusal = ledger_rules.number_taken(right.number, row.code)
    if refusal is not None:
        return await refuse(tx, refusal, _ACTION, CASE, achievement_id)
    await _decide(tx, governed, right, achievement_id)
    wanted = [right if one.number == replaces else one for one in present]
    if replaces is None or all(one.number != replaces for one in present):
        wanted = [*present, right]
    return await correct(tx, achievement_id, {}, since=since, reason=reason, revision=revision, rights=wanted)


async def record_fee(
    tx: Transaction, achievement_id: UUID, number: str, year: int, paid_on: date
) -> Row[Any] | Refusal:
    """Record that the annual fee of a patent is paid up to a patent year; the next one's day follows.

    Refused: a day to come, and what ``correct`` refuses.

    :raises NotFound: no such achievement of this tenant, no such right of it.
    :raises FormInvalid: a year that is paid for already, or no fee is due for the right.
    """
    row = await find_achievement(tx, achievement_id)
    present = await rights_of(tx, achievement_id) if row is not None else []
    right = next((one for one in present if one.number == right_number(number)), None)
    if row is None or right is None:
        raise NotFound
    governed = await governing(tx)
    fee = rules.next_fee(right, governed.pack, tx.today)
    refusal = ledger_rules.wrong_day(max(paid_on, row.began_on), row.began_on, tx.today)
    if fee is None or year < fee.year:
        raise FormInvalid({"year": f"权利号 {right.number} 的第 {year} 年度年费已缴或无需缴纳"})
    if refusal is not None:
        return await refuse(tx, refusal, _ACTION, CASE, achievement_id)
    paid = rules.completed(replace(right, fee_year=year), governed.pack, tx.today)
    await _decide(tx, governed, paid, achievement_id)
    wanted = [paid if one.number == right.number else one for one in present]
    reason = f"{right.number} 年费缴至第 {year} 年度"
    return await correct(tx, achievement_id, {}, since=max(paid_on, row.began_on), reason=reason, rights=wanted)


async def _decide(tx: Transaction, governed: Governing, right: Right, achievement_id: UUID) -> None:
    """Keep by which text and from which day the end of the term and the next fee were counted."""
    fee = rules.next_fee(right, governed.pack, tx.today)
    for one in (rules.term_of(right, governed.pack, tx.today), fee.decided if fee is not None else None):
        if one is not None:
            await record_decision(
                tx, one.answer, one.facts, CASE, achievement_id, pack_version_id=governed.id, pack_hash=governed.hash
            )
