"""Annual reports for machines: where each stands, and what was handed over last."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import PathParameter

from services.annual_report import queries
from services.annual_report.models import REPORT_STATES, SUBMISSION_STATES
from shared.db.transaction import Transaction
from shared.errors import NotFound

_READ = {"permission": "institution:report:read"}


class ReportOut(msgspec.Struct):
    """One report of a year; ``report`` is the code of its form in the province's pack."""

    id: UUID
    report: str
    year: int
    state: str
    state_label: str


class ReportList(msgspec.Struct):
    """All reports of the institution, the newest year first."""

    items: list[ReportOut]


class SubmissionOut(msgspec.Struct):
    """One hand-over to one recipient."""

    edition: int
    recipient: str
    state: str
    state_label: str
    submitted_at: datetime


class ReportDetail(msgspec.Struct):
    """A report with its hand-overs, and the content of the last one (null before the first)."""

    head: ReportOut
    submissions: list[SubmissionOut]
    content: dict[str, Any] | None


@get("/reports", opt=_READ, summary="年度报告")
async def list_reports(tx: Transaction) -> ReportList:
    """Where each report stands."""
    return ReportList([_head(row) for row in await queries.own_reports(tx)])


@get("/reports/{report:str}/{year:int}", opt=_READ, summary="一份年度报告")
async def read_report(
    tx: Transaction, report: str, year: Annotated[int, PathParameter(ge=1900, le=2999)]
) -> ReportDetail:
    """One report: to whom it was handed over, what became of it, and its figures and texts as handed over last."""
    row = await queries.own_report(tx, report, year)
    if row is None:
        raise NotFound
    handed = [
        SubmissionOut(
            one.edition, one.recipient, one.state, SUBMISSION_STATES.get(one.state, one.state), one.submitted_at
        )
        for one in await queries.own_submissions(tx, row.id)
    ]
    content = await queries.newest_content(tx, row.id)
    return ReportDetail(_head(row), handed, dict(content) if content is not None else None)


def _head(row: Any) -> ReportOut:
    return ReportOut(row.id, row.report, row.year, row.state, REPORT_STATES.get(row.state, row.state))


HANDLERS = (list_reports, read_report)
