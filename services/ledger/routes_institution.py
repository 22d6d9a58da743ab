"""Pages of the ledger: the list, one achievement with its history, corrections, conversions, exports."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, get, post

from services.ledger import asking, columns, export, forms, listing, queries, workflow
from services.ledger.correcting import members_meant, standing
from services.ledger.disclosure.queries import VERIFY
from services.ledger.display import TONES, list_row, options, record_tabs, words_of
from services.ledger.evidence.queries import disclosed_papers
from services.ledger.models import ACHIEVEMENT_STATES
from services.ledger.points import NOW, Point, point_of
from services.ledger.rules import Vocabulary
from services.ledger.sheets import SHEETS
from services.ledger.telling import event_told, facts_of, people_in, version_told
from services.ledger.transferring.queries import origin_of
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.page import Crumb, FormState
from tenants.masking import masked, names_shown
from tenants.names import own_former_name
from tenants.pages import MenuEntry, SearchBox, page, redirect, refused_in_place, unprocessable
from tenants.people import names_of
from tenants.suspension import STAYS_OPEN

HOME = "/institution/ledger"
_PAGE = "ledger/institution/"
_VERIFY = "institution:disclosure:verify"
_READ = {"permission": "institution:ledger:read"}
_WRITE = {"permission": "institution:ledger:write"}
_EXPORT = {"permission": "institution:ledger:export"}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MENU = (MenuEntry("institution", "单列管理", "单列管理台账", "database", HOME, "institution:ledger:read", 22),)
SEARCH = (SearchBox("institution", HOME, "查找成果名称、编号、完成人", "institution:ledger:read"),)
_HIDDEN = "（疑似涉密，内容已隔离）"
_ENDINGS = {
    "revoke": "撤销后该成果不再列入台账，编号保留并标注“撤销”，不再使用；名称和权利号可以重新登记。",
    "quarantine": "疑似涉及国家秘密的，先隔离：立即从台账、查找和导出中移出，并报告本单位保密工作机构。",
}


def _without(query: Mapping[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if name not in names}


@get("/ledger", opt=_READ)
async def list_achievements(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The ledger, filtered and sorted as the address says: today, or as of a past day."""
    words = await words_of(tx)
    passed_over = asking.faults(request.query_params, words, tx.today)
    query = _without(request.query_params, {fault.field for fault in passed_over})
    filters = forms.filters_of(query, tx.today)
    sort = query.get("sort", "-number")
    chosen = columns.columns_of(query.get("columns"), words)
    after, before = query.get("after", ""), query.get("before", "")
    wide = not columns.WIDE.isdisjoint(chosen)
    found = await listing.ledger_page(tx, filters, sort, after=after, before=before, wide=wide)
    named = columns.as_query(chosen, words)
    kept = {**filters.as_query(), "sort": sort if sort != "-number" else "", "columns": named}
    context = {
        "found": found,
        "passed_over": passed_over,
        "rows": [list_row(row, words) for row in found.rows],
        "heads": [(code, columns.COLUMNS[code]) for code in chosen] if named else [],
        "cells": [columns.cells_of(row, chosen, words) for row in found.rows] if named else [],
        "selects": _selects(filters, words, await queries.facets(tx)),
        "chips": asking.chips_of(filters, words),
        "filters": filters,
        "unit_then": await own_former_name(tx, filters.point.as_of),
        "query": kept,
        "sort": sort,
        "path": HOME,
        "words": words,
        "may": tx.actor.permissions,
        "today": tx.today,
    }
    return page(request, f"{_PAGE}list.html", "单列管理台账", context)


