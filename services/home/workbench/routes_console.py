"""The home page of an authority."""

from typing import Any

from litestar import Request, Response, get

from services.annual_report.reviewing.todos import todos as console_waiting
from services.home.aggregates.queries import report_deadlines
from services.home.pages import viewer_with_unread
from services.home.workbench import queries
from services.ledger.rules import Vocabulary, vocabulary
from shared.db.transaction import Transaction
from shared.ui.words import count
from tenants.packs import governing
from tenants.pages import MenuEntry, page


@get("/", opt={"permission": "console:home:read"})
async def console_home(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Pilots, lists, totals; reports once they are filed."""
    overview = await queries.province_overview(tx)
    words = vocabulary((await governing(tx)).pack)
    context = {
        **_table(overview, words),
        "viewer": await viewer_with_unread(request, tx),
        "overview": overview,
        "units": queries.units_of(overview.memberships),
        "is_science": tx.scope.role == "web_science",
        "today": tx.today,
        "todos": await console_waiting(tx),
        "deadlines": await report_deadlines(tx),
    }
    return page(request, "home/console/home.html", "工作台", context)


def _table(overview: queries.Overview, words: Vocabulary) -> dict[str, Any]:
    """Types by statuses, with sums at the foot."""
    statuses = [choice for choice in words.statuses if any(second == choice.code for _, second in overview.totals)]

    def n(type_code: str, status: str) -> int:
        cell = overview.totals.get((type_code, status))
        return cell.n if cell else 0

    types = [choice for choice in words.types if any(first == choice.code for first, _ in overview.totals)]
    rows = []
    for kind in types:
        counts = [n(kind.code, status.code) for status in statuses]
        rows.append([kind.label, *(count(value) for value in counts), count(sum(counts))])
    sums = [sum(n(kind.code, status.code) for kind in types) for status in statuses]
    return {
        "table_columns": [("成果类型", False), *((status.label, True) for status in statuses), ("合计", True)],
        "table_rows": rows,
        "table_total": ["合计", *(count(value) for value in sums), count(sum(sums))],
    }


HANDLERS = (console_home,)
MENU = (MenuEntry("console", "", "工作台", "layout-dashboard", "/console/", "console:home:read", 10),)
