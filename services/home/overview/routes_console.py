"""The home of an authority, what waits for its people, and its own trail."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.response import Redirect

from services.annual_report.pages import progress_chart
from services.annual_report.workflow import year_to_report
from services.home.overview import charts, queries, trail
from services.home.pages import counters, with_counts
from services.ledger.helping.queries import WORK as AGENCY_WORK
from services.ledger.helping.routes_console import HOME as AGENCY_HOME
from shared.db.transaction import Transaction
from shared.todo import Todo
from tenants.pages import MenuEntry, page

_READ = {"permission": "console:home:read"}
_HOME, _TODO, _TRAIL = "/console/", "/console/todo", "/console/trail"
_VERSIONS = "/console/policy/versions"
_EXCERPT = 7
_DONE = 20
_HINT = "需要您办理的年度报告、报送期限、征求意见和清单发布等会出现在这里。"
_VIEWS = {"": "待办", "done": "已办", "begun": "我发起的"}
MENU = (
    MenuEntry("console", "", "工作台", "layout-dashboard", _HOME, "console:home:read", 10),
    MenuEntry("console", "", "待办中心", "checklist", _TODO, "console:home:read", 20),
    MenuEntry("console", "服务与监督", "操作日志", "history", _TRAIL, "console:home:read", 910),
)


async def _matters(tx: Transaction, waiting: Sequence[Todo], view: str, path: str, shown: int) -> dict[str, Any]:
    chosen = view if view in _VIEWS else ""
    return {
        "todos": waiting[:shown],
        "count": len(waiting),
        "todo_hint": _HINT,
        "done": await queries.done(tx, _DONE, begun_only=chosen == "begun") if chosen else [],
        "view": chosen,
        "tabs": [
            (label, f"{path}?view={code}" if code else path, code == chosen, len(waiting) if not code else None)
            for code, label in _VIEWS.items()
        ],
        "today": tx.today,
    }


@get("/", opt=_READ)
async def console_home(request: Request[Any, Any, Any], tx: Transaction, view: str = "") -> Response[Any]:
    """Deadlines, figures, what waits, what is published, progress, contracts, totals, the newest of the trail."""
    if AGENCY_WORK in tx.actor.permissions:
        return Redirect(AGENCY_HOME, status_code=303)
    if tx.pack_version_id is None:
        # In a province that was just opened nothing governs yet: what there is to do stands among the versions.
        return Redirect(_VERSIONS, status_code=302)
    waiting = await queries.waiting(tx)
    standings = await queries.standings(tx)
    report, deals = await queries.deals_by_year(tx)
    context = {
        **await with_counts(request, tx, _TODO, len(waiting)),
        **await _matters(tx, waiting, view, _HOME, _EXCERPT),
        "year": year_to_report(tx.today),
        "standings": standings,
        "progress_charts": [progress_chart(one.counts) for one in standings],
        "terms": await queries.terms(tx),
        "published": await queries.published(tx),
        "pilots": await queries.pilot_counts(tx),
        "totals": await queries.totals(tx),
        "deals": deals,
        "deals_report": report,
        "deals_chart": charts.deals_chart(deals, year_to_report(tx.today), standings),
        "trail": await queries.recent(tx),
        "is_science": queries.is_science(tx),
        "answers": queries.answers_for_units(tx),
    }
    return page(request, "home/console/home.html", "工作台", context)


@get("/todo", opt=_READ)
async def console_todo(request: Request[Any, Any, Any], tx: Transaction, view: str = "") -> Response[str]:
    """Everything that waits for the person, what they did, what they began."""
    waiting = await queries.waiting(tx)
    context = {
        **await with_counts(request, tx, _TODO, len(waiting)),
        **await _matters(tx, waiting, view, _TODO, len(waiting)),
    }
    return page(request, "home/console/todo.html", "待办中心", context)


@get("/counters", opt=_READ)
async def console_counters(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """How many messages are unread and how many to-dos wait, for pages that do not count themselves."""
    return await counters(request, tx, None if tx.pack_version_id is None else len(await queries.waiting(tx)))


@get("/trail", opt=_READ)
async def console_trail(request: Request[Any, Any, Any], tx: Transaction, before: int | None = None) -> Response[str]:
    """What the authority's people did and looked at, newest first, by keyset."""
    acts = await trail.traces(tx, before=before, limit=trail.PAGE_SIZE + 1, quiet=False)
    shown = acts[: trail.PAGE_SIZE]
    context = {
        "acts": shown,
        "newest": _TRAIL if before else None,
        "older": f"{_TRAIL}?before={shown[-1].position}" if len(acts) > trail.PAGE_SIZE else None,
    }
    return page(request, "home/console/trail.html", "操作日志", context)


HANDLERS = (console_home, console_todo, console_counters, console_trail)
