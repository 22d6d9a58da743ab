"""What may stand in the ledger: facts for the policy engine, its answers for one entry; no policy value stands here.

An import asks the same questions a hundred thousand times, so answers are kept per kind of facts: the engine decides
each kind once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from services.ledger.entry import Deal, Entry
from shared.errors import Refusal
from shared.policy import evaluate
from shared.policy.answer import Answer, Citation
from shared.policy.pack import Pack

CONVERTED = "converted"
# Where the texts speak of registering and keeping up to date, as paths of a pack: the first that a province has is cited.
KEPT = ("steps.disclosure.register", "fields.ledger", "ledger")
_CODES = {
    "type": "achievement_type",
    "status": "status",
    "mode": "mode",
    "stage_declared": "stage",
    "funding": "funding",
}
# The pack's name of a ledger field, and the value of an entry that answers it.
_ANSWERED_BY = {
    "name": "name",
    "completers": "team",
    "achievement_type": "type",
    "stage": "stage_recognised",
    "status": "status",
    "mode": "mode",
    "value": "value",
    "obtained_on": "obtained_on",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """One question with the facts that were given and the answer; what a decision row keeps."""

    answer: Answer
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Completed:
    """An entry with what follows from the rules (group, recognised stage, kind of value), and what was decided."""

    entry: Entry
    decided: tuple[Decided, ...]
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a vocabulary, with where it is written."""

    code: str
    label: str
    group: str | None
    citation: Citation


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The ledger's words under one pack, for pages: choices in order and labels by code."""

    types: tuple[Choice, ...]
    groups: tuple[Choice, ...]
    stages: tuple[Choice, ...]
    statuses: tuple[Choice, ...]
    modes: tuple[Choice, ...]
    labels: Mapping[str, Mapping[str, str]]
    fields: Mapping[str, Citation]

    def label(self, name: str, code: str | None) -> str:
        """The Chinese label of a code (``type``, ``status`` …); the code itself where the pack has none."""
        return self.labels.get(name, {}).get(code, code) if code else ""

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """(code, label) in the pack's order, for a select."""
        return tuple(self.labels.get(name, {}).items())


@lru_cache(maxsize=64)
def vocabulary(pack: Pack) -> Vocabulary:
    """The choices of a pack; asked once per resolved pack."""
    values = evaluate("ledger.enumerations", {}, pack, date.min).values
    choices = {
        key: tuple(Choice(one["code"], one["label"], one["group"], one["citation"]) for one in values[key])
        for key in ("types", "groups", "stages", "statuses", "modes")
    }
    names = {"type": "types", "type_group": "groups", "stage": "stages", "status": "statuses", "mode": "modes"}
    labels = {name: {one.code: one.label for one in choices[key]} for name, key in names.items()}
    labels["funding"] = {code: item.label for code, item in pack.enumeration("funding").items()}
    labels["evidence"] = {code: item.label for code, item in pack.enumeration("evidence").items()}
    labels["agency_service"] = {code: item.label for code, item in pack.enumeration("agency_service").items()}
    rule = pack.content.stage
    labels["criterion"] = {code: item.label for code, item in rule.criteria.items()} if rule else {}
    labels["proof"] = {code: item.label for code, item in rule.evidence.items()} if rule else {}
    labels["start"] = {code: item.label for code, item in rule.starts.items()} if rule else {}
    if rule is None:
        # the text knows no stages: what an import declares is kept and has its label, pages ask for none (rule 41)
        choices["stages"] = ()
    fields = {
        one["code"]: pack.citation(f"fields.ledger.{one['code']}.note")
        for one in evaluate("ledger.fields", {}, pack, date.min).values.get("fields", ())
    }
    # where the text says more of a field than that the ledger has it
    nearer = {"achievement_type": "types", "stage": "stages", "status": "statuses", "mode": "modes"}
    fields |= {code: choices[key][0].citation for code, key in nearer.items() if choices[key]}
    if pack.content.ledger is not None:
        fields["value"] = pack.citation("ledger")
    return Vocabulary(**choices, labels=labels, fields=fields)


def complete(entry: Entry, pack: Pack, today: date, *, exact: bool = False) -> Completed:
    """Check an entry against the pack and fill in what follows from it.

    ``exact`` asks with the very amount, for decisions that are kept; otherwise answers are shared between entries of the
    same kind. The first refusal stands for the entry.
    """
    decided: list[Decided] = []
    for name, enumeration in _CODES.items():
        code = getattr(entry, name)
        if code is not None:
            known = _ask("ledger.code", (("enumeration", enumeration), ("code", code)), pack, today)
            if not known.answer.allowed:
                return Completed(entry, (known,), Refusal.of(known.answer))
    stage = stage_of(entry, pack, today)
    value = _value(entry, pack, today, exact=exact)
    decided += [stage, value]
    filled = _filled(entry, stage.answer.values, value.answer.values, pack)
    refusal = next((found for one in decided if (found := Refusal.of(one.answer))), None)
    return Completed(filled, tuple(decided), refusal or missing(filled, pack, today))


