"""What an achievement's record means for its costs: situations of the pack, and the engine's hint for each."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.ledger.rights.rules import IN_FORCE
from services.ledger.rules import CONVERTED, Decided
from shared.policy import evaluate
from shared.policy.answer import Citation
from shared.policy.pack import Pack

COMPONENTS = {
    "research_cost": "研究阶段支出",
    "development_cost": "开发阶段支出",
    "fees": "注册费、聘请律师费等费用",
    "asset_value": "无形资产价值",
}
RESULTS = {
    "expense": "当期费用",
    "profit_or_loss": "当期损益",
    "intangible": "无形资产",
    "collect": "先行归集",
    "none": "不确认",
}
# Kinds of the registry by the engine's name, where they differ.
_UNIT_KINDS = {"enterprise": "soe"}


def situations(developed: bool, right_states: Sequence[str], status: str, pack: Pack) -> list[str]:
    """The situations of the pack in which an achievement is, from its recognised stage, its rights and its conversion."""
    if pack.content.stage is None:
        return [] if status == CONVERTED else ["not_measurable_before_conversion"]
    if developed:
        return ["research", "development_formed", "development_not_formed"]
    obtained = any(state in IN_FORCE and state != "applied" for state in right_states)
    return ["research", *(["right_without_development"] if obtained else [])]


def nature(pack: Pack) -> tuple[str, Citation] | None:
    """That what is managed apart stays an asset of the state, in the text's words; None where the text does not say it."""
    duty = pack.content.duties.get("state_asset")
    return (duty.text, pack.citation("duties.state_asset")) if duty is not None else None


def kind_of(unit_kind: str | None) -> str:
    """A kind of the registry as the engine names it."""
    return _UNIT_KINDS.get(unit_kind or "", unit_kind or "other")


def hints(
    unit_kind: str | None, found: Sequence[str], amounts: Mapping[str, Decimal | None], pack: Pack, today: date
) -> list[tuple[str, Decided]]:
    """(component, answer) for each situation whose costs the pack speaks of, for this or for another kind of unit."""
    kind = kind_of(unit_kind)
    answers: list[tuple[str, Decided]] = []
    for situation in found:
        for component in sorted(
            {one.component for one in pack.content.accounting.values() if one.situation == situation}
        ):
            facts: dict[str, Any] = {
                "unit_kind": kind,
                "situations": [situation],
                "amounts": {component: amounts.get(component)},
            }
            answers.append((component, Decided(evaluate("accounting.hint", facts, pack, today), facts)))
    return answers
