"""What a disclosure needs before it may be submitted: facts for the policy engine, its findings by field of the form."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.ledger.rules import Decided, Vocabulary
from shared.policy import evaluate
from shared.policy.answer import Citation, Verdict
from shared.policy.pack import Pack

# The pack's name of a field, and the field of the form that answers it.
FIELD_OF_CODE = {
    "name": "name",
    "achievement_type": "type",
    "technical_field": "technical_field",
    "form": "form",
    "completers": "team",
    "stage": "stage",
    "market_prospect": "market_prospect",
    "obtained_on": "obtained_on",
}
# Findings about the evidence, and the field of the form that settles them.
_FIELD_OF_FINDING = {"disclosure.funding_unstated": "funding", "disclosure.type_unstated": "type"}


# What a disclosure says, apart from its team and the fields of its province.
SAID = (
    "name", "type", "technical_field", "form", "stage", "market_prospect", "funding", "evidence", "evidence_elsewhere",
    "right_number", "obtained_on", "college", "remark",
)  # fmt: skip


def said(values: Mapping[str, Any], team: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """What a disclosure says, as it is kept when it comes back; ``team`` holds (person id, exact share)."""
    kept: dict[str, Any] = {name: values[name] for name in SAID if values[name] not in (None, [])}
    if kept.get("obtained_on"):
        kept["obtained_on"] = kept["obtained_on"].isoformat()
    return {**kept, "more": dict(values["more"] or {}), "team": [list(one) for one in team]}


def people_said(said: Mapping[str, Any] | None) -> list[UUID]:
    """Whom the team of :func:`said` names."""
    return [UUID(person_id) for person_id, _ in (said or {}).get("team", ())]


def fields_of(unit_kind: str | None, funding: str | None, pack: Pack, today: date) -> dict[str, Mapping[str, Any]]:
    """What the pack asks for, by field of the form (or by the pack's own code): label, required, citation."""
    values = evaluate("disclosure.fields", {"unit_kind": unit_kind, "funding": funding}, pack, today).values
    return {FIELD_OF_CODE.get(one["code"], one["code"]): one for one in values.get("fields", ())}


def further(asked: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Those of the asked fields that no column answers: only this province has them."""
    return {code: one for code, one in asked.items() if code not in FIELD_OF_CODE.values()}


def evidence_of(
    unit_kind: str | None, funding: str | None, achievement_type: str | None, pack: Pack, today: date
) -> list[Mapping[str, Any]]:
    """Which evidence a disclosure of this funding and type needs, each with its choices and citation."""
    facts = {"funding": funding, "achievement_type": achievement_type, "unit_kind": unit_kind}
    return list(evaluate("disclosure.evidence", facts, pack, today).values.get("evidence", ()))


def unknown_fields(values: Mapping[str, Any], asked: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Further fields that the pack does not have, by field of the form."""
    known = further(asked)
    return {f"more-{code}": "本省没有这个栏目" for code in values.get("more") or {} if code not in known}


def unknown_codes(values: Mapping[str, Any], words: Vocabulary) -> dict[str, str]:
    """Type, stage, funding and evidence that the pack does not have, by field of the form."""
    given = {field: [values[field]] for field in ("type", "stage", "funding") if values.get(field)}
    given["evidence"] = list(values.get("evidence") or ())
    return {
        field: "不是本省规定的选项，请重新选择"
        for field, codes in given.items()
        if any(str(code) not in words.labels[field] for code in codes)
    }


def may_submit(values: Mapping[str, Any], unit_kind: str | None, pack: Pack, today: date) -> list[Decided]:
    """The pack's answers on fields and on evidence for what was typed; evidence is asked whatever was left out."""
    provided = {code: _given(values.get(field)) for code, field in FIELD_OF_CODE.items()}
    provided |= {code: _given(value) for code, value in (values.get("more") or {}).items()}
    fields = {
        "unit_kind": unit_kind,
        "funding": values.get("funding"),
        "provided": {code: value for code, value in provided.items() if value is not None},
    }
    evidence = {
        "funding": values.get("funding"),
        "achievement_type": values.get("type"),
        "unit_kind": unit_kind,
        "provided": list(values.get("evidence") or ()),
    }
    decided = [Decided(evaluate("disclosure.fields", fields, pack, today), fields)]
    if pack.content.evidence.get("disclosure"):
        decided.append(Decided(evaluate("disclosure.evidence", evidence, pack, today), evidence))
    return decided


def _given(value: Any) -> bool | None:
    """Whether a field is filled in: a decision, which is kept for good, need not hold names and titles to be checked."""
    return True if value not in (None, "", [], ()) else None


def errors_of(decided: Sequence[Decided]) -> dict[str, str]:
    """Findings that stop a submission, by field of the form, each with its article."""
    errors: dict[str, str] = {}
    for one in decided:
        for finding in one.answer.findings:
            if finding.verdict in (Verdict.REFUSED, Verdict.PERSON_MUST_DECIDE):
                code = finding.code.rsplit(".", 1)[-1]
                field = FIELD_OF_CODE.get(code, f"more-{code}")
                if finding.code.startswith("disclosure.no_evidence"):
                    field = "evidence"
                field = _FIELD_OF_FINDING.get(finding.code, field)
                errors.setdefault(field, f"{finding.message}（{_article(finding.citation)}）")
    return errors


def _article(citation: Citation) -> str:
    return citation.article or citation.document
