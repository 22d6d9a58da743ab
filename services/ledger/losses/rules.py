"""What must be checked before a lost right is handed to finance; the text is a duty of the pack."""

from collections.abc import Mapping
from datetime import date

from services.ledger.entry import Right
from services.ledger.rights.rules import IN_FORCE
from shared.errors import Refusal, stale
from shared.policy.answer import Citation
from shared.policy.pack import Pack

CHECKS = {"performance": "转化履约情况", "change_reason": "权属变更原因", "legal_status": "成果法律状态"}
DUTY = "loss_of_rights"


def duty_article(pack: Pack) -> Citation | None:
    """Where the checks are asked for; None in a province whose text does not."""
    return pack.citation(f"duties.{DUTY}") if DUTY in pack.content.duties else None


def may_hand_over(right: Right, lost_on: date, checks: Mapping[str, str], pack: Pack, today: date) -> Refusal | None:
    """Each of the three checks is recorded, and the right is still the unit's."""
    if right.status not in IN_FORCE:
        return stale(f"权利号 {right.number} 已登记为失效或转移；请刷新页面")
    if lost_on > today:
        return Refusal("ledger.in_future", f"丧失日期 {lost_on} 晚于今天，请在发生之后登记。")
    missing = [label for name, label in CHECKS.items() if not checks.get(name)]
    if missing:
        message = f"尚未核实：{'、'.join(missing)}。"
        return Refusal("loss.not_checked", message, duty_article(pack), inputs={"missing": missing})
    return None
