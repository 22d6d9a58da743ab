"""What the engine answers: a verdict, the findings behind it, and where each of them is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, Literal

Mode = Literal["enforced", "advisory"]
Basis = Literal["text", "decision", "unit_rule"]


class Verdict(StrEnum):
    """What may be done, in rising order of gravity."""

    ALLOWED = "allowed"
    ADVISED = "advised"
    PERSON_MUST_DECIDE = "person_must_decide"
    REFUSED = "refused"

    @property
    def gravity(self) -> int:
        """0 for allowed to 3 for refused; an answer has the gravest verdict of its findings."""
        return _GRAVITY[self]

    @property
    def label(self) -> str:
        """The Chinese word on pages."""
        return _LABELS[self]


_GRAVITY = {verdict: gravity for gravity, verdict in enumerate(Verdict)}
_LABELS = {
    Verdict.ALLOWED: "可以办理",
    Verdict.ADVISED: "可以办理，请注意",
    Verdict.PERSON_MUST_DECIDE: "须人工认定",
    Verdict.REFUSED: "不予办理",
}


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a value is written.

    `quote` is verbatim or empty; with `text_seen` False pages show 原文待核. `basis` tells a text from a reading that
    somebody decided (`decision`, its id in `reading`) and from a unit's own rule.
    """

    document: str
    article: str
    quote: str
    text_seen: bool
    pack: str
    pack_version: str
    basis: Basis = "text"
    reading: str | None = None

    @property
    def place(self) -> str:
        """Document and article, as a page names them."""
        return f"《{self.document}》{self.article}" if self.article else f"《{self.document}》"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason: stable code, effect, Chinese message, source, the facts used, what would change it."""

    code: str
    verdict: Verdict
    message: str
    citation: Citation
    inputs: Mapping[str, Any]
    would_change: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question under one pack; the same object is the page's message and the decision's record.

    `values` holds what the question computes, by the keys of README.md. `banner` is not empty for a draft pack and is
    shown with every answer.
    """

    question: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    values: Mapping[str, Any]
    pack: str
    pack_version: str
    draft: bool
    mode: Mode
    banner: str

    @property
    def allowed(self) -> bool:
        """Whether the act may go on: allowed or merely advised."""
        return self.verdict in (Verdict.ALLOWED, Verdict.ADVISED)

    @property
    def gravest(self) -> Finding | None:
        """The first finding with the answer's verdict; None if there is none (plainly allowed)."""
        return next((finding for finding in self.findings if finding.verdict is self.verdict), None)

    def has(self, code: str) -> bool:
        """Whether one of the findings has this code."""
        return any(finding.code == code for finding in self.findings)


def as_json(thing: Any) -> Any:
    """An answer, or any part of one, as plain JSON data: dates in ISO form, money and shares as text."""
    match thing:
        case bool() | int() | float() | None:
            return thing
        case str():
            return str(thing)
        case Decimal() | Fraction():
            return str(thing)
        case datetime() | date():
            return thing.isoformat()
        case Mapping():
            return {str(key): as_json(value) for key, value in thing.items()}
        case list() | tuple() | set() | frozenset():
            return [as_json(item) for item in thing]
        case _ if is_dataclass(thing):
            return {field.name: as_json(getattr(thing, field.name)) for field in fields(thing)}
        case _:
            raise TypeError(f"no JSON form for {type(thing).__name__}")
