"""What the rules say about an application, its screening, its feasibility and its agreement.

Each function takes plain facts and asks the policy engine; no number, list or date of a policy stands here.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from shared.errors import Refusal, stale
from shared.policy import evaluate
from shared.policy.answer import Answer, Citation, Verdict
from shared.policy.pack import Pack

GUIDELINE = "empowerment"
PROCEDURE = "empowerment"
# The registry's word for a state-owned enterprise, in the packs' vocabulary.
_UNIT_KINDS = {"enterprise": "soe"}
# What makes a screening incomplete, as against a screening whose outcome is bad.
_INCOMPLETE = ("screening.unanswered", "screening.no_list", "screening.other_list_version")


@dataclass(frozen=True, slots=True)
class Selection:
    """One membership in a pilot; ``document`` is the paper that selected the unit."""

    guideline: str
    first_day: date
    last_day: date | None
    document: str


@dataclass(frozen=True, slots=True)
class Unit:
    """The institution as the rules ask about it."""

    kind: str
    traits: tuple[str, ...]
    selections: tuple[Selection, ...]
    unit_rules: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """The facts of ``pilot.covers`` that concern the unit."""
        return {
            "unit_kind": _UNIT_KINDS.get(self.kind, self.kind or "other"),
            "unit_traits": list(self.traits),
            "memberships": [
                {"guideline": one.guideline, "first_day": one.first_day, "last_day": one.last_day}
                for one in self.selections
            ],
            "selected_by_document": any(one.guideline == GUIDELINE and one.document for one in self.selections),
        }


# Which of the pack's application materials have a column of their own; the others are kept by their codes.
COLUMN_OF_MATERIAL = {
    "achievement_description": "explanation",
    "team_information": "team_information",
    "conversion_plan": "plan",
}


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A completer of the team. ``share`` is of the team's part, None where none is agreed."""

    person_id: UUID
    confirmed: bool
    share: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """What an application says. ``conditions`` map the pack's codes to {met, evidence, note}; ``others`` its texts by code."""

    grant_type: str
    representative_id: UUID | None
    members: tuple[TeamMember, ...]
    explanation: str
    team_information: str
    plan: str
    conditions: Mapping[str, Mapping[str, Any]]
    unit_share: Fraction | None = None
    team_share: Fraction | None = None
    co_ownership: str | None = None
    term_first_day: date | None = None
    term_last_day: date | None = None
    protection_last_day: date | None = None
    grant_mode: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)

    def shares(self) -> dict[str, Fraction]:
        return {str(one.person_id): one.share for one in self.members if one.share is not None}

    def materials(self) -> list[str]:
        """Which of the pack's application materials are given."""
        given = {code: getattr(self, name) for code, name in COLUMN_OF_MATERIAL.items()} | dict(self.others)
        return [code for code, words in given.items() if words.strip()]


@dataclass(frozen=True, slots=True)
class Terms:
    """What an agreement settles about ownership or use; the same shape as in the application."""

    unit_share: Fraction | None = None
    team_share: Fraction | None = None
    co_ownership: str | None = None
    term_first_day: date | None = None
    term_last_day: date | None = None
    protection_last_day: date | None = None


def cover_facts(unit: Unit, on: date) -> dict[str, Any]:
    return {**unit.facts(), "guideline": GUIDELINE, "on": on}


