"""Whether an achievement may be marked as a formed intangible; asked of the pack's accounting entries."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.ledger.accounting.rules import kind_of, situations
from services.ledger.rules import KEPT, Decided
from shared.errors import Refusal, stale
from shared.policy import evaluate
from shared.policy.answer import Citation
from shared.policy.pack import Pack

DUTY = "asset_mark"
ARTICLES = (f"duties.{DUTY}", "accounting", *KEPT)


def article(pack: Pack) -> Citation | None:
    """Where the separate mark is asked for; None where the text does not."""
    return pack.citation(f"duties.{DUTY}") if DUTY in pack.content.duties else None


def may_mark(
    unit_kind: str | None,
    developed: bool,
    right_states: Sequence[str],
    status: str,
    ground: str,
    pack: Pack,
    today: date,
) -> Decided:
    """What the text says of an intangible of such an achievement; without one, finance's ``ground`` is asked for."""
    facts: dict[str, Any] = {
        "unit_kind": kind_of(unit_kind),
        "situations": situations(developed, right_states, status, pack),
        "ground": ground.strip(),
    }
    return Decided(evaluate("asset.mark", facts, pack, today), facts)


def hint_of(decided: Decided) -> dict[str, Any] | None:
    """What of the answer stays with the mark."""
    answer = decided.answer
    if not answer.values["hint"]:
        return None
    cite = answer.findings[0].citation
    return {
        "code": answer.values["hint"],
        "treatment": answer.values["treatment"],
        "document": cite.document,
        "article": cite.article,
        "quote": cite.quote,
        "pack": f"{answer.pack} {answer.pack_version}",
    }


def wrong_day(marked_on: date, began_on: date, free_from: date | None, today: date) -> Refusal | None:
    """A mark begins while the ledger has the achievement, not before the last one ended, today at the latest."""
    if marked_on > today:
        return stale(f"标识日期 {marked_on} 晚于今天，请在标识之后登记", *ARTICLES, marked_on=marked_on, today=today)
    first = max(began_on, free_from or began_on)
    if marked_on < first:
        told = f"标识日期 {marked_on} 早于 {first}（进入台账或者上一次解除标识的日期），请改为该日或之后"
        return stale(told, *ARTICLES, marked_on=marked_on, not_before=first)
    return None
