"""统计汇总: the ledgers' sums by type, stage, status, mode, year and institution, with chart, table and workbook."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from services.annual_report.pages import xlsx
from services.home.aggregates import queries
from services.home.aggregates.cells import Table
from services.home.aggregates.queries import VIEWS
from services.home.pages import viewer_with_unread
from shared.db.transaction import Transaction
from shared.documents.workbook_writing import Style, Styled, WrittenSheet, write_workbook
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
    """The totals by one view as xlsx."""
    table = await queries.table_by(tx, _view(by))
    await queries.note_looks(tx, (table,), "ledger_total.export")
    return xlsx(f"统计汇总_{VIEWS[by]}_{tx.today}.xlsx", workbook(table, tx.today.isoformat()))


def workbook(table: Table, day: str) -> bytes:
    """One sheet: the table with its sums; small cells of one institution stay hidden."""
    head = [VIEWS[table.view], *table.columns, "合计", *(["有金额项数", "金额（元）"] if table.valued else [])]
    rows: list[list[Any]] = [
        [Styled(f"单列台账成果，按{VIEWS[table.view]}", Style.TITLE)],
        [f"截至 {day}，单位：项；单个单位的 1 或 2 显示为“<3”"],
        [],
        [Styled(label, Style.HEADER) for label in head],
    ]
    for line in table.lines:
        values: list[Any] = [line.label, *(cell.shown for cell in line.cells), line.total.shown]
        if line.n_valued is not None:
            values += [line.n_valued.shown, None if line.amount is None else Styled(float(line.amount), Style.MONEY)]
        rows.append(values)
    rows.append(["合计", *table.sums, table.whole])
    sheet = WrittenSheet("统计汇总", list(enumerate(rows, 1)), widths=[30] + [14] * 8, neutralise=True)
    return write_workbook([sheet])


HANDLERS = (statistics, statistics_workbook)
