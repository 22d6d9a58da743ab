"""What an authority reads of the yearly reports: how far its units have come, what it received, what it sent on.

A recipient reads its own rows of ``report_submission``; the draft of an institution is out of its reach.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from services.annual_report import rules
from services.annual_report.models import annual_report, report_aggregate, report_submission
from services.annual_report.queries import deadlines
from services.annual_report.reviewing.deals import Received
from services.annual_report.rules import Form
from shared.db.transaction import Transaction
from tenants.names import local_day_of, name_on, once_called
from tenants.packs import governing
from tenants.registry import UNIT_KINDS, organisation

FILED = frozenset({"submitted", "accepted", "forwarded"})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one institution has come with one report. ``state`` is empty before anything was handed over."""

    tenant_id: UUID
    name: str
    unit_kind: str
    department: str
    report: str
    label: str
    state: str
    edition: int
    submitted_at: datetime | None
    due_on: date | None
    overdue: bool
    late: bool


@dataclass(frozen=True, slots=True)
class Tallies:
    """How many institutions there are, and how many of them have filed each report, or had it returned."""

    units: int
    filed: Mapping[str, int]
    returned: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Counted:
    """Institutions of one kind: how many there are, have filed, were given it back, have not filed."""

    label: str
    total: int
    filed: int
    returned: int

    @property
    def missing(self) -> int:
        return self.total - self.filed - self.returned


def _received(tx: Transaction) -> ColumnElement[bool]:
    """The rows that the transaction's authority received: one scope, as its policy has it, and itself as the recipient."""
    table = report_submission.c
    own = tx.scope.organisation_id
    scoped = {
        "web_science": (table.province_id == tx.province_id) & (table.recipient_kind == "science"),
        "web_department": (table.department_id == own) & (table.recipient_id == own),
        "web_finance": table.recipient_id == own,
    }
    return scoped[tx.scope.role]


async def received(tx: Transaction, year: int) -> Sequence[Row[Any]]:
    """What the authority received for a year, newest first, with the sender; superseded editions stay listed."""
    table = report_submission
    return await tx.rows(
        select(
            table.c.id, table.c.tenant_id, table.c.report, table.c.year, table.c.edition, table.c.state,
            table.c.submitted_at, table.c.aggregate_id, table.c.payload["label"].astext.label("label"),
            table.c.payload["late"].astext.label("late"), name_on(local_day_of(table.c.submitted_at)).label("sender"),
        )
        .join(
            organisation,
            (organisation.c.id == table.c.tenant_id) & (organisation.c.province_id == table.c.province_id),
        )
        .where(_received(tx), table.c.year == year)
        .order_by(table.c.submitted_at.desc(), table.c.id.desc())
    )  # fmt: skip


async def received_from(tx: Transaction, words: str, limit: int = 20) -> Sequence[Row[Any]]:
    """What the authority received of senders whose name holds the words, newest first, without superseded editions."""
    table = report_submission
    return await tx.rows(
        select(
            table.c.id, table.c.year, table.c.edition, table.c.aggregate_id, table.c.submitted_at,
            table.c.payload["label"].astext.label("label"), name_on(local_day_of(table.c.submitted_at)).label("sender"),
        )
        .join(
            organisation,
            (organisation.c.id == table.c.tenant_id) & (organisation.c.province_id == table.c.province_id),
        )
        .where(
            _received(tx),
            table.c.state != "superseded",
            or_(
                organisation.c.name.icontains(words, autoescape=True),
                organisation.c.short_name.icontains(words, autoescape=True),
                once_called(words),
            ),
        )
        .order_by(table.c.submitted_at.desc(), table.c.id)
        .limit(limit)
    )  # fmt: skip


async def units_like(tx: Transaction, words: str, limit: int = 20) -> Sequence[Row[Any]]:
    """The institutions that the authority answers for whose name holds the words; none of a finance department."""
    if tx.scope.role not in ("web_science", "web_department"):
        return []
    return [row for row in await _units(tx) if words.casefold() in f"{row.name}\n{row.short_name}".casefold()][:limit]


