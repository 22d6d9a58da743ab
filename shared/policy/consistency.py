"""Codes that one entry of a pack uses and another must define: every unknown one is a problem with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from shared.policy.procedure import Step
from shared.policy.questions.procedure import EMPOWERMENT, act_of
from shared.policy.resolve import Resolution
from shared.policy.schema import Content
from shared.policy.sources import Problem

Use = tuple[str, Iterable[str], str]


def inconsistencies(content: Content, resolution: Resolution, *, whole: bool = True) -> list[Problem]:
    """All unknown codes, notices that cannot be counted, validities that end before they begin.

    :param whole: False when values that the schema does not take were left out; what only their absence breaks is not told.
    """
    problems = []
    known_in: dict[str, frozenset[str]] = {}
    for path, codes, where in _uses(content):
        if not codes:
            continue
        known = known_in.get(where)
        if known is None:
            known = known_in[where] = _known(content, where)
        problems += [
            _problem(resolution, path, f"{code} is not a code of {where}") for code in codes if code not in known
        ]
    for path, message in _contradictions(content) if whole else ():
        problems.append(_problem(resolution, path, message))
    for path, reading in _named_readings(resolution.tree, ""):
        if reading not in content.readings:
            problems.append(_problem(resolution, path, f"{reading} is not one of the readings"))
    for path, citations in resolution.citations.items():
        for citation in citations:
            if citation.reading is not None and citation.reading not in content.readings:
                problems.append(_problem(resolution, path, f"{citation.reading} is not one of the readings"))
    return problems


def _named_readings(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, value in node.items():
        here = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from _named_readings(value, here)
        elif key == "reading" and isinstance(value, str):
            yield here, value
        elif key == "readings" and isinstance(value, list):
            yield from ((here, str(one)) for one in value)


def _known(content: Content, where: str) -> frozenset[str]:
    section, _, name = where.partition(".")
    table = getattr(content, section)
    if section == "enumerations":
        # What a law of the nation names by the national vocabulary need not be a code of every province.
        return frozenset(table.get(name, {})) | frozenset(table.get(f"national_{name}", {}))
    return frozenset(table.get(name, {}) if name else table)


def _problem(resolution: Resolution, path: str, message: str) -> Problem:
    at = path
    while at and at not in resolution.places:
        at, _, _ = at.rpartition(".")
    place = resolution.places.get(at)
    return Problem(place.file if place else "", place.line if place else 0, path, message)


def _uses(content: Content) -> Iterator[Use]:
    yield from _scope_uses(content)
    yield from _form_uses(content)
    yield from _procedure_uses(content)
    yield from _management_uses(content)


def _scope_uses(content: Content) -> Iterator[Use]:
    for key, guideline in content.guidelines.items():
        at = f"guidelines.{key}"
        yield f"{at}.unit_kinds", guideline.unit_kinds, "enumerations.unit_kind"
        for name in ("required_traits", "excluded_traits", "advisory_traits"):
            yield f"{at}.{name}", getattr(guideline, name), "enumerations.trait"
        yield f"{at}.continues_for", guideline.continues_for, "grant_types"
    for name, items in content.enumerations.items():
        for key, item in items.items():
            if item.national is not None:
                yield f"enumerations.{name}.{key}.national", [item.national], f"enumerations.national_{name}"
            if item.group is not None and name.endswith("achievement_type"):
                group = name.replace("type", "group")
                yield f"enumerations.{name}.{key}.group", [item.group], f"enumerations.{group}"


def _form_uses(content: Content) -> Iterator[Use]:
    for form, fields in content.fields.items():
        for key, one in fields.items():
            yield f"fields.{form}.{key}.unit_kinds", one.unit_kinds, "enumerations.unit_kind"
            yield f"fields.{form}.{key}.funding", one.funding, "enumerations.funding"
    for form, papers in content.evidence.items():
        for key, paper in papers.items():
            at = f"evidence.{form}.{key}"
            yield f"{at}.any_of", paper.any_of, "enumerations.evidence"
            yield f"{at}.unit_kinds", paper.unit_kinds, "enumerations.unit_kind"
            yield f"{at}.funding", paper.funding, "enumerations.funding"
            yield f"{at}.types", paper.types, "enumerations.achievement_type"
            yield f"{at}.groups", paper.groups, "enumerations.achievement_group"
    for key, condition in content.conditions.items():
        yield f"conditions.{key}.evidence", condition.evidence, "enumerations.evidence"
    if content.application:
        yield "application.sources", content.application.sources, "enumerations.funding"
        yield "application.unit_rules", content.application.unit_rules, "enumerations.unit_rule"


def _procedure_uses(content: Content) -> Iterator[Use]:
    if content.screening and content.screening.list:
        yield "screening.list", [content.screening.list], "negative_lists"
    for key, notice in content.notices.items():
        yield f"notices.{key}.basics_only_for", notice.basics_only_for, "enumerations.achievement_type"
        yield f"notices.{key}.venues", notice.venues, "enumerations.venue"
    for key, agreement in content.agreements.items():
        if agreement.after_notice is not None:
            yield f"agreements.{key}.after_notice", [agreement.after_notice], "notices"
        for code, paper in agreement.formalities.items():
            yield f"agreements.{key}.formalities.{code}.any_of", paper.any_of, "enumerations.evidence"
    for key, steps in content.steps.items():
        for code, step in steps.items():
            yield f"steps.{key}.{code}.actor", [step.actor], "enumerations.actor"
            yield f"steps.{key}.{code}.after", step.after, f"steps.{key}"
            yield f"steps.{key}.{code}.evidence", step.evidence, "enumerations.evidence"
            yield f"steps.{key}.{code}.notice", [step.notice] if step.notice else [], "notices"
            if step.deadline:
                yield f"steps.{key}.{code}.deadline", [step.deadline], "deadlines"
    for key, grant in content.grant_types.items():
        yield f"grant_types.{key}.extension_findings", grant.extension_findings, "enumerations.extension_finding"
        yield f"grant_types.{key}.co_ownership", grant.co_ownership, "enumerations.co_ownership"


def _management_uses(content: Content) -> Iterator[Use]:
    if content.stage:
        yield "stage.default", [content.stage.default], "enumerations.stage"
        yield "stage.proven", [content.stage.proven], "enumerations.stage"
    if content.ledger:
        for name in ("amount_required_for", "appraisal_for", "empty_allowed_for", "frequency_for"):
            yield f"ledger.{name}", getattr(content.ledger, name), "enumerations.status"
    for key, reward in content.rewards.items():
        yield f"rewards.{key}.acts", reward.acts, "enumerations.mode"
    for key, leader in content.leaders.items():
        yield f"leaders.{key}.positions", leader.positions, "enumerations.position"
        yield f"leaders.{key}.approver", [leader.approver] if leader.approver else [], "enumerations.authority"
    for key, mode in content.conversion_modes.items():
        yield f"conversion_modes.{key}.evidence", mode.evidence, "enumerations.evidence"
    if content.exemption:
        yield "exemption.needs", content.exemption.needs, "enumerations.evidence"
    for key, duty in content.duties.items():
        yield f"duties.{key}.actor", [duty.actor], "enumerations.actor"
        yield f"duties.{key}.evidence", duty.evidence, "enumerations.evidence"
        if duty.deadline:
            yield f"duties.{key}.deadline", [duty.deadline], "deadlines"
    for key, approval in content.approvals.items():
        if approval.approver not in ("none", "not_specified"):
            yield f"approvals.{key}.approver", [approval.approver], "enumerations.authority"
        yield f"approvals.{key}.filed_with", approval.filed_with, "enumerations.authority"
        if approval.filing_deadline:
            yield f"approvals.{key}.filing_deadline", [approval.filing_deadline], "deadlines"
    for key, report in content.reports.items():
        for code, stage in report.stages.items():
            at = f"reports.{key}.stages.{code}"
            yield f"{at}.sender", [stage.sender], "enumerations.actor"
            yield f"{at}.recipients", stage.recipients, "enumerations.authority"
            yield f"{at}.copies", stage.copies, "enumerations.authority"
            if stage.deadline:
                yield f"{at}.deadline", [stage.deadline], "deadlines"
    for key, hint in content.accounting.items():
        yield f"accounting.{key}.unit_kinds", hint.unit_kinds, "enumerations.unit_kind"


def _contradictions(content: Content) -> Iterator[tuple[str, str]]:
    for key, guideline in content.guidelines.items():
        if guideline.first_day and guideline.last_day and guideline.last_day < guideline.first_day:
            yield f"guidelines.{key}.last_day", "is before first_day"
    for key, notice in content.notices.items():
        if (notice.days is None) != (notice.comparator is None):
            yield f"notices.{key}.days", "days and comparator belong together"
    for key, steps in content.steps.items():
        yield from _broken_steps(content, key, steps)
    for key, stage in (
        (f"{one}.stages.{code}", stage) for one, r in content.reports.items() for code, stage in r.stages.items()
    ):
        if stage.month is not None and stage.day is None and not stage.month_end:
            yield f"reports.{key}.month", "needs a day, or month_end = true"


def _broken_steps(content: Content, key: str, steps: Mapping[str, Step]) -> Iterator[tuple[str, str]]:
    """Steps that wait for each other, acts that occur twice, rules that no step applies."""
    acts = [act_of(code, step) for code, step in steps.items()]
    for act in sorted({act for act in acts if act != "record" and acts.count(act) > 1}):
        yield f"steps.{key}", f"has more than one step that does {act}"
    waiting = dict(steps)
    while ready := [code for code, step in waiting.items() if not set(step.after) & set(waiting)]:
        for code in ready:
            del waiting[code]
    if waiting:
        yield f"steps.{key}.{next(iter(waiting))}.after", f"these steps wait for each other: {', '.join(waiting)}"
    if key != EMPOWERMENT:
        return
    for act in ("apply", "sign"):
        if act not in acts:
            yield f"steps.{key}", f"has no step that does {act}"
    if content.screening is not None and "screen" not in acts:
        yield f"steps.{key}", "has no step that does screen, though there is a section screening"
    for grant, agreement in content.agreements.items():
        if grant in content.grant_types and agreement.after_notice and "announce" not in acts:
            yield f"agreements.{grant}.after_notice", f"no step of steps.{key} does announce"
