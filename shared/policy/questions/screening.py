"""Screening against the negative list, item by item, and the feasibility review (负面清单排查、可行性评估)."""

from __future__ import annotations

from datetime import date

from shared.policy.facts import Facts
from shared.policy.inquiry import Decide, Inquiry
from shared.policy.procedure import ScreeningCategory

PASSED, EXCLUDED, HELD = "passed", "excluded", "held"


def questions(inquiry: Inquiry) -> None:
    """What must be asked about every achievement, by the pack."""
    screening = inquiry.content.screening
    inquiry.values.update(
        categories=[
            {
                "code": code,
                "label": category.label,
                "question": category.question,
                "description": category.description,
                "effect": category.effect,
                "needs_finding": category.blocks_on == "finding",
                "finding_by": category.finding_by,
                "until": category.until,
                "citation": inquiry.pack.citation(f"screening_categories.{code}"),
            }
            for code, category in inquiry.content.screening_categories.items()
        ],
        list=screening.list if screening else None,
        item_by_item=bool(screening and screening.item_by_item),
    )


def result(inquiry: Inquiry) -> None:
    """The outcome of a screening: see README.md under `screening.result`."""
    facts, screening = inquiry.facts, inquiry.content.screening
    if screening is None:
        inquiry.values["result"] = PASSED
        inquiry.note("screening.no_rule", "本地政策没有规定负面清单排查。", "screening")
        return
    check_list(inquiry)
    on = facts.day("on", inquiry.today)
    answers = facts.part("answers")
    by_category: dict[str, str] = {}
    for code, category in inquiry.content.screening_categories.items():
        by_category[code] = _judge(inquiry, code, category, answers.part(code), on)
    _check_items(inquiry)
    refused = EXCLUDED in by_category.values() or inquiry.values.get("items_hit")
    held = HELD in by_category.values()
    inquiry.values.update(result=EXCLUDED if refused else HELD if held else PASSED, categories=by_category)


def check_list(inquiry: Inquiry) -> None:
    """Refuse a screening without a list, or against another version than the one in force."""
    screening, facts = inquiry.content.screening, inquiry.facts
    if screening is None or not screening.list_required:
        return
    used, current = facts.part("list"), facts.part("list_in_force")
    if "version" not in current:
        inquiry.refuse(
            "screening.no_list",
            "没有现行有效的负面清单，不能排查。",
            "screening.list_required",
            inputs=("list_in_force",),
            would_change="负面清单确定并发布",
        )
    elif (used.raw("version", None), used.raw("hash", None)) != (current.raw("version"), current.raw("hash", None)):
        inquiry.refuse(
            "screening.other_list_version",
            f"应对照现行负面清单（版本{current.raw('version')}）排查，所用版本为{used.raw('version', '无')}。",
            "screening.list_required",
            inputs=("list", "list_in_force"),
            would_change="对照现行版本重新排查",
        )


def _check_items(inquiry: Inquiry) -> None:
    facts, at = inquiry.facts, "screening.item_by_item"
    answers = facts.part("item_answers")
    open_items = [code for code in map(str, facts.items("items")) if answers.raw(code, None) not in ("yes", "no")]
    hits = [code for code in answers if answers.raw(code, None) == "yes"]
    inquiry.values.update(items_open=open_items, items_hit=hits)
    if open_items:
        inquiry.refuse(
            "screening.unanswered_items",
            f"负面清单还有{len(open_items)}项没有逐项排查。",
            at,
            inputs=("items", "item_answers"),
            would_change="逐项填写排查结果",
        )
    if hits:
        inquiry.refuse(
            "screening.item_hit",
            f"属于负面清单所列情形（{'、'.join(hits)}），不得赋权。",
            "screening",
            inputs=("item_answers",),
        )


