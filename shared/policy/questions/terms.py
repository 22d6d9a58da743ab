"""How long a right must be given, and how long it lives (使用期限、法律保护剩余期限)."""

from __future__ import annotations

from datetime import date

from shared.calendar.periods import DAY, add_months, contract_term_end
from shared.policy.inquiry import Decide, Inquiry
from shared.policy.procedure import GrantType


def use_right_term(inquiry: Inquiry) -> None:
    """Whether a term is long enough: see README.md under `term.use_right`."""
    check_term(inquiry, inquiry.facts.text("grant_type", "use_right"))


def check_term(inquiry: Inquiry, grant_type: str) -> None:
    """Refuse a term below the minimum (or the remaining protection where the text allows it); facts in `term`."""
    rule = inquiry.content.grant_types.get(grant_type)
    facts = inquiry.facts.part("term")
    if rule is None or rule.minimum_years is None or "first_day" not in facts or "last_day" not in facts:
        return
    first, last = facts.day("first_day"), facts.day("last_day")
    protected_to = facts.day_or_none("remaining_protection_end")
    at = f"grant_types.{grant_type}.minimum_years"
    contract = contract_term_end(first, months=12 * rule.minimum_years)
    statutory = add_months(first, 12 * rule.minimum_years)
    shorter = min(contract, statutory) if inquiry.content.counting.contract_counts_first_day else statutory
    required, by_protection = shorter, False
    if rule.or_remaining_protection and protected_to is not None and protected_to < shorter:
        required, by_protection = protected_to, True
    inquiry.values.update(
        required_last_day=required, contract_count=contract, statutory_count=statutory, protection_end=protected_to
    )
    inquiry.read(rule.reading, "contract_terms")
    if last < required:
        alternative = "或科技成果的法律保护剩余期限" if rule.or_remaining_protection else ""
        inquiry.refuse(
            "term.too_short",
            f"使用期限不低于{rule.minimum_years}年{alternative}：自{first}起至少到{required}，所填到{last}。",
            at,
            inputs=("term",),
            would_change=f"期限届满日改为{required}或以后",
        )
    elif by_protection:
        inquiry.note("term.to_end_of_protection", f"期限到法律保护届满日{required}，符合规定。", at, inputs=("term",))
    if protected_to is not None and last > protected_to:
        inquiry.advise(
            "term.right_lapses",
            f"该权利的法律保护到{protected_to}届满，早于使用期限届满日{last}。",
            at,
            inputs=("term",),
        )
    _check_first_and_total(inquiry, rule, grant_type, first, last)


def _check_first_and_total(inquiry: Inquiry, rule: GrantType, grant_type: str, first: date, last: date) -> None:
    if rule.first_term_years is None:
        return
    first_end = contract_term_end(first, months=12 * rule.first_term_years)
    if last > first_end and not inquiry.facts.flag("renewal", False):
        inquiry.advise(
            "term.first_term",
            f"首次赋予期限为{rule.first_term_years}年，到{first_end}。",
            f"grant_types.{grant_type}.first_term_years",
            inputs=("term",),
        )


def extension(inquiry: Inquiry) -> None:
    """Whether a term may be extended: every finding of the pack must be recorded as met; never automatic."""
    grant_type = inquiry.facts.text("grant_type", "use_right")
    rule = inquiry.content.grant_types.get(grant_type)
    at = f"grant_types.{grant_type}.extension_findings"
    if rule is None or not rule.extension_findings:
        inquiry.ask("extension.silent", "条文没有规定期限的延长。", at)
        return
    findings = inquiry.facts.part("findings")
    inquiry.values["findings"] = [
        {"code": code, "label": inquiry.pack.label("extension_finding", code), "met": findings.raw(code, None)}
        for code in rule.extension_findings
    ]
    for code in rule.extension_findings:
        if findings.raw(code, None) is not True:
            label = inquiry.pack.label("extension_finding", code)
            inquiry.refuse(
                f"extension.{code}",
                f"延长期限的条件未认定具备：{label}。",
                at,
                inputs=("findings",),
                would_change=f"认定{label}",
            )
    guideline = inquiry.content.guidelines.get(inquiry.facts.text("guideline", "empowerment"))
    on = inquiry.facts.day("on", inquiry.today)
    if guideline and guideline.last_day and on > guideline.last_day:
        inquiry.read("extension_after_pilot")
        inquiry.ask("extension.after_pilot", "试点结束后能否延长，条文没有写明，须人工认定。", at, inputs=("on",))


def protection(inquiry: Inquiry) -> None:
    """The last day of a right's legal life, from its type and the day that its term starts."""
    facts = inquiry.facts
    right = facts.text("right")
    rule = inquiry.content.protection_terms.get(right)
    if rule is None:
        inquiry.values["protection_end"] = None
        inquiry.ask(
            "protection.no_term", "此类成果没有法定保护期限的规定，请人工填写。", "protection_terms", inputs=("right",)
        )
        return
    start = facts.day("start")
    end = add_months(start, 12 * rule.years)
    if rule.ends_on_year_end:
        end = date(end.year, 12, 31)
    created = facts.day_or_none("created_on")
    if rule.cap_years_from_creation is not None and created is not None:
        end = min(end, add_months(created, 12 * rule.cap_years_from_creation))
    on = facts.day("on", inquiry.today)
    inquiry.values.update(
        protection_end=end, remaining_days=max(0, (end - on).days), years=rule.years, over=on > end, day_after=end + DAY
    )
    inquiry.note(
        "protection.term", f"保护期{rule.years}年，到{end}届满。", f"protection_terms.{right}.years", inputs=("start",)
    )


QUESTIONS: dict[str, Decide] = {
    "term.use_right": use_right_term,
    "term.extension": extension,
    "term.protection": protection,
}
