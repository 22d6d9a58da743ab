"""Whether a unit may be selected, asked of the pack; what may still begin on a day."""

from datetime import date
from typing import Any

from services.pilot.queries import Membership
from shared.errors import Refusal
from shared.policy import evaluate
from shared.policy.answer import Answer
from shared.policy.pack import Pack

# The registry's word for a state-owned enterprise and the packs'.
_UNIT_KIND = {"enterprise": "soe"}


def selection_facts(
    guideline: str, unit_kind: str, first_day: date, known: list[Membership], *, central: bool
) -> dict[str, Any]:
    """The facts of the selection asked about: it counts as made, so that what remains is validity and kind of unit."""
    return {
        "guideline": guideline,
        "unit_kind": _UNIT_KIND.get(unit_kind, unit_kind),
        "unit_traits": ["central" if central else "provincial"],
        "memberships": [
            *({"guideline": m.guideline, "first_day": m.first_day, "last_day": m.last_day} for m in known),
            {"guideline": guideline, "first_day": first_day, "last_day": None},
        ],
        "selected_by_document": True,
        "on": first_day,
    }


def may_select(facts: dict[str, Any], pack: Pack, today: date) -> Answer:
    """Whether a unit may be in a pilot from a day: the guideline is in force then and opens to its kind."""
    return evaluate("pilot.covers", facts, pack, today)


def selected_too_late(guideline: str, first_day: date, selected_on: date) -> Refusal | None:
    """Nobody is in a pilot before the selection (遴选) that made them one."""
    if first_day < selected_on:
        return Refusal(
            "pilot.before_selection",
            f"起始日期不能早于遴选日期（{selected_on}）。",
            inputs={"guideline": guideline, "first_day": first_day, "selected_on": selected_on},
            articles=(f"guidelines.{guideline}",),
        )
    return None


def overlaps(known: list[Membership], guideline: str, first_day: date) -> Refusal | None:
    """One membership of a guideline at a time."""
    for one in known:
        if one.guideline == guideline and (one.last_day is None or first_day <= one.last_day):
            return Refusal(
                "pilot.already",
                f"该单位自 {one.first_day} 起已是{one.label}单位。",
                kind="state",
                inputs={"guideline": guideline, "first_day": one.first_day, "last_day": one.last_day},
                articles=(f"guidelines.{guideline}",),
            )
    return None


def ends_wrongly(guideline: str, first_day: date, last_day: date) -> Refusal | None:
    if last_day < first_day:
        return Refusal(
            "pilot.ends_before_start",
            f"终止日期不能早于起始日期（{first_day}）。",
            inputs={"guideline": guideline, "first_day": first_day, "last_day": last_day},
            articles=(f"guidelines.{guideline}",),
        )
    return None


def may_begin(guideline: str, pack: Pack, today: date) -> Answer:
    """Whether anything may still begin under a guideline today, for a unit that is selected (rules 8, 9)."""
    kinds = pack.content.guidelines[guideline].unit_kinds
    facts = selection_facts(guideline, kinds[0] if kinds else "university", date.min, [], central=False)
    return evaluate("pilot.covers", {**facts, "on": today}, pack, today)
