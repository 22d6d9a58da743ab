"""Deals: price and appraisal, approvals and their filing, special modes, idle achievements (转化)."""

from __future__ import annotations

from datetime import date, timedelta

from shared.calendar.periods import Period, Unit, period
from shared.policy.inquiry import Decide, Inquiry
from shared.policy.management import IdleTrigger, PriceRule


def _price_rule(inquiry: Inquiry) -> PriceRule | None:
    return inquiry.content.prices.get("conversion")


def price(inquiry: Inquiry) -> None:
    """Whether a price may stand: not below a third-party appraisal where the text says so; unknown totals to a person."""
    rule, facts = _price_rule(inquiry), inquiry.facts
    inquiry.values["floor"] = None
    if rule is None or rule.floor == "none" or "appraisal" not in facts:
        return
    appraisal, amount = facts.money("appraisal"), facts.money("amount")
    inquiry.values["floor"] = appraisal
    if amount is None:
        inquiry.ask(
            "price.total_unknown",
            "转化金额总额不能确定（如收入提成），是否不低于评估结果须人工认定。",
            "prices.conversion.floor",
            inputs=("amount", "appraisal"),
        )
    elif appraisal is not None and amount < appraisal:
        inquiry.refuse(
            "price.below_appraisal",
            f"转化金额{amount}元低于第三方评估结果{appraisal}元。",
            "prices.conversion.floor",
            inputs=("amount", "appraisal"),
            would_change=f"转化金额不低于{appraisal}元",
        )


def appraisal(inquiry: Inquiry) -> None:
    """Whether an appraisal is due for this buyer; where the unit decides, its decision must be recorded."""
    rule, facts = _price_rule(inquiry), inquiry.facts
    share = facts.share("buyer_state_share")
    buyer = "wholly_state" if share == 1 else "other"
    duty = "not_stated" if rule is None else rule.by_buyer.get(buyer, rule.appraisal)
    inquiry.values.update(duty=duty, buyer=buyer)
    at = f"prices.conversion.by_buyer.{buyer}"
    decision = facts.raw("decision", None)
    if duty == "not_needed":
        inquiry.note(
            "appraisal.not_needed", "转化给国有全资企业的，可以不进行资产评估。", at, inputs=("buyer_state_share",)
        )
    elif duty == "required" and not facts.flag("appraised", False):
        inquiry.refuse(
            "appraisal.required", "应当进行资产评估。", at, inputs=("appraised",), would_change="完成资产评估"
        )
    elif duty == "unit_decides" and decision not in ("yes", "no"):
        inquiry.refuse(
            "appraisal.undecided",
            "是否进行资产评估由单位自主决定，尚未记录决定。",
            at,
            inputs=("decision", "buyer_state_share"),
            would_change="记录是否评估的决定",
        )


def approval(inquiry: Inquiry) -> None:
    """Whether an act needs an approval under its triggers, from whom, and what is filed afterwards."""
    facts = inquiry.facts
    held, act = facts.codes("triggers"), facts.raw("act", None)
    due = [
        (code, rule)
        for code, rule in inquiry.content.approvals.items()
        if rule.approver != "none"
        and (not rule.triggers or held & set(rule.triggers))
        and (not rule.acts or act in rule.acts)
    ]
    inquiry.values["approvals"] = [
        {
            "code": code,
            "label": rule.label,
            "approver": rule.approver,
            "filed_with": list(rule.filed_with),
            "filing_deadline": rule.filing_deadline,
            "outside_system": rule.outside_system,
            "citation": inquiry.pack.citation(f"approvals.{code}"),
        }
        for code, rule in due
    ]
    inquiry.values["required"] = bool(due)
    approved = facts.day_or_none("approved_on")
    for code, rule in due:
        if approved is None:
            where = "（在系统外按保密制度办理，本系统只登记日期）" if rule.outside_system else ""
            inquiry.refuse(
                f"approval.{code}",
                f"{rule.label}，须经{inquiry.pack.label('authority', rule.approver)}审批{where}。",
                f"approvals.{code}",
                inputs=("triggers", "act", "approved_on"),
                would_change="取得批复并登记批复日期",
                modality=rule.modality,
            )


def deadline(inquiry: Inquiry) -> None:
    """When a relative deadline of the pack ends: facts deadline, event_on, done_on, unit_target_days."""
    facts = inquiry.facts
    code = facts.text("deadline")
    rule = inquiry.content.deadlines.get(code)
    at = f"deadlines.{code}"
    event = facts.day("event_on")
    done = facts.day_or_none("done_on")
    if rule is None or rule.length is None:
        inquiry.values.update(due=None, status="none")
        target = facts.raw("unit_target_days", None)
        if target is not None and (done or inquiry.today) > event + timedelta(days=facts.number("unit_target_days")):
            inquiry.advise(
                "deadline.unit_target",
                f"超过本单位自定的{target}天目标（条文只要求“及时”，没有规定天数）。",
                at,
                inputs=("event_on", "unit_target_days", "done_on"),
            )
        return
    counted = period(event, rule.length, Unit(rule.unit), inquiry.pack.calendar, counts_first_day=rule.counts_first_day)
    early = period(event, rule.length, Unit(rule.unit), inquiry.pack.calendar, counts_first_day=True)
    _put_due(inquiry, counted, early)
    if counted.end is None:
        inquiry.read("calendar_unknown")
        inquiry.ask(
            "calendar.unknown",
            "期限涉及的年份尚未公布节假日安排，截止日须人工认定。",
            at,
            inputs=("event_on",),
            would_change="国务院公布该年度节假日安排",
        )
    elif (done or inquiry.today) > counted.end:
        inquiry.advise(
            "deadline.overdue", f"{rule.label}应于{counted.end}前完成，已逾期。", at, inputs=("event_on", "done_on")
        )
    inquiry.values["overdue"] = (
        counted.end is not None and (done or inquiry.today) > counted.end and not inquiry.advised_only
    )


