"""The pack in force as a page: what each article says, the values made of it, and the readings in doubt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.policy.answer import Citation
from shared.policy.pack import Pack
from shared.policy.schema import Document

# Vocabulary and readings are not rules of an article; the readings have a table of their own.
_LEFT_OUT = frozenset({"readings", "enumerations"})
_NAMES_ONLY = frozenset({"label", "reading", "note", "question", "description"})


@dataclass(slots=True)
class Clause:
    """One quoted place with the values that rest on it: ``values`` are (path, value in words)."""

    citation: Citation
    labels: list[str] = field(default_factory=list)
    values: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class DocumentRules:
    """One document and its clauses in the pack's order."""

    title: str
    document: Document | None
    clauses: list[Clause]


def rules_of(pack: Pack) -> list[DocumentRules]:
    """Every rule of the pack by document and clause, the region's own documents first."""
    documents = {document.title: document for document in pack.documents.values()}
    own = [document.title for name, document in pack.documents.items() if name.startswith(f"{pack.id}/")]
    found: dict[str, dict[tuple[str, str, str], Clause]] = {}
    for path in pack.paths():
        value = pack.value(path)
        if path.partition(".")[0] in _LEFT_OUT or isinstance(value.value, Mapping):
            continue
        cite = value.citation
        clauses = found.setdefault(cite.document, {})
        clause = clauses.setdefault((cite.article, cite.quote, cite.basis), Clause(cite))
        name = path.rpartition(".")[2]
        if name == "label" and value.value not in clause.labels:
            clause.labels.append(str(value.value))
        elif name not in _NAMES_ONLY:
            clause.values.append((path, in_words(value.value)))
    titles = [*own, *(title for title in found if title not in own)]
    return [DocumentRules(t, documents.get(t), list(found[t].values())) for t in titles if t in found]


def in_words(value: Any) -> str:
    """A value of the pack as a page shows it."""
    match value:
        case bool():
            return "是" if value else "否"
        case date():
            return value.isoformat()
        case list() | tuple():
            return "、".join(in_words(item) for item in value) or "（无）"
        case Mapping():
            return "、".join(str(item) for item in value)
        case _:
            return str(value)
