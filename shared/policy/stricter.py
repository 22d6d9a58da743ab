"""A unit's own rules may be stricter than the text above them, never looser: what may be set, and in which direction."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

# Values of which more is stricter, of which yes is stricter, and lists of which more entries are stricter.
MORE = frozenset({"days", "minimum_years", "minimum", "minimum_share", "first_term_years", "cumulative_years"})
YES = frozenset(
    {
        "required", "consensus", "representative", "written_split", "written_application", "item_by_item",
        "list_required", "rescreen_at_signing", "no_objection", "opinions_heard", "result_published",
        "procedure_published", "restarts_on_change", "verified_before_entry", "unique_name", "needs_notice",
        "needs_consultation", "needs_experts", "needs_answers",
    }
)  # fmt: skip
LONGER = frozenset({"unit_rules", "needs", "extension_findings", "considerations", "basics_only_for", "triggers"})
LESS = frozenset({"offline_limit_hours"})
# Sections that only add demands, so that a unit may add entries of its own.
ADDABLE = (
    "conditions.", "fields.", "evidence.", "agreements.", "screening_categories.", "feasibility.", "notices.", "duties.",
    "readings.", "negative_lists.", "deadlines.", "reports.", "enumerations.", "steps.",
)  # fmt: skip


def looser(path: str, above: Any, own: Any) -> str | None:
    """What is wrong with a unit's value over the one above it (None: not set above); None if it may stand."""
    if above == own:
        return None
    key = path.rpartition(".")[2]
    if above is None:
        return None if path.startswith(ADDABLE) or key in MORE | YES | LONGER else "a unit may not set this"
    if key == "modality":
        return None if own == "must" else "a unit may not weaken what the text above demands"
    if key in MORE:
        return None if Fraction(own) >= Fraction(above) else f"is looser than {above} in the pack above"
    if key in LESS:
        return None if own <= above else f"is looser than {above} in the pack above"
    if key in YES:
        return None if own is True else "drops a demand of the pack above"
    if key in LONGER:
        missing = set(above) - set(own)
        return f"drops {', '.join(sorted(missing))} of the pack above" if missing else None
    if key in ("label", "note", "description", "text", "guidance"):
        return None
    return "a unit may not change this"


def removable(above: Mapping[str, Any]) -> str:
    """Why a unit may not remove an entry of the pack above."""
    return f"a unit may not remove {above.get('label') or 'an entry'} of the pack above"
