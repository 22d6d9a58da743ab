"""What the yearly reports tell an institution: its reports, figures, the rows behind each figure, texts, hand-overs, looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text

from services.annual_report.figures import COLUMNS, Line, in_order
from services.annual_report.freezing import SIDES, VALUES
from services.annual_report.models import (
    annual_report,
    report_deadline,
    report_figure,
    report_freeze,
    report_part,
    report_return,
    report_stated,
    report_submission,
)
from services.annual_report.payload import Frozen
from services.annual_report.rules import KIND_OF_AUTHORITY
from services.ledger.rules import vocabulary
from shared.audit.tables import audit_entry
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from shared.policy.pack import Pack
from tenants.names import local_day_of, name_on
from tenants.registry import organisation

CASE = "annual_report"
PAGE_SIZE = 20
_LINE = ("dimension", "value", *COLUMNS, "declared", "n_valued", "amount")


@dataclass(frozen=True, slots=True)
class Stated:
    """What an institution reports otherwise than counted: the five figures by ``Line.key``, and why."""

    figures: Mapping[str, Mapping[str, int]]
    reason: str


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody of an authority looked at the report."""

    organisation: str
    action: str
    at: datetime


async def deadlines(tx: Transaction, year: int) -> dict[str, dict[str, date]]:
    """The due days that the province entered for a reporting year, by report and stage."""
    rows = await tx.rows(
        select(report_deadline).where(report_deadline.c.province_id == tx.province_id, report_deadline.c.year == year)
    )
    found: dict[str, dict[str, date]] = {}
    for row in rows:
        found.setdefault(row.report, {})[row.stage] = row.due_on
    return found


async def all_deadlines(tx: Transaction) -> Sequence[Row[Any]]:
    """Every entered due day of the province, newest year first."""
    table = report_deadline
    return await tx.rows(
        select(table).where(table.c.province_id == tx.province_id).order_by(table.c.year.desc(), table.c.report)
    )


async def unit_of(tx: Transaction, tenant_id: UUID | None = None) -> Row[Any]:
    """The registry's row of an organisation of the province, by default the transaction's own."""
    row = await tx.row(
        select(organisation).where(
            organisation.c.id == (tenant_id or tx.tenant_id), organisation.c.province_id == tx.province_id
        )
    )
    assert row is not None
    return row


async def recipients_of(tx: Transaction, authority: str, department_id: UUID) -> Sequence[Row[Any]]:
    """The organisations that an authority of the pack stands for; a further one is registered with its code."""
    kind = KIND_OF_AUTHORITY.get(authority, "recipient")
    wanted = [
        organisation.c.province_id == tx.province_id,
        organisation.c.kind == kind,
        organisation.c.state == "active",
    ]
    if kind == "recipient":
        wanted.append(organisation.c.settings["authority"].astext == authority)
    if kind == "department":
        wanted.append(organisation.c.id == department_id)
    return await tx.rows(select(organisation).where(*wanted).order_by(organisation.c.name))


async def own_authority(tx: Transaction) -> str:
    """By which code the pack names the authority that acts."""
    own = await unit_of(tx, tx.scope.organisation_id)
    if own.kind == "recipient":
        return str((own.settings or {}).get("authority", ""))
    return next((code for code, kind in KIND_OF_AUTHORITY.items() if kind == own.kind), "")


async def own_reports(tx: Transaction) -> Sequence[Row[Any]]:
    """The institution's reports, newest year first."""
    table = annual_report
    return await tx.rows(
        select(table).where(table.c.tenant_id == tx.tenant_id).order_by(table.c.year.desc(), table.c.report)
    )


async def own_report(tx: Transaction, report: str, year: int, *, lock: bool = False) -> Row[Any] | None:
    """One report of the institution; locked until the end of the transaction where a verb moves it."""
    table = annual_report
    statement = select(table).where(table.c.tenant_id == tx.tenant_id, table.c.report == report, table.c.year == year)
    return await tx.row(statement.with_for_update() if lock else statement)


async def newest_freeze(tx: Transaction, report_id: UUID) -> Frozen | None:
    """The freeze that the figures stand for."""
    table = report_freeze
    row = await tx.row(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.report_id == report_id)
        .order_by(table.c.number.desc())
        .limit(1)
    )
    return Frozen(row.number, row.as_of, row.known_at, row.frozen_at, row.reason or "") if row is not None else None


