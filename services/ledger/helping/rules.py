"""What may be handed to an agency, and what of the achievement it then sees."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.ledger.display import label_of, shown
from services.ledger.helping.forms import HandOverForm
from services.ledger.rules import Decided, Vocabulary
from shared.policy import evaluate
from shared.policy.pack import Pack

SERVICE = "agency_service"
CUSTODY = "custody"
# What a department may tick for the agency to see; nothing here names a person.
SHOWABLE = (
    "type", "stage_recognised", "status", "obtained_on", "technical_field", "form", "market_prospect", "funding",
)  # fmt: skip


def service_known(service: str, pack: Pack, today: date) -> Decided:
    """Whether the text knows this kind of service."""
    facts = {"enumeration": SERVICE, "code": service}
    return Decided(evaluate("ledger.code", facts, pack, today), facts)


def is_custody(service: str, pack: Pack) -> bool:
    """Whether the service keeps the achievement for the unit (集中托管)."""
    return pack.enumeration(SERVICE)[service].group == CUSTODY


def handed(row: Any, fields: Sequence[str], words: Vocabulary) -> dict[str, str]:
    """Label to text: number and name always, of the rest what was ticked."""
    told = {
        label_of(name): shown(name, getattr(row, name), words)
        for name in SHOWABLE
        if name in fields and getattr(row, name)
    }
    return {"编号": row.code, label_of("name"): row.name, **told}


def period_faults(form: HandOverForm, today: date) -> dict[str, str]:
    """What the days of a period say against each other, by field of the form; no article speaks of it."""
    if form.last_day < form.first_day:
        return {"last_day": f"结束日早于开始日 {form.first_day}，请核对"}
    if form.last_day < today:
        return {"last_day": f"结束日早于今天（{today}），请核对"}
    return {}
