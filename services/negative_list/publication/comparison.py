"""Two versions side by side: item by item, and within an item character by character (逐条、逐字)."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol


class Worded(Protocol):
    """An item of a published version or of a draft."""

    @property
    def code(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def note(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters: ``op`` is same, gone or new."""

    op: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One item in both versions: ``change`` is same, new, gone or revised."""

    code: str
    category: str
    change: str
    title: tuple[Piece, ...]
    note: tuple[Piece, ...]


LABELS = {"same": "未变", "new": "新增", "gone": "终止", "revised": "修订"}


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """What is kept, gone and new between two texts, in reading order; the kept and new pieces spell ``after``."""
    found: list[Piece] = []
    for op, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if op == "equal":
            found.append(Piece("same", before[a:b]))
            continue
        if b > a:
            found.append(Piece("gone", before[a:b]))
        if d > c:
            found.append(Piece("new", after[c:d]))
    return tuple(found)


def compare(before: Sequence[Worded], after: Sequence[Worded]) -> list[Difference]:
    """Every item that either version lists, by category and code as they come."""
    old, new = {item.code: item for item in before}, {item.code: item for item in after}
    codes = [*new, *(code for code in old if code not in new)]
    order = {item.category: place for place, item in reversed(list(enumerate([*after, *before])))}
    found = []
    for code in codes:
        was, now = old.get(code), new.get(code)
        either = now or was
        assert either is not None
        change = "new" if was is None else "gone" if now is None else "same"
        title = pieces(was.title if was else "", now.title if now else "")
        note = pieces(was.note if was else "", now.note if now else "")
        if was is not None and now is not None and (was.title, was.note) != (now.title, now.note):
            change = "revised"
        found.append(Difference(code, either.category, change, title, note))
    return sorted(found, key=lambda d: (order[d.category], d.code))
