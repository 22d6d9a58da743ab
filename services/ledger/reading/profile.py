"""What one region's ledger looks like: its types, statuses, methods, stages and required fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from services.ledger.reading.text import compact
from services.ledger.reading.vocabulary import (
    CONCEPT_PARENTS,
    CONCEPT_WORDS,
    GRANT_WORDS,
    METHOD_WORDS,
    STAGE_WORDS,
    STATUS_WORDS,
)

if TYPE_CHECKING:
    from shared.policy.pack import Pack


GROUP_LABELS: Final = {True: "已授权", False: "未授权"}
# Codes of a pack's ledger fields that differ from the field identifiers used in reading.
_PACK_FIELDS: Final = {
    "achievement_type": "type",
    "mode": "method",
    "obtained_on": "obtained",
    "acquired_on": "obtained",
}


@dataclass(frozen=True, slots=True)
class AchievementType:
    """One type of the region's list. `granted` is None where the region does not group its types by grant."""

    label: str
    concept: str
    granted: bool | None = None
    group_label: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class LedgerProfile:
    """The region's part of reading a ledger; the words of clerks are in `vocabulary`.

    `fields` are the field identifiers that the region's text names; `obtained` among them makes the date binding.
    """

    region: str
    province: str
    fields: frozenset[str]
    types: tuple[AchievementType, ...]
    statuses: tuple[str, ...]
    methods: tuple[str, ...]
    stages: tuple[str, ...] = ()
    default_stage: str | None = None
    status_codes: Mapping[str, str] = field(default_factory=dict)
    method_codes: Mapping[str, str] = field(default_factory=dict)
    stage_codes: Mapping[str, str] = field(default_factory=dict)
    _by_concept: dict[tuple[str, bool | None], AchievementType] = field(init=False, repr=False, compare=False)
    type_words: dict[str, str] = field(init=False, repr=False, compare=False)
    # Whether types stand in two groups, granted and not granted.
    grouped: bool = field(init=False, repr=False, compare=False)
    # Whether the date of obtaining is a field of the region's ledger.
    date_required: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_concept = {(entry.concept, entry.granted): entry for entry in self.types}
        words = {compact(entry.label): entry.concept for entry in self.types}
        object.__setattr__(self, "_by_concept", by_concept)
        object.__setattr__(self, "type_words", words)
        object.__setattr__(self, "grouped", any(entry.granted is not None for entry in self.types))
        object.__setattr__(self, "date_required", "obtained" in self.fields)

    def has_field(self, field: str | None) -> bool:
        """Whether a field belongs to the region's ledger; the group of a type is part of the type."""
        canonical = {"grant": "type", "assessed": "value"}.get(field or "", field)
        return canonical in self.fields

    def known_concept(self, concept: str) -> str | None:
        """The concept as the region's list knows it, or None where it is no type there."""
        for candidate in (concept, CONCEPT_PARENTS.get(concept, "")):
            if any(entry.concept == candidate for entry in self.types):
                return candidate
        return None

    def may_be_granted(self, concept: str) -> bool:
        """Whether the list has the concept among granted rights."""
        return (concept, True) in self._by_concept

    def may_be_ungranted(self, concept: str) -> bool:
        """Whether the list has the concept among what is not granted."""
        return (concept, False) in self._by_concept

    def type_label(self, concept: str, granted: bool | None) -> str:
        """The type as counted: 专利权, or with its group 已授权/专利权."""
        wanted = granted if self.grouped else None
        entry = self._by_concept.get((concept, wanted)) or next(e for e in self.types if e.concept == concept)
        return f"{entry.group_label}/{entry.label}" if entry.group_label else entry.label

    @classmethod
    def from_pack(cls, pack: Pack) -> LedgerProfile:
        """The profile of a region's policy pack: its enumerations and the fields of its ledger."""
        groups = {
            code: GRANT_WORDS.get(compact(item.label)) for code, item in pack.enumeration("achievement_group").items()
        }
        types: list[AchievementType] = []
        for code, item in pack.enumeration("achievement_type").items():
            granted = groups.get(item.group or "")
            group_label = "" if granted is None else GROUP_LABELS[granted]
            concept = item.national or CONCEPT_WORDS.get(compact(item.label), code)
            types.append(AchievementType(item.label, concept, granted, group_label, code))
        statuses = _canonical(pack, "status", STATUS_WORDS)
        fields = pack.content.fields.get("ledger", {})
        # A nation's vocabulary knows stages; only a ledger with that field asks for them.
        stages = _canonical(pack, "stage", STAGE_WORDS) if "stage" in fields else {}
        methods = _canonical(pack, "mode", METHOD_WORDS)
        stage_rule = pack.content.stage
        default = next((label for label, code in stages.items() if stage_rule and code == stage_rule.default), None)
        return cls(
            region=pack.id,
            province=pack.title.removesuffix("省"),
            fields=frozenset(_PACK_FIELDS.get(code, code) for code in fields),
            types=tuple(types),
            statuses=tuple(statuses),
            methods=tuple(methods),
            stages=tuple(stages),
            default_stage=default,
            status_codes=statuses,
            method_codes=methods,
            stage_codes=stages,
        )

    def type_entry(self, label: str) -> AchievementType:
        """The entry of a label as `type_label` gives it; KeyError if none."""
        for entry in self.types:
            if label in (entry.label, f"{entry.group_label}/{entry.label}"):
                return entry
        raise KeyError(label)


def _canonical(pack: Pack, enumeration: str, words: Mapping[str, str]) -> dict[str, str]:
    """Label → code of an enumeration; a label that the vocabulary knows stands in its common form."""
    items = pack.enumeration(enumeration)
    return {words.get(compact(item.label), item.label): code for code, item in items.items()}