async def counted_lines(tx: Transaction, report_id: UUID, number: int, pack: Pack) -> list[Line]:
    """The figures as counted at a freeze, in the pack's order."""
    table = report_figure
    rows = await tx.rows(
        select(table).where(
            table.c.tenant_id == tx.tenant_id, table.c.report_id == report_id, table.c.freeze_number == number
        )
    )
    lines = [Line(**{name: getattr(row, name) for name in _LINE}) for row in rows]
    return in_order(lines, value_order(pack))


def value_order(pack: Pack) -> dict[str, list[str]]:
    """The values of each dimension in the pack's order."""
    words = vocabulary(pack)
    return {
        "type": [one.code for one in words.types],
        "stage": [one.code for one in words.stages],
        "status": [one.code for one in words.statuses],
        "mode": [one.code for one in words.modes],
        "deal": [one.code for one in words.modes],
    }


async def stated_figures(tx: Transaction, report_id: UUID) -> Stated:
    """What the institution states otherwise than counted."""
    table = report_stated
    rows = await tx.rows(select(table).where(table.c.tenant_id == tx.tenant_id, table.c.report_id == report_id))
    figures = {f"{row.dimension}:{row.value}": {name: getattr(row, name) for name in COLUMNS} for row in rows}
    return Stated(figures, rows[0].reason if rows else "")


async def texts_of(tx: Transaction, report_id: UUID) -> dict[str, str]:
    """The narrative parts by code."""
    table = report_part
    rows = await tx.rows(select(table).where(table.c.tenant_id == tx.tenant_id, table.c.report_id == report_id))
    return {row.code: row.text for row in rows}


async def last_years_texts(tx: Transaction, report: str, year: int) -> dict[str, str]:
    """The texts of the same report one year earlier, as a draft to begin with."""
    before = await own_report(tx, report, year - 1)
    return await texts_of(tx, before.id) if before is not None else {}


async def own_submissions(tx: Transaction, report_id: UUID) -> Sequence[Row[Any]]:
    """Every hand-over of a report with its recipient's name, newest first."""
    table = report_submission
    return await tx.rows(
        select(table, name_on(local_day_of(table.c.submitted_at)).label("recipient"))
        .join(
            organisation,
            (organisation.c.id == table.c.recipient_id) & (organisation.c.province_id == table.c.province_id),
        )
        .where(table.c.tenant_id == tx.tenant_id, table.c.report_id == report_id)
        .order_by(table.c.edition.desc(), organisation.c.name)
    )


async def newest_content(tx: Transaction, report_id: UUID) -> Mapping[str, Any] | None:
    """What was handed over last."""
    rows = await own_submissions(tx, report_id)
    return rows[0].payload if rows else None


async def returns_of(tx: Transaction, report_id: UUID) -> Sequence[Row[Any]]:
    """The reasons for which a report was returned, newest return first, in the order of the form."""
    table = report_return
    return await tx.rows(
        select(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.report_id == report_id)
        .order_by(table.c.returned_at.desc(), table.c.submission_id, table.c.position)
    )


async def events_of(tx: Transaction, report_id: UUID) -> Sequence[Row[Any]]:
    """What happened to a report, newest first, with who acted."""
    table = workflow_event
    return await tx.rows(
        select(table, name_on(local_day_of(table.c.at)).label("organisation"))
        .join(
            organisation,
            (organisation.c.id == table.c.actor_organisation_id) & (organisation.c.province_id == table.c.province_id),
        )
        .where(table.c.tenant_id == tx.tenant_id, table.c.case_kind == CASE, table.c.case_id == report_id)
        .order_by(table.c.recorded_at.desc())
    )


async def looks_at(tx: Transaction, report_id: UUID, limit: int = PAGE_SIZE) -> list[Look]:
    """Which authority looked at the report when, newest first; real instants."""
    table = audit_entry
    rows = await tx.rows(
        select(table.c.action, table.c.at, name_on(local_day_of(table.c.at)).label("name"))
        .join(
            organisation,
            (organisation.c.id == table.c.actor_organisation_id) & (organisation.c.province_id == table.c.province_id),
        )
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.object_kind == CASE,
            table.c.object_id == report_id,
            table.c.outcome == "read",
            table.c.actor_organisation_id != tx.tenant_id,
        )
        .order_by(table.c.at.desc())
        .limit(limit)
    )
    return [Look(row.name, row.action, row.at) for row in rows]


