"""Laying packs over each other, nation first: value by value, each with the citation of the text that set it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.policy.answer import Citation
from shared.policy.schema import Document, PackHeader
from shared.policy.sources import Problem, SourceFile
from shared.policy.stricter import looser, removable

CITE_KEYS = {"article", "quote", "text_seen", "decision"}
DECIDED = "（本平台口径）"
Citations = tuple[Citation, ...]


def path_of_reading(path: str) -> bool:
    """Whether a path is an entry of the readings: those cite themselves unless they cite a text."""
    return path.startswith("readings.") and path.count(".") == 1


@dataclass(slots=True)
class Place:
    """Where a path was last set."""

    source: SourceFile
    path: str
    owner: str

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.source.name

    @property
    def line(self) -> int:
        """The line in the file."""
        return self.source.line(self.path)


@dataclass(slots=True)
class Resolution:
    """The tree of values while packs are laid over each other."""

    tree: dict[str, Any] = field(default_factory=dict)
    citations: dict[str, Citations] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def copy(self, problems: list[Problem]) -> Resolution:
        """The same state, independent of this one, reporting into another list."""
        return Resolution(_copied(self.tree), dict(self.citations), dict(self.places), problems)

    def lay(self, file: SourceFile, header: PackHeader, document: Document, owner: str) -> None:
        """Lay one file of one document over what is there; `owner` is region/document."""
        layer = _Layer(self, file, header, document, owner)
        layer.table(file.data, "", self.tree, None)


@dataclass(slots=True)
class _Layer:
    into: Resolution
    file: SourceFile
    header: PackHeader
    document: Document
    owner: str

    def table(self, data: Mapping[str, Any], path: str, node: dict[str, Any], inherited: Citations | None) -> None:
        citations = self.read(data["cite"], f"{path}.cite") if "cite" in data else inherited
        if "cite" in data and citations:
            self.into.citations[path] = self.beside(path, citations)
        single = data.get("cites", {})
        if not isinstance(single, dict):
            self.problem(f"{path}.cites", "cites is a table: the key of a value = its citation")
            single = {}
        for key in single:
            if key not in data:
                self.problem(f"{path}.cites", f"cites names {key}, which is not set here")
        for key, value in data.items():
            if key in ("cite", "cites", "replace"):
                continue
            here = f"{path}.{key}" if path else key
            own = self.read(single[key], f"{path}.cites") if key in single else citations
            if isinstance(value, dict):
                self.child(key, value, here, node, own)
            else:
                self.leaf(key, value, here, node, own)

    def child(self, key: str, value: Mapping[str, Any], here: str, node: dict[str, Any], own: Citations | None) -> None:
        if value.get("removed") is True:
            self.remove(key, here, node)
            return
        if value.get("replace") is True and key in node:
            self.remove(key, here, node)
        existing = node.get(key)
        if not isinstance(existing, dict):
            if existing is not None:
                self.problem(here, "is a single value in the pack above and a table here")
            existing = node[key] = {}
        self.into.places.setdefault(here, self.place(here))
        if path_of_reading(here) and "cite" not in value:
            own = (self.decided(key),)
        self.table(value, here, existing, own)

    def leaf(self, key: str, value: Any, here: str, node: dict[str, Any], own: Citations | None) -> None:
        if own is None:
            self.problem(here, "has no citation (cite or cites)")
            own = ()  # the value stays, so that only what is wrong is told
        earlier = self.into.places.get(here)
        same_region = earlier is not None and earlier.owner.split("/")[0] == self.header.id
        if same_region and node.get(key) != _plain(value):
            self.problem(here, f"is set differently in {earlier.file if earlier else ''}")
            return
        if self.header.level == "unit" and not same_region and (wrong := looser(here, node.get(key), _plain(value))):
            self.problem(here, wrong)
        node[key] = _plain(value)
        self.into.citations[here] = self.beside(here, own)
        self.into.places[here] = self.place(here)

    def beside(self, path: str, citations: Citations) -> Citations:
        """Two texts of one region that say the same are both cited; a region below replaces what is above it."""
        earlier = self.into.citations.get(path, ())
        return (*earlier, *citations) if earlier and earlier[0].pack == self.header.id else citations

    def decided(self, reading: str) -> Citation:
        return Citation(
            self.document.title, DECIDED, "", True, self.header.id, self.header.version, "decision", reading
        )

    def remove(self, key: str, here: str, node: dict[str, Any]) -> None:
        if key not in node:
            self.problem(here, "is removed here, but no pack above has it")
            return
        if self.header.level == "unit":
            self.problem(here, removable(node[key] if isinstance(node[key], dict) else {}))
        del node[key]
        for table in (self.into.citations, self.into.places):
            for path in [path for path in table if path == here or path.startswith(f"{here}.")]:
                del table[path]

    def read(self, cite: Any, path: str) -> Citations | None:
        entries = cite if isinstance(cite, list) else [cite]
        found = [self.citation({"article": one} if isinstance(one, str) else one, path) for one in entries]
        return tuple(one for one in found if one) or None

    def citation(self, cite: Any, path: str) -> Citation | None:
        if not isinstance(cite, Mapping) or not all(isinstance(cite.get(key, ""), str) for key in ("article", "quote")):
            self.problem(path, "a citation is an article, or a table with article and quote")
            return None
        for key in sorted(set(cite) - CITE_KEYS):
            self.problem(path, f"a citation has no {key}")
        article, quote, decision = cite.get("article", ""), cite.get("quote", ""), cite.get("decision")
        if not article and not decision:
            self.problem(path, "a citation needs an article, or the reading that decided it")
            return None
        text_seen = cite.get("text_seen", bool(quote) or decision is not None)
        if quote and not text_seen:
            self.problem(path, "a quote from a text that was not seen: leave the quote empty")
        if not quote and text_seen and decision is None:
            self.problem(path, "a text that was seen needs its verbatim quote")
        return Citation(
            document=self.document.title,
            article=article or DECIDED,
            quote=quote,
            text_seen=bool(text_seen),
            pack=self.header.id,
            pack_version=self.header.version,
            basis="decision" if decision else "unit_rule" if self.header.level == "unit" else "text",
            reading=decision,
        )

    def place(self, here: str) -> Place:
        return Place(self.file, here, self.owner)

    def problem(self, path: str, message: str) -> None:
        path = path.removeprefix(".")
        self.into.problems.append(Problem(self.file.name, self.file.line(path), path, message))


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _copied(tree: dict[str, Any]) -> dict[str, Any]:
    return {key: _copied(value) if isinstance(value, dict) else value for key, value in tree.items()}
