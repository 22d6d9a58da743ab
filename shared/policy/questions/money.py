"""Income: minimum rewards, the fund, the year of a cash reward, heads of units, equity and its exit (收益分配)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from shared.policy.inquiry import Decide, Inquiry


def reward(inquiry: Inquiry) -> None:
    """Whether a reward reaches the minimum of its case: facts act, base_amount with reward_amount, or share; rule."""
    facts, act = inquiry.facts, inquiry.facts.text("act")
    found = []
    for code, rule in inquiry.content.rewards.items():
        if act not in rule.acts or rule.receiver != facts.text("receiver", "completers"):
            continue
        share = facts.share("share")
        base, given = facts.money("base_amount"), facts.money("reward_amount")
        if share is None and base and given is not None:
            share = Fraction(given) / Fraction(base)
        found.append(
            {
                "code": code,
                "label": rule.label,
                "base": rule.base,
                "minimum": Fraction(rule.minimum),
                "window_years": [rule.window_years_minimum, rule.window_years_maximum],
                "window_starts": rule.window_starts,
                "citation": inquiry.pack.citation(f"rewards.{code}.minimum"),
            }
        )
        if share is not None and share < Fraction(rule.minimum):
            inquiry.refuse(
                "reward.below_minimum",
                f"{rule.label}：奖励报酬不低于{_percent(rule.minimum)}。",
                f"rewards.{code}.minimum",
                inputs=("act", "share", "base_amount", "reward_amount"),
                would_change=f"比例不低于{_percent(rule.minimum)}",
                modality=rule.modality,
            )
    inquiry.values["rules"] = found


def _percent(share: str) -> str:
    value = Fraction(share) * 100
    return f"{value.numerator}%" if value.denominator == 1 else f"{float(value):g}%"


def fund(inquiry: Inquiry) -> None:
    """The fund drawn from income (转化基金): facts net_income, amount; where encouraged only, a hint and never a block."""
    rule, facts = inquiry.content.money.get("fund"), inquiry.facts
    if rule is None or rule.minimum is None:
        inquiry.values["minimum"] = None
        return
    net, amount = facts.money("net_income"), facts.money("amount")
    least = None if net is None else (net * Decimal(rule.minimum)).quantize(Decimal("0.01"))
    inquiry.values.update(base=rule.base, minimum=least, share=rule.minimum, modality=rule.modality)
    if least is not None and amount is not None and amount < least:
        word = "鼓励" if rule.modality == "encouraged" else "应"
        inquiry.refuse(
            "fund.below_minimum",
            f"{word}从转化净收入中提取不低于{_percent(rule.minimum)}（{least}元），所填{amount}元。",
            "money.fund",
            inputs=("net_income", "amount"),
            modality=rule.modality,
        )


def cash_reward(inquiry: Inquiry) -> None:
    """The year of a cash reward, and whether it counts in the pay total, its limit, its base."""
    rule, facts = inquiry.content.money.get("cash_reward"), inquiry.facts
    income, paid = facts.day("income_on"), facts.day_or_none("paid_on")
    if rule is None:
        inquiry.values.update(year=None)
        return
    chosen = paid if rule.pay_year == "payment" else income
    inquiry.values.update(
        year=None if chosen is None else chosen.year,
        in_total=rule.in_total,
        in_limit=rule.in_limit,
        in_base=rule.in_base,
    )
    inquiry.read(rule.reading)
    inquiry.note(
        "cash_reward.year",
        "现金奖励计入绩效工资总量的年度与口径见条文。",
        "money.cash_reward",
        inputs=("income_on", "paid_on"),
    )


def leader_equity(inquiry: Inquiry) -> None:
    """Whether equity may be given to a person: heads of units need notice and approval, others take the normal path."""
    facts = inquiry.facts
    position = facts.text("position")
    rule = inquiry.content.leaders.get("head")
    special = rule is not None and position in rule.positions
    inquiry.values["special_path"] = special
    if rule is None or not special:
        return
    if rule.equity == "forbidden":
        inquiry.refuse("leader.equity_forbidden", "正职领导不得获取股权激励。", "leaders.head", inputs=("position",))
        return
    if rule.needs_notice and not facts.flag("notice_done", False):
        inquiry.refuse(
            "leader.no_notice",
            "对正职领导给予股权奖励的，需先在本单位公示。",
            "leaders.head.needs_notice",
            inputs=("position",),
        )
    if rule.approver and facts.day_or_none("approved_on") is None:
        inquiry.refuse(
            "leader.no_approval",
            f"对正职领导给予股权奖励的，须经{inquiry.pack.label('authority', rule.approver)}批准。",
            "leaders.head.approver",
            inputs=("position", "approved_on"),
            would_change="取得批准并登记日期",
        )


def leader_trade(inquiry: Inquiry) -> None:
    """Whether a head may trade such equity on a day: not while in office, where the text says so."""
    facts = inquiry.facts
    rule = inquiry.content.leaders.get("head")
    until = facts.day_or_none("in_office_until")
    on = facts.day("on", inquiry.today)
    if rule is None or not rule.trade_blocked_in_office or facts.text("position") not in rule.positions:
        return
    if until is None or on <= until:
        inquiry.refuse(
            "leader.trade_in_office",
            "正职领导任职期间不得进行股权交易。",
            "leaders.head.trade_blocked_in_office",
            inputs=("position", "in_office_until", "on"),
            would_change=f"{until}离任之后" if until else "离任之后",
        )


def disposal(inquiry: Inquiry) -> None:
    """What a disposal of equity from conversion needs: approval or none, the exit list, the sent mark."""
    rule = inquiry.content.approvals.get("equity_disposal")
    report = inquiry.content.reports.get("exit_list")
    recipients = sorted({one for stage in report.stages.values() for one in stage.recipients}) if report else []
    inquiry.values.update(
        approval_required=bool(rule and rule.approver != "none"), exit_list=report is not None, recipients=recipients
    )
    if rule is not None and rule.approver == "none":
        inquiry.note("disposal.self_decided", "由单位自主决定，不审批、不备案。", "approvals.equity_disposal")
    if report is not None and facts_missing(inquiry, "sent_on"):
        names = "、".join(inquiry.pack.label("authority", one) for one in recipients)
        inquiry.advise(
            "disposal.not_sent",
            f"应列入退出国有资产管理清单并报{names}，尚未登记报送。",
            "reports.exit_list",
            inputs=("sent_on",),
        )


def facts_missing(inquiry: Inquiry, key: str) -> bool:
    """Whether a fact is empty."""
    return key not in inquiry.facts


def surplus(inquiry: Inquiry) -> None:
    """Whether equity from surplus of commissioned projects goes into the ledger: by the source of the money."""
    rule = inquiry.content.ledger
    sources = rule.surplus_sources if rule else ()
    inside = inquiry.facts.text("source") in sources
    inquiry.values["in_ledger"] = inside
    if inside:
        inquiry.note(
            "surplus.in_ledger", "所形成的国有股权纳入单列管理范围。", "ledger.surplus_sources", inputs=("source",)
        )


QUESTIONS: dict[str, Decide] = {
    "reward.minimum": reward,
    "fund.minimum": fund,
    "cash_reward.year": cash_reward,
    "leader.equity": leader_equity,
    "leader.trade": leader_trade,
    "equity.disposal": disposal,
    "surplus.in_ledger": surplus,
}
