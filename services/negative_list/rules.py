"""What a list version may become, asked of the pack; and the pure parts of drafting: order, marks, canonical text."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from services.negative_list.models import Mark
from services.negative_list.queries import Consultation, Entry, Version
from shared.clock import SHANGHAI, local_day
from shared.errors import Refusal
from shared.policy import evaluate
from shared.policy.answer import Answer
from shared.policy.pack import Pack


@dataclass(frozen=True, slots=True)
class DraftItem:
    """One item of a draft. ``mark`` says what the draft does to it, compared with the version before."""

    code: str
    category: str
    title: str
    note: str
    mark: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The items of a version that is not published yet; ``prefix`` begins the code of a new one."""

    prefix: str
    items: tuple[DraftItem, ...]

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Draft":
        return cls(stored["prefix"], tuple(DraftItem(**item) for item in stored["items"]))

    def as_json(self) -> dict[str, Any]:
        return {"prefix": self.prefix, "items": [asdict(item) for item in self.items]}

    def item(self, code: str) -> DraftItem | None:
        return next((item for item in self.items if item.code == code), None)

    def with_item(self, changed: DraftItem) -> "Draft":
        """The draft with this item in place of the one with its code, or added."""
        if self.item(changed.code) is None:
            return replace(self, items=(*self.items, changed))
        return replace(self, items=tuple(changed if item.code == changed.code else item for item in self.items))

    def without(self, code: str) -> "Draft":
        return replace(self, items=tuple(item for item in self.items if item.code != code))

    def listed(self) -> list[DraftItem]:
        return [item for item in self.items if item.mark != Mark.ENDED]

    def counts(self) -> dict[str, int]:
        """How many items the draft adds, revises and ends."""
        return {mark: sum(item.mark == mark for item in self.items) for mark in (Mark.NEW, Mark.REVISED, Mark.ENDED)}


def draft_after(previous: Version | None, prefix: str) -> Draft:
    """A new draft: what the previous version lists, unchanged."""
    if previous is None:
        return Draft(prefix, ())
    kept = tuple(DraftItem(e.code, e.category, e.title, e.note, Mark.KEPT) for e in previous.items)
    return Draft(prefix or code_prefix(kept[0].code), kept) if kept else Draft(prefix, kept)


def code_prefix(code: str) -> str:
    """``AB-CD-007`` → ``AB-CD``."""
    return code.rpartition("-")[0]


def next_code(prefix: str, used: Sequence[str]) -> str:
    """The code after the highest ever used with this prefix: a code names one item for ever."""
    numbers = [int(code.rpartition("-")[2]) for code in used if code_prefix(code) == prefix]
    return f"{prefix}-{max(numbers, default=0) + 1:03d}"


def in_order(items: Sequence[DraftItem], categories: Sequence[str]) -> list[DraftItem]:
    """By the article's categories; within one what is listed before what is ended, each by code."""
    places = {category: place for place, category in enumerate(categories)}
    return sorted(items, key=lambda i: (places.get(i.category, len(places)), i.mark == Mark.ENDED, i.code))


def canonical(content: Mapping[str, Any]) -> tuple[str, str]:
    """The one JSON text of a content and its SHA-256 in hex: keys sorted, no spaces, UTF-8."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text, hashlib.sha256(text.encode()).hexdigest()


def published_content(
    row: Any, province: str, published_at: datetime, effective_on: date, entries: Sequence[Entry]
) -> dict[str, Any]:
    """What a published version says, whole: the content that is hashed and downloaded."""
    return {
        "province": province,
        "kind": row.kind,
        "number": row.number,
        "title": row.title,
        "purpose": row.purpose,
        "basis": {name: row.basis[name] for name in ("document", "article", "quote")},
        "decided_on": row.decided_on.isoformat(),
        "published_at": published_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "effective_on": effective_on.isoformat(),
        "items": [
            {
                "code": e.code,
                "category": e.category,
                "title": e.title,
                "note": e.note,
                "change": e.mark,
                "decided_on": _iso(e.decided_on),
                "published_on": _iso(local_day(e.published_at) if e.published_at else None),
                "effective_on": _iso(e.effective_on),
                "ended_on": _iso(e.ended_on),
            }
            for e in entries
        ],
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


# Decisions --------------------------------------------------------------------------------------------------------------


def publication_facts(
    rule: str, consultation: Consultation | None, unanswered: int, *, reviewed: bool, determined: bool
) -> dict[str, Any]:
    """What article 5's question rests on; a round without opinions is a round, and it too must be closed (rule 28)."""
    return {
        "list": rule,
        "consultation_closed": consultation is not None and consultation.closed_at is not None,
        "unanswered": unanswered,
        "expert_record": reviewed,
        "determined": determined,
    }


