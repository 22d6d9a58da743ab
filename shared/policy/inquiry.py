"""One question being answered: what a question module writes its findings and values into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from shared.policy.answer import Answer, Finding, Mode, Verdict
from shared.policy.entry import Modality
from shared.policy.facts import Facts
from shared.policy.pack import Pack
from shared.policy.schema import Content

Decide = Callable[["Inquiry"], None]


class Inquiry:
    """The facts, the pack and the day of one question; collects findings and values."""

    __slots__ = ("_advisory", "_findings", "_readings", "facts", "pack", "question", "today", "values")

    def __init__(self, question: str, facts: Facts, pack: Pack, today: date) -> None:
        self.question = question
        self.facts = facts
        self.pack = pack
        self.today = today
        self.values: dict[str, Any] = {}
        self._findings: list[Finding] = []
        self._readings: list[str] = []
        self._advisory = pack.mode == "advisory"

    @property
    def content(self) -> Content:
        """The typed view of the pack."""
        return self.pack.content

    @property
    def advised_only(self) -> bool:
        """Whether nothing is refused and nothing is overdue: a draft in mode advisory, a unit that is only invited."""
        return self._advisory

    def advisory(self) -> None:
        """This object stands under the text for guidance only: nothing is refused."""
        self._advisory = True

    def refuse(
        self,
        code: str,
        message: str,
        path: str,
        *,
        inputs: Sequence[str] = (),
        would_change: str = "",
        modality: Modality = "must",
    ) -> None:
        """A reason against; what the text only permits or encourages (可以, 鼓励) never blocks."""
        verdict = Verdict.REFUSED if modality == "must" else Verdict.ADVISED
        self._add(verdict, code, message, path, inputs, would_change)

    def ask(self, code: str, message: str, path: str, *, inputs: Sequence[str] = (), would_change: str = "") -> None:
        """A point that a person must decide."""
        self._add(Verdict.PERSON_MUST_DECIDE, code, message, path, inputs, would_change)

    def advise(self, code: str, message: str, path: str, *, inputs: Sequence[str] = (), would_change: str = "") -> None:
        """A hint that blocks nothing."""
        self._add(Verdict.ADVISED, code, message, path, inputs, would_change)

    def note(self, code: str, message: str, path: str, *, inputs: Sequence[str] = ()) -> None:
        """A reason for: why something is allowed."""
        self._add(Verdict.ALLOWED, code, message, path, inputs, "")

    def read(self, *readings: str | None) -> None:
        """These readings of the pack were used."""
        for reading in readings:
            if reading and reading in self.content.readings and reading not in self._readings:
                self._readings.append(reading)

    def answer(self) -> Answer:
        """The answer, with the gravest verdict of the findings."""
        verdict = Verdict.ALLOWED
        for finding in self._findings:
            if finding.verdict.gravity > verdict.gravity:
                verdict = finding.verdict
        if self._readings:
            self.values["readings"] = [self._reading(one) for one in self._readings]
        pack = self.pack
        mode: Mode = "advisory" if self._advisory else pack.mode
        return Answer(
            self.question,
            verdict,
            tuple(self._findings),
            self.values,
            pack.id,
            pack.version,
            pack.draft,
            mode,
            pack.banner,
        )

    def _reading(self, key: str) -> dict[str, str]:
        reading = self.content.readings[key]
        return {
            "id": key,
            "question": reading.question,
            "used": reading.used,
            "other": reading.other,
            "effect": reading.effect,
        }

    def _add(
        self, verdict: Verdict, code: str, message: str, path: str, inputs: Sequence[str], would_change: str
    ) -> None:
        if self._advisory and verdict.gravity > Verdict.ADVISED.gravity:
            verdict = Verdict.ADVISED
        citation = self.pack.citation(path)
        self.read(citation.reading)
        self._findings.append(Finding(code, verdict, message, citation, self.facts.pick(*inputs), would_change))
