"""Which units are to be reminded of a report, and when the authority did it last."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.annual_report.reviewing.queries import Progress, progress
from services.annual_report.rules import Form
from shared.db.records import workflow_event
from shared.db.transaction import Transaction
from tenants.registry import organisation

KIND = "report_reminder"


async def missing(tx: Transaction, form: Form) -> list[Progress]:
    """The units of the authority that never handed this report in; one that was given it back has its reasons already."""
    return [row for row in await progress(tx, form.year) if row.report == form.code and not row.state]


async def department_of(tx: Transaction, units: Sequence[UUID]) -> dict[UUID, UUID]:
    """The competent department of each unit."""
    rows = await tx.rows(
        select(organisation.c.id, organisation.c.department_id).where(
            organisation.c.province_id == tx.province_id, organisation.c.id.in_(units)
        )
    )
    return {row.id: row.department_id for row in rows}


async def reminders(tx: Transaction, year: int) -> dict[str, tuple[datetime, int]]:
    """The authority's last reminder of each report of a year: when (legal instant), and to how many units."""
    event = workflow_event.c
    rows = await tx.rows(
        select(event.at, event.details)
        .where(event.tenant_id == tx.tenant_id, event.case_kind == KIND, event.details["year"].astext == str(year))
        .order_by(event.recorded_at)
    )
    return {row.details["report"]: (row.at, len(row.details["units"])) for row in rows}
