"""What an authority's home is made of: report progress, contracts, pilots, lists, totals, what waits and what was done.

Everything is read as the authority that looks: a province, a department's own units, what a recipient was sent. No row of
a ledger, no title of an achievement, no internal notice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.annual_report.queries import own_authority
from services.annual_report.reviewing import deals
from services.annual_report.reviewing import queries as reports
from services.annual_report.reviewing import todos as report_todos
from services.annual_report.reviewing.queries import Counted
from services.annual_report.rules import Form, Stage
from services.annual_report.workflow import year_to_report
from services.home.aggregates import queries as aggregates
from services.home.aggregates.cells import Table
from services.home.overview import proposals, trail
from services.ledger.rules import vocabulary
from services.negative_list import queries as lists
from services.negative_list import todos as list_todos
from services.negative_list.queries import Consultation, Version
from services.pilot import queries as pilots
from services.pilot.queries import Validity
from shared.db.transaction import Transaction
from shared.policy.answer import Citation
from shared.todo import Source, Todo, waiting_for
from shared.ui.words import of_year
from tenants.packs import governing

# Every slice says what it has for an authority's people; one line per slice.
SOURCES: tuple[Source, ...] = (
    report_todos.todos,
    list_todos.todos,
    proposals.todos,
)
YEARS = 5


async def waiting(tx: Transaction) -> list[Todo]:
    """What the person may do, the nearest deadline first."""
    return await waiting_for(tx, SOURCES)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the units are with one yearly report. ``received`` are the reports that reached the authority itself."""

    form: Form
    stage: Stage
    counts: Sequence[Counted]
    received: int

    @property
    def title(self) -> str:
        return of_year(self.form.label, self.form.year)

    @property
    def total(self) -> int:
        return sum(one.total for one in self.counts)

    @property
    def filed(self) -> int:
        return sum(one.filed for one in self.counts)

    @property
    def returned(self) -> int:
        return sum(one.returned for one in self.counts)

    @property
    def missing(self) -> int:
        return sum(one.missing for one in self.counts)


async def standings(tx: Transaction) -> list[Standing]:
    """The reporting year's reports: of a recipient the hand-over that reaches it, of the others the units'."""
    year = year_to_report(tx.today)
    own_code = await own_authority(tx) if tx.scope.role == "web_finance" else None
    progress = await reports.progress(tx, year)
    received = await reports.received(tx, year)
    found = []
    for form in await reports.forms(tx, year):
        rows = [row for row in progress if row.report == form.code]
        own = [row for row in received if row.report == form.code and row.state != "superseded"]
        stage = form.unit_stage
        if own_code is not None:
            stage = next((one for one in form.stages if own_code in one.recipients), stage)
        found.append(Standing(form, stage, reports.counted(rows), len(own)))
    return found


async def deals_by_year(tx: Transaction) -> tuple[str, deals.Deals]:
    """The contracts of the last years as the received reports state them, with the report's name.

    Where units file several reports, those of one kind are added up, so that no contract counts twice: of the kind that most
    units filed, the pack's first among equals.
    """
    year = year_to_report(tx.today)
    rows = await reports.deals_received(tx, year - YEARS)
    forms = {form.code: form.label for form in await reports.forms(tx, year)}
    units = {code: sum(len(row.units) for row in rows if row.report == code) for code in forms}
    code = max(units, key=lambda code: units[code], default="")
    modes = {choice.code: choice.label for choice in vocabulary((await governing(tx)).pack).modes}
    found = deals.by_year([row for row in rows if row.report == code], modes)
    return forms.get(code, ""), replace(found, years=[one for one in found.years if one.year > year - YEARS])


@dataclass(frozen=True, slots=True)
class Term:
    """How long pilots are in force: guidelines with the same days are one term."""

    label: str
    validity: Validity
    citations: Sequence[Citation]

    def day_number(self, today: date) -> int | None:
        first, last = self.validity.first_day, self.validity.last_day
        return max(0, min((today - first).days + 1, (last - first).days + 1)) if first and last else None

    @property
    def length(self) -> int | None:
        first, last = self.validity.first_day, self.validity.last_day
        return (last - first).days + 1 if first and last else None


async def terms(tx: Transaction) -> list[Term]:
    """The validity of the province's pilots; empty where the pack knows no pilot."""
    groups: dict[tuple[Any, ...], list[Validity]] = {}
    for one in await pilots.validity(tx):
        if one.first_day or one.last_day:
            groups.setdefault((one.first_day, one.last_day, one.disputed_days), []).append(one)
    return [
        Term("、".join(one.label for one in group), group[0], [one.citation for one in group])
        for group in groups.values()
    ]


@dataclass(frozen=True, slots=True)
class Round:
    """A consultation that runs. ``counts`` are (received, answered) where the authority reads the opinions, else None."""

    consultation: Consultation
    citation: Citation | None
    counts: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Published:
    """What the public is asked and told: running consultations and the list in force."""

    rounds: Sequence[Round]
    version: Version | None


async def published(tx: Transaction) -> Published:
    pack = (await governing(tx)).pack
    consulted = [code for code, rule in pack.content.negative_lists.items() if rule.needs_consultation]
    citation = pack.citation(f"negative_lists.{consulted[0]}.needs_consultation") if consulted else None
    rounds = []
    for one in await lists.consultations(tx):
        if one.open_on(tx.today):
            counts = await lists.opinion_counts(tx, one.id) if is_science(tx) else None
            rounds.append(Round(one, citation, counts))
    return Published(rounds, await lists.version_in_force(tx, tx.today))


async def pilot_counts(tx: Transaction) -> tuple[int, Mapping[str, int]]:
    """How many units are in any pilot today, and how many in each guideline; the science department's alone to read."""
    if not is_science(tx):
        return 0, {}
    held = [one for one in await pilots.public_memberships(tx) if one.holds_on(tx.today)]
    units: set[UUID] = {one.tenant_id for one in held}
    counts: dict[str, int] = {}
    for one in held:
        counts[one.label] = counts.get(one.label, 0) + 1
    return len(units), counts


async def totals(tx: Transaction) -> Table | None:
    """The ledgers' sums by type and status; a finance department has none."""
    return await aggregates.table_by(tx, "type") if tx.scope.role in ("web_science", "web_department") else None


@dataclass(frozen=True, slots=True)
class Done:
    """One act of the person: what it was about, what happened, where it is."""

    kind: str
    title: str
    href: str
    at: datetime
    reason: str | None


async def done(tx: Transaction, limit: int, *, begun_only: bool = False) -> list[Done]:
    """What the person did last, or the cases that they opened."""
    found = []
    for row in await trail.done_by(tx, limit, begun_only=begun_only):
        verb = trail.VERBS.get(row.event, (row.event, ""))[0]
        title = verb if row.tenant_id == tx.scope.organisation_id else f"{verb}：{row.unit}"
        place = trail.place_of(row.case_kind, row.case_id)
        found.append(Done(trail.KINDS.get(row.case_kind, row.case_kind), title, place, row.at, row.reason))
    return found


async def recent(tx: Transaction, limit: int = 7) -> list[trail.Trace]:
    """The newest of the authority's own trail."""
    return await trail.traces(tx, limit=limit)


def is_science(tx: Transaction) -> bool:
    return tx.scope.role == "web_science"


def answers_for_units(tx: Transaction) -> bool:
    """Whether units' progress is this authority's to see."""
    return tx.scope.role in ("web_science", "web_department")
