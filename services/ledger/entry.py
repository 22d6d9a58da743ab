"""What one achievement says, as plain values, and the keys derived from it; no database here."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any
from uuid import UUID

from shared.identifiers import canonical_text, patent_number

_BLANK_OR_INVISIBLE = re.compile("[\\s\u200b-\u200f\u2060\ufeff\u00ad]+")
_SORT_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Completer:
    """One of the team: an existing person, or a name that is looked up among the tenant's people and added if new."""

    person_id: UUID | None = None
    name: str = ""
    role: str | None = None
    share: Fraction | None = None

    def as_json(self) -> dict[str, Any]:
        share = [self.share.numerator, self.share.denominator] if self.share is not None else None
        return {"person": self.person_id, "name": self.name or None, "role": self.role, "share": share}


@dataclass(frozen=True, slots=True)
class Right:
    """A right by its number: ``number`` is canonical, ``raw`` as the clerk wrote it, ``kind`` an achievement type."""

    number: str
    kind: str
    raw: str | None = None
    category: str | None = None
    status: str = "granted"
    applied_on: date | None = None
    granted_on: date | None = None
    expires_on: date | None = None
    published_on: date | None = None
    created_on: date | None = None
    fee_year: int | None = None
    fee_due_on: date | None = None
    ended_on: date | None = None

    def values(self) -> dict[str, Any]:
        """By the name of its column."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def as_json(self) -> dict[str, Any]:
        """As a version keeps it; what only the department's own page records is left out where it is empty."""
        return {name: value for name, value in self.values().items() if value is not None or name not in _OWN_PAGE}


# ``published_on`` first published or used, ``created_on`` finished, ``fee_year`` the last patent year that is paid for,
# ``fee_due_on`` when the next one is due at the latest, ``ended_on`` when it lapsed or went to somebody else.
_OWN_PAGE = frozenset({"published_on", "created_on", "fee_year", "fee_due_on", "ended_on"})


@dataclass(frozen=True, slots=True)
class Deal:
    """One conversion of the achievement; ``amount`` in yuan, None where none is stated (empty is not zero)."""

    mode: str | None = None
    counterparty: str | None = None
    credit_code: str | None = None
    contract_number: str | None = None
    signed_on: date | None = None
    amount: Decimal | None = None
    terms: str | None = None
    remark: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One achievement to be registered. ``value`` is in yuan; ``id`` may be given so that the caller can link to it."""

    name: str
    type: str
    status: str
    team: tuple[Completer, ...] = ()
    rights: tuple[Right, ...] = ()
    deals: tuple[Deal, ...] = ()
    id: UUID | None = None
    type_group: str | None = None
    right_category: str | None = None
    obtained_on: date | None = None
    obtained_precision: str | None = None
    stage_declared: str | None = None
    stage_recognised: str | None = None
    stage_since: date | None = None
    stage_criteria: Mapping[str, date] | None = None
    stage_evidence: tuple[str, ...] = ()
    mode: str | None = None
    value: Decimal | None = None
    value_kind: str | None = None
    conversions: int = 0
    funding: str | None = None
    technical_field: str | None = None
    form: str | None = None
    market_prospect: str | None = None
    college: str | None = None
    core_technology: bool = False
    agency: str | None = None
    remark: str | None = None
    extra: Mapping[str, Any] | None = None

    def with_(self, **changes: Any) -> "Entry":
        return replace(self, **changes)


# The fields of an entry that are columns of the ledger as they stand, in the order in which pages show them.
FIELDS: Mapping[str, str] = {
    "name": "成果名称",
    "type": "成果类型",
    "type_group": "类型分组",
    "right_category": "专利类别",
    "obtained_on": "取得时间",
    "obtained_precision": "取得时间精度",
    "stage_declared": "填报阶段",
    "stage_recognised": "认定阶段",
    "stage_since": "认定起始日",
    "stage_criteria": "开发阶段条件",
    "stage_evidence": "阶段佐证",
    "status": "转化状态",
    "mode": "转化方式",
    "value": "转化价值",
    "value_kind": "价值口径",
    "conversions": "转化频次",
    "funding": "经费来源",
    "technical_field": "技术领域",
    "form": "成果形式",
    "market_prospect": "市场应用前景",
    "college": "所属部门",
    "core_technology": "关键核心技术",
    "agency": "协助机构",
    "remark": "备注",
    "extra": "其他栏目",
}

# What only a person of the department records, on pages of their own: an import never states it.
RECORDED: Mapping[str, str] = {
    "research_started_on": "研发起点",
    "research_basis": "研发起点依据",
    "owners": "权属",
    "custody": "托管",
    "declassified_on": "解密日期",
}


def name_key(name: str) -> str:
    """What two names are compared by (article on unique names): width, case, blanks and invisible characters ignored."""
    return _BLANK_OR_INVISIBLE.sub("", unicodedata.normalize("NFKC", name).casefold())


@lru_cache(maxsize=30_000)
def _syllable(char: str) -> str:
    from pypinyin import Style, lazy_pinyin  # its dictionaries take a while: a web process starts without them

    return lazy_pinyin(char, style=Style.TONE3, neutral_tone_with_five=True)[0] + " " if char > "\u2fff" else char


def sort_key(name: str) -> str:
    """Pinyin, for the order of names; read character by character, so that a large import stays cheap."""
    return "".join(map(_syllable, name_key(name)))[:_SORT_LENGTH]


def grams_of(key: str) -> list[str]:
    """The search words of a name key: every two neighbouring characters, and the last one alone."""
    return sorted({key[i : i + 2] for i in range(len(key))})


def right_number(text: str) -> str:
    """The canonical form of a right's number: a patent's without ZL or CN, anything else upper case without blanks."""
    return patent_number(text).application_number or canonical_text(text)


def deal_totals(deals: tuple[Deal, ...]) -> tuple[int, Decimal | None]:
    """How often an achievement was converted, and the sum of the amounts that are stated; None where none is."""
    stated = [deal.amount for deal in deals if deal.amount is not None]
    return len(deals), sum(stated, Decimal(0)) if stated else None
