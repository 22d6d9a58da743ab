"""What a yearly report must be: its form, due days, recipients, sums; asked of the pack, nothing of a policy stands here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.annual_report.figures import COLUMNS, DIMENSIONS, Line
from shared.errors import Refusal
from shared.policy import evaluate
from shared.policy.answer import Answer, Citation, Finding, Verdict
from shared.policy.pack import Pack

UNIT, DEPARTMENT, OFFICE = "unit", "competent", "office"
# The pack's word for an authority, and the registry's kind of organisation.
KIND_OF_AUTHORITY = {"competent": "department", "science": "science", "finance": "finance"}
# Contents that the frozen figures answer; a text beside them explains.
COUNTED_CONTENTS = {
    "quantity": "all",
    "types": "type",
    "changes": "type",
    "stages": "stage",
    "conversion": "status",
    "deals": "deal",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with its facts and answer: what a decision row keeps."""

    answer: Answer
    facts: Mapping[str, Any]

    @property
    def citation(self) -> Citation | None:
        """Where the first finding is written, if there is one."""
        return self.answer.findings[0].citation if self.answer.findings else None


@dataclass(frozen=True, slots=True)
class Content:
    """One part of a report's form. ``counted`` names the figures that answer it, empty where only a text can."""

    code: str
    label: str
    required: bool
    counted: str
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One hand-over: from whom to whom (authority codes with labels), until when, and how that day was found."""

    code: str
    label: str
    sender: str
    recipients: tuple[str, ...]
    recipient_labels: tuple[str, ...]
    due: date | None
    rolled_due: date | None
    status: str
    entered_yearly: bool
    citation: Citation

    @property
    def counted(self) -> str:
        """How the day came about, in Chinese."""
        if self.due is None:
            return "本年度截止日期由省级主管机关每年确定，尚未公布" if self.entered_yearly else "政策未规定截止日期"
        if self.entered_yearly:
            return f"截止日期 {self.due} 由省级主管机关为本年度确定（含当日 24:00）"
        words = f"条文规定的月末为 {self.due}（含当日 24:00）"
        if self.status == "calendar_unknown" or (self.rolled_due is None):
            return words + "；该年度放假安排尚未公布，是否顺延未知"
        if self.rolled_due != self.due:
            return words + f"；当日为休息日，按顺延读法为 {self.rolled_due}，本平台按较早日期提示"
        return words


@dataclass(frozen=True, slots=True)
class Form:
    """A yearly report as the pack states it for a reporting year."""

    code: str
    label: str
    year: int
    contents: tuple[Content, ...]
    stages: tuple[Stage, ...]
    citation: Citation
    version: str = ""
    asked: Asked | None = field(default=None, compare=False)

    def stage_of(self, sender: str) -> Stage | None:
        """The hand-over by a unit or by a competent department."""
        return next((stage for stage in self.stages if stage.sender == sender), None)

    @property
    def unit_stage(self) -> Stage:
        stage = self.stage_of(UNIT)
        assert stage is not None
        return stage

    @property
    def as_of(self) -> date:
        """The day whose state is counted: 31 December of the reporting year (rule 32)."""
        return date(self.year, 12, 31)


def ask(question: str, facts: Mapping[str, Any], pack: Pack, today: date) -> Asked:
    """Ask the pack, keeping question and facts together."""
    return Asked(evaluate(question, facts, pack, today), facts)


def traits_of(*, central: bool) -> list[str]:
    """Central units follow some provinces' texts as a reference only (rule 37)."""
    return ["central" if central else "provincial"]


def governing_version(report: str, began_under: UUID, newest: UUID, pack: Pack, today: date) -> UUID:
    """Which pack version governs a report in preparation: a value (pinned or newest) of the document that asks for it."""
    document = pack.citation(f"reports.{report}").document
    guideline = next(
        (one for one in pack.content.guidelines if pack.citation(f"guidelines.{one}").document == document), ""
    )
    facts = {"guideline": guideline, "began_under": str(began_under), "newest": str(newest)}
    return UUID(str(evaluate("case.version", facts, pack, today).values["version"]))