@get("/ledger/{achievement_id:uuid}", opt=_READ)
async def show_achievement(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """One achievement, today or as of a day, with its rights, conversions, versions, events and decisions."""
    now = await queries.find_achievement(tx, achievement_id)
    if now is None:
        raise NotFound
    hidden = now.state == "quarantined"
    # what is quarantined is told of no day
    point = NOW if hidden else point_of(request.query_params, tx.today)
    detail = await queries.achievement_detail(tx, achievement_id, as_of=point.as_of, known_at=point.known_at)
    context = await _detail(tx, achievement_id, detail, point, hidden=hidden)
    title = _HIDDEN if hidden else detail.row.name if detail is not None else "该日尚未登记"
    return page(request, f"{_PAGE}achievement.html", title, context, crumbs=_crumbs(title))


def _selects(filters: listing.Filters, words: Vocabulary, facets: queries.Facets) -> list[tuple[str, str, str, Any]]:
    """(field, label, words of no choice, options) of the list's filters; a province without stages has no such filter."""
    named = [("type", "成果类型", "全部类型"), ("status", "转化状态", "全部状态")]
    named += [("stage", "成果阶段", "全部阶段")] if words.stages else []
    named += [("mode", "转化方式", "全部方式")]
    # of a former day there may be one that today has no longer
    years = tuple(
        (str(year), str(year)) for year in sorted({*facets.years, *filter(None, [filters.year])}, reverse=True)
    )
    colleges = tuple((one, one) for one in sorted({*facets.colleges, *filter(None, [filters.college])}))
    return [
        *((name, label, every, options(words.pairs(name), getattr(filters, name))) for name, label, every in named),
        ("year", "取得年份", "全部年份", options(years, str(filters.year or ""))),
        ("college", "所属部门", "全部部门", options(colleges, filters.college)),
    ]


def _crumbs(title: str, achievement_id: UUID | None = None, last: str = "") -> tuple[Crumb, ...]:
    here = Crumb(title, f"{HOME}/{achievement_id}" if last else "")
    return (Crumb("单列管理台账", HOME), here, *((Crumb(last),) if last else ()))


async def _detail(
    tx: Transaction, achievement_id: UUID, detail: queries.Detail | None, point: Point, *, hidden: bool
) -> dict[str, Any]:
    """``hidden``: it is quarantined, and nothing of it is told."""
    words = await words_of(tx)
    changes = [one for one in await queries.history(tx, achievement_id) if point.knew(one.recorded_at)]
    events = await queries.events_of(tx, workflow.CASE, achievement_id, point)
    team = people_in(changes) - {one.actor_id for one in changes}
    names = await names_of(tx, list(people_in(changes) | {e.actor_id for e in events if e.actor_id}))
    if not names_shown(tx):
        names |= {one: masked(names[one]) for one in team & names.keys() if one != tx.actor.person_id}
    held = tx.actor.permissions
    row = detail.row if detail is not None else None
    return {
        "detail": detail,
        "hidden": hidden,
        "point": point,
        "unit_then": await own_former_name(tx, point.as_of),
        "origin": await origin_of(tx, achievement_id) if not hidden else None,
        "words": words,
        "facts": facts_of(detail, words) if detail is not None and not hidden else [],
        "history": [version_told(one, words, names) for one in changes] if not hidden else [],
        "events": [event_told(one, names) for one in events],
        "decisions": await queries.decisions_of(tx, workflow.CASE, achievement_id, point) if not hidden else [],
        "buttons": workflow.MOVES.available(row.state, held) if row is not None and not point.past else [],
        "papers": await disclosed_papers(tx, achievement_id, words) if not hidden else [],
        "may_open": VERIFY in held,
        "states": ACHIEVEMENT_STATES,
        "tones": TONES,
        "today": tx.today,
        "home": f"{HOME}/{achievement_id}",
        "tabs": record_tabs(achievement_id, words, "台账内容", point) if not hidden else [],
        "path": HOME,
    }


async def _correction(tx: Transaction, row: Any, form: FormState | None = None) -> dict[str, Any]:
    if form is None:
        form = FormState(await standing(tx, row))
    words = await words_of(tx)
    return {"form": form, "row": row, "words": words, "today": tx.today, "refusal": None, "home": f"{HOME}/{row.id}"}


async def _existing(tx: Transaction, achievement_id: UUID) -> Any:
    row = await queries.find_achievement(tx, achievement_id)
    if row is None or row.state == "quarantined":
        raise NotFound
    return row


@get("/ledger/{achievement_id:uuid}/correct", opt=_WRITE)
async def edit_achievement(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """The form that corrects an achievement, with what stands now."""
    row = await _existing(tx, achievement_id)
    return page(
        request,
        f"{_PAGE}correct.html",
        "更正台账内容",
        await _correction(tx, row),
        crumbs=_crumbs(row.name, row.id, "更正"),
    )


@post("/ledger/{achievement_id:uuid}/correct", opt=_WRITE)
async def correct_achievement(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Write a new version with its reason."""
    row = await _existing(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.CorrectionForm, values)
    template = f"{_PAGE}correct.html"
    if form is None:
        context = await _correction(tx, row, FormState(values, errors))
        crumbs = _crumbs(row.name, row.id, "更正")
        return unprocessable(request, tx, template, "更正台账内容", context, crumbs=crumbs)
    team, new_people = await members_meant(tx, row.id, form)
    present = await queries.rights_of(tx, row.id)
    rights = form.rights(present)
    done = await workflow.correct(
        tx,
        achievement_id,
        form.changes(),
        since=form.since,
        reason=form.reason,
        revision=form.revision or None,
        team=team,
        new_people=new_people,
        rights=rights if rights != present else None,
    )
    if isinstance(done, Refusal):
        context = await _correction(tx, row, FormState(values))
        return refused_in_place(request, tx, done, template, "更正台账内容", context)
    return redirect(tx, f"{HOME}/{achievement_id}", done="saved")


async def _conversion(tx: Transaction, row: Any, form: FormState | None = None) -> dict[str, Any]:
    return {
        "form": form or FormState({"mode": row.mode}),
        "row": row,
        "words": await words_of(tx),
        "today": tx.today,
        "refusal": None,
        "home": f"{HOME}/{row.id}",
    }


@get("/ledger/{achievement_id:uuid}/conversions", opt=_WRITE)
async def new_conversion(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """The form of one conversion."""
    row = await _existing(tx, achievement_id)
    crumbs = _crumbs(row.name, row.id, "登记转化")
    return page(request, f"{_PAGE}conversion.html", "登记转化", await _conversion(tx, row), crumbs=crumbs)


@post("/ledger/{achievement_id:uuid}/conversions", opt=_WRITE)
async def record_conversion(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Record one conversion with its amount."""
    row = await _existing(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.ConversionForm, values)
    template = f"{_PAGE}conversion.html"
    if form is None:
        context = await _conversion(tx, row, FormState(values, errors))
        crumbs = _crumbs(row.name, row.id, "登记转化")
        return unprocessable(request, tx, template, "登记转化", context, crumbs=crumbs)
    done = await workflow.record_conversion(tx, achievement_id, form.deal())
    if isinstance(done, Refusal):
        return refused_in_place(request, tx, done, template, "登记转化", await _conversion(tx, row, FormState(values)))
    return redirect(tx, f"{HOME}/{achievement_id}", done="saved")


def _ending(row: Any, name: str, form: FormState) -> dict[str, Any]:
    return {
        "form": form,
        "row": row,
        "name": name,
        "label": workflow.MOVES.named(name).label,
        "explanation": _ENDINGS[name],
        "refusal": None,
        "home": f"{HOME}/{row.id}",
    }


@get("/ledger/{achievement_id:uuid}/moves/{name:str}", opt=_WRITE)
async def ask_reason(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, name: str
) -> Response[str]:
    """The reason for revoking or quarantining."""
    row = await _existing(tx, achievement_id)
    if name not in _ENDINGS:
        raise NotFound
    context = _ending(row, name, FormState())
    title = context["label"]
    crumbs = _crumbs(row.code, row.id, title)
    return page(request, f"{_PAGE}ending.html", title, context, crumbs=crumbs)


@post("/ledger/{achievement_id:uuid}/moves/{name:str}", opt=_WRITE)
async def change_state(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, name: str
) -> Response[Any]:
    """Revoke or quarantine, with the reason."""
    row = await _existing(tx, achievement_id)
    if name not in _ENDINGS:
        raise NotFound
    values = typed(await request.form())
    form, errors = read(forms.ReasonForm, values)
    context = _ending(row, name, FormState(values, errors))
    if form is None:
        crumbs = _crumbs(row.code, row.id, context["label"])
        return unprocessable(request, tx, f"{_PAGE}ending.html", context["label"], context, crumbs=crumbs)
    verb = {"revoke": workflow.revoke, "quarantine": workflow.quarantine}[name]
    refusal = await verb(tx, achievement_id, form.reason)
    if refusal is not None:
        return refused_in_place(request, tx, refusal, f"{_PAGE}ending.html", context["label"], context)
    return redirect(tx, f"{HOME}/{achievement_id}", done="done")


@post("/ledger/exports", opt={**_EXPORT, **STAYS_OPEN})
async def request_export(request: Request[Any, Any, Any], tx: Transaction) -> Response[Any]:
    """Ask for what is filtered, or what is ticked, as xlsx."""
    form = await request.form()
    values = typed(form)
    filters = forms.filters_of({**values, "ids": form.getall("id", [])}, tx.today)
    if values.get("ticked") and not filters.ids:
        return redirect(tx, HOME)
    wanted = values.get("list") or export.LEDGER
    if wanted not in (export.LEDGER, *SHEETS) or (wanted == "disclosures" and _VERIFY not in tx.actor.permissions):
        raise NotFound
    export_id = await export.request_export(tx, filters, values.get("sort", "-number"), wanted)
    return redirect(tx, f"{HOME}/exports/{export_id}")


@get("/ledger/exports/{export_id:uuid}", opt=_EXPORT)
async def show_export(request: Request[Any, Any, Any], tx: Transaction, export_id: UUID) -> Response[str]:
    """How far an export is; only the person who asked sees it."""
    job = await queries.find_export(tx, export_id)
    if job is None:
        raise NotFound
    running = job.state == "queued"
    fragment = request.headers.get("hx-request") == "true" and running
    template = f"{_PAGE}{'export_progress' if fragment else 'export'}.html"
    context = {"job": job, "refresh_seconds": 2 if running else None, "path": HOME}
    headers = {"hx-refresh": "true"} if request.headers.get("hx-request") == "true" and not running else {}
    return page(request, template, "导出台账", context, crumbs=_crumbs("导出"), headers=headers)


@get("/ledger/exports/{export_id:uuid}/file", opt=_EXPORT)
async def download_export(request: Request[Any, Any, Any], tx: Transaction, export_id: UUID) -> Response[bytes]:
    """The finished workbook; fetching it is logged, since people are named in it."""
    job = await queries.find_export(tx, export_id)
    if job is None or job.object_hash is None:
        raise NotFound
    content = await request.app.state.objects.get(tx.tenant_id, job.object_hash)
    await write_audit(tx, "ledger.download", export.CASE, export_id, outcome="read")
    headers = {
        "content-disposition": f"attachment; filename=\"ledger.xlsx\"; filename*=UTF-8''{quote(job.file_name)}",
        "cache-control": "no-store",
    }
    return Response(content, media_type=_XLSX, headers=headers)


HANDLERS = (
    list_achievements,
    show_achievement,
    edit_achievement,
    correct_achievement,
    new_conversion,
    record_conversion,
    ask_reason,
    change_state,
    request_export,
    show_export,
    download_export,
)
