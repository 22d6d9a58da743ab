"""What the rules say about signing: when, with which clauses, and the formalities that follow.

Each function takes plain facts and asks the policy engine; no number, list or date of a policy stands here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from services.empowerment.rules import ListRef, Terms, Unit, grant_facts
from shared.clock import SHANGHAI, local_day
from shared.errors import Refusal
from shared.policy import evaluate
from shared.policy.answer import Answer
from shared.policy.pack import Pack


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
    grant_mode: str | None = None


def signing_facts(unit: Unit, signing: Signing, now: datetime) -> dict[str, Any]:
    """The facts of ``agreement.may_sign``."""
    return {
        **unit.facts(),
        **grant_facts(signing.grant_type, signing.terms),
        "now": signing_instant(signing.signed_on, now),
        "signed_on": signing.signed_on,
        "effective_on": signing.effective_on,
        "notice": dict(signing.notice or {}),
        "objections": [dict(one) for one in signing.objections],
        "list": signing.screened_against.facts() if signing.screened_against else {},
        "list_in_force": signing.list_in_force.facts() if signing.list_in_force else {},
        "clauses": list(signing.clauses),
        "opinions_heard": signing.opinions_heard,
        **({"grant_mode": signing.grant_mode} if signing.grant_mode else {}),
    }


def wrong_days(grant_type: str, signed_on: date, effective_on: date, today: date) -> Refusal | None:
    """An agreement is signed when it is recorded or before, and has no effect before that."""
    if signed_on <= today and effective_on >= signed_on:
        return None
    return Refusal(
        "agreement.days",
        "签署日期不能晚于今天，生效日期不能早于签署日期",
        inputs={"signed_on": signed_on, "effective_on": effective_on, "today": today},
        articles=(f"agreements.{grant_type}", "steps.empowerment"),
    )


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


def unknown_formality(grant_type: str, provided: Iterable[str]) -> Refusal:
    """A formality that the text does not ask for after this agreement."""
    return Refusal(
        "formality.unknown",
        "手续不在本次赋权类型应办理的范围内",
        inputs={"grant_type": grant_type, "provided": sorted(provided)},
        articles=(f"agreements.{grant_type}.formalities", f"agreements.{grant_type}"),
    )