def forms(
    pack: Pack,
    year: int,
    due: Mapping[str, Mapping[str, date]],
    traits: Sequence[str],
    today: date,
    sender: str = UNIT,
) -> list[Form]:
    """The yearly reports that units file under a pack, with the days that were entered for the year, by report and stage.

    ``sender`` :data:`OFFICE` gives those that stay within the unit.
    """
    found = []
    for code, report in pack.content.reports.items():
        if report.covers != "previous_year" or not any(stage.sender == sender for stage in report.stages.values()):
            continue
        facts = {"report": code, "year": year, "due": dict(due.get(code, {})), "unit_traits": list(traits)}
        answer = evaluate("report.stages", facts, pack, today)
        found.append(_form(answer.values["reports"][0], year, pack, Asked(answer, facts)))
    return found


def _form(values: Mapping[str, Any], year: int, pack: Pack, asked: Asked) -> Form:
    contents = tuple(
        Content(
            one["code"], one["label"], bool(one["required"]), COUNTED_CONTENTS.get(one["code"], ""),
            pack.citation(f"reports.{values['code']}.contents.{one['code']}"),
        )
        for one in values["contents"]
    )  # fmt: skip
    stages = tuple(
        Stage(
            one["code"], one["label"], one["sender"], tuple(one["recipients"]), tuple(one["recipient_labels"]),
            one["due"], one["rolled_due"], one["status"], one["entered_yearly"], one["citation"],
        )
        for one in values["stages"]
    )  # fmt: skip
    version = f"{year}年度（{pack.version}）"
    return Form(values["code"], values["label"], year, contents, stages, values["citation"], version, asked)


def due(
    form: Form, stage: Stage, given: Mapping[str, date], traits: Sequence[str], pack: Pack, today: date,
    submitted_at: datetime | None = None,
) -> Asked:  # fmt: skip
    """Whether a hand-over is or was in time (rules 30, 31); late is advice, never a refusal."""
    facts: dict[str, Any] = {
        "report": form.code,
        "stage": stage.code,
        "year": form.year,
        "due": dict(given),
        "unit_traits": list(traits),
    }
    if submitted_at is not None:
        facts["submitted_at"] = submitted_at
    return Asked(evaluate("report.due", facts, pack, today), facts)


def may_send(form: Form, sender: str, recipient: str, pack: Pack, today: date) -> Asked:
    """Whether a sender hands this report to a recipient directly (rules 29, 31)."""
    facts = {"report": form.code, "sender": sender, "recipient": recipient}
    return Asked(evaluate("report.recipient", facts, pack, today), facts)


def may_freeze(form: Form, today: date, *, again: bool, reason: str) -> Refusal | None:
    """A year is frozen once it is over; freezing again is a correction and says why (rule 32)."""
    if today <= form.as_of:
        return Refusal(
            "report.year_running",
            f"报告年度尚未结束，{form.as_of} 之后才能冻结数据。",
            citation=form.citation,
            inputs={"year": form.year, "as_of": form.as_of, "today": today},
        )
    if again and not reason.strip():
        return Refusal(
            "report.correction_reason",
            "再次冻结是更正，须写明原因。",
            citation=form.citation,
            inputs={"year": form.year, "reason": reason.strip()},
        )
    return None


def may_set_day(form: Form, stage: Stage, due_on: date) -> Refusal | None:
    """The province sets the day only where the text leaves it to it, and after the reporting year (rule 31)."""
    if not stage.entered_yearly:
        return Refusal(
            "report.day_in_text",
            "该报告的截止日期由条文规定，不另行设定。",
            stage.citation,
            inputs={"report": form.code, "year": form.year, "due_on": stage.due},
        )
    if due_on <= form.as_of:
        return Refusal(
            "report.day_too_early",
            f"截止日期应在报告年度结束（{form.as_of}）之后。",
            stage.citation,
            inputs={"due_on": due_on, "as_of": form.as_of},
        )
    return None


def after_freeze(
    form: Form, changed_on: date, recorded_at: datetime, known_at: datetime, pack: Pack, today: date
) -> Asked:
    """What it means that the ledger has changed for the year since the freeze (rule 32)."""
    facts = {
        "report": form.code,
        "year": form.year,
        "happened_on": changed_on,
        "recorded_at": recorded_at,
        "frozen_at": known_at,
    }
    return Asked(evaluate("report.freeze", facts, pack, today), facts)