def _filled(entry: Entry, stage: Mapping[str, Any], value: Mapping[str, Any], pack: Pack) -> Entry:
    item = pack.enumeration("achievement_type").get(entry.type)
    return entry.with_(
        type_group=item.group if item else entry.type_group,
        stage_recognised=stage.get("recognised"),
        stage_since=stage.get("development_from"),
        value_kind=value.get("kind") if entry.value is not None else None,
        conversions=entry.conversions if value.get("frequency") else 0,
    )


def missing(entry: Entry, pack: Pack, today: date) -> Refusal | None:
    """The first field that the pack requires and the entry lacks."""
    for field in _fields(pack, today):
        name = _ANSWERED_BY.get(field["code"])
        if field["required"] and name is not None and getattr(entry, name) in (None, "", ()):
            code, inputs = f"ledger.missing.{field['code']}", {"missing": field["label"]}
            return Refusal(code, f"台账内容缺少：{field['label']}。", field["citation"], inputs=inputs)
    return None


@lru_cache(maxsize=64)
def _fields(pack: Pack, today: date) -> Sequence[Mapping[str, Any]]:
    return tuple(evaluate("ledger.fields", {}, pack, today).values.get("fields", ()))


def stage_of(entry: Entry, pack: Pack, today: date) -> Decided:
    """The stage that is recognised from what the entry declares and proves; ``recognised``, ``development_from`` …"""
    criteria = tuple(sorted((entry.stage_criteria or {}).items()))
    return _asked_stage(entry.stage_declared, criteria, entry.stage_evidence, pack, today)


@lru_cache(maxsize=4096)
def _asked_stage(
    declared: str | None, criteria: tuple[tuple[str, date], ...], evidence: tuple[str, ...], pack: Pack, today: date
) -> Decided:
    facts = {"declared": declared, "criteria": dict(criteria), "evidence": list(evidence)}
    return Decided(evaluate("ledger.stage", facts, pack, today), facts)


def _value(entry: Entry, pack: Pack, today: date, *, exact: bool) -> Decided:
    amount = entry.value
    if amount is not None and amount > 0 and not exact:
        amount = Decimal(1)
    terms = next((deal.terms for deal in entry.deals if deal.terms), "")
    return _ask("ledger.value", (("status", entry.status), ("amount", amount), ("terms", terms)), pack, today)


@lru_cache(maxsize=8192)
def _ask(question: str, facts: tuple[tuple[str, Any], ...], pack: Pack, today: date) -> Decided:
    given = dict(facts)
    return Decided(evaluate(question, given, pack, today), given)


def name_given(same_name: Sequence[UUID], pack: Pack, today: date) -> Decided:
    """Whether a name may be given, ``same_name`` being the achievements that have it (rule 45)."""
    facts = {"same_name": [str(one) for one in same_name]}
    return Decided(evaluate("ledger.name", facts, pack, today), facts)


def number_taken(number: str, holder: str) -> Refusal:
    """A right's number stands once in an institution's ledger."""
    told = f"权利号 {number} 已登记在成果 {holder} 名下，同一权利号只能登记一次。"
    return Refusal("ledger.number_taken", told, inputs={"number": number, "holder": holder}, articles=KEPT)


def wrong_day(since: date, began_on: date, today: date) -> Refusal | None:
    """A change holds from a day of the achievement's own life, today at the latest."""
    if since < began_on:
        told = f"变更生效日 {since} 早于该成果进入台账的日期 {began_on}，请改为该日或之后。"
        inputs = {"since": since, "began_on": began_on}
        return Refusal("ledger.before_beginning", told, inputs=inputs, articles=KEPT)
    if since > today:
        told = f"变更生效日 {since} 晚于今天，请在发生之后登记。"
        return Refusal("ledger.in_future", told, inputs={"since": since, "today": today}, articles=KEPT)
    return None


def after_conversion(status: str, value: Decimal | None, conversions: int, deal: Deal) -> dict[str, Any]:
    """What one more conversion makes of status, mode, value and frequency (rule 44): counted, never the achievement twice.

    A ledger that was imported without its contracts has one conversion behind its amount.
    """
    if status == CONVERTED:
        known = [amount for amount in (value, deal.amount) if amount is not None]
        amount = sum(known, Decimal(0)) if known else None
        return {"value": amount, "conversions": max(conversions, 1) + 1}
    return {"status": CONVERTED, "mode": deal.mode, "value": deal.amount, "conversions": 1}


def secret_gate(answer: str | None, key_technology: str | None, pack: Pack, today: date) -> Answer:
    """The first question, before any text field (rule 21); refused means that nothing may be kept."""
    return evaluate("secret.gate", {"answer": answer or None, "key_technology": key_technology or None}, pack, today)
