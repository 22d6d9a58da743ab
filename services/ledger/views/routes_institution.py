"""Beside the list of the ledger: saved views, and how many of what is filtered have which value."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post

from services.ledger import asking, columns, forms
from services.ledger.display import words_of
from services.ledger.listing import Filters
from services.ledger.rules import Vocabulary
from services.ledger.views import forms as view_forms
from services.ledger.views import queries, workflow
from shared.db.transaction import Transaction
from shared.forms import read, typed
from shared.ui.links import with_query
from shared.ui.page import Crumb, FormState
from tenants.pages import page, redirect, unprocessable

HOME = "/institution/ledger"
_PAGE = "ledger/views/institution/"
_READ = {"permission": "institution:ledger:read"}
_SHOWN = 8
_UNSTATED = "未填"


@get("/ledger/facets", opt=_READ)
async def show_facets(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """How many achievements each value of each filter would leave; the list loads it beside itself."""
    words = await words_of(tx)
    filters, kept = _asked(request, words, tx.today)
    names = [name for name in asking.FILTERED if name != "stage" or words.stages]
    counted = await queries.facet_counts(tx, filters, names)
    context = {
        "facets": [_facet(name, counted[name], filters, words, kept) for name in names],
        "bound": queries.BOUND,
        "path": HOME,
        "query": kept,
        "views": await _tabs(tx, kept),
    }
    template = f"{_PAGE}{'beside' if request.query_params.get('beside') else 'facets'}.html"
    return page(request, template, "按类别统计", context, crumbs=(Crumb("单列管理台账", HOME), Crumb("按类别统计")))


def _asked(request: Request[Any, Any, Any], words: Vocabulary, today: date) -> tuple[Filters, dict[str, str]]:
    """What of an address can be asked of the list, and how an address repeats it."""
    wrong = {fault.field for fault in asking.faults(request.query_params, words, today)}
    query = {name: value for name, value in request.query_params.items() if name not in wrong}
    filters = forms.filters_of(query, today)
    sort = query.get("sort", "")
    named = columns.as_query(columns.columns_of(query.get("columns"), words), words)
    more = {"sort": sort if sort != "-number" else "", "columns": named}
    return filters, {**filters.as_query(), **{name: value for name, value in more.items() if value}}


def _facet(
    name: str, counted: queries.Counted, filters: Filters, words: Vocabulary, query: dict[str, str]
) -> dict[str, Any]:
    """One filter: its label and (label, count, address or empty, chosen), most frequent first; the years newest first."""
    chosen = str(getattr(filters, name) or "")
    labels = dict(words.pairs(name)) if name in asking.CODED else {}
    values = sorted(counted.counts.items(), key=lambda one: (-one[1], one[0]))
    if name == "year":
        values = sorted(counted.counts.items(), reverse=True)
    rows = [
        (
            labels.get(value, value) or _UNSTATED,
            n,
            with_query(HOME, query, **{name: None if value == chosen else value}) if value else "",
            value == chosen and bool(value),
        )
        for value, n in values
    ]
    return {"name": name, "label": asking.FILTERED[name], "rows": rows, "shown": _SHOWN, "complete": counted.complete}


async def _tabs(tx: Transaction, query: dict[str, str]) -> list[tuple[str, str, bool, str]]:
    """(name, address, whether it is what the list shows, whose it is where somebody else's) of the saved views."""
    return [
        (row.name, with_query(HOME, kept), kept == query, "" if row.own else row.owner or "（已删除）")
        for row in await queries.views_for(tx)
        for kept in (_address_of(row),)
    ]


def _address_of(row: Any) -> dict[str, str]:
    """What an address of the list says for a saved view: filters, order, columns."""
    return {**row.query, **({"columns": ",".join(row.columns)} if row.columns else {})}


async def _managed(
    request: Request[Any, Any, Any], tx: Transaction, form: FormState | None = None, wrong: UUID | None = None
) -> Response[str]:
    """The page of saved views; ``wrong`` is the one whose form holds an error, none for the new one."""
    words = await words_of(tx)
    _, query = _asked(request, words, tx.today)
    context = {
        "views": [(row, with_query(HOME, _address_of(row))) for row in await queries.views_for(tx)],
        "labels": {code: one.label for code, one in columns.COLUMNS.items()},
        "told": lambda kept: asking.chips_of(forms.filters_of(kept, tx.today), words),
        "query": query,
        "form": form or FormState(),
        "blank": FormState(),
        "wrong": wrong,
        "may_share": workflow.SHARE in tx.actor.permissions,
        "path": HOME,
    }
    crumbs = (Crumb("单列管理台账", HOME), Crumb("我的视图"))
    if form is not None:
        return unprocessable(request, tx, f"{_PAGE}views.html", "我的视图", context, crumbs=crumbs)
    return page(request, f"{_PAGE}views.html", "我的视图", context, crumbs=crumbs)


@get("/ledger/columns", opt=_READ)
async def choose_columns(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Which columns the list shows, in which order: each step is an address, so that keys alone do it."""
    words = await words_of(tx)
    _, query = _asked(request, words, tx.today)
    chosen, known = columns.columns_of(query.get("columns"), words), columns.offered(words)

    def leading(to: Sequence[str], path: str = f"{HOME}/columns") -> str:
        return with_query(path, query, columns=",".join(to))

    context = {
        "chosen": [
            (
                known[code].label,
                leading(columns.moved(chosen, code, -1)) if place else "",
                leading(columns.moved(chosen, code, 1)) if place < len(chosen) - 1 else "",
                leading([one for one in chosen if one != code]) if len(chosen) > 1 else "",
            )
            for place, code in enumerate(chosen)
        ],
        "others": [(one.label, leading([*chosen, code])) for code, one in known.items() if code not in chosen],
        "done": leading(chosen, HOME) if columns.as_query(chosen, words) else with_query(HOME, query, columns=None),
        "plain": with_query(HOME, query, columns=None),
        "saving": with_query(f"{HOME}/views", query),
        "path": HOME,
    }
    crumbs = (Crumb("单列管理台账", HOME), Crumb("选择列"))
    return page(request, f"{_PAGE}columns.html", "选择列", context, crumbs=crumbs)


@get("/ledger/views", opt=_READ)
async def list_views(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The person's saved views; what the address filters by can be saved as a new one."""
    return await _managed(request, tx)


@post("/ledger/views", opt=_READ)
async def save_view(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Keep what the address filters by under a name."""
    values = typed(await request.form())
    form, errors = read(view_forms.ViewForm, values)
    _, query = _asked(request, await words_of(tx), tx.today)
    kept = {name: value for name, value in query.items() if name != "columns"}
    if form is not None:
        named = query["columns"].split(",") if "columns" in query else None
        done = await workflow.save_view(tx, form.name, kept, shared=form.shared, columns=named)
        if isinstance(done, UUID):
            return redirect(tx, with_query(HOME, query), done="saved")
        errors = {"name": done}
    return await _managed(request, tx, FormState(values, errors))


@post("/ledger/views/{view_id:uuid}", opt=_READ)
async def change_view(request: Request[Any, Any, Any], tx: Transaction, view_id: UUID) -> Response[Any]:
    """Another name for one's own view; shared or not."""
    values = typed(await request.form())
    form, errors = read(view_forms.ViewForm, values)
    if form is not None:
        wrong = await workflow.change_view(tx, view_id, form.name, shared=form.shared)
        if wrong is None:
            return redirect(tx, f"{HOME}/views", done="saved")
        errors = {"name": wrong}
    return await _managed(request, tx, FormState(values, errors), view_id)


@post("/ledger/views/{view_id:uuid}/delete", opt=_READ)
async def delete_view(request: Request[Any, Any, Any], tx: Transaction, view_id: UUID) -> Response[Any]:
    """Forget one's own view."""
    await workflow.delete_view(tx, view_id)
    return redirect(tx, f"{HOME}/views", done="done")


HANDLERS = (show_facets, choose_columns, list_views, save_view, change_view, delete_view)
