"""Whether a team may apply to be empowered (赋权申请)."""

from __future__ import annotations

from shared.policy.inquiry import Decide, Inquiry
from shared.policy.questions.pilot import check_cover
from shared.policy.questions.shares import check_ownership, check_shares
from shared.policy.questions.terms import check_term


def may_apply(inquiry: Inquiry) -> None:
    """All conditions of an application at once: see README.md under `empowerment.may_apply`."""
    facts = inquiry.facts
    check_cover(inquiry, "empowerment", facts.day("on", inquiry.today))
    grant_type = facts.text("grant_type")
    _check_choice(inquiry, grant_type)
    _check_achievement(inquiry)
    check_exclusive(inquiry)
    _check_conditions(inquiry)
    _check_team(inquiry)
    _check_materials(inquiry)
    _check_unit_rules(inquiry)
    check_ownership(inquiry, grant_type)
    check_term(inquiry, grant_type)


def _check_choice(inquiry: Inquiry, grant_type: str) -> None:
    types = inquiry.content.grant_types
    inquiry.values["grant_types"] = list(types)
    if types and grant_type not in types:
        names = "、".join(rule.label for rule in types.values())
        inquiry.refuse("empowerment.grant_type", f"赋权类型只有{names}。", "grant_types", inputs=("grant_type",))
    rule = types.get(grant_type)
    if rule and rule.share_required and "ownership" not in inquiry.facts and not inquiry.facts.flag("draft", False):
        inquiry.refuse(
            "empowerment.share_missing",
            "应填写单位与完成人的权属比例。",
            f"grant_types.{grant_type}",
            inputs=("ownership",),
        )
    mode = inquiry.facts.raw("grant_mode", None)
    if mode is None:
        return
    found = inquiry.content.grant_modes.get(mode)
    if found is None:
        inquiry.refuse("empowerment.grant_mode", "本地政策没有此种赋权方式。", "grant_modes", inputs=("grant_mode",))
    else:
        inquiry.values.update(counts_as_achievement=found.counts_as_achievement, grant_mode=mode)


def _check_achievement(inquiry: Inquiry) -> None:
    facts, content = inquiry.facts.part("achievement"), inquiry.content
    types = content.enumerations.get("achievement_type", {})
    kind = facts.raw("type", None)
    if kind is not None and types and kind not in types:
        inquiry.refuse(
            "empowerment.achievement_type",
            "成果类型不在条文所列范围内。",
            "enumerations.achievement_type",
            inputs=("achievement",),
        )
    sources = content.application.sources if content.application else ()
    source = facts.raw("funding", None)
    if sources and source is not None and source not in sources:
        names = "、".join(inquiry.pack.label("funding", one) for one in sources)
        inquiry.refuse(
            "empowerment.source", f"可赋权的成果限于{names}形成的成果。", "application.sources", inputs=("achievement",)
        )
    if facts.raw("belongs_to_unit", True) is False:
        inquiry.refuse(
            "empowerment.not_owned", "成果不归本单位所有，不能赋权。", "application", inputs=("achievement",)
        )
    if facts.raw("status", None) == "converted":
        inquiry.advise(
            "empowerment.already_converted",
            "该成果已转化，请确认是否仍申请先赋权后转化。",
            "exclusivity",
            inputs=("achievement",),
        )


def check_exclusive(inquiry: Inquiry) -> None:
    """One incentive for one conversion: facts `incentives` [{scope: conversion|achievement, ended, converted}]."""
    rule = inquiry.content.exclusivity
    if rule is None:
        return
    for one in inquiry.facts.parts("incentives"):
        scope = one.text("scope", "conversion")
        if one.flag("ended", False) and not one.flag("converted", False):
            inquiry.advise(
                "incentive.earlier_ended",
                "该成果曾赋权且未转化即已终止，应记录理由后办理。",
                "exclusivity",
                inputs=("incentives",),
            )
        elif rule.optional:
            inquiry.advise(
                "incentive.may_refuse",
                "已享有所有权或使用权的，单位可以不再给予奖励。",
                "exclusivity.optional",
                inputs=("incentives",),
            )
        elif scope == rule.blocks_per or (scope == "conversion" and rule.blocks_per == "achievement"):
            inquiry.read(rule.reading)
            inquiry.refuse(
                "incentive.exclusive",
                "同一科技成果转化只能采用一种激励方式，该次转化已采用另一种。",
                "exclusivity",
                inputs=("incentives",),
                would_change="终止原激励方式并记录理由",
            )
        elif scope == rule.warns_per:
            inquiry.read(rule.reading)
            inquiry.advise(
                "incentive.same_achievement",
                "该成果的另一次转化已采用另一种激励方式。",
                "exclusivity",
                inputs=("incentives",),
            )


