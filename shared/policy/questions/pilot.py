"""Who stands under a guideline, from when to when, and what outlives it (试点范围、有效期)."""

from __future__ import annotations

from datetime import date

from shared.policy.inquiry import Decide, Inquiry
from shared.policy.procedure import Guideline


def covers(inquiry: Inquiry) -> None:
    """Whether a unit stands under a guideline on a day."""
    key = inquiry.facts.text("guideline")
    check_cover(inquiry, key, inquiry.facts.day("on", inquiry.today))


def check_cover(inquiry: Inquiry, key: str, on: date) -> None:
    """Refuse where the guideline is not in force on the day, or the unit is not covered by it."""
    guideline = inquiry.content.guidelines.get(key)
    if guideline is None:
        inquiry.refuse("pilot.no_guideline", "本地政策没有规定此项改革，不能据以办理。", "", inputs=("guideline",))
        return
    traits = inquiry.facts.codes("unit_traits")
    inquiry.values.update(
        first_day=guideline.first_day, last_day=guideline.last_day, governed_by=guideline.governed_by, guideline=key
    )
    if traits & set(guideline.advisory_traits):
        inquiry.advisory()
    check_validity(inquiry, key, on)
    _check_unit(inquiry, key, guideline, traits)
    if guideline.selection == "selected":
        _check_membership(inquiry, key, on)


def check_validity(inquiry: Inquiry, key: str, on: date) -> None:
    """Refuse outside the validity; a disputed day goes to the authority that interprets the text."""
    guideline = inquiry.content.guidelines[key]
    at = f"guidelines.{key}"
    if guideline.first_day is not None and on < guideline.first_day:
        inquiry.refuse(
            "pilot.not_yet_in_force",
            f"{guideline.label}自{guideline.first_day}起施行，{on}尚未施行。",
            f"{at}.first_day",
            inputs=("on",),
            would_change=f"{guideline.first_day}及以后办理",
        )
    elif on in guideline.disputed_days:
        inquiry.read(guideline.reading)
        inquiry.ask(
            "pilot.disputed_day",
            f"{on}是否仍在{guideline.label}有效期内存在两种算法，请向{guideline.ask}确认后办理。",
            f"{at}.disputed_days",
            inputs=("on",),
            would_change=f"{guideline.ask}的书面答复，或在{guideline.last_day}前办理",
        )
    elif guideline.last_day is not None and on > guideline.last_day:
        inquiry.refuse(
            "pilot.expired",
            f"{guideline.label}有效期至{guideline.last_day}，{on}已过有效期。",
            f"{at}.last_day",
            inputs=("on",),
            would_change="有关部门延长有效期或印发新的文件",
        )


def _check_unit(inquiry: Inquiry, key: str, guideline: Guideline, traits: frozenset[str]) -> None:
    pack, at, kind = inquiry.pack, f"guidelines.{key}", inquiry.facts.text("unit_kind")
    opened = guideline.opened_by_document and inquiry.facts.flag("selected_by_document", False)
    if guideline.unit_kinds and kind not in guideline.unit_kinds and not opened:
        names = "、".join(pack.label("unit_kind", one) for one in guideline.unit_kinds)
        inquiry.refuse(
            "pilot.unit_kind",
            f"{guideline.label}适用于{names}，不包括{pack.label('unit_kind', kind)}。",
            f"{at}.unit_kinds",
            inputs=("unit_kind", "selected_by_document"),
            would_change="列入遴选文件" if guideline.opened_by_document else "",
        )
    elif guideline.unit_kinds and kind not in guideline.unit_kinds:
        inquiry.advise(
            "pilot.opened_by_document",
            f"{pack.label('unit_kind', kind)}未在条文中列名，依遴选文件办理。",
            f"{at}.unit_kinds",
            inputs=("unit_kind", "selected_by_document"),
        )
    for trait in sorted(traits & set(guideline.excluded_traits)):
        inquiry.refuse(
            "pilot.excluded_unit",
            f"{guideline.label}不包括{pack.label('trait', trait)}。",
            f"{at}.excluded_traits",
            inputs=("unit_traits",),
        )
    if guideline.required_traits and not traits & {*guideline.required_traits, *guideline.advisory_traits}:
        names = "、".join(pack.label("trait", one) for one in guideline.required_traits)
        inquiry.refuse(
            "pilot.unit_trait", f"{guideline.label}适用于{names}。", f"{at}.required_traits", inputs=("unit_traits",)
        )