def _judge(inquiry: Inquiry, code: str, category: ScreeningCategory, given: Facts, on: date) -> str:
    at = f"screening_categories.{code}"
    answer = given.raw("answer", None)
    if answer not in ("yes", "no", "suspected"):
        inquiry.refuse(
            f"screening.unanswered.{code}",
            f"没有填写：{category.label}。",
            f"{at}.question",
            inputs=("answers",),
            would_change="逐项填写排查结果",
        )
        return HELD
    complaint = given.flag("complaint", False)
    if answer == "no" and not complaint:
        return PASSED
    if category.effect == "supervise":
        inquiry.advise(
            f"screening.supervise.{code}", f"{category.label}：不排除赋权，应列入监管事项。", at, inputs=("answers",)
        )
        return PASSED
    if category.until == "declassification":
        freed = given.day_or_none("declassified_on")
        if freed is not None and on >= freed:
            inquiry.note(f"screening.declassified.{code}", f"已于{freed}解密，可以继续办理。", at, inputs=("answers",))
            return PASSED
    if category.blocks_on == "finding":
        return _judge_by_finding(inquiry, code, category, given)
    if answer == "yes":
        _exclude(inquiry, code, category)
        return EXCLUDED
    return _hold(inquiry, code, category, "存在疑似情形，须人工认定。")


def _judge_by_finding(inquiry: Inquiry, code: str, category: ScreeningCategory, given: Facts) -> str:
    finding = given.raw("finding", None)
    if finding == "violates":
        if "finding_document" not in given:
            return _hold(inquiry, code, category, f"认定结论须附{category.finding_by}的书面文件。")
        _exclude(inquiry, code, category)
        return EXCLUDED
    if finding == "no_violation":
        inquiry.note(
            f"screening.released.{code}",
            f"{category.finding_by}认定不违背，可以继续办理。",
            f"screening_categories.{code}",
        )
        return PASSED
    return _hold(inquiry, code, category, f"仅有反映或疑似情形，须由{category.finding_by}判定，判定前暂缓办理。")


def _exclude(inquiry: Inquiry, code: str, category: ScreeningCategory) -> None:
    inquiry.refuse(
        f"screening.excluded.{code}",
        f"属于不纳入赋权范围的情形：{category.label}。",
        f"screening_categories.{code}",
        inputs=("answers",),
        would_change="解密之后可以重新申请" if category.until else "",
    )


def _hold(inquiry: Inquiry, code: str, category: ScreeningCategory, message: str) -> str:
    inquiry.ask(
        f"screening.hold.{code}",
        f"{category.label}：{message}",
        f"screening_categories.{code}",
        inputs=("answers",),
        would_change=f"{category.finding_by or '责任部门'}作出认定",
    )
    return HELD


def dimensions(inquiry: Inquiry) -> None:
    """What a feasibility review must look at."""
    inquiry.values["dimensions"] = [
        {"code": code, "label": item.label, "citation": inquiry.pack.citation(f"feasibility.{code}")}
        for code, item in inquiry.content.feasibility.items()
    ]


def recorded(inquiry: Inquiry) -> None:
    """Whether a feasibility review is complete: every dimension has findings, and somebody made them."""
    findings = inquiry.facts.part("dimensions")
    missing = []
    for code, item in inquiry.content.feasibility.items():
        if not str(findings.raw(code, "")).strip():
            missing.append(code)
            inquiry.refuse(
                f"feasibility.missing.{code}",
                f"可行性评估缺少：{item.label}。",
                f"feasibility.{code}",
                inputs=("dimensions",),
                would_change=f"填写{item.label}的评估意见",
                modality=item.modality,
            )
    if inquiry.content.feasibility and not inquiry.facts.items("reviewers"):
        inquiry.refuse(
            "feasibility.no_reviewer",
            "应组织专业人员进行审查，没有填写参加评估的人员。",
            "screening.finding_by",
            inputs=("reviewers",),
            would_change="填写评估人员",
        )
    inquiry.values["missing"] = missing
    verdict = inquiry.facts.raw("conclusion", None)
    if verdict == "not_feasible":
        inquiry.refuse(
            "feasibility.not_feasible", "可行性评估结论为不可行，审核不通过。", "feasibility", inputs=("conclusion",)
        )


QUESTIONS: dict[str, Decide] = {
    "screening.questions": questions,
    "screening.result": result,
    "feasibility.dimensions": dimensions,
    "feasibility.recorded": recorded,
}