async def deals_received(tx: Transaction, first_year: int) -> list[Received]:
    """The contracts in every report that the authority received for the years from one on; only what stands counts.

    Only sums leave the database: of a department's aggregate the units' sums, of a unit's own report its lines.
    """
    table = report_submission

    def picked(path: str) -> ColumnElement[Any]:
        return func.jsonb_path_query_array(table.c.payload, literal_column(f"'{path}'::jsonpath"), type_=JSONB)

    rows = await tx.rows(
        select(
            table.c.tenant_id, table.c.report, table.c.year, table.c.aggregate_id,
            picked('$.figures[*] ? (@.dimension == "deal")').label("figures"),
            picked("$.members[*].tenant_id").label("units"), picked("$.members[*].deals_amount").label("amounts"),
        ).where(_received(tx), table.c.year >= first_year, table.c.state.in_(("submitted", "accepted")))
    )  # fmt: skip
    return [_deals_of(row) for row in rows]


def _deals_of(row: Row[Any]) -> Received:
    if row.aggregate_id is not None:
        units = {UUID(unit): Decimal(amount) for unit, amount in zip(row.units, row.amounts, strict=True)}
    else:
        units = {row.tenant_id: sum((Decimal(line["amount"]) for line in row.figures), Decimal(0))}
    return Received(row.report, row.year, row.aggregate_id is not None, row.figures, units)


