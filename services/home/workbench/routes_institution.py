"""工作台 and 待办中心 of an institution."""

from typing import Any
from urllib.parse import quote

from litestar import Request, Response, get

from services.annual_report.pages import xlsx
from services.home.pages import counters, with_counts
from services.home.workbench import queries
from services.ledger.rules import vocabulary
from shared.db.transaction import Transaction
from shared.documents.workbook_writing import Style, Styled, WrittenRow, WrittenSheet, write_workbook
from shared.errors import NotFound
from shared.todo import Todo
from shared.ui.assets import ROOT
from tenants.packs import governing
from tenants.pages import MenuEntry, page

_HERE = "/institution/"
_TODO = "/institution/todo"
SAMPLES = ROOT / "deploy" / "demo" / "samples"
_VIEWS = {"": "待办", "done": "已办", "begun": "我发起的"}


@get("/", opt={"permission": "institution:home:read"})
async def workbench(request: Request[Any, Any, Any], tx: Transaction, view: str = "") -> Response[str]:
    """Figures, what waits, running notices, the newest rows of the ledger."""
    waiting = await queries.waiting(tx)
    context = {
        **await with_counts(request, tx, _TODO, len(waiting)),
        **await _matters(tx, waiting[: queries.EXCERPT], view, _HERE, len(waiting)),
        "figures": await queries.figures(tx),
        "running": await queries.running(tx),
        "ledger": await queries.excerpt(tx),
        "last_import": await queries.last_import(tx),
        "words": vocabulary((await governing(tx)).pack),
    }
    return page(request, "home/institution/workbench.html", "工作台", context)


@get("/todo", opt={"permission": "institution:home:read"})
async def todo(request: Request[Any, Any, Any], tx: Transaction, view: str = "") -> Response[str]:
    """Everything that waits for the person, what they did, what they began."""
    waiting = await queries.waiting(tx)
    context = {
        **await with_counts(request, tx, _TODO, len(waiting)),
        **await _matters(tx, waiting, view, _TODO, len(waiting)),
    }
    return page(request, "home/institution/todo.html", "待办中心", context)


_COLUMNS = (("种类", 14), ("事项", 44), ("说明", 30), ("截止日期", 12), ("依据", 44), ("地址", 44))


@get("/todo/workbook", opt={"permission": "institution:home:read"})
async def todo_workbook(request: Request[Any, Any, Any], tx: Transaction) -> Response[bytes]:
    """What waits for the person, as xlsx."""
    head = f"待办事项　{tx.actor.name}　截至 {tx.today}　示例格式"
    rows: list[WrittenRow] = [(1, [head]), (2, [Styled(label, Style.HEADER) for label, _ in _COLUMNS])]
    for place, one in enumerate(await queries.waiting(tx), 3):
        due = one.due_on.isoformat() if one.due_on else ""
        rows.append((place, [one.kind, one.title, one.subtitle, due, one.basis, one.href]))
    widths = [width for _, width in _COLUMNS]
    made = write_workbook([WrittenSheet("待办事项", rows, widths=widths, frozen_rows=2, neutralise=True)])
    return xlsx(f"待办事项_{tx.today:%Y%m%d}.xlsx", made)


@get("/counters", opt={"permission": "institution:home:read"})
async def institution_counters(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """How many messages are unread and how many to-dos wait, for pages that do not count themselves."""
    return await counters(request, tx, len(await queries.waiting(tx)))


@get("/imports/sample", opt={"permission": "institution:ledger:import"})
async def sample_ledger(request: Request[Any, Any, Any]) -> Response[bytes]:
    """A clerk's ledger to try an import with; in a demo only."""
    found = sorted(SAMPLES.glob("*.xlsx"))
    if not request.app.state.settings.is_demo or not found:
        raise NotFound
    return Response(
        found[0].read_bytes(),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        headers={"content-disposition": f"attachment; filename*=UTF-8''{quote('台账样例.xlsx')}"},
    )


async def _matters(tx: Transaction, waiting: list[Todo], view: str, path: str, count: int) -> dict[str, Any]:
    chosen = view if view in _VIEWS else ""
    return {
        "todos": waiting,
        "count": count,
        "done": await queries.done(tx, begun_only=chosen == "begun") if chosen else [],
        "view": chosen,
        "tabs": [
            (label, f"{path}?view={code}" if code else path, code == chosen, count if not code else None)
            for code, label in _VIEWS.items()
        ],
        "today": tx.today,
    }


HANDLERS = (workbench, todo, todo_workbook, institution_counters, sample_ledger)
MENU = (
    MenuEntry("institution", "", "工作台", "layout-dashboard", _HERE, "institution:home:read", 10),
    MenuEntry("institution", "", "待办中心", "checklist", _TODO, "institution:home:read", 20),
)