def incentive(inquiry: Inquiry) -> None:
    """Whether an incentive may be entered beside those that a conversion or achievement has."""
    check_exclusive(inquiry)


def _check_conditions(inquiry: Inquiry) -> None:
    given = inquiry.facts.part("conditions")
    inquiry.values["conditions"] = [
        {
            "code": code,
            "label": condition.label,
            "evidence": list(condition.evidence),
            "description": condition.description,
        }
        for code, condition in inquiry.content.conditions.items()
    ]
    for code, condition in inquiry.content.conditions.items():
        one, at = given.part(code), f"conditions.{code}"
        if not one.flag("met", False):
            inquiry.refuse(
                f"condition.{code}.not_met",
                f"赋权条件未具备：{condition.label}。",
                at,
                inputs=("conditions",),
                would_change=f"具备并说明：{condition.label}",
                modality=condition.modality,
            )
        elif condition.evidence and not one.codes("evidence") & set(condition.evidence):
            names = "或".join(inquiry.pack.label("evidence", name) for name in condition.evidence)
            inquiry.refuse(
                f"condition.{code}.no_evidence",
                f"{condition.label}缺少佐证：{names}。",
                at,
                inputs=("conditions",),
                would_change=f"补充{names}",
                modality=condition.modality,
            )


def _check_team(inquiry: Inquiry) -> None:
    rule, facts = inquiry.content.application, inquiry.facts
    if rule is None:
        return
    team = facts.parts("team")
    waiting = [member.text("person") for member in team if not member.flag("confirmed", False)]
    if rule.consensus and (waiting or not team):
        inquiry.refuse(
            "team.no_consensus",
            f"完成人（团队）应协商一致，还有{len(waiting)}人没有确认。" if team else "没有填写完成人（团队）。",
            "application.consensus",
            inputs=("team",),
            would_change="全体完成人确认",
        )
    representative = facts.raw("representative", None)
    if rule.representative and representative not in {member.text("person") for member in team}:
        inquiry.refuse(
            "team.no_representative",
            "应指定一名完成人作为代表提出申请。",
            "application.representative",
            inputs=("representative", "team"),
            would_change="从完成人中指定一名代表",
        )
    if "shares" in facts:
        shares = check_shares(inquiry, "shares", "application.written_split")
        if set(shares) != {member.text("person") for member in team}:
            inquiry.refuse(
                "shares.not_every_member",
                "内部分配比例应覆盖每一名完成人。",
                "application.consensus",
                inputs=("shares",),
            )
    elif rule.written_split:
        inquiry.refuse(
            "shares.missing",
            "应书面约定内部收益分配比例。",
            "application.written_split",
            inputs=("shares",),
            would_change="填写每名完成人的比例",
        )


def _check_materials(inquiry: Inquiry) -> None:
    given = inquiry.facts.codes("materials")
    wanted = inquiry.content.fields.get("application", {})
    inquiry.values["materials"] = [{"code": code, "label": field.label} for code, field in wanted.items()]
    if "materials" not in inquiry.facts:
        return
    for code, field in wanted.items():
        if field.required and code not in given:
            inquiry.refuse(
                f"application.missing.{code}",
                f"申请材料缺少：{field.label}。",
                f"fields.application.{code}",
                inputs=("materials",),
                would_change=f"补充{field.label}",
                modality=field.modality,
            )


def _check_unit_rules(inquiry: Inquiry) -> None:
    rule = inquiry.content.application
    if rule is None:
        return
    missing = [code for code in rule.unit_rules if code not in inquiry.facts.codes("unit_rules")]
    for code in missing:
        label = inquiry.pack.label("unit_rule", code)
        inquiry.refuse(
            f"unit_rule.{code}",
            f"本单位尚未建立{label}，不能开展赋权。",
            "application.unit_rules",
            inputs=("unit_rules",),
            would_change=f"建立{label}",
        )


QUESTIONS: dict[str, Decide] = {"empowerment.may_apply": may_apply, "incentive.may_enter": incentive}