def _check_membership(inquiry: Inquiry, key: str, on: date) -> None:
    guideline = inquiry.content.guidelines[key]
    starts = []
    for member in inquiry.facts.parts("memberships"):
        if member.text("guideline") != key:
            continue
        first, last = member.day("first_day"), member.day_or_none("last_day")
        if first <= on and (last is None or on <= last):
            return
        starts.append(first)
    later = min((start for start in starts if start > on), default=None)
    inquiry.refuse(
        "pilot.not_selected",
        f"本单位在{on}不是{guideline.label}的试点单位，不能据以办理。",
        f"guidelines.{key}.selection",
        inputs=("memberships", "on"),
        would_change=f"自{later}起为试点单位，届时可以办理" if later else "经遴选成为试点单位",
    )


def outlives(inquiry: Inquiry) -> None:
    """Whether an agreement still binds on a day, the end of the pilot notwithstanding."""
    facts, key = inquiry.facts, inquiry.facts.text("guideline", "empowerment")
    guideline = inquiry.content.guidelines.get(key)
    on, last_day = facts.day("on", inquiry.today), facts.day_or_none("last_day")
    over = last_day is not None and on > last_day
    inquiry.values["active"] = not over
    if over:
        inquiry.note("agreement.term_over", f"协议期限已于{last_day}届满。", f"guidelines.{key}", inputs=("last_day",))
        return
    if guideline is None or guideline.last_day is None or on <= guideline.last_day:
        return
    check_continuation(inquiry, key, in_effect=True)


def check_continuation(inquiry: Inquiry, key: str, *, in_effect: bool) -> None:
    """Whether what was signed and effective within the validity goes on after it; else a flag for a person."""
    guideline, facts = inquiry.content.guidelines[key], inquiry.facts
    if guideline.last_day is None or not guideline.continues_needs:
        return
    at, last = f"guidelines.{key}.continues_for", guideline.last_day
    grant = facts.text("grant_type")
    days = {"signed": facts.day_or_none("signed_on"), "effective": facts.day_or_none("effective_on")}
    late = [need for need in guideline.continues_needs if (day := days.get(need)) is not None and day > last]
    if in_effect or grant in guideline.continues_for:
        inquiry.values["continues"] = grant in guideline.continues_for and not late
    if grant not in guideline.continues_for:
        if in_effect:
            inquiry.ask(
                "agreement.continuation_silent",
                f"条文只写明{'、'.join(inquiry.pack.label('grant_type', one) for one in guideline.continues_for)}协议"
                "在试点结束后继续履行，本协议的效力请向有关部门确认。",
                at,
                inputs=("grant_type", "on"),
            )
    elif late:
        inquiry.ask(
            "agreement.continuation_not_covered",
            f"协议须在{last}前（含当日）签署并生效，才在试点结束后继续履行；本协议不符合。",
            at,
            inputs=("signed_on", "effective_on"),
            would_change=f"签署日和生效日均不晚于{last}",
        )


def version(inquiry: Inquiry) -> None:
    """Which version of the rules governs a running case: the one it began under, or the newest."""
    key = inquiry.facts.text("guideline")
    guideline = inquiry.content.guidelines.get(key)
    governed = guideline.governed_by if guideline else "pinned"
    began, newest = inquiry.facts.text("began_under"), inquiry.facts.text("newest")
    inquiry.read(guideline.reading if guideline else None)
    inquiry.values.update(
        governed_by=governed,
        version=began if governed == "pinned" else newest,
        changes=governed == "newest" and began != newest,
    )
    inquiry.note(
        "case.version",
        "在办事项沿用受理时的政策版本。" if governed == "pinned" else "在办事项按最新政策版本执行。",
        f"guidelines.{key}.governed_by",
        inputs=("began_under", "newest"),
    )


QUESTIONS: dict[str, Decide] = {"pilot.covers": covers, "agreement.outlives": outlives, "case.version": version}
