"""Negative lists as published acts, accounting hints, exemption files (负面清单发布、记账提示、尽职免责)."""

from __future__ import annotations

from shared.policy.inquiry import Decide, Inquiry
from shared.policy.management import AccountingHint


def kinds(inquiry: Inquiry) -> None:
    """The kinds of negative list here: whose, what for, how binding."""
    inquiry.values["lists"] = [
        {
            "code": code,
            "label": rule.label,
            "owner": rule.owner,
            "purpose": rule.purpose,
            "duty": rule.duty,
            "published": rule.published,
            "considerations": list(rule.considerations),
            "citation": inquiry.pack.citation(f"negative_lists.{code}"),
        }
        for code, rule in inquiry.content.negative_lists.items()
    ]


def may_publish(inquiry: Inquiry) -> None:
    """Whether a list version may be published: consultation closed, opinions answered, experts heard, determined."""
    facts, code = inquiry.facts, inquiry.facts.text("list")
    rule = inquiry.content.negative_lists.get(code)
    if rule is None:
        inquiry.refuse("list.unknown", "本地政策没有此种负面清单。", "negative_lists", inputs=("list",))
        return
    at = f"negative_lists.{code}"
    needs = (
        (rule.needs_consultation, facts.flag("consultation_closed", False), "consultation", "公开征集意见尚未结束"),
        (rule.needs_answers, facts.number("unanswered", 0) == 0, "answers", "还有意见没有答复"),
        (rule.needs_experts, facts.flag("expert_record", False), "experts", "没有专家审核与评估的记录"),
        (rule.needs_joint_determination, facts.flag("determined", False), "determination", "尚未会同相关单位共同确定"),
    )
    for needed, done, name, message in needs:
        if needed and not done:
            inquiry.refuse(
                f"list.no_{name}",
                f"{message}，不能发布。",
                f"{at}.needs_{'joint_determination' if name == 'determination' else name}",
                inputs=("consultation_closed", "unanswered", "expert_record", "determined"),
                would_change="补齐该步骤",
            )


def entry_state(inquiry: Inquiry) -> None:
    """Whether an entry is listed on a day: facts in_force_from, ended_on, on; former entries stay readable."""
    facts, on = inquiry.facts, inquiry.facts.day("on", inquiry.today)
    begins, ended = facts.day("in_force_from"), facts.day_or_none("ended_on")
    state = "coming" if on < begins else "former" if ended is not None and on >= ended else "listed"
    inquiry.values.update(state=state, readable=True)


def unit_list(inquiry: Inquiry) -> None:
    """Whether a unit may act without a list of its own: facts list, exists."""
    code = inquiry.facts.text("list")
    rule = inquiry.content.negative_lists.get(code)
    if rule is None or inquiry.facts.flag("exists", False):
        return
    inquiry.refuse(
        f"list.missing.{code}",
        f"本单位尚未制定{rule.label}。",
        f"negative_lists.{code}",
        inputs=("list", "exists"),
        would_change=f"制定{rule.label}",
        modality="must" if rule.duty == "must" else "encouraged",
    )


def accounting(inquiry: Inquiry) -> None:
    """How finance may book costs: facts unit_kind, situations [codes], amounts {component: yuan}; always a hint."""
    facts = inquiry.facts
    kind, situations = facts.text("unit_kind"), facts.codes("situations")
    amounts = facts.part("amounts")
    inquiry.values.update(hints=[], ask_finance=[])
    for component in amounts:
        amount = amounts.money(component)
        found = _hint(inquiry, kind, situations, component)
        if found is None:
            inquiry.values["ask_finance"].append(component)
            inquiry.ask(
                f"accounting.ask.{component}",
                "条文没有写明此项支出的处理，请财务部门确定。",
                "accounting",
                inputs=("unit_kind",),
            )
            continue
        code, hint = found
        inquiry.values["hints"].append(
            {"component": component, "amount": amount, "result": hint.result, "treatment": hint.treatment, "code": code}
        )
        inquiry.note(
            f"accounting.{code}",
            f"提示：{hint.treatment}，由财务部门确定。",
            f"accounting.{code}",
            inputs=("situations",),
        )


def _hint(inquiry: Inquiry, kind: str, situations: frozenset[str], component: str) -> tuple[str, AccountingHint] | None:
    for code, hint in inquiry.content.accounting.items():
        fits = not hint.unit_kinds or kind in hint.unit_kinds
        if fits and hint.situation in situations and hint.component == component:
            return code, hint
    return None


def dossier(inquiry: Inquiry) -> None:
    """What an exemption file shows as kept and as missing; it never says that anybody is exempt."""
    rule, facts = inquiry.content.exemption, inquiry.facts
    if rule is None:
        inquiry.values.update(needs=[], missing=[], complete=False)
        inquiry.ask("exemption.silent", "本地政策没有规定尽职免责的具体条件。", "exemption")
        return
    held = facts.codes("held")
    missing = [code for code in rule.needs if code not in held]
    inquiry.values.update(
        needs=[{"code": code, "label": inquiry.pack.label("evidence", code)} for code in rule.needs],
        covers=list(rule.covers),
        excluded=list(rule.excluded),
        missing=missing,
        complete=not missing,
        decided_by=rule.decided_by,
    )
    for code in missing:
        inquiry.advise(
            f"exemption.missing.{code}",
            f"材料缺少：{inquiry.pack.label('evidence', code)}。",
            "exemption.needs",
            inputs=("held",),
        )


QUESTIONS: dict[str, Decide] = {
    "list.kinds": kinds,
    "list.may_publish": may_publish,
    "list.entry_state": entry_state,
    "list.unit": unit_list,
    "accounting.hint": accounting,
    "exemption.dossier": dossier,
}
