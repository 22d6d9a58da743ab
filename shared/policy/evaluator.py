"""`evaluate(question, facts, pack, today) -> Answer`: the only engine; pure, no clock, no database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.policy.answer import Answer, Mode
from shared.policy.cases import differences
from shared.policy.facts import Facts
from shared.policy.inquiry import Decide, Inquiry
from shared.policy.pack import Pack
from shared.policy.questions import QUESTIONS
from shared.policy.sources import Problem


def evaluate(question: str, facts: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """Answer a question (README.md lists them with their facts) under a pack on a legal day.

    Raises KeyError for an unknown question and FactError for a fact that is missing or has the wrong type.
    """
    decide: Decide = QUESTIONS[question]
    inquiry = Inquiry(question, Facts(facts), pack, today)
    decide(inquiry)
    return inquiry.answer()


def questions() -> list[str]:
    """The names of all questions, sorted."""
    return sorted(QUESTIONS)


def failing_cases(pack: Pack) -> list[Problem]:
    """The pack's own test cases that do not come out as written, each with its place and what differs."""
    found = []
    in_mode: dict[Mode, Pack] = {"enforced": pack.with_mode("enforced"), "advisory": pack.with_mode("advisory")}
    for case in pack.cases:
        try:
            answer = evaluate(case.question, case.facts, in_mode[case.mode], case.today)
            wrong = differences(case.expect, answer)
        except KeyError as error:
            wrong = [f"there is no question {error}"]
        except ValueError as error:
            wrong = [f"facts: {error}"]
        found += [Problem(case.file, case.line, case.title, message) for message in wrong]
    return found