async def submission(tx: Transaction, submission_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """One row that the authority received; None for an unknown id and for what somebody else received."""
    statement = select(report_submission).where(_received(tx), report_submission.c.id == submission_id)
    return await tx.row(statement.with_for_update() if lock else statement)


async def editions(tx: Transaction, tenant_id: UUID, report_id: UUID) -> Sequence[Row[Any]]:
    """Every edition of one report that the authority received, newest first."""
    table = report_submission
    return await tx.rows(
        select(table.c.id, table.c.edition, table.c.state, table.c.submitted_at)
        .where(_received(tx), table.c.tenant_id == tenant_id, table.c.report_id == report_id)
        .order_by(table.c.edition.desc())
    )


async def report_of(tx: Transaction, tenant_id: UUID, report_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """How far a unit's report has come; never its content."""
    table = annual_report
    statement = select(
        table.c.tenant_id, table.c.id, table.c.report, table.c.year, table.c.state, table.c.edition,
        table.c.department_id, table.c.pack_version_id,
    ).where(table.c.tenant_id == tenant_id, table.c.id == report_id)  # fmt: skip
    return await tx.row(statement.with_for_update() if lock else statement)


async def forms(tx: Transaction, year: int, *, central: bool = False) -> list[Form]:
    """The yearly reports under the pack in force, with the year's due days."""
    pack = (await governing(tx)).pack
    return rules.forms(pack, year, await deadlines(tx, year), rules.traits_of(central=central), tx.today)


async def progress(tx: Transaction, year: int) -> list[Progress]:
    """Every institution that the authority answers for, with each of its reports of a year; nothing for a finance department."""
    if tx.scope.role not in ("web_science", "web_department"):
        return []
    units = await _units(tx)
    states = {(row.tenant_id, row.report): row for row in await _states(tx, year)}
    pack = (await governing(tx)).pack
    given = await deadlines(tx, year)
    found = []
    known: dict[tuple[str, bool, datetime | None], Mapping[str, Any]] = {}
    for form in await forms(tx, year):
        for unit in units:
            row = states.get((unit.id, form.code))
            submitted_at = row.submitted_at if row is not None and row.state in FILED else None
            traits = rules.traits_of(central=unit.central)
            # units that have sent nothing are asked about with the same facts: one answer for all of them
            values = known.get((form.code, unit.central, submitted_at))
            if values is None:
                stage, days = form.unit_stage, given.get(form.code, {})
                asked = rules.due(form, stage, days, traits, pack, tx.today, submitted_at)
                values = known[form.code, unit.central, submitted_at] = asked.answer.values
            found.append(
                Progress(
                    unit.id, unit.name, unit.unit_kind or "other", unit.department, form.code, form.label,
                    row.state if row is not None else "", row.edition if row is not None else 0, submitted_at,
                    form.unit_stage.due, bool(values.get("overdue")) and submitted_at is None, bool(values.get("late")),
                )
            )  # fmt: skip
    return found


async def tallies(tx: Transaction, year: int) -> Tallies:
    """How far the reports of a year have come, counted in the database, for a page that names no institution."""
    if tx.scope.role not in ("web_science", "web_department"):
        return Tallies(0, {}, {})
    units = await tx.scalar(select(func.count()).select_from(organisation).where(*_answered_for(tx)))
    table = annual_report
    rows = await tx.rows(
        select(table.c.report, table.c.state, func.count().label("n"))
        .join(
            organisation, (organisation.c.id == table.c.tenant_id) & (organisation.c.province_id == table.c.province_id)
        )
        .where(_scoped(tx), *_answered_for(tx), table.c.year == year, table.c.state.in_((*FILED, "returned")))
        .group_by(table.c.report, table.c.state)
    )
    filed: Counter[str] = Counter()
    returned: Counter[str] = Counter()
    for row in rows:
        (returned if row.state == "returned" else filed)[row.report] += row.n
    return Tallies(units, filed, returned)


def _answered_for(tx: Transaction) -> list[ColumnElement[bool]]:
    wanted = [
        organisation.c.province_id == tx.province_id,
        organisation.c.kind == "institution",
        organisation.c.state == "active",
    ]
    if tx.scope.role == "web_department":
        wanted.append(organisation.c.department_id == tx.scope.organisation_id)
    return wanted


async def _units(tx: Transaction) -> Sequence[Row[Any]]:
    competent = organisation.alias("competent")
    return await tx.rows(
        select(
            organisation.c.id, organisation.c.name, organisation.c.short_name, organisation.c.unit_kind,
            organisation.c.central,
            competent.c.short_name.label("department"),
        )
        .join(
            competent,
            (competent.c.id == organisation.c.department_id) & (competent.c.province_id == organisation.c.province_id),
        )
        .where(*_answered_for(tx))
        .order_by(organisation.c.unit_kind, organisation.c.name)
    )  # fmt: skip


def _scoped(tx: Transaction) -> ColumnElement[bool]:
    return {
        "web_science": annual_report.c.province_id == tx.province_id,
        "web_department": annual_report.c.department_id == tx.scope.organisation_id,
    }[tx.scope.role]


async def _states(tx: Transaction, year: int) -> Sequence[Row[Any]]:
    table = annual_report
    return await tx.rows(
        select(table.c.tenant_id, table.c.report, table.c.state, table.c.edition, table.c.submitted_at).where(
            _scoped(tx), table.c.year == year, table.c.state != "draft"
        )
    )


def counted(rows: Iterable[Progress]) -> list[Counted]:
    """Progress by kind of institution, in the registry's order."""
    groups: dict[str, list[Progress]] = {}
    for row in rows:
        groups.setdefault(row.unit_kind, []).append(row)
    labels: Mapping[str, str] = {**UNIT_KINDS, "other": "其他"}
    return [
        Counted(
            label,
            len(groups[kind]),
            sum(one.state in FILED for one in groups[kind]),
            sum(one.state == "returned" for one in groups[kind]),
        )
        for kind, label in labels.items()
        if kind in groups
    ]


async def accepted(tx: Transaction, report: str, year: int) -> Sequence[Row[Any]]:
    """What a department accepted and has not sent on, with the units' names, by name."""
    table, own = report_submission, tx.scope.organisation_id
    return await tx.rows(
        select(table, name_on(local_day_of(table.c.submitted_at)).label("sender"))
        .join(
            organisation,
            (organisation.c.id == table.c.tenant_id) & (organisation.c.province_id == table.c.province_id),
        )
        .join(
            annual_report,
            (annual_report.c.tenant_id == table.c.tenant_id) & (annual_report.c.id == table.c.report_id),
        )
        .where(
            table.c.department_id == own,
            table.c.recipient_id == own,
            annual_report.c.department_id == own,
            table.c.report == report,
            table.c.year == year,
            table.c.state == "accepted",
            annual_report.c.state == "accepted",
        )
        .order_by(organisation.c.name)
    )


async def aggregates(tx: Transaction, report: str, year: int) -> Sequence[Row[Any]]:
    """A department's own aggregates of a year, newest first."""
    table = report_aggregate
    return await tx.rows(
        select(table)
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.department_id == tx.scope.organisation_id,
            table.c.report == report,
            table.c.year == year,
        )
        .order_by(table.c.number.desc())
    )


async def aggregate(tx: Transaction, aggregate_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """One aggregate of the department's own."""
    table = report_aggregate
    statement = select(table).where(
        table.c.tenant_id == tx.tenant_id,
        table.c.department_id == tx.scope.organisation_id,
        table.c.id == aggregate_id,
    )
    return await tx.row(statement.with_for_update() if lock else statement)
