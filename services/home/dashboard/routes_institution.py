"""统计分析 of an institution: stock over time, the way from disclosure to money, contracts by year."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, get

from services.home.dashboard import charts, queries
from services.ledger.display import words_of
from services.ledger.points import point_of
from services.ledger.rules import Vocabulary
from shared.db.transaction import Transaction
from shared.ui.words import count, day, money
from tenants.names import own_former_name
from tenants.pages import MenuEntry, page

_HERE = "/institution/dashboard"
_READ = "institution:report:read"
MENU = (MenuEntry("institution", "报告与留痕", "统计分析", "chart-bar", _HERE, _READ, 905),)


@get("/dashboard", opt={"permission": _READ})
async def dashboard(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Each chart with its table, from the same values."""
    words, point = await words_of(tx), point_of(request.query_params, tx.today)
    stock, funnel = await queries.stock(tx, point), await queries.funnel(tx, point)
    income = await queries.income(tx, point)
    modes = _named(words, "mode", {code for one in income for code in one.amounts})
    context = {
        "stocks": [
            _stock(stock, f"stock-{name}", title, counts, _named(words, name, set(counts)))
            for name, title, counts in _views(stock, words)
        ],
        "empty": not income and not any(n for _, n in funnel),
        "funnel": [(label, count(n)) for label, n in funnel],
        "funnel_chart": charts.funnel_chart(funnel),
        "income": [_income(one, modes) for one in income],
        "income_columns": [
            ("年度", False),
            *((one, True) for one in ("合同（项）", *modes.values(), "合同合计（万元）", "到账（万元）")),
        ],
        "income_chart": charts.income_chart(income, modes),
        "received_chart": charts.received_chart(income) if any(one.received for one in income) else None,
        "unstated": sum(one.unstated for one in income),
        "point": point,
        "unit_then": await own_former_name(tx, point.as_of),
        "here": _HERE,
        "today": tx.today,
    }
    return page(request, "home/institution/dashboard.html", "统计分析", context)


def _views(stock: queries.Stock, words: Vocabulary) -> list[tuple[str, str, Mapping[str, Sequence[int]]]]:
    found = [("status", "转化状态", stock.by_status)]
    return [*found, ("stage", "成果阶段", stock.by_stage)] if words.stages else found


def _named(words: Vocabulary, name: str, used: set[str]) -> dict[str, str]:
    """The codes that occur with their labels, in the pack's order; what the pack does not name comes last."""
    known = {code: label for code, label in words.pairs(name) if code in used}
    return known | {code: code or "未填写" for code in sorted(used - set(known))}


def _stock(
    stock: queries.Stock, name: str, title: str, counts: Mapping[str, Sequence[int]], labels: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "id": name,
        "title": f"台账存量，按{title}",
        "chart": charts.stock_chart(stock, counts, labels),
        "columns": [("日期", False), *((label, True) for label in labels.values()), ("合计", True)],
        "rows": [
            [day(one), *(count(counts[code][place]) for code in labels), count(stock.totals[place])]
            for place, one in enumerate(stock.days)
        ],
    }


def _income(one: queries.Income, modes: Mapping[str, str]) -> list[str]:
    amounts = [money(one.amounts.get(code), places=2) for code in modes]
    year, total = str(one.year) if one.year else "未载明日期", money(one.total if one.contracts else None, places=2)
    return [year, count(one.contracts), *amounts, total, money(one.received, places=2)]


HANDLERS = (dashboard,)