def _put_due(inquiry: Inquiry, counted: Period, early: Period) -> None:
    inquiry.values.update(
        due=counted.end,
        raw_end=counted.raw_end,
        status=counted.status,
        first_warning=early.end,
        counted=counted.counted,
        counted_on=counted.counted_on,
    )


def special_mode(inquiry: Inquiry) -> None:
    """Whether a special mode of conversion is open to this buyer: place and size as of signing."""
    facts = inquiry.facts
    code = facts.text("conversion_mode")
    rule = inquiry.content.conversion_modes.get(code)
    if rule is None:
        inquiry.refuse(
            "conversion_mode.unknown", "本地政策没有此种转化模式。", "conversion_modes", inputs=("conversion_mode",)
        )
        return
    at = f"conversion_modes.{code}"
    inquiry.values.update(fields=list(rule.fields), evidence=list(rule.evidence), label=rule.label)
    if rule.place == "in_province" and not facts.flag("buyer_in_province", False):
        inquiry.refuse(
            "conversion_mode.place",
            f"{rule.label}只适用于省内企业（以签署时为准）。",
            at,
            inputs=("buyer_in_province",),
        )
    if rule.buyer_sizes and facts.raw("buyer_size", None) not in rule.buyer_sizes:
        inquiry.refuse(
            "conversion_mode.size", f"{rule.label}只适用于中小微企业（以签署时为准）。", at, inputs=("buyer_size",)
        )
    if "provided" in facts:
        for one in [one for one in rule.evidence if one not in facts.codes("provided")]:
            label = inquiry.pack.label("evidence", one)
            inquiry.refuse(f"conversion_mode.no_evidence.{one}", f"缺少{label}。", at, inputs=("provided",))


def grant_count(inquiry: Inquiry) -> None:
    """How many of some grants count as achievements, and how many are promises (预约赋权)."""
    modes = [one.raw("grant_mode", None) for one in inquiry.facts.parts("grants")]
    rules = inquiry.content.grant_modes
    promises = sum(1 for mode in modes if mode in rules and not rules[mode].counts_as_achievement)
    inquiry.values.update(achievements=len(modes) - promises, promises=promises)


def same_day_grant(inquiry: Inquiry) -> None:
    """Whether a grant may be made together with the deal (即时赋权): the notice must be over all the same."""
    mode = inquiry.facts.text("grant_mode")
    rule = inquiry.content.grant_modes.get(mode)
    if rule is None:
        inquiry.refuse("empowerment.grant_mode", "本地政策没有此种赋权方式。", "grant_modes", inputs=("grant_mode",))
        return
    inquiry.values.update(needs_notice=rule.needs_notice, with_conversion_contract=rule.with_conversion_contract)
    if rule.needs_notice:
        inquiry.note("grant_mode.notice", "仍应先完成公示。", f"grant_modes.{mode}", inputs=("grant_mode",))


def idle(inquiry: Inquiry) -> None:
    """What follows from an achievement not being used: triggers with their day and consequence."""
    facts = inquiry.facts
    event, on = facts.day("event_on"), facts.day("on", inquiry.today)
    found = []
    for code, rule in inquiry.content.idle.items():
        if rule.sources and facts.raw("funding", None) not in rule.sources:
            continue
        due = _idle_from(inquiry, rule, event)
        found.append(
            {"code": code, "label": rule.label, "from": due, "consequence": rule.consequence, "reached": on > due}
        )
        if on > due:
            inquiry.advise(
                f"idle.{code}", f"{rule.label}：{rule.consequence}。", f"idle.{code}", inputs=("event_on", "on")
            )
    inquiry.values["triggers"] = found


def _idle_from(inquiry: Inquiry, rule: IdleTrigger, event: date) -> date:
    counted = period(event, rule.length, Unit(rule.unit), inquiry.pack.calendar, rolls_over=False)
    # Only working days can run out of the calendar.
    return counted.raw_end or date.max


QUESTIONS: dict[str, Decide] = {
    "price.check": price,
    "appraisal.duty": appraisal,
    "approval.required": approval,
    "deadline.due": deadline,
    "conversion.mode": special_mode,
    "grant.count": grant_count,
    "grant.mode": same_day_grant,
    "idle.triggers": idle,
}
