"""What one may lend whom. No article of the policy speaks here: what is wrong is an error of the form."""

from collections.abc import Collection, Iterable
from datetime import date

from services.administration.permission_words import permission_label
from tenants.permissions import APART, PERSONAL, separated

LONGEST_DAYS = 366
_OF_APPLICATIONS = frozenset(
    {"institution:empowerment:read", "institution:empowerment:review", "institution:empowerment:sign"}
)


def lendable(own: Iterable[str]) -> list[str]:
    """What of one's own permissions may be lent at all; what was lent to oneself is not one's own."""
    return sorted(one for one in own if one not in PERSONAL and not one.endswith(":home:read"))


def wrong_permissions(wanted: Collection[str], own: Collection[str], others: Collection[str], *, one_case: bool) -> str:
    """The sentence for the form why these cannot be lent to somebody with ``others``; empty: they can."""
    if not wanted:
        return "请选择委托的事项"
    if set(wanted) - set(lendable(own)):
        return "只能委托本人有权办理、并且可以由他人代办的事项"
    barred = {*others, *wanted} - separated({*others, *wanted})
    if barred:
        approving = sorted(barred)[0]
        entering = next(one for one, two in APART if two == approving)
        both = f"“{permission_label(entering)}”和“{permission_label(approving)}”"
        return f"受托人不能同时办理{both}：同一事项的经办与批准由不同的人办理"
    if set(wanted) <= set(others):
        return "受托人本来就可以办理所选事项，不需要委托"
    if one_case and set(wanted) - _OF_APPLICATIONS:
        return "仅限一件赋权申请的，只能委托赋权申请的事项"
    return ""


def wrong_days(first_day: date, last_day: date, today: date) -> dict[str, str]:
    """Errors by field of a period."""
    errors: dict[str, str] = {}
    if first_day < today:
        errors["first_day"] = "起始日期不能早于今天"
    if last_day < first_day:
        errors["last_day"] = "截止日期早于起始日期"
    elif (last_day - first_day).days >= LONGEST_DAYS:
        errors["last_day"] = "一次委托最长一年"
    return errors
