"""What the page of an achievement tells: its facts with their articles, its versions, its events."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.ledger import queries
from services.ledger.display import EVENTS, label_of, obtained, shown
from services.ledger.rules import Vocabulary
from shared.ui.words import day


def people_in(changes: list[queries.Change]) -> set[UUID]:
    """Everybody whom versions name: who made them, who was or became a completer."""
    found = {one.actor_id for one in changes if one.actor_id is not None}
    for one in changes:
        for side in one.fields.get("team", ()):
            found |= {UUID(member["person"]) for member in side or ()}
    return found


_FACTS = (
    ("type", "achievement_type"), ("right_category", ""), ("obtained_on", "obtained_on"), ("stage_recognised", "stage"),
    ("stage_declared", "stage"), ("stage_since", "stage"), ("status", "status"), ("mode", "mode"), ("value", "value"),
    ("value_kind", ""), ("conversions", ""), ("funding", ""), ("research_started_on", ""), ("owners", ""),
    ("custody", ""), ("technical_field", ""), ("form", ""), ("market_prospect", ""), ("college", ""),
    ("core_technology", ""), ("agency", ""), ("source", ""), ("remark", ""),
)  # fmt: skip


def facts_of(detail: queries.Detail, words: Vocabulary) -> list[tuple[str, str, Any]]:
    """(label, value, article): what the text asks for, then what else is known; an article once for fields that share it."""
    row, seen, found = detail.row, set(), []
    for name, code in _FACTS:
        value = getattr(row, name)
        if value is None and code not in words.fields:
            continue
        text = obtained(value, row.obtained_precision) if name == "obtained_on" else shown(name, value, words)
        article = words.fields.get(code) if code and code not in seen else None
        seen.add(code)
        label = "登记来源" if name == "source" else label_of(name)
        found.append((label, "未评估" if name == "value" and value is None else text, article))
    return found


def version_told(change: queries.Change, words: Vocabulary, names: Mapping[UUID, str]) -> dict[str, Any]:
    """One version for the macro ``timeline``, with what it changed field by field."""
    people = {str(key): name for key, name in names.items()}
    return {
        "at": change.recorded_at,
        "actor": names.get(change.actor_id, "系统") if change.actor_id else "系统",
        "label": f"第 {change.revision} 版",
        "tone": "blue",
        "text": f"自 {day(change.since)} 起；{change.reason or ''}",
        "changes": [
            (label_of(name), shown(name, before, words, people), shown(name, after, words, people))
            for name, (before, after) in change.fields.items()
        ],
    }


def event_told(event: Any, names: Mapping[UUID, str]) -> dict[str, Any]:
    """One event for the macro ``timeline``."""
    label, tone = EVENTS.get(event.event, (event.event, "blue"))
    actor = names.get(event.actor_id, "系统") if event.actor_id else "系统"
    return {"at": event.at, "actor": actor, "label": label, "tone": tone, "text": event.reason or "", "changes": ()}
