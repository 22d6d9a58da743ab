"""The one engine that decides: `evaluate(question, facts, pack, today) -> Answer`."""

from shared.policy.answer import Answer, Citation, Finding, Mode, Verdict, as_json
from shared.policy.evaluator import evaluate, questions
from shared.policy.facts import FactError
from shared.policy.loader import PackError, Problem, load_pack
from shared.policy.pack import Pack, Value

__all__ = [
    "Answer",
    "Citation",
    "FactError",
    "Finding",
    "Mode",
    "Pack",
    "PackError",
    "Problem",
    "Value",
    "Verdict",
    "as_json",
    "evaluate",
    "load_pack",
    "questions",
]
