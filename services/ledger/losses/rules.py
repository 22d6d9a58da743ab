"""What must be checked before a lost right is handed to finance; the text is a duty of the pack."""

from collections.abc import Mapping
from datetime import date

from services.ledger.entry import Right
from services.ledger.rights.rules import IN_FORCE
from services.ledger.rules import KEPT, Decided
from shared.errors import Refusal, stale
from shared.policy import evaluate
from shared.policy.answer import Citation
from shared.policy.pack import Pack

CHECKS = {"performance": "转化履约情况", "change_reason": "权属变更原因", "legal_status": "成果法律状态"}
DUTY = "loss_of_rights"
ARTICLES = (f"duties.{DUTY}", *KEPT)


def duty_article(pack: Pack) -> Citation | None:
    """Where the checks are asked for; None in a province whose text does not."""
    return pack.citation(f"duties.{DUTY}") if DUTY in pack.content.duties else None


def checked(checks: Mapping[str, str], pack: Pack, today: date) -> Decided:
    """Whether each of the three checks that the text asks for is recorded."""
    facts = {"duties": [DUTY], "missing": [label for name, label in CHECKS.items() if not checks.get(name)]}
    return Decided(evaluate("duty.done", facts, pack, today), facts)


def may_hand_over(right: Right, lost_on: date, today: date) -> Refusal | None:
    """The right is still the unit's, and the day has come."""
    if right.status not in IN_FORCE:
        told = f"权利号 {right.number} 已登记为失效或转移；请刷新页面"
        return stale(told, *ARTICLES, number=right.number, ended_on=right.ended_on)
    if lost_on > today:
        told = f"丧失日期 {lost_on} 晚于今天，请在发生之后登记。"
        return Refusal("ledger.in_future", told, inputs={"lost_on": lost_on, "today": today}, articles=ARTICLES)
    return None
