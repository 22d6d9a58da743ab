"""All questions by name; one module per family."""

from shared.policy.inquiry import Decide
from shared.policy.questions import agreement, empowerment, ledger, notice, pilot, screening, shares, terms

QUESTIONS: dict[str, Decide] = {
    name: decide
    for module in (agreement, empowerment, ledger, notice, pilot, screening, shares, terms)
    for name, decide in module.QUESTIONS.items()
}
