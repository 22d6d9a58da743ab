"""Periodic reports: who sends what to whom, until when, and which records a frozen year holds (年度报告)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Any

from shared.calendar.calendar import CalendarUnknownError
from shared.clock import local_day
from shared.policy.inquiry import Decide, Inquiry
from shared.policy.management import ReportStage


def stages(inquiry: Inquiry) -> None:
    """All reports (or the one named) with stages, recipients, due dates and contents; facts year, due {stage: date}."""
    facts = inquiry.facts
    _stand(inquiry)
    only = facts.raw("report", None)
    inquiry.values["reports"] = [
        {
            "code": code,
            "label": report.label,
            "covers": report.covers,
            "as_of": report.as_of,
            "contents": [
                {"code": key, "label": field.label, "required": field.required}
                for key, field in report.contents.items()
            ],
            "stages": [_stage(inquiry, code, key, stage) for key, stage in report.stages.items()],
            "citation": inquiry.pack.citation(f"reports.{code}"),
        }
        for code, report in inquiry.content.reports.items()
        if only in (None, code)
    ]


def _stage(inquiry: Inquiry, report: str, key: str, stage: ReportStage) -> dict[str, Any]:
    return {
        "code": key,
        "label": stage.label,
        "sender": stage.sender,
        "recipients": list(stage.recipients),
        "recipient_labels": [inquiry.pack.label("authority", one) for one in stage.recipients],
        "medium": stage.medium,
        "deadline": stage.deadline,
        "copies": list(stage.copies),
        "entered_yearly": stage.due_entered_yearly,
        "unit_sets_date": stage.unit_sets_date,
        "citation": inquiry.pack.citation(f"reports.{report}.stages.{key}"),
        **_due(inquiry, stage, key),
    }


def _due(inquiry: Inquiry, stage: ReportStage, key: str) -> dict[str, Any]:
    """Due day in the year after the covered one, with its rolled day; None where nobody has stated one."""
    due = inquiry.facts.part("due").day_or_none(key)
    year = inquiry.facts.number("year", 0)
    if due is None and stage.month is not None and year:
        last = monthrange(year + 1, stage.month)[1]
        due = date(year + 1, stage.month, last if stage.month_end else min(stage.day or last, last))
    if due is None:
        return {"due": None, "rolled_due": None, "status": "not_set"}
    inquiry.read("fixed_date")
    try:
        rolled: date | None = inquiry.pack.calendar.roll_forward(due)
    except CalendarUnknownError:
        rolled = None
    rolls = inquiry.content.counting.fixed_date_rolls_over if stage.rolls_over is None else stage.rolls_over
    if rolls:
        return {"due": rolled or due, "rolled_due": rolled, "status": "known" if rolled else "calendar_unknown"}
    return {"due": due, "rolled_due": rolled, "status": "known"}


def due(inquiry: Inquiry) -> None:
    """Whether a report was or is in time: facts report, stage, year, due {stage: date}, submitted_at or now."""
    facts = inquiry.facts
    _stand(inquiry)
    report, key = facts.text("report"), facts.text("stage")
    found = inquiry.content.reports.get(report)
    stage = found.stages.get(key) if found else None
    if stage is None:
        inquiry.refuse("report.unknown", "本地政策没有此项报告。", "reports", inputs=("report", "stage"))
        return
    at = f"reports.{report}.stages.{key}"
    inquiry.values.update(_due(inquiry, stage, key), recipients=list(stage.recipients), setup_complete=True)
    last = inquiry.values["due"]
    submitted = facts.instant_or_none("submitted_at")
    day = local_day(submitted) if submitted else inquiry.today
    if last is None:
        inquiry.values.update(setup_complete=False, overdue=False)
        who = "本单位" if stage.unit_sets_date else "主管机关"
        inquiry.advise("report.date_not_set", f"报送日期由{who}每年确定，尚未设定。", at, inputs=("due",))
        return
    late = day > last
    inquiry.values.update(overdue=late and not inquiry.advised_only, late=late)
    if late:
        word = "已逾期" if submitted is None else "逾期报送"
        inquiry.advise("report.late", f"应于{last}24时前报送，{word}。", at, inputs=("submitted_at", "year"))


def recipient(inquiry: Inquiry) -> None:
    """Whether a sender hands a report to a recipient directly: facts report, sender, recipient."""
    facts = inquiry.facts
    report, sender, to = facts.text("report"), facts.text("sender"), facts.text("recipient")
    found = inquiry.content.reports.get(report)
    allowed = [
        one for stage in (found.stages.values() if found else ()) if stage.sender == sender for one in stage.recipients
    ]
    inquiry.values["recipients"] = allowed
    if to not in allowed:
        names = "、".join(inquiry.pack.label("authority", one) for one in allowed) or "无"
        inquiry.refuse(
            "report.not_a_recipient",
            f"该报告的接收单位为{names}，不包括{inquiry.pack.label('authority', to)}。",
            f"reports.{report}",
            inputs=("report", "sender", "recipient"),
            would_change=f"报送{names}",
        )


def still_open(inquiry: Inquiry) -> None:
    """Which reports of a sender are still open: facts sender, filed [{report, stage, recipient}]."""
    facts = inquiry.facts
    sender = facts.text("sender", "unit")
    filed = {(one.text("report"), one.text("stage"), one.text("recipient")) for one in facts.parts("filed")}
    inquiry.values["open"] = [
        {"report": code, "stage": key, "recipient": to}
        for code, report in inquiry.content.reports.items()
        if report.covers == "previous_year"
        for key, stage in report.stages.items()
        if stage.sender == sender
        for to in stage.recipients
        if (code, key, to) not in filed
    ]


def freeze(inquiry: Inquiry) -> None:
    """Whether a record belongs to a frozen year: facts year, happened_on, recorded_at, frozen_at, report."""
    facts = inquiry.facts
    year, happened = facts.number("year"), facts.day("happened_on")
    known = facts.instant("recorded_at") <= facts.instant("frozen_at")
    inside = happened.year == year
    inquiry.values.update(included=inside and known, correction=inside and not known, as_of=date(year, 12, 31))
    if inside and not known:
        inquiry.advise(
            "report.correction",
            "冻结之后才登记，应另出更正版本并说明原因。",
            _place(inquiry),
            inputs=("happened_on", "recorded_at", "frozen_at"),
        )


def balance(inquiry: Inquiry) -> None:
    """Whether opening + first entry + in − out = closing for each line; facts lines {type: {…}}, report."""
    expected: dict[str, int] = {}
    for name in inquiry.facts.part("lines"):
        line = inquiry.facts.part("lines").part(name)
        total = line.number("opening") + line.number("first_entry", 0) + line.number("in", 0) - line.number("out", 0)
        expected[name] = total
        if line.number("closing") != total:
            inquiry.refuse(
                f"report.unbalanced.{name}",
                f"{inquiry.pack.label('achievement_type', name)}：期初＋首次入账＋增加－减少应为{total}，"
                f"所填期末{line.number('closing')}。",
                _place(inquiry),
                inputs=("lines",),
                would_change=f"期末改为{total}，或更正增减数",
            )
    inquiry.values["expected"] = expected


def _place(inquiry: Inquiry) -> str:
    """Where the report that is asked about is written; all reports when none is named."""
    report = inquiry.facts.text("report", "")
    return f"reports.{report}" if report in inquiry.content.reports else "reports"


def _stand(inquiry: Inquiry) -> None:
    traits = inquiry.facts.codes("unit_traits")
    if any(traits & set(guideline.advisory_traits) for guideline in inquiry.content.guidelines.values()):
        inquiry.advisory()


QUESTIONS: dict[str, Decide] = {
    "report.stages": stages,
    "report.due": due,
    "report.recipient": recipient,
    "report.open": still_open,
    "report.freeze": freeze,
    "report.balance": balance,
}
