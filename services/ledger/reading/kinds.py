"""What an achievement is: type, patent kind and whether it is granted, from one, two or three cells."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.text import compact
from services.ledger.reading.vocabulary import (
    CONCEPT_PARENTS,
    CONCEPT_WORDS,
    GRANT_WORDS,
    NOTHING,
    PATENT_KIND_WORDS,
    PENDING_WORDS,
    UNGRANTED_CONCEPTS,
    YES_NO_GRANT,
)

_SEPARATORS = re.compile(r"[-－—–:：/、,，;；()（）\[\]【】·]+")
_UNKNOWN: Final = "unknown"


class Words(msgspec.Struct, frozen=True, gc=False):
    """What the words of type cells say, before the number is looked at."""

    concept: str | None = None
    patent_kind: str | None = None
    granted: bool | None = None
    pending: bool = False
    unknown: bool = False


class Kind(msgspec.Struct, frozen=True, gc=False):
    """The type of a row: `label` as the province names it, with its group in front where the types are grouped.

    `code` asks a person; `on_number` says that the doubt falls on the number; `proposals` are labels.
    """

    label: str | None = None
    concept: str | None = None
    patent_kind: str | None = None
    code: str | None = None
    on_number: bool = False
    warning: str | None = None
    proposals: tuple[str, ...] = ()


def read_words(profile: LedgerProfile, type_text: str, grant_text: str | None) -> Words:
    """Read the type cell and, where there is one, the cell that says 已授权 or 未授权."""
    words = _words_of(profile, compact(type_text))
    if grant_text is None:
        return words
    key = compact(grant_text)
    if key in NOTHING:
        return words
    granted = YES_NO_GRANT.get(key, GRANT_WORDS.get(key))
    if granted is not None:
        return msgspec.structs.replace(words, granted=granted)
    # The column of the grant holds the whole type where a clerk wrote it there.
    return _merge(words, _words_of(profile, key))


def _words_of(profile: LedgerProfile, key: str) -> Words:
    if key in NOTHING:
        return Words()
    whole = _word(profile, key)
    if not whole.unknown:
        return whole
    found = Words()
    for piece in _SEPARATORS.split(key):
        if piece:
            found = _merge(found, _word(profile, piece))
    return found


def _word(profile: LedgerProfile, word: str) -> Words:
    if word in PATENT_KIND_WORDS:
        return Words("patent_right", PATENT_KIND_WORDS[word])
    if word in profile.type_words:
        return Words(profile.type_words[word])
    if word in CONCEPT_WORDS:
        kind = next((kind for name, kind in PATENT_KIND_WORDS.items() if word.startswith(name)), None)
        return Words(CONCEPT_WORDS[word], kind)
    if profile.grouped and word in GRANT_WORDS:
        return Words(granted=GRANT_WORDS[word])
    return Words(pending=True) if word in PENDING_WORDS else Words(unknown=True)


def _merge(one: Words, other: Words) -> Words:
    concepts = {concept for concept in (one.concept, other.concept) if concept}
    kinds = {kind for kind in (one.patent_kind, other.patent_kind) if kind}
    grants = {granted for granted in (one.granted, other.granted) if granted is not None}
    concept = _common(concepts)
    return Words(
        concept=concept if concept != _UNKNOWN else None,
        patent_kind=next(iter(kinds), None),
        granted=next(iter(grants), None),
        pending=one.pending or other.pending,
        unknown=one.unknown or other.unknown or concept == _UNKNOWN or len(kinds) > 1 or len(grants) > 1,
    )


def _common(concepts: set[str]) -> str | None:
    if len(concepts) <= 1:
        return next(iter(concepts), None)
    parents = {CONCEPT_PARENTS.get(concept, concept) for concept in concepts}
    if len(parents) == 1:
        return parents.pop()
    return "patent_application" if concepts == {"patent_right", "patent_application"} else _UNKNOWN


def decide_kind(profile: LedgerProfile, words: Words, *, number_kind: str | None, number_granted: bool) -> Kind:
    """The type, given the words and what the number says: its kind digit and whether it begins with ZL."""
    if words.unknown:
        return Kind(code="type_unknown")
    concept = words.concept
    granted = words.granted
    warning = None
    if concept == "patent_right" and words.pending:
        concept, warning = "patent_application", "type_pending_patent_read_as_application_right"
        granted = False
    if concept is None:
        return _without_concept(profile, words, number_kind)
    concept = profile.known_concept(concept)
    if concept is None:
        return Kind(code="type_unknown")
    patent_kind = None
    if concept == "patent_right":
        patent_kind = words.patent_kind or number_kind
        if words.patent_kind and number_kind and words.patent_kind != number_kind:
            label = profile.type_label(concept, granted if granted is not None else True)
            proposals = (number_kind, words.patent_kind)
            return Kind(label, concept, number_kind, "type_number_conflict", proposals=proposals)
    if profile.grouped:
        return _grouped(profile, concept, patent_kind, granted, number_granted, warning)
    label = profile.type_label(concept, None)
    if concept == "patent_application" and number_granted:
        return Kind(label, concept, None, "type_grant_conflict", on_number=True, warning=warning)
    return Kind(label, concept, patent_kind, warning=warning)


def _without_concept(profile: LedgerProfile, words: Words, number_kind: str | None) -> Kind:
    code = "type_missing" if words.granted is None else "type_category_missing"
    if number_kind is None or profile.known_concept("patent_right") is None:
        return Kind(code=code)
    concept = "patent_application" if words.granted is False else "patent_right"
    label = profile.type_label(concept, words.granted if words.granted is not None else True)
    return Kind(label, concept, number_kind if concept == "patent_right" else None, code, proposals=(label,))


def _grouped(
    profile: LedgerProfile,
    concept: str,
    patent_kind: str | None,
    granted: bool | None,
    number_granted: bool,
    warning: str | None,
) -> Kind:
    never_granted = concept in UNGRANTED_CONCEPTS and not profile.may_be_granted(concept)
    if granted is None:
        if concept == "patent_right" and not number_granted:
            readings = (profile.type_label("patent_right", True), profile.type_label("patent_application", False))
            return Kind(readings[0], concept, patent_kind, "type_grant_unknown", proposals=readings)
        granted = not never_granted
    label = profile.type_label(concept, granted)
    if granted and never_granted:
        return Kind(label, concept, None, "type_grant_conflict", proposals=(profile.type_label(concept, False),))
    if not granted and concept == "patent_application" and number_granted:
        return Kind(label, concept, None, "type_grant_conflict", on_number=True, warning=warning)
    if not granted and not never_granted and not profile.may_be_ungranted(concept):
        proposals: tuple[str, ...] = (profile.type_label(concept, True),)
        if concept == "patent_right":
            proposals = (*proposals, profile.type_label("patent_application", False))
        return Kind(proposals[0], concept, patent_kind, "type_grant_conflict", proposals=proposals)
    return Kind(label, concept, patent_kind, warning=warning)