def sums(lines: Iterable[Line], report: str, pack: Pack, today: date) -> tuple[Asked, list[Finding]]:
    """Opening + first entry + in − out = closing for every line, and every dimension adds up to the same whole.

    The pack is asked about the types; the other dimensions are held to the same sum. Each finding names the figure that
    was expected.
    """
    every = list(lines)
    facts = {
        "report": report,
        "lines": {
            line.value: {
                "opening": line.opening,
                "first_entry": line.first_entry,
                "in": line.added,
                "out": line.removed,
                "closing": line.closing,
            }
            for line in every
            if line.dimension == "type"
        },
    }
    asked = Asked(evaluate("report.balance", facts, pack, today), facts)
    cite = pack.citation(f"reports.{report}")
    found = [
        _uneven(line, pack, cite)
        for line in every
        if line.dimension not in ("all", "type", "deal") and not line.balanced
    ]
    return asked, found + _unlike(every, pack, cite)


def _uneven(line: Line, pack: Pack, cite: Citation) -> Finding:
    name = f"{DIMENSIONS[line.dimension]}“{label_of(pack, line.dimension, line.value)}”"
    return Finding(
        f"report.unbalanced.{line.dimension}.{line.value}",
        Verdict.REFUSED,
        f"{name}：年初＋首次入账＋增加－减少应为{line.expected}，所填年末{line.closing}。",
        cite,
        {"line": line.as_json()},
        f"年末改为{line.expected}，或更正增减数",
    )


def _unlike(lines: Sequence[Line], pack: Pack, cite: Citation) -> list[Finding]:
    """Dimensions whose lines do not add up to the number of achievements."""
    whole = {
        name: sum(getattr(line, name) for line in lines if line.dimension == "type") for name in ("opening", "closing")
    }
    found = []
    for dimension in ("stage", "status", "mode"):
        own = [line for line in lines if line.dimension == dimension]
        for name, expected in whole.items():
            stated = sum(getattr(line, name) for line in own)
            if own and stated != expected:
                found.append(
                    Finding(
                        f"report.unlike.{dimension}.{name}",
                        Verdict.REFUSED,
                        f"{DIMENSIONS[dimension]}各项{COLUMNS[name]}合计应与成果类型合计{expected}一致，所填合计{stated}。",
                        cite,
                        {"dimension": dimension, "expected": expected, "stated": stated},
                        f"{DIMENSIONS[dimension]}{COLUMNS[name]}合计改为{expected}",
                    )
                )
    return found


def unsound(asked: Asked, further: Sequence[Finding]) -> Refusal | None:
    """The refusal of a report whose sums do not add up: all of them at once. A reference pack only advises."""
    refused = Refusal.of(asked.answer)
    own = refused.findings if refused is not None else ()
    if asked.answer.mode == "advisory" or not (own or further):
        return None
    findings = (*own, *further)
    return Refusal(
        "report.unbalanced",
        f"有 {len(findings)} 处合计不符：" + "".join(one.message for one in findings),
        findings[0].citation,
        findings,
        inputs=dict(findings[0].inputs),
        banner=asked.answer.banner,
    )


def incomplete(form: Form, texts: Mapping[str, str]) -> Refusal | None:
    """The refusal of a report whose required texts are missing; what the figures answer needs none."""
    missing = [one for one in form.contents if one.required and not one.counted and not texts.get(one.code, "").strip()]
    if not missing:
        return None
    labels = "、".join(one.label for one in missing)
    return Refusal(
        "report.part_missing",
        f"报告内容不完整，尚未填写：{labels}。",
        citation=form.citation,
        inputs={"missing": [one.code for one in missing]},
    )


def label_of(pack: Pack, dimension: str, value: str) -> str:
    """A figure's value as the pack names it; the ledger's rows without a value have a name too."""
    if dimension == "all":
        return "合计"
    if not value:
        return "未填写"
    enumeration = {"type": "achievement_type", "deal": "mode"}.get(dimension, dimension)
    return pack.label(enumeration, value)
