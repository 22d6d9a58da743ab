"""The test cases inside a pack: a situation, the question put, and the answer expected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from shared.policy.answer import Answer, as_json
from shared.policy.entry import Codes, Section


class Expectation(Section):
    """What must be in the answer: verdict, finding codes (present, absent), values by dotted path, a cited article."""

    verdict: Literal["allowed", "advised", "person_must_decide", "refused"]
    codes: Codes = ()
    absent: Codes = ()
    values: Mapping[str, Any] = {}
    article: str | None = None
    quote: str | None = None


class Case(Section):
    """One situation; `rule` is a number of the list of rules that are easy to get wrong."""

    title: str
    question: str
    today: date
    rule: int | None = None
    situation: str | None = None
    mode: Literal["enforced", "advisory"] = "enforced"
    facts: Mapping[str, Any] = {}
    expect: Expectation
    file: str = ""
    line: int = 0


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes` laid over it, object by object; lists are replaced, "" as a date or text stays text."""
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def differences(expected: Expectation, answer: Answer) -> list[str]:
    """How an answer differs from what a case expects; empty if it does not."""
    found = []
    if answer.verdict.value != expected.verdict:
        codes = ", ".join(finding.code for finding in answer.findings)
        found.append(f"verdict is {answer.verdict.value}, expected {expected.verdict} ({codes or 'no finding'})")
    present = {finding.code for finding in answer.findings}
    found += [f"finding {code} is missing" for code in expected.codes if code not in present]
    found += [f"finding {code} is not expected" for code in expected.absent if code in present]
    for path, want in expected.values.items():
        head, *below = path.split(".")
        got = as_json(answer.values.get(head))
        for key in below:
            got = got.get(key) if isinstance(got, Mapping) else None
        if got != as_json(want):
            found.append(f"value {path} is {got!r}, expected {as_json(want)!r}")
    gravest = answer.gravest
    if expected.article is not None and (gravest is None or gravest.citation.article != expected.article):
        found.append(f"cites {gravest.citation.article if gravest else None!r}, expected {expected.article!r}")
    if expected.quote is not None and (gravest is None or expected.quote not in gravest.citation.quote):
        found.append(f"the cited quote does not hold {expected.quote!r}")
    return found
