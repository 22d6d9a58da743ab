"""Pack entries of the way to a right: scope, conditions, screening, notices, agreements, steps."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from shared.policy.entry import Codes, Comparator, Days, Evidence, FormField, Rule, Share, Unit


class Guideline(Rule):
    """Whom a text covers, from when to when; `last_day` is stated, never computed."""

    first_day: date | None = None
    last_day: date | None = None
    disputed_days: Days = ()
    ask: str = ""
    governed_by: Literal["pinned", "newest"] = "pinned"
    selection: Literal["selected", "all"] = "all"
    unit_kinds: Codes = ()
    opened_by_document: bool = False
    required_traits: Codes = ()
    excluded_traits: Codes = ()
    advisory_traits: Codes = ()
    continues_for: Codes = ()
    continues_needs: Codes = ()


class Counting(Rule):
    """How periods are counted unless a notice or deadline says otherwise."""

    counts_first_day: bool = False
    rolls_over: bool = True
    contract_counts_first_day: bool = True
    fixed_date_rolls_over: bool = False


class Condition(Rule):
    """A condition of empowerment (赋权条件) and the evidence it needs."""

    evidence: Codes = ()
    description: str = ""


class Application(Rule):
    """What must stand before a team may apply."""

    consensus: bool = True
    representative: bool = True
    written_split: bool = False
    written_application: bool = False
    sources: Codes = ()
    unit_rules: Codes = ()
    one_grant_type: bool = True


class Exclusivity(Rule):
    """One incentive for one conversion: what blocks, and what only warns."""

    blocks_per: Literal["conversion", "achievement", "never"] = "conversion"
    warns_per: Literal["conversion", "achievement", "never"] = "achievement"
    optional: bool = False


class GrantType(Rule):
    """A kind of right that a team may be given, with its term and shares.

    `asks` says what an application and an agreement state about it; where it is empty, the other values tell: who has
    co-owners or a minimum share is asked for shares, who has years for a term.
    """

    asks: Annotated[tuple[Literal["shares", "term"], ...], Field(strict=False)] = ()
    minimum_years: int | None = None
    or_remaining_protection: bool = False
    first_term_years: int | None = None
    cumulative_years: int | None = None
    extension_findings: Codes = ()
    co_ownership: Codes = ()
    minimum_share: Share | None = None
    full_ownership: bool = False
    share_required: bool = False
    fee_split: Literal["by_share", "by_agreement", "not_stated"] = "not_stated"
    needs_project_contract: bool = False

    @property
    def asks_shares(self) -> bool:
        """Whether the right is divided between unit and team."""
        owned = bool(self.co_ownership or self.minimum_share or self.full_ownership or self.share_required)
        return "shares" in self.asks if self.asks else owned

    @property
    def asks_term(self) -> bool:
        """Whether the right has a first and a last day."""
        years = self.minimum_years or self.first_term_years or self.cumulative_years or self.or_remaining_protection
        return "term" in self.asks if self.asks else bool(years)


class GrantMode(Rule):
    """How a grant is made (即时, 协议, 预约 …): whether it counts as a result, and whether it needs its own notice."""

    counts_as_achievement: bool = True
    needs_notice: bool = True
    with_conversion_contract: bool = False
    description: str = ""


class ProtectionTerm(Rule):
    """The legal life of a right: years from an event."""

    years: int
    starts: Literal["filing", "grant", "first_publication", "creation", "filing_or_first_use"] = "filing"
    ends_on_year_end: bool = False
    cap_years_from_creation: int | None = None


class ScreeningCategory(Rule):
    """A ground of exclusion: the question put, what blocks, until when, and what only holds."""

    question: str
    description: str = ""
    effect: Literal["block", "supervise"] = "block"
    blocks_on: Literal["answer", "finding"] = "answer"
    finding_by: str = ""
    until: Literal["declassification"] | None = None
    open_list: bool = False


class Screening(Rule):
    """How an application is screened."""

    list: str = ""
    item_by_item: bool = True
    rescreen_at_signing: bool = False
    list_required: bool = True
    finding_by: str = ""


class NegativeList(Rule):
    """One of the kinds of negative list: whose, what for, how binding, and what must precede its publication."""

    owner: Literal["province", "unit"] = "province"
    purpose: str = ""
    duty: Literal["must", "encouraged", "optional"] = "must"
    needs_consultation: bool = False
    needs_answers: bool = False
    needs_experts: bool = False
    needs_joint_determination: bool = False
    published: bool = False
    considerations: Codes = ()
    former_entries_stay: bool = True


class Notice(Rule):
    """An announcement (公示): when it is due, how long, where, what it holds, what an objection does."""

    triggers: Codes = ()
    trigger_mode: Literal["any", "all"] = "any"
    comparator: Comparator | None = None
    days: int | None = Field(default=None, ge=1)
    unit: Literal["day", "working_day"] = "day"
    counts_first_day: bool | None = None
    rolls_over: bool | None = None
    audience: Literal["internal", "public"] = "internal"
    venues: Codes = ()
    venue_mode: Literal["any", "all"] = "any"
    content: Mapping[str, FormField] = {}
    basics_only_for: Codes = ()
    offline_limit_hours: int | None = None
    restarts_on_change: bool = True
    objections: Literal["block", "recorded", "not_stated"] = "not_stated"
    result_published: bool = False
    procedure_published: bool = False
    objection_procedure: Literal["stated", "unit_rule"] = "unit_rule"
    unit_must_set_days: bool = False


class Clause(Rule):
    """A clause that an agreement must hold."""

    required: bool = True


class Agreement(Rule):
    """An agreement: its clauses, and what must precede its signing."""

    after_notice: str | None = None
    no_objection: bool = True
    written: bool = True
    opinions_heard: bool = False
    clauses: Mapping[str, Clause] = {}
    formalities: Mapping[str, Evidence] = {}


Act = Literal["apply", "screen", "assess", "announce", "sign", "formalities", "record"]


class Step(Rule):
    """A step of a procedure: who acts, what it waits for, when it may be left out.

    `act` is what the platform does at it: apply, screen, assess, announce, sign and formalities have pages of their own;
    `record` is any other step, recorded with its `evidence`. Empty, the step's code says it, `record` where it is none of
    them. `notice` is the kind that `announce` publishes (else the agreement's `after_notice`); `waits_for_notice`: only
    after the period is over and no objection is open. `skip_when` names rights, ways of granting or types of achievement.
    """

    actor: str
    act: Act | None = None
    notice: str | None = None
    waits_for_notice: bool = False
    after: Codes = ()
    skip_when: Codes = ()
    evidence: Codes = ()
    deadline: str | None = None


class Deadline(Rule):
    """A relative deadline: so many units after an event, by whom; `units` empty where the text says 及时."""

    event: str
    actor: str = ""
    length: int | None = Field(default=None, ge=1)
    unit: Unit = "working_day"
    counts_first_day: bool = False
    unit_may_set: bool = False
