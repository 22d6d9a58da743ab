"""统计汇总: the ledgers' sums by type, stage, status, mode, year and institution, with chart, table and workbook."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from services.annual_report.pages import xlsx
from services.home.aggregates import queries
from services.home.aggregates.cells import Table
from services.home.aggregates.exporting import past_workbook, workbook
from services.home.aggregates.queries import VIEWS
from services.home.overview import queries as overview
from services.home.pages import viewer_with_unread
from services.ledger.points import Point, instant_of, point_of
from shared.clock import local_day
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.ui.links import with_query
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
    """The totals by one view, institutions page by page, and until when reports are due; of a past day the totals alone."""
    point = _point(request, tx)
    shown = await queries.shown_by(tx, _view(by), after, before, point)
    await queries.note_looks(tx, (shown.table, *((shown.top,) if shown.top else ())), "ledger_total.read")
    context = {
        "viewer": await viewer_with_unread(request, tx),
        "table": shown.table,
        "top": shown.top,
        "spec": chart_of(shown.drawn) if shown.drawn else None,
        "newer": with_query(HOME, point.as_query(), by=by, before=shown.first) if shown.first else None,
        "older": with_query(HOME, point.as_query(), by=by, after=shown.last) if shown.last else None,
        "views": [
            (label, with_query(HOME, point.as_query(), by=code), code == by, None) for code, label in VIEWS.items()
        ],
        "label": VIEWS[by],
        "workbook": with_query(f"{HOME}/workbook", point.as_query(), by=by),
        "deadlines": [] if point.past else await queries.report_deadlines(tx),
        "point": point,
        "path": HOME,
        "today": tx.today,
    }
    return page(request, "home/console/statistics.html", "统计汇总", context)


def _point(request: Request[Any, Any, Any], tx: Transaction) -> Point:
    """As of which day, and as known at the end of which: nothing finer is kept of past totals."""
    query = request.query_params
    known = instant_of(query.get("known_at"))
    asked = {"known_on": query.get("known_on") or (local_day(known).isoformat() if known else "")}
    return point_of({"as_of": query.get("as_of"), **asked}, tx.today)


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
    """The totals by one view, the contracts and the progress of the reports as xlsx; of a past day the totals alone."""
    point = _point(request, tx)
    table = await queries.table_by(tx, _view(by), point)
    await queries.note_looks(tx, (table,), "ledger_total.export")
    if point.past:
        name = f"统计汇总_{VIEWS[by]}_{point.day(tx.today)}.xlsx"
        return xlsx(name, past_workbook(table, point, point.day(tx.today).isoformat()))
    report, deals = await overview.deals_by_year(tx)
    made = workbook(table, report, deals, await overview.standings(tx), tx.today.isoformat())
    return xlsx(f"统计汇总_{VIEWS[by]}_{tx.today}.xlsx", made)


HANDLERS = (statistics, statistics_workbook)
