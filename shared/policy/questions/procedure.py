"""The steps of a procedure as the pack orders them, and whether one may be taken (办理步骤)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.clock import local_day
from shared.policy.inquiry import Decide, Inquiry
from shared.policy.procedure import Act, Step
from shared.policy.questions.agreement import check_objections
from shared.policy.questions.notice import check_has_run, run_of

EMPOWERMENT = "empowerment"
_ACTS: tuple[Act, ...] = ("apply", "screen", "assess", "announce", "sign", "formalities")
# Where the text speaks of each act, most telling place first.
_PLACES: Mapping[Act, tuple[str, ...]] = {
    "apply": ("application",),
    "screen": ("screening",),
    "assess": ("feasibility",),
    "announce": ("notices.{notice}.days", "notices.{notice}"),
    "sign": ("agreements.{grant}.after_notice", "agreements.{grant}"),
    "formalities": ("agreements.{grant}.formalities",),
}
_USUAL: Mapping[Act, tuple[str, str]] = {
    "apply": ("申请", "representative"),
    "screen": ("负面清单排查", "office"),
    "assess": ("可行性评估", "professionals"),
    "announce": ("公示", "unit"),
    "sign": ("签署协议", "unit"),
    "formalities": ("办理手续", "unit"),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A step as it applies to one case; `notice` is the kind that it announces."""

    code: str
    act: Act
    rule: Step
    notice: str | None = None


def act_of(code: str, rule: Step) -> Act:
    """What the platform does at a step: stated, else what its code says, else recording."""
    if rule.act is not None:
        return rule.act
    return next((act for act in _ACTS if act == code), "record")


def ordered(rules: Mapping[str, Step]) -> list[str]:
    """The codes of steps, each after those that it waits for; otherwise in the order of the pack."""
    waiting, done = list(rules), list[str]()
    while waiting:
        ready = next((code for code in waiting if not set(rules[code].after) & set(waiting)), waiting[0])
        waiting.remove(ready)
        done.append(ready)
    return done


def _usual(inquiry: Inquiry, grant_type: str) -> dict[str, Step]:
    """The steps of a pack that lists none: what its other sections ask for."""
    content = inquiry.content
    agreement = content.agreements.get(grant_type)
    present: dict[Act, bool] = {
        "apply": True,
        "screen": content.screening is not None,
        "assess": bool(content.feasibility),
        "announce": bool(agreement and agreement.after_notice),
        "sign": True,
        "formalities": bool(agreement and agreement.formalities),
    }
    return {act: Step(label=_USUAL[act][0], actor=_USUAL[act][1]) for act in _ACTS if present[act]}


def steps_of(inquiry: Inquiry, procedure: str) -> tuple[list[Taken], list[Taken]]:
    """(those to take, those left out) of a procedure, for the facts grant_type, grant_mode and holds."""
    facts, content = inquiry.facts, inquiry.content
    grant_type, mode = facts.text("grant_type", ""), facts.raw("grant_mode", None)
    holds = {*facts.codes("holds"), grant_type, *([str(mode)] if mode else [])}
    agreement = content.agreements.get(grant_type)
    given = content.grant_modes.get(str(mode)) if mode else None
    rules = content.steps.get(procedure) or _usual(inquiry, grant_type)
    taken: list[Taken] = []
    skipped: list[Taken] = []
    for code in ordered(rules):
        rule, act = rules[code], act_of(code, rules[code])
        kind = (rule.notice or (agreement.after_notice if agreement else None)) if act == "announce" else None
        silent = act == "announce" and (kind is None or (given is not None and not given.needs_notice))
        one = Taken(code, act, rule, kind)
        (skipped if silent or holds & set(rule.skip_when) else taken).append(one)
    return taken, skipped


