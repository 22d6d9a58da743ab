"""What a pack may say: one model per kind of entry; unknown keys, wrong types and impossible dates are errors.

Every entry is a table with a key of its own, so that a province, city or unit overrides it value by value. Citations
(`cite`, `cites`) are taken out by the loader before these models see the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from shared.policy.entry import Codes, Evidence, FormField, Item, Section
from shared.policy.management import (
    AccountingHint,
    Approval,
    ConversionMode,
    Duty,
    Exemption,
    IdleTrigger,
    IncomeRule,
    LeaderRule,
    LedgerRules,
    PriceRule,
    Reading,
    Report,
    RewardRule,
    SecretGate,
    StageRule,
)
from shared.policy.procedure import (
    Agreement,
    Application,
    Condition,
    Counting,
    Deadline,
    Exclusivity,
    GrantMode,
    GrantType,
    Guideline,
    NegativeList,
    Notice,
    ProtectionTerm,
    Screening,
    ScreeningCategory,
    Step,
)


class PackHeader(Section):
    """`pack.toml`: identity, place in the inheritance, and the order of its documents."""

    id: str = Field(pattern=r"^[a-z]{2}(-[0-9a-z]+)*$")
    title: str
    version: str
    level: Literal["nation", "province", "city", "unit"]
    parent: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    legal_state: Literal["draft", "trial", "in_force", "repealed"]
    mode: Literal["enforced", "advisory"] | None = None
    banner: str = ""
    documents: Codes


class Document(Section):
    """`document.toml`: the identity of one text."""

    title: str
    short_title: str = ""
    number: str = ""
    issuer: str = ""
    issued: date | None = None
    in_force: date | None = None
    legal_state: Literal["draft", "trial", "in_force", "repealed"] = "in_force"
    addressed_to: str = ""
    source: str = ""
    predecessor: str = ""
    basis: Codes = ()
    approved_by: str = ""


class Content(Section):
    """All sections of a resolved pack; an absent section is an empty one."""

    guidelines: Mapping[str, Guideline] = {}
    counting: Counting = Counting()
    enumerations: Mapping[str, Mapping[str, Item]] = {}
    fields: Mapping[str, Mapping[str, FormField]] = {}
    evidence: Mapping[str, Mapping[str, Evidence]] = {}
    conditions: Mapping[str, Condition] = {}
    application: Application | None = None
    exclusivity: Exclusivity | None = None
    grant_types: Mapping[str, GrantType] = {}
    grant_modes: Mapping[str, GrantMode] = {}
    protection_terms: Mapping[str, ProtectionTerm] = {}
    screening: Screening | None = None
    screening_categories: Mapping[str, ScreeningCategory] = {}
    negative_lists: Mapping[str, NegativeList] = {}
    feasibility: Mapping[str, Item] = {}
    notices: Mapping[str, Notice] = {}
    agreements: Mapping[str, Agreement] = {}
    steps: Mapping[str, Mapping[str, Step]] = {}
    deadlines: Mapping[str, Deadline] = {}
    stage: StageRule | None = None
    ledger: LedgerRules | None = None
    secret: SecretGate | None = None
    prices: Mapping[str, PriceRule] = {}
    approvals: Mapping[str, Approval] = {}
    rewards: Mapping[str, RewardRule] = {}
    money: Mapping[str, IncomeRule] = {}
    leaders: Mapping[str, LeaderRule] = {}
    conversion_modes: Mapping[str, ConversionMode] = {}
    idle: Mapping[str, IdleTrigger] = {}
    reports: Mapping[str, Report] = {}
    accounting: Mapping[str, AccountingHint] = {}
    exemption: Exemption | None = None
    duties: Mapping[str, Duty] = {}
    readings: Mapping[str, Reading] = {}
