"""How long a right lives, when its next annual fee is due, whether its number can be right: facts for the engine."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.ledger.entry import Right, right_number
from services.ledger.rules import Decided
from shared.calendar.periods import add_months
from shared.identifiers import PatentFault, patent_number
from shared.policy import evaluate
from shared.policy.pack import Pack

STATES = {"applied": "申请中", "granted": "有效", "lapsed": "失效", "transferred": "已转移"}
IN_FORCE = frozenset({"applied", "granted"})
ANNUAL_FEE, LATE_FEE = "patent_annual_fee", "patent_annual_fee_late"
_PATENTS = frozenset({"patent_right", "patent_application"})
_FAULTS = {
    PatentFault.MALFORMED: "不是专利号的写法，应为 12 位或 8 位数字、小数点和校验位，如 ZL201810862228.X",
    PatentFault.PLACEHOLDER: "是占位的写法，请填写真实的号码，未取得的留空",
    PatentFault.PUBLICATION_NUMBER: "是公开（公告）号，不是专利号",
    PatentFault.KIND_DIGIT: "的种类位不存在（应为 1、2、3、8、9）",
}


@dataclass(frozen=True, slots=True)
class Fee:
    """The next annual fee: of which patent year, counted by which answers; ``due`` may be a raw end (``tentative``)."""

    year: int
    due: date
    late_until: date | None
    tentative: bool
    decided: Decided


def is_patent(kind: str, pack: Pack) -> bool:
    """Whether a type of the pack is a patent or an application for one."""
    item = pack.enumeration("achievement_type").get(kind)
    return ((item.national or kind) if item is not None else kind) in _PATENTS


def number_fault(number: str, kind: str, pack: Pack) -> str | None:
    """Why a number cannot be that of a right of this kind, as the sentence of the form."""
    if not is_patent(kind, pack):
        return None
    found = patent_number(number)
    if found.fault is None:
        return None
    if found.fault is PatentFault.CHECK_DIGIT:
        return f"专利号 {number} 的校验位应为 {found.expected_check}，填写的是 {found.given_check}，请核对"
    return f"专利号 {number} {_FAULTS[found.fault]}"


def dates_fault(right: Right, today: date) -> dict[str, str]:
    """Days of a right that cannot stand together, by field."""
    wrong: dict[str, str] = {}
    for name, label in (("applied_on", "申请日"), ("granted_on", "授权日"), ("published_on", "首次发表或使用日")):
        day = getattr(right, name)
        if day is not None and day > today:
            wrong[name] = f"{label}晚于今天，请在发生之后登记"
    if right.applied_on and right.granted_on and right.granted_on < right.applied_on:
        wrong["granted_on"] = f"授权日早于申请日 {right.applied_on}，请核对"
    if right.status == "granted" and right.granted_on is None:
        wrong.setdefault("granted_on", "状态为有效的，请填写授权（登记）日")
    return wrong


def term_code(right: Right, pack: Pack) -> str | None:
    """Which legal term of the pack a right has: a patent's by its number, else by its category or its kind."""
    terms = pack.content.protection_terms
    kind = patent_number(right.number).kind if is_patent(right.kind, pack) else None
    return next((code for code in (kind, right.category, right.kind) if code and code in terms), None)


def term_of(right: Right, pack: Pack, today: date) -> Decided | None:
    """The end of its legal life; None where the day from which it runs is not known, or there is no term of its kind."""
    code = term_code(right, pack)
    if code is None or right.status == "applied":
        return None
    starts = pack.content.protection_terms[code].starts
    known: dict[str, Sequence[date | None]] = {
        "filing": [right.applied_on],
        "grant": [right.granted_on],
        "first_publication": [right.published_on],
        "creation": [right.created_on],
        "filing_or_first_use": [right.applied_on, right.published_on],
    }
    days = [day for day in known[starts] if day is not None]
    if not days:
        return None
    facts: dict[str, Any] = {"right": str(code), "start": min(days), "created_on": right.created_on}
    return Decided(evaluate("term.protection", facts, pack, today), facts)


def next_fee(right: Right, pack: Pack, today: date) -> Fee | None:
    """The next annual fee of a patent in force; None where nothing is due any more, or its days are not known.

    A patent year runs from the day of filing; the year of the grant is paid for with the grant.
    """
    if right.status != "granted" or right.applied_on is None or right.granted_on is None:
        return None
    if not is_patent(right.kind, pack) or ANNUAL_FEE not in pack.content.deadlines:
        return None
    paid = max(right.fee_year or 0, _year_of(right.applied_on, right.granted_on))
    year_began = add_months(right.applied_on, 12 * (paid - 1))
    if right.expires_on is not None and add_months(year_began, 12) >= right.expires_on:
        return None
    facts = {"deadline": ANNUAL_FEE, "event_on": year_began}
    decided = Decided(evaluate("deadline.due", facts, pack, today), facts)
    values = decided.answer.values
    due = values["due"] or values["raw_end"]
    late = evaluate("deadline.due", {"deadline": LATE_FEE, "event_on": due}, pack, today).values
    return Fee(paid + 1, due, late.get("due") or late.get("raw_end"), values["due"] is None, decided)


def _year_of(filed: date, day: date) -> int:
    year = 1
    while add_months(filed, 12 * year) <= day:
        year += 1
    return year


def completed(right: Right, pack: Pack, today: date) -> Right:
    """A right with what follows: its number in canonical form, the end of its term, the next fee's day."""
    found = replace(right, number=right_number(right.number))
    term = term_of(found, pack, today)
    if term is not None:
        found = replace(found, expires_on=term.answer.values["protection_end"])
    fee = next_fee(found, pack, today)
    return replace(found, fee_due_on=fee.due if fee is not None else None)