def is_covered(facts: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """Whether the institution is in the pilot of this guideline today (第三条, 第十三条)."""
    return evaluate("pilot.covers", facts, pack, today)


def governing_version(began_under: UUID, newest: UUID, pack: Pack, today: date) -> UUID:
    """Which pack version governs a running case: a value of the pack (pinned or newest)."""
    facts = {"guideline": GUIDELINE, "began_under": str(began_under), "newest": str(newest)}
    return UUID(str(evaluate("case.version", facts, pack, today).values["version"]))


def grant_facts(grant_type: str, terms: "Terms | Submission") -> dict[str, Any]:
    facts: dict[str, Any] = {"grant_type": grant_type}
    if terms.unit_share is not None and terms.team_share is not None:
        facts["ownership"] = {"unit": terms.unit_share, "team": terms.team_share}
        facts["co_ownership"] = terms.co_ownership or "by_share"
    if terms.term_first_day is not None and terms.term_last_day is not None:
        facts["term"] = {
            "first_day": terms.term_first_day,
            "last_day": terms.term_last_day,
            "remaining_protection_end": terms.protection_last_day,
        }
    return facts


def application_facts(
    unit: Unit,
    submission: Submission,
    achievement: Mapping[str, Any],
    incentives: Sequence[Mapping[str, Any]],
    on: date,
) -> dict[str, Any]:
    """The facts of ``empowerment.may_apply``; people stand by id."""
    facts = {
        **unit.facts(),
        **grant_facts(submission.grant_type, submission),
        **({"grant_mode": submission.grant_mode} if submission.grant_mode else {}),
        "on": on,
        "unit_rules": list(unit.unit_rules),
        "achievement": dict(achievement),
        "incentives": [dict(one) for one in incentives],
        "conditions": {code: dict(one) for code, one in submission.conditions.items()},
        "team": [{"person": str(one.person_id), "confirmed": one.confirmed} for one in submission.members],
        "representative": str(submission.representative_id) if submission.representative_id else None,
        "materials": submission.materials(),
    }
    shares = submission.shares()
    return {**facts, "shares": shares} if shares else facts


def may_apply(facts: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """All conditions of an application at once (第三条 to 第八条(一))."""
    return evaluate("empowerment.may_apply", facts, pack, today)


@dataclass(frozen=True, slots=True)
class ListRef:
    """A version of the negative list as a screening names it; a unit's own list has a title alone."""

    version_id: UUID | None
    number: int | None
    hash: str
    items: tuple[str, ...] = ()
    title: str = ""

    def facts(self) -> dict[str, Any]:
        return {"version": self.title if self.number is None else str(self.number), "hash": self.hash}


def list_owner(pack: Pack) -> str:
    """Whose list an application is screened against: ``province``, ``unit``, or empty where the text asks for none."""
    screening = pack.content.screening
    if screening is None or not screening.list:
        return ""
    return pack.content.negative_lists[screening.list].owner


def unit_list(title: str) -> ListRef | None:
    """A list of the institution's own, known by its name and version as written; None without one."""
    words = " ".join(title.split())
    return ListRef(None, None, hashlib.sha256(words.encode()).hexdigest(), (), words) if words else None


@dataclass(frozen=True, slots=True)
class Screened:
    """The answers of a screening: by category of the pack, and yes or no by item of the list.

    ``own_list`` names the institution's own list and its version, where the text wants that one.
    """

    answers: Mapping[str, Mapping[str, Any]]
    items: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    own_list: str = ""


def screening_facts(screened: Screened, used: ListRef | None, in_force: ListRef | None, on: date) -> dict[str, Any]:
    return {
        "answers": {code: dict(one) for code, one in screened.answers.items()},
        "items": list(in_force.items) if in_force else [],
        "item_answers": dict(screened.items),
        "list": used.facts() if used else {},
        "list_in_force": in_force.facts() if in_force else {},
        "on": on,
    }


def screening_result(facts: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """The outcome of an item-by-item screening (第五条, 第八条(二))."""
    return evaluate("screening.result", facts, pack, today)


def screened_against_another(in_force: ListRef | None) -> Refusal:
    """The refusal of a screening against a version that was replaced while the form stood open (rule 26)."""
    now = {"list_in_force": in_force.facts()} if in_force else {}
    return stale("负面清单已更新，请对照现行版本重新填写", "screening", "steps.empowerment", **now)


def is_complete(answer: Answer) -> bool:
    """Whether a screening has an outcome at all: answered throughout, against the list in force."""
    return not any(
        finding.verdict is Verdict.REFUSED and finding.code.startswith(_INCOMPLETE) for finding in answer.findings
    )


def feasibility_facts(dimensions: Mapping[str, str], reviewers: Iterable[UUID], conclusion: str) -> dict[str, Any]:
    return {
        "dimensions": dict(dimensions),
        "reviewers": [str(one) for one in reviewers],
        "conclusion": conclusion,
    }


def feasibility_recorded(facts: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """Whether a feasibility review is complete, and what it concluded (第八条(二))."""
    return evaluate("feasibility.recorded", facts, pack, today)


def found_infeasible(answer: Answer) -> bool:
    """A complete review that concluded against: a result, not a mistake in the form."""
    refused = {finding.code for finding in answer.findings if finding.verdict is Verdict.REFUSED}
    return refused == {"feasibility.not_feasible"}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the pack as it applies to one case. ``act`` is what the platform does at it, ``record`` for any of its own.

    ``by`` is the pack's code of whoever does it, ``actor`` its label.
    """

    code: str
    act: str
    label: str
    by: str
    actor: str
    evidence: tuple[tuple[str, str], ...]
    notice: str | None
    waits_for_notice: bool
    note: str
    citation: Citation


def step_facts(grant_type: str, grant_mode: str | None, achievement_type: str) -> dict[str, Any]:
    """The facts of ``procedure.steps``."""
    facts = {"procedure": PROCEDURE, "grant_type": grant_type, "holds": [achievement_type]}
    return {**facts, "grant_mode": grant_mode} if grant_mode else facts


def steps(facts: Mapping[str, Any], pack: Pack, today: date) -> list[Step]:
    """The steps of a case, in the order of the pack."""
    return [
        Step(
            one["code"],
            one["act"],
            one["label"],
            one["actor"],
            one["actor_label"],
            tuple((paper["code"], paper["label"]) for paper in one["evidence"]),
            one["notice"],
            one["waits_for_notice"],
            one["note"],
            one["citation"],
        )
        for one in evaluate("procedure.steps", facts, pack, today).values["steps"]
    ]


def step_doing(act: str, procedure: Sequence[Step]) -> Step | None:
    """The step at which the platform does something; None where the pack has none."""
    return next((one for one in procedure if one.act == act), None)


def following(code: str, procedure: Sequence[Step]) -> Step | None:
    """The step after another one; None after the last."""
    codes = [one.code for one in procedure]
    rest = procedure[codes.index(code) + 1 :] if code in codes else procedure
    return next(iter(rest), None)


def before(code: str, procedure: Sequence[Step]) -> list[Step]:
    """The steps before one."""
    codes = [one.code for one in procedure]
    return list(procedure[: codes.index(code)])


def may_take(facts: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """Whether a step may be taken: those before it are done, its papers are there, its notice has run."""
    return evaluate("step.may_take", facts, pack, today)


@dataclass(frozen=True, slots=True)
class Binding:
    """A signed agreement as the rules ask whether it still binds."""

    grant_type: str
    signed_on: date
    effective_on: date
    last_day: date | None


def still_binds(signed: Binding, guideline: str, pack: Pack, today: date) -> Answer:
    """Whether an agreement binds today, the end of the pilot notwithstanding (rule 10); after the end, why."""
    facts = {
        "guideline": guideline,
        "grant_type": signed.grant_type,
        "signed_on": signed.signed_on,
        "effective_on": signed.effective_on,
        "last_day": signed.last_day,
        "on": today,
    }
    return evaluate("agreement.outlives", facts, pack, today)
