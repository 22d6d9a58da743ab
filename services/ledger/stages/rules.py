"""From which day an achievement is in another stage, and when its research began: facts for the engine, no value here."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from services.ledger.rules import KEPT, Decided
from shared.errors import NotFound, Refusal
from shared.policy import evaluate
from shared.policy.pack import Pack


def turns(before: date | None, after: date | None, began: date, today: date) -> list[tuple[date, bool]]:
    """The days from which a new version holds, each with whether development is recognised from that day.

    ``before`` and ``after`` are the days from which development was and is recognised, None where it is not. Development
    that turns out to begin later takes the days between back; nothing holds before the ledger knew the achievement.
    """
    if after is None:
        return [(max(before or today, began), False)]
    since = max(after, began)
    if before is None or max(before, began) >= since:
        return [(since, True)]
    return [(max(before, began), False), (since, True)]


def evidence_codes(recorded: Sequence[str], former: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    """The kinds of evidence after papers changed: kinds that were recorded without a paper stay, others follow the papers."""
    return tuple(sorted((set(recorded) - set(former)) | set(now)))


def in_future(days: Mapping[str, date | None], today: date) -> Refusal | None:
    """A criterion is met, and research begins, on a day that has come."""
    late = next((day for day in days.values() if day is not None and day > today), None)
    if late is None:
        return None
    told = f"日期 {late} 晚于今天，请在发生之后登记。"
    inputs = {"date": late, "today": today}
    return Refusal("ledger.in_future", told, inputs=inputs, articles=("stage.criteria", *KEPT))


def unknown(codes: Sequence[str], pack: Pack, name: str) -> Refusal | None:
    """Codes of the stage (``criteria``, ``evidence``, ``starts``) that the pack does not have.

    :raises NotFound: a province whose text knows no stages; its pages and its API have none either.
    """
    rule = pack.content.stage
    if rule is None:
        raise NotFound("本省规定不区分成果阶段，无需登记。")
    wrong = next((code for code in codes if code not in getattr(rule, name)), None)
    if wrong is None:
        return None
    return Refusal(
        "stage.unknown_code", f"“{wrong}”不是本省规定的选项。", pack.citation(f"stage.{name}"), inputs={"code": wrong}
    )


def papers_by_criterion(papers: Sequence[Any], criteria: Iterable[str]) -> dict[str, list[Any]]:
    """The papers that prove each criterion, withdrawn ones left out; every criterion is there."""
    standing = [one for one in papers if one.withdrawn_at is None]
    return {code: [one for one in standing if code in (one.subjects or ())] for code in criteria}


def research_start(
    funding: str, dates: Mapping[str, date], chosen: date | None, reason: str | None, pack: Pack, today: date
) -> Decided:
    """When research began, from the usual days of its funding or from another day with its reason (rule 39)."""
    facts: dict[str, Any] = {"funding": funding, "dates": dict(dates), "chosen": chosen, "reason": reason or ""}
    return Decided(evaluate("ledger.research_start", facts, pack, today), facts)
