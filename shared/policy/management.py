"""Pack entries of what follows: ledger, money, approvals, reports, accounting, exemption, readings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from shared.policy.entry import Codes, Comparator, FormField, Item, Numbers, Rule, Share, Unit


class StageRule(Rule):
    """How the stage of an achievement is recognised."""

    default: str
    proven: str
    criteria: Mapping[str, Item] = {}
    evidence: Mapping[str, Item] = {}
    signs: Codes = ()
    starts: Mapping[str, Item] = {}
    readings: Codes = ()


class LedgerRules(Rule):
    """How values, names and frequencies are kept."""

    amount_required_for: Codes = ()
    appraisal_for: Codes = ()
    empty_allowed_for: Codes = ()
    frequency_for: Codes = ()
    unique_name: bool = True
    verified_before_entry: bool = True
    surplus_sources: Codes = ()
    numbered: bool = True


class SecretGate(Rule):
    """The question before any text field, and what people are told."""

    question: str
    guidance: str
    suspected_guidance: str = ""
    key_technology_question: str = ""
    key_technology_guidance: str = ""
    counter_allowed: Literal["no", "unit_secrecy_office"] = "unit_secrecy_office"


class PriceRule(Rule):
    """How a price may be found and what bounds it."""

    methods: Codes = ()
    floor: Literal["appraisal", "none"] = "none"
    unknown_total_to_person: bool = True
    appraisal: Literal["not_needed", "unit_decides", "required", "not_stated"] = "not_stated"
    by_buyer: Mapping[str, Literal["not_needed", "unit_decides", "required"]] = {}


class Approval(Rule):
    """Who approves an act under a trigger, and what is filed with whom afterwards."""

    triggers: Codes = ()
    acts: Codes = ()
    approver: str = "not_specified"
    filed_with: Codes = ()
    filing_deadline: str | None = None
    outside_system: bool = False


class RewardRule(Rule):
    """A share that completers receive: base, minimum by case, window."""

    acts: Codes = ()
    base: str = "net_income"
    minimum: Share
    comparator: Comparator = ">="
    window_years_minimum: int | None = None
    window_years_maximum: int | None = None
    window_starts: str = ""
    receiver: str = "completers"


class IncomeRule(Rule):
    """Other rules on income: what stays, funds, pay year."""

    base: str = "net_income"
    minimum: Share | None = None
    maximum: Share | None = None
    receiver: str = ""
    pay_year: Literal["payment", "income"] | None = None
    in_total: bool | None = None
    in_limit: bool | None = None
    in_base: bool | None = None
    stays_with_unit: bool | None = None


class LeaderRule(Rule):
    """What a head (正职) of a unit needs before equity, and may not do in office."""

    positions: Codes = ()
    excluded_positions: Codes = ()
    needs_notice: bool = False
    approver: str = ""
    trade_blocked_in_office: bool = False
    cash: Literal["allowed", "not_stated"] = "not_stated"
    equity: Literal["allowed", "forbidden", "with_approval", "not_stated"] = "not_stated"


class ConversionMode(Rule):
    """A special way of conversion (先使用后付费, 先投后股 …) and whom it is open to."""

    place: Literal["in_province", "any"] = "any"
    buyer_sizes: Codes = ()
    fields: Codes = ()
    evidence: Codes = ()
    description: str = ""


class IdleTrigger(Rule):
    """What follows when an achievement is not used for a time."""

    length: int
    unit: Unit = "year"
    starts: str = ""
    consequence: str = ""
    sources: Codes = ()


class ReportStage(Rule):
    """One hand-over of a report: from whom to whom, until when."""

    sender: str
    recipients: Codes = ()
    month: int | None = Field(default=None, ge=1, le=12)
    day: int | None = Field(default=None, ge=1, le=31)
    month_end: bool = False
    rolls_over: bool | None = None
    due_entered_yearly: bool = False
    unit_sets_date: bool = False
    medium: str = ""
    deadline: str | None = None
    copies: Codes = ()


class Report(Rule):
    """A periodic report: its year, stages and contents."""

    covers: Literal["previous_year", "event"] = "previous_year"
    as_of: str = ""
    stages: Mapping[str, ReportStage] = {}
    contents: Mapping[str, FormField] = {}


class AccountingHint(Rule):
    """What finance is told: by unit kind and stage; always a hint."""

    unit_kinds: Codes = ()
    situation: str
    component: str
    treatment: str
    result: Literal["expense", "profit_or_loss", "intangible", "collect", "none"]


class Exemption(Rule):
    """Under what conditions liability is waived or a request for it is possible."""

    covers: Codes = ()
    needs: Codes = ()
    excluded: Codes = ()
    needs_report: bool = False
    decided_by: str = ""


class Duty(Rule):
    """Anything else that the text asks of somebody: shown with its article, checked by people."""

    actor: str
    text: str
    evidence: Codes = ()
    deadline: str | None = None


class Reading(Rule):
    """A point on which the text is silent or ambiguous: the reading used, by whom, and the effect of the other."""

    question: str
    used: str
    other: str = ""
    effect: str = ""
    decided_by: str = ""
    decided_on: date | None = None
    rules: Numbers = ()
