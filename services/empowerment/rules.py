"""What the rules say about an application, its screening, its feasibility and its agreement.

Each function takes plain facts and asks the policy engine; no number, list or date of a policy stands here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from fractions import Fraction
from typing import Any
from uuid import UUID

from shared.clock import SHANGHAI, local_day
from shared.policy import evaluate
from shared.policy.answer import Answer, Verdict
from shared.policy.pack import Pack

GUIDELINE = "empowerment"
NOTICE_KIND = "empowerment"
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


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A completer of the team. ``share`` is of the team's part, None where none is agreed."""

    person_id: UUID
    confirmed: bool
    share: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """What an application says. ``conditions`` map the pack's codes to {met, evidence, note}."""

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

    def shares(self) -> dict[str, Fraction]:
        return {str(one.person_id): one.share for one in self.members if one.share is not None}

    def materials(self) -> list[str]:
        """Which of the pack's application materials are given."""
        given = {
            "achievement_description": self.explanation,
            "team_information": self.team_information,
            "conversion_plan": self.plan,
        }
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


def _grant_facts(grant_type: str, terms: "Terms | Submission") -> dict[str, Any]:
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
        **_grant_facts(submission.grant_type, submission),
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
    """A version of the negative list as a screening names it."""

    version_id: UUID
    number: int
    hash: str
    items: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        return {"version": str(self.number), "hash": self.hash}


@dataclass(frozen=True, slots=True)
class Screened:
    """The answers of a screening: by category of the pack, and yes or no by item of the list."""

    answers: Mapping[str, Mapping[str, Any]]
    items: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


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


def signing_instant(signed_on: date, now: datetime) -> datetime:
    """The instant at which signing is judged: now, or the end of an earlier day that is recorded afterwards."""
    if signed_on >= local_day(now):
        return now
    return datetime.combine(signed_on, time(23, 59, 59), SHANGHAI)


@dataclass(frozen=True, slots=True)
class Signing:
    """What is to be signed. ``notice`` and ``objections`` are facts as the notices give them."""

    grant_type: str
    signed_on: date
    effective_on: date
    clauses: tuple[str, ...]
    terms: Terms
    notice: Mapping[str, Any] | None
    objections: Sequence[Mapping[str, Any]]
    screened_against: ListRef | None
    list_in_force: ListRef | None
    opinions_heard: bool | None = None


def signing_facts(unit: Unit, signing: Signing, now: datetime) -> dict[str, Any]:
    """The facts of ``agreement.may_sign``."""
    return {
        **unit.facts(),
        **_grant_facts(signing.grant_type, signing.terms),
        "now": signing_instant(signing.signed_on, now),
        "signed_on": signing.signed_on,
        "effective_on": signing.effective_on,
        "notice": dict(signing.notice or {}),
        "objections": [dict(one) for one in signing.objections],
        "list": signing.screened_against.facts() if signing.screened_against else {},
        "list_in_force": signing.list_in_force.facts() if signing.list_in_force else {},
        "clauses": list(signing.clauses),
        "opinions_heard": signing.opinions_heard,
    }


def may_sign(facts: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """Whether the agreement may be signed: the notice has run, no objection is open, nothing is missing (第八条(三))."""
    return evaluate("agreement.may_sign", facts, pack, today)


def clauses(grant_type: str, pack: Pack, today: date) -> list[dict[str, Any]]:
    """The clauses that an agreement of a kind must hold: [{code, label, required, citation}] (第八条(三)1, 2)."""
    found: list[dict[str, Any]] = evaluate("agreement.clauses", {"grant_type": grant_type}, pack, today).values[
        "clauses"
    ]
    return found


def formality_facts(grant_type: str, provided: Iterable[str] | None = None) -> dict[str, Any]:
    facts: dict[str, Any] = {"grant_type": grant_type}
    return facts if provided is None else {**facts, "provided": sorted(provided)}


def formalities(facts: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """What must be handled after signing, and what of it is missing (第八条(四))."""
    return evaluate("agreement.formalities", facts, pack, today)
