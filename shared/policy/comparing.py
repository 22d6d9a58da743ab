"""Two versions of a pack beside each other, clause by clause, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.policy.commands import Difference, Row
from shared.policy.pack import Pack
from shared.policy.words import path_in_words, value_in_words


@dataclass(frozen=True, slots=True)
class Change:
    """One value that two versions give differently, as people read it; an absent side is empty."""

    name: str
    path: str
    before: str
    after: str


@dataclass(slots=True)
class ClauseChange:
    """What two versions make differently of one clause: its quote, and its values."""

    place: str
    quotes: list[tuple[str, str]] = field(default_factory=list)
    values: list[Change] = field(default_factory=list)


def changes_of(before: Pack, after: Pack, differences: Iterable[Difference]) -> list[ClauseChange]:
    """What two versions give differently, by the clause that says it now (or said it)."""
    found: dict[str, ClauseChange] = {}
    for one in differences:
        shown = one.after or one.before
        assert shown is not None
        clause = found.setdefault(shown.citations[0].place, ClauseChange(shown.citations[0].place))
        quotes = tuple(row.citations[0].quote if row else "" for row in (one.before, one.after))
        if all(quotes) and quotes[0] != quotes[1] and (quotes[0], quotes[1]) not in clause.quotes:
            clause.quotes.append((quotes[0], quotes[1]))
        if one.before is None or one.after is None or one.before.value != one.after.value:
            clause.values.append(
                Change(path_in_words(after if one.after else before, one.path), one.path,
                       _words(before, one.before), _words(after, one.after))
            )  # fmt: skip
    return list(found.values())


def _words(pack: Pack, row: Row | None) -> str:
    return value_in_words(pack, row.path, pack.value(row.path).value) if row else ""
