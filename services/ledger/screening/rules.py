"""When the unit's own cycle asks for the next round, and whether a round may end; the duty is the pack's."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Any

from services.ledger.rules import Decided
from shared.policy import evaluate
from shared.policy.answer import Citation
from shared.policy.pack import Pack

# The duty under which a text asks for screening; each province has one of them.
DUTIES = ("responsible_office", "lead_office")


def article(pack: Pack) -> Citation | None:
    """Where the screening is asked for; None where the text does not."""
    code = next((one for one in DUTIES if one in pack.content.duties), None)
    return pack.citation(f"duties.{code}") if code else None


def months_after(day: date, months: int) -> date:
    """The same day some months later, the month's last where it has no such day."""
    place = day.year * 12 + day.month - 1 + months
    year, month = place // 12, place % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def next_due(first: date, every_months: int, done: date | None) -> date:
    """The first day of the cycle that no round has answered: the one after ``done``, the day of the last round."""
    due, turns = first, 0
    while done is not None and due <= done:
        turns += 1
        due = months_after(first, every_months * turns)
    return due


def may_close(open_codes: Sequence[str], summary: str, pack: Pack, today: date) -> Decided:
    """A round ends with a result for each achievement and a summary; ``open_codes`` are those without one."""
    missing = [f"还有 {len(open_codes)} 项没有结论（{'、'.join(open_codes[:5])}）"] if open_codes else []
    missing += [] if summary.strip() else ["没有写筛查小结"]
    facts: dict[str, Any] = {"duties": list(DUTIES), "missing": missing}
    return Decided(evaluate("duty.done", facts, pack, today), facts)
