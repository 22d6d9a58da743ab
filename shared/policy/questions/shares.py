"""Shares of a team and of co-owners: exact, complete, agreed by every member (权属比例、内部收益分配)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from shared.policy.facts import as_share
from shared.policy.inquiry import Decide, Inquiry

CENT = Decimal("0.01")


def check_shares(inquiry: Inquiry, key: str, path: str, *, none_left: bool = False) -> dict[str, Fraction]:
    """Read shares by person; refuse if one is not above zero or the total is not exactly 1.

    `none_left`: one may have everything, so that another has nothing (全部赋予).
    """
    shares = {name: as_share(f"{key}.{name}", inquiry.facts.part(key).raw(name)) for name in inquiry.facts.part(key)}
    total = sum(shares.values(), Fraction(0))
    if any(share < 0 or (share == 0 and not none_left) for share in shares.values()):
        inquiry.refuse("shares.not_positive", "每份比例都应大于零。", path, inputs=(key,))
    if shares and total != 1:
        inquiry.refuse(
            "shares.not_whole",
            f"各份比例合计应为100%，所填合计{_percent(total)}。",
            path,
            inputs=(key,),
            would_change="比例合计恰为100%；不能整除时用分数，如1/3",
        )
    return shares


def check_ownership(inquiry: Inquiry, grant_type: str) -> None:
    """Check the unit's and the team's shares of an ownership grant; facts in `ownership` {unit, team}."""
    rule = inquiry.content.grant_types.get(grant_type)
    if rule is None or "ownership" not in inquiry.facts:
        return
    at = f"grant_types.{grant_type}"
    shares = check_shares(inquiry, "ownership", f"{at}.co_ownership", none_left=rule.full_ownership)
    team = shares.get("team")
    if team is None:
        return
    kind = inquiry.facts.text("co_ownership", "by_share")
    if rule.co_ownership and kind not in rule.co_ownership:
        inquiry.refuse(
            "shares.co_ownership", "共有方式不在条文规定之内。", f"{at}.co_ownership", inputs=("co_ownership",)
        )
    if rule.minimum_share is not None and kind == "by_share" and team < Fraction(rule.minimum_share):
        inquiry.refuse(
            "shares.below_minimum",
            f"完成人所占份额不低于{_percent(Fraction(rule.minimum_share))}，所填{_percent(team)}。",
            f"{at}.minimum_share",
            inputs=("ownership",),
            would_change=f"完成人份额改为{_percent(Fraction(rule.minimum_share))}或以上",
        )
    if not rule.full_ownership and team == 1:
        inquiry.refuse(
            "shares.not_shared",
            "单位与完成人应成为共同所有权人，不能全部归完成人。",
            f"{at}.co_ownership",
            inputs=("ownership",),
        )


def fee(inquiry: Inquiry) -> None:
    """Who bears a maintenance fee (知识产权维持费用): by shares where the text says so, else as agreed."""
    facts = inquiry.facts
    grant_type = facts.text("grant_type", "ownership")
    rule = inquiry.content.grant_types.get(grant_type)
    split = rule.fee_split if rule else "not_stated"
    key = "ownership" if split == "by_share" else "agreed_fee"
    at = f"grant_types.{grant_type}.fee_split"
    inquiry.values.update(fee_split=split, editable=split != "by_share", parts=None)
    shares = check_shares(inquiry, key, at) if key in facts else {}
    amount = facts.money("fee")
    if not shares:
        inquiry.ask("fee.no_shares", "没有约定分担比例，请先填写。", at, inputs=(key,))
    elif amount is not None:
        inquiry.values["parts"] = split_money(amount, shares)


def split_money(amount: Decimal, shares: dict[str, Fraction]) -> dict[str, Decimal]:
    """Divide an amount by shares to the cent; odd cents go one each to the largest remainders, in the given order."""
    exact = {name: Fraction(amount) * share for name, share in shares.items()}
    parts = {name: CENT * (part * 100 // 1) for name, part in exact.items()}
    odd = int((amount - sum(parts.values(), Decimal(0))) / CENT)
    order = sorted(shares, key=lambda name: exact[name] - Fraction(parts[name]), reverse=True)
    for name in order[:odd]:
        parts[name] += CENT
    return parts


def _percent(share: Fraction) -> str:
    value = share * 100
    return f"{value.numerator}%" if value.denominator == 1 else f"{float(value):.4g}%"


QUESTIONS: dict[str, Decide] = {"fee.split": fee}
