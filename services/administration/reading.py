"""A pack as a page: what each article says, the values made of it, their force, and how they are found."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from shared.policy.answer import Citation
from shared.policy.management import Reading
from shared.policy.pack import Pack
from shared.policy.schema import Document
from shared.policy.words import modality_of, path_in_words, value_in_words

# Vocabulary and readings are not rules of an article; the readings have a table of their own.
_LEFT_OUT = frozenset({"readings", "enumerations"})
_NAMES_ONLY = frozenset({"label", "reading", "note", "question", "description", "modality"})


@dataclass(frozen=True, slots=True)
class RuleValue:
    """One value: its path in the pack, the path in words, the value in words, and its force (应当, 可以, 鼓励 or empty)."""

    path: str
    name: str
    words: str
    modality: str


@dataclass(slots=True)
class Clause:
    """One quoted place with the values that rest on it."""

    citation: Citation
    labels: list[str] = field(default_factory=list)
    values: list[RuleValue] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    modalities: list[str] = field(default_factory=list)

    def says(self, words: Sequence[str]) -> bool:
        """Whether article, quote, names, values or paths hold every one of the words."""
        cite = self.citation
        values = (f"{one.name} {one.words} {one.modality}" for one in self.values)
        text = " ".join((cite.document, cite.article, cite.quote, *self.labels, *self.paths, *values, *self.modalities))
        return all(word in text.casefold() for word in words)


@dataclass(frozen=True, slots=True)
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
        _enter(clause, pack, path, value.value)
    titles = [*own, *(title for title in found if title not in own)]
    return [DocumentRules(t, documents.get(t), list(found[t].values())) for t in titles if t in found]


def _enter(clause: Clause, pack: Pack, path: str, value: object) -> None:
    clause.paths.append(path)
    force = modality_of(pack, path)
    if force and force not in clause.modalities:
        clause.modalities.append(force)
    name = path.rpartition(".")[2]
    if name == "label" and value not in clause.labels:
        clause.labels.append(str(value))
    elif name not in _NAMES_ONLY:
        clause.values.append(RuleValue(path, path_in_words(pack, path), value_in_words(pack, path, value), force))


def matching(
    documents: Iterable[DocumentRules], words: str, force: str = "", unseen: bool = False
) -> list[DocumentRules]:
    """The clauses that hold every word, of one force, or whose text nobody has seen yet; documents without any are left out."""
    wanted = words.casefold().split()
    found = []
    for one in documents:
        clauses = [
            clause
            for clause in one.clauses
            if clause.says(wanted)
            and (not force or force in clause.modalities)
            and (not unseen or not (clause.citation.text_seen or clause.citation.basis == "decision"))
        ]
        if clauses:
            found.append(replace(one, clauses=clauses))
    return found


def readings_with(readings: Iterable[Reading], words: str) -> list[Reading]:
    """The readings that hold every one of the words."""
    wanted = words.casefold().split()
    return [
        one
        for one in readings
        if all(word in f"{one.question} {one.used} {one.other} {one.effect}".casefold() for word in wanted)
    ]
