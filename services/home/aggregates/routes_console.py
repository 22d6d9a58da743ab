"""统计汇总: the ledgers' sums by type, stage, status, mode, year and institution, with chart, table and workbook."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from services.annual_report.pages import xlsx
from services.home.aggregates import queries
from services.home.aggregates.cells import Table
from services.home.aggregates.exporting import workbook
from services.home.aggregates.queries import VIEWS
from services.home.overview import queries as overview
from services.home.pages import viewer_with_unread
from shared.db.transaction import Transaction
from shared.errors import NotFound
from tenants.pages import MenuEntry, page

HOME = "/console/statistics"
_READ = {"permission": "console:statistics:read"}
MENU = (MenuEntry("console", "", "统计汇总", "chart-bar", HOME, "console:statistics:read", 110),)


@get("/statistics", opt=_READ)
async def statistics(
    request: Request[Any, Any, Any],
    tx: Transaction,
    by: str = "type",
    after: UUID | None = None,
    before: UUID | None = None,
) -> Response[str]:
    """The totals by one view, institutions page by page, and until when reports are due."""
    shown = await queries.shown_by(tx, _view(by), after, before)
    await queries.note_looks(tx, (shown.table, *((shown.top,) if shown.top else ())), "ledger_total.read")
    context = {
        "viewer": await viewer_with_unread(request, tx),
        "table": shown.table,
        "top": shown.top,
        "spec": chart_of(shown.drawn) if shown.drawn else None,
        "newer": f"{HOME}?by={by}&before={shown.first}" if shown.first else None,
        "older": f"{HOME}?by={by}&after={shown.last}" if shown.last else None,
        "views": [(label, f"{HOME}?by={code}", code == by, None) for code, label in VIEWS.items()],
        "label": VIEWS[by],
        "deadlines": await queries.report_deadlines(tx),
        "today": tx.today,
    }
    return page(request, "home/console/statistics.html", "统计汇总", context)


def _view(by: str) -> str:
    if by not in VIEWS:
        raise NotFound
    return by


def chart_of(table: Table) -> dict[str, Any]:
    """The same values as the table's; hidden cells are left out."""
    series = [
        {"name": column, "data": [line.cells[place].drawn for line in table.lines]}
        for place, column in enumerate(table.columns)
    ] or [{"name": "成果数量", "data": [line.total.drawn for line in table.lines], "tone": "ok"}]
    return {
        "kind": "bar-horizontal",
        "stacked": bool(table.columns),
        "whole": True,
        "unit": "项",
        "categories": [line.label for line in table.lines],
        "series": series,
    }


@get("/statistics/workbook", opt=_READ)
async def statistics_workbook(request: Request[Any, Any, Any], tx: Transaction, by: str = "type") -> Response[bytes]:
    """The totals by one view, the contracts and the progress of the reports as xlsx."""
    table = await queries.table_by(tx, _view(by))
    await queries.note_looks(tx, (table,), "ledger_total.export")
    report, deals = await overview.deals_by_year(tx)
    made = workbook(table, report, deals, await overview.standings(tx), tx.today.isoformat())
    return xlsx(f"统计汇总_{VIEWS[by]}_{tx.today}.xlsx", made)


HANDLERS = (statistics, statistics_workbook)
