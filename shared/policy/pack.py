"""A resolved pack: one region's rules with everything it inherits, immutable, each value with its citation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.calendar.calendar import Calendar
from shared.policy.answer import Citation, Mode
from shared.policy.cases import Case
from shared.policy.entry import Item
from shared.policy.schema import Content, Document, PackHeader

DRAFT_BANNER = "本答复依据的政策文本为征求意见稿，尚未正式印发，仅供参考。"


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a pack and where it is written."""

    path: str
    value: Any
    citations: tuple[Citation, ...]

    @property
    def citation(self) -> Citation:
        """The first, governing citation."""
        return self.citations[0]


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """The rules of one region. `chain` names the packs it was resolved from, nation first, itself last.

    `content` is the typed view; `value(path)` and `citation(path)` the view with sources, by dotted paths such as
    `notices.empowerment.days`. `calendar` is the legal calendar that its questions count by.
    """

    header: PackHeader
    content: Content
    documents: Mapping[str, Document]
    chain: tuple[tuple[str, str], ...]
    content_hash: str
    mode: Mode
    calendar: Calendar
    cases: tuple[Case, ...]
    _tree: Mapping[str, Any]
    _citations: Mapping[str, tuple[Citation, ...]]

    @property
    def id(self) -> str:
        """The region: cn for the nation, else its code by GB/T 2260."""
        return self.header.id

    @property
    def version(self) -> str:
        """The version of the region's own part."""
        return self.header.version

    @property
    def title(self) -> str:
        """The region's name."""
        return self.header.title

    @property
    def draft(self) -> bool:
        """Whether the text is a draft: every answer says so."""
        return self.header.legal_state == "draft"

    @property
    def banner(self) -> str:
        """What every page and answer of a draft pack shows; empty otherwise."""
        return (self.header.banner or DRAFT_BANNER) if self.draft else ""

    def in_force(self, day: date) -> bool:
        """Whether this version is effective on a day (not: is issued); a draft has no such day."""
        first, last = self.header.effective_from, self.header.effective_to
        return first is not None and first <= day and (last is None or day <= last)

    def value(self, path: str) -> Value:
        """The value at a dotted path with its citations; raises KeyError where the pack says nothing."""
        node: Any = self._tree
        for key in path.split("."):
            if not isinstance(node, Mapping) or key not in node:
                raise KeyError(path)
            node = node[key]
        return Value(path, node, self.citations(path))

    def citations(self, path: str) -> tuple[Citation, ...]:
        """The citations of a path, of a section's first entry, of the nearest entry above it, or the pack's first document."""
        found = self._citations.get(path)
        if found is not None:
            return found
        inside = f"{path}."
        for known, cited in self._citations.items():
            if known.startswith(inside):
                return cited
        head, _, _ = path.rpartition(".")
        return self.citations(head) if head else self._citations[""]

    def citation(self, path: str) -> Citation:
        """The governing citation of a path."""
        return self.citations(path)[0]

    def paths(self) -> list[str]:
        """Every path that holds a value, in the order of the pack."""
        return [path for path in self._citations if path]

    def enumeration(self, name: str) -> Mapping[str, Item]:
        """Codes and labels of an enumeration (`status`, `mode` …); the national ones where the region has none."""
        found = self.content.enumerations.get(name)
        return self.content.enumerations.get(f"national_{name}", {}) if found is None else found

    def label(self, name: str, code: str) -> str:
        """The Chinese label of a code; the code itself where the pack has none."""
        item = self.enumeration(name).get(code)
        return item.label if item else code

    def with_mode(self, mode: Mode) -> Pack:
        """The same pack in another mode."""
        return dataclasses.replace(self, mode=mode)

    def with_calendar(self, calendar: Calendar) -> Pack:
        """The same pack counting by another calendar (official days plus the editable table)."""
        return dataclasses.replace(self, calendar=calendar)