async def changed_since(tx: Transaction, as_of: date, known_at: datetime) -> tuple[int, datetime | None]:
    """How many achievements of the year the ledger knows otherwise since a freeze, and since when (first change)."""
    row = await tx.row(
        text(
            "select count(distinct id) as n, min(lower(recorded)) as since from app.achievement_version "
            "where tenant_id = :tenant and not isempty(recorded) and lower(recorded) > cast(:known as timestamptz) "
            "and held @> cast(:day as date)"
        ),
        {"tenant": tx.tenant_id, "known": known_at, "day": as_of},
    )
    assert row is not None
    return int(row.n), row.since


_BEHIND = {
    "opening": "o.id is not null and {before} = :value",
    "first_entry": "r.first_entry and {after} = :value",
    "added": "c.id is not null and not r.first_entry and {after} = :value and (o.id is null or {before} <> :value)",
    "removed": "o.id is not null and {before} = :value and (c.id is null or {after} <> :value)",
    "closing": "c.id is not null and {after} = :value",
}


def is_figure(dimension: str, column: str) -> bool:
    """Whether rows can be shown behind a figure: of achievements, and of contracts signed in the year."""
    return (dimension in VALUES and column in _BEHIND) or (dimension == "deal" and column in ("added", "closing"))


async def rows_behind(
    tx: Transaction, report_id: UUID, number: int, dimension: str, value: str, column: str,
    *, frozen: Frozen, after: int = 0, limit: int = PAGE_SIZE,
) -> Sequence[Row[Any]]:  # fmt: skip
    """The achievements that a frozen figure consists of, by ledger number, one more than a page shows.

    Names and values are those of the version that was counted: of 31 December, or of the opening where the row left.
    """
    if dimension == "deal":
        return await _deals_behind(tx, report_id, number, value, frozen, after, limit)
    sql = VALUES[dimension]
    condition = _BEHIND[column].format(before=f"({sql.format(v='o')})", after=f"({sql.format(v='c')})")
    return await tx.rows(
        text(
            "select r.achievement_id as id, v.* from (select r.achievement_id, coalesce(c.version, o.version) as version "
            f"{SIDES} where r.tenant_id = :tenant and r.report_id = :report and r.freeze_number = :number and {condition}) r "
            "join lateral (select number, code, name, type, stage_recognised, stage_declared, status, mode, value, "
            "conversions from app.achievement_version where tenant_id = :tenant and id = r.achievement_id "
            "and version = r.version) v on true where v.number > :after order by v.number limit :limit"
        ),
        {
            "tenant": tx.tenant_id,
            "report": report_id,
            "number": number,
            "after": after,
            "limit": limit + 1,
            # every row counts in the whole, which has no value
            "value": value if dimension != "all" else "",
        },
    )


async def _deals_behind(
    tx: Transaction, report_id: UUID, number: int, value: str, frozen: Frozen, after: int, limit: int
) -> Sequence[Row[Any]]:
    return await tx.rows(
        text(
            "select d.achievement_id as id, c.number, c.code, c.name, c.type, c.stage_recognised, c.stage_declared, "
            "c.status, d.mode, d.amount as value, 1 as conversions from app.conversion_record_version d "
            f"join (select c.* {SIDES} where r.tenant_id = :tenant and r.report_id = :report and r.freeze_number = :number) c "
            "on c.id = d.achievement_id where d.tenant_id = :tenant and d.live and d.held @> cast(:closing as date) "
            "and d.recorded @> cast(:known as timestamptz) and d.signed_on > cast(:opening as date) "
            "and d.signed_on <= cast(:closing as date) and coalesce(d.mode, '') = :value and c.number > :after "
            "order by c.number, d.position limit :limit"
        ),
        {
            "tenant": tx.tenant_id,
            "report": report_id,
            "number": number,
            "value": value,
            "closing": frozen.as_of,
            "opening": date(frozen.as_of.year - 1, 12, 31),
            "known": frozen.known_at,
            "after": after,
            "limit": limit + 1,
        },
    )


async def frozen_count(tx: Transaction, report_id: UUID) -> int:
    """How often a report was frozen."""
    table = report_freeze
    return int(
        await tx.scalar(select(func.count()).where(table.c.tenant_id == tx.tenant_id, table.c.report_id == report_id))
        or 0
    )