def place(inquiry: Inquiry, procedure: str, one: Taken) -> str:
    """The path of the pack that speaks of a step."""
    own = f"steps.{procedure}.{one.code}"
    names = {"grant": inquiry.facts.text("grant_type", ""), "notice": one.notice or ""}
    for form in _PLACES.get(one.act, ()):
        try:
            inquiry.pack.value(path := form.format(**names))
        except KeyError:
            continue
        return path
    return own


def _shown(inquiry: Inquiry, procedure: str, one: Taken) -> dict[str, Any]:
    rule, pack = one.rule, inquiry.pack
    return {
        "code": one.code,
        "act": one.act,
        "label": rule.label,
        "actor": rule.actor,
        "actor_label": pack.label("actor", rule.actor),
        "evidence": [{"code": paper, "label": pack.label("evidence", paper)} for paper in rule.evidence],
        "notice": one.notice,
        "waits_for_notice": rule.waits_for_notice,
        "deadline": rule.deadline,
        "note": rule.note,
        "citation": pack.citation(place(inquiry, procedure, one)),
    }


def listed(inquiry: Inquiry) -> None:
    """The steps of a procedure in their order, and those that this case leaves out."""
    procedure = inquiry.facts.text("procedure", EMPOWERMENT)
    taken, skipped = steps_of(inquiry, procedure)
    inquiry.values.update(
        steps=[_shown(inquiry, procedure, one) for one in taken],
        skipped=[_shown(inquiry, procedure, one) for one in skipped],
        codes=[one.code for one in taken],
    )


def may_take(inquiry: Inquiry) -> None:
    """Whether a step may be taken now: those before it are done, its papers are there, its notice has run."""
    facts = inquiry.facts
    procedure, code = facts.text("procedure", EMPOWERMENT), facts.text("step")
    taken, _ = steps_of(inquiry, procedure)
    one = next((step for step in taken if step.code == code), None)
    if one is None:
        inquiry.refuse("step.unknown", "本地政策的流程没有这一步骤。", f"steps.{procedure}", inputs=("step",))
        return
    at, done = place(inquiry, procedure, one), facts.codes("done")
    for earlier in taken[: taken.index(one)]:
        if earlier.code not in done:
            inquiry.refuse(
                f"step.before.{earlier.code}",
                f"“{one.rule.label}”之前应先办理“{earlier.rule.label}”。",
                place(inquiry, procedure, earlier),
                inputs=("step", "done"),
                would_change=f"办理{earlier.rule.label}",
                modality=earlier.rule.modality,
            )
    if one.rule.waits_for_notice:
        _check_notice(inquiry, taken, one, at)
    if "provided" in facts:
        _check_papers(inquiry, one, at)


def _check_notice(inquiry: Inquiry, taken: list[Taken], one: Taken, at: str) -> None:
    facts = inquiry.facts
    kind = next((step.notice for step in taken if step.act == "announce"), None)
    notice = facts.part("notice")
    if kind is None:
        return
    if "published_at" not in notice and "published_on" not in notice:
        inquiry.refuse(
            "notice.missing", f"尚未公示，不能办理“{one.rule.label}”。", at, inputs=("notice",), would_change="公示期满"
        )
        return
    now = facts.instant("now")
    run = run_of(inquiry, notice, kind, inquiry.content.notices[kind], now)
    check_has_run(inquiry, run, local_day(now), at, f"办理“{one.rule.label}”")
    inquiry.values["end"] = run.period.end
    check_objections(inquiry, kind, at, f"办理“{one.rule.label}”")


def _check_papers(inquiry: Inquiry, one: Taken, at: str) -> None:
    given = inquiry.facts.part("provided")
    for paper in one.rule.evidence:
        if not str(given.raw(paper, "") or "").strip():
            label = inquiry.pack.label("evidence", paper)
            inquiry.refuse(
                f"step.no_evidence.{paper}",
                f"“{one.rule.label}”缺少材料：{label}。",
                at,
                inputs=("provided",),
                would_change=f"补充{label}",
                modality=one.rule.modality,
            )


QUESTIONS: dict[str, Decide] = {"procedure.steps": listed, "step.may_take": may_take}
