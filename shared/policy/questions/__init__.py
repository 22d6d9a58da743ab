"""All questions by name; one module per family."""

from shared.policy.inquiry import Decide
from shared.policy.questions import (
    agreement,
    conversion,
    duties,
    empowerment,
    ledger,
    lists,
    money,
    notice,
    pilot,
    procedure,
    reports,
    screening,
    shares,
    terms,
)

_FAMILIES = (
    agreement,
    conversion,
    duties,
    empowerment,
    ledger,
    lists,
    money,
    notice,
    pilot,
    procedure,
    reports,
    screening,
    shares,
    terms,
)
QUESTIONS: dict[str, Decide] = {name: decide for module in _FAMILIES for name, decide in module.QUESTIONS.items()}