def may_publish(facts: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """Whether the version may be published."""
    return evaluate("list.may_publish", facts, pack, today)


def determination_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a determination rests on, of the facts of publication: a closed consultation and an expert record."""
    return {**facts, "determined": True, "unanswered": 0}


def may_determine(facts: Mapping[str, Any], pack: Pack, today: date) -> Answer:
    """Whether the version may be determined."""
    return evaluate("list.may_publish", determination_facts(facts), pack, today)


def last_day_of(published_on: date, days: int) -> date:
    """The last day of a round: the day of publication does not count (民法典 201); the department sets the days."""
    return published_on + timedelta(days=days)


def articles_of(rule: str, *values: str) -> tuple[str, ...]:
    """Where the text speaks of a list: of one of its values first, then of the list."""
    return (*(f"negative_lists.{rule}.{value}" for value in values), f"negative_lists.{rule}", "negative_lists")


def consultation_running(consultation: Consultation, rule: str, pack: Pack, today: date) -> Refusal | None:
    """A round stays open through its last day, which was announced to the public."""
    if today > consultation.last_day:
        return None
    return Refusal(
        "list.consultation_running",
        f"公开征集意见至 {consultation.last_day}（含当日），今天是 {today}，届满后才能结束。",
        pack.citation(f"negative_lists.{rule}.needs_consultation"),
        inputs={"last_day": consultation.last_day, "today": today},
    )


def consultation_over(consultation: Consultation, today: date) -> Refusal | None:
    """An opinion that comes after the last day, or after the close, is not taken."""
    if consultation.open_on(today):
        return None
    return Refusal(
        "list.consultation_over",
        f"本次征求意见已于 {consultation.last_day} 结束，不再接收意见。",
        kind="state",
        inputs={"published_on": consultation.published_on, "last_day": consultation.last_day, "today": today},
        articles=articles_of(f"provincial_{consultation.kind.replace('-', '_')}", "needs_consultation"),
    )


def future_day(rule: str, value: str, day: date, today: date) -> Refusal | None:
    """What is recorded has happened; ``value`` is what the pack asks for by it."""
    if day <= today:
        return None
    return Refusal(
        "list.future_day",
        f"日期不能晚于今天（{today}）。",
        inputs={"held_on": day, "today": today},
        articles=articles_of(rule, value),
    )


def determined_too_early(rule: str, held_on: date, today: date, round_: Consultation | None) -> Refusal | None:
    """A determination rests on the opinions heard, so it cannot be older than the end of the consultation."""
    if round_ is not None and held_on <= round_.last_day:
        return Refusal(
            "list.determined_before_consulted",
            f"确定日期应晚于征求意见的最后一日（{round_.last_day}）。",
            inputs={"determined_on": held_on, "last_day": round_.last_day},
            articles=articles_of(rule, "needs_consultation"),
        )
    return future_day(rule, "needs_joint_determination", held_on, today)


def nothing_listed(rule: str, draft: Draft) -> Refusal | None:
    if draft.listed():
        return None
    return Refusal(
        "list.empty",
        "清单还没有条目，请先拟定条目。",
        kind="state",
        inputs={"items": []},
        articles=articles_of(rule, "needs_consultation"),
    )


def no_prefix(rule: str) -> Refusal:
    """The first version of a list says how its items are numbered."""
    return Refusal(
        "list.no_prefix",
        "首次制定清单须填写编号前缀。",
        kind="state",
        inputs={"list": rule, "version": 1},
        articles=articles_of(rule),
    )


def effect_too_early(rule: str, effective_on: date, today: date, previous: Version | None) -> Refusal | None:
    """A version never takes effect before the day on which it is published, nor before the one it follows."""
    if effective_on < today:
        return Refusal(
            "list.effective_before_published",
            f"生效日期不能早于发布当日（{today}）。",
            inputs={"effective_on": effective_on, "today": today},
            articles=articles_of(rule, "published"),
        )
    if previous is not None and effective_on <= previous.effective_on:
        return Refusal(
            "list.effective_before_previous",
            f"生效日期应晚于第 {previous.number} 版的生效日期（{previous.effective_on}）。",
            inputs={"effective_on": effective_on, "previous": previous.number, "previous_on": previous.effective_on},
            articles=articles_of(rule, "published"),
        )
    return None


def entry_state(entry: Entry, pack: Pack, day: date) -> str:
    """``listed``, ``former`` or ``coming`` on a day; a former entry stays readable (rule 58)."""
    facts = {"in_force_from": entry.effective_on, "ended_on": entry.ended_on, "on": day}
    return str(evaluate("list.entry_state", facts, pack, day).values["state"])
