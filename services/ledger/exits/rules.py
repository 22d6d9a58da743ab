"""To whom the list goes, and whether the text has one; asked of the pack."""

from collections.abc import Sequence
from datetime import date

from services.ledger.rules import KEPT, Decided
from shared.policy import evaluate
from shared.policy.answer import Citation
from shared.policy.pack import Pack

REPORT, UNIT = "exit_list", "unit"
ARTICLES = (f"reports.{REPORT}", *KEPT)


def article(pack: Pack) -> Citation | None:
    """Where the list is asked for; None where the text knows none."""
    return pack.citation(f"reports.{REPORT}") if REPORT in pack.content.reports else None


def recipients(pack: Pack) -> list[str]:
    """Codes of the authorities to which the unit sends it."""
    report = pack.content.reports.get(REPORT)
    stages = report.stages.values() if report is not None else ()
    return [one for stage in stages if stage.sender == UNIT for one in stage.recipients]


def labels(codes: Sequence[str], pack: Pack) -> list[str]:
    return [pack.label("authority", one) for one in codes]


def may_send(pack: Pack, today: date) -> list[Decided]:
    """Whether the unit hands the list to each authority of the text; where the text has none, to the competent department."""
    asked = []
    for code in recipients(pack) or ["competent"]:
        facts = {"report": REPORT, "sender": UNIT, "recipient": code}
        asked.append(Decided(evaluate("report.recipient", facts, pack, today), facts))
    return asked
