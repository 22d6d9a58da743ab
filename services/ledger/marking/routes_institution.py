"""资产标识: the list of a day with its exports, the mark of one achievement."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, get, post
from sqlalchemy import Row

from services.ledger.display import obtained, record_tabs, words_of
from services.ledger.export import safe_text
from services.ledger.marking import forms, queries, rules, workflow
from services.ledger.marking.models import MARK
from services.ledger.points import NOW, Point, point_of
from services.ledger.queries import find_achievement
from services.ledger.rules import Vocabulary
from services.ledger.then import absent, asked_record
from shared.db.transaction import Transaction
from shared.documents.workbook_writing import Style, Styled, WrittenRow, WrittenSheet, write_workbook
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.links import with_query
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import MenuEntry, came_back, page, redirect
from tenants.people import names_of

LEDGER, HOME = "/institution/ledger", "/institution/assets"
TITLE, TAB = "资产标识清单", "资产标识"
MENU = (MenuEntry("institution", "单列管理", TITLE, "tags", HOME, queries.SEE, 26),)
_LIST, _ONE = "ledger/marking/marks.html", "ledger/marking/mark.html"
_UNMARKED = 20
_SEE, _MARK = {"permission": queries.SEE}, {"permission": queries.MARK}
_COLUMNS = (
    ("单列标识", 18), ("台账编号", 14), ("成果名称", 44), ("成果类型", 18), ("权利号", 24), ("成果阶段", 12), ("转化状态", 12),
    ("取得时间", 12), ("资产卡片编号", 20), ("入账价值（元）", 18), ("标识日期", 12), ("条文提示", 40), ("财务认定依据", 40),
    ("所属部门", 24),
)  # fmt: skip


@get("/assets", opt=_SEE)
async def list_marks(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What is marked on a day, and what might want a mark."""
    query = request.query_params
    point, after = point_of(query, tx.today), str(query.get("after") or "")
    number = int(after) if after.isdecimal() and len(after) < 10 else 0
    found = await queries.marked(tx, point, after=number, limit=queries.PAGE_SIZE + 1)
    words, pack = await words_of(tx), (await governing(tx)).pack
    kept = point.as_query()
    context = {
        "rows": found[: queries.PAGE_SIZE],
        "total": await queries.count_marked(tx, point),
        "point": point,
        "day": point.day(tx.today),
        "today": tx.today,
        "first": with_query(HOME, kept) if number else None,
        "next": with_query(HOME, kept, after=found[queries.PAGE_SIZE - 1].number)
        if len(found) > queries.PAGE_SIZE
        else None,
        "exports": [(kind, with_query(f"{HOME}/export", kept, format=kind)) for kind in ("xlsx", "csv")],
        "unmarked": await queries.unmarked(tx, stages=bool(words.stages), limit=_UNMARKED) if not point.past else (),
        "limit": _UNMARKED,
        "may_mark": queries.MARK in tx.actor.permissions,
        "article": rules.article(pack),
        "words": words,
        "mark": MARK,
        "home": HOME,
    }
    return page(request, _LIST, TITLE, context)


@get("/assets/export", opt=_SEE)
async def export_marks(request: Request[Any, Any, Any], tx: Transaction) -> Response[bytes]:
    """The list of a day as xlsx or csv, for the asset system; made whole before the transaction ends."""
    point = point_of(request.query_params, tx.today)
    day = point.day(tx.today)
    kind = "csv" if request.query_params.get("format") == "csv" else "xlsx"
    rows = await queries.marked(tx, point, limit=queries.EXPORT_AT_MOST)
    await workflow.note_export(tx, day, len(rows), kind)
    words = await words_of(tx)
    title = f"职务科技成果资产单独标识清单　截至 {day:%Y-%m-%d}　示例格式　金额单位：元　共 {len(rows)} 项"
    lines = [_cells(row, words) for row in rows]
    content, media = (
        (_csv(title, lines), "text/csv; charset=utf-8")
        if kind == "csv"
        else (_xlsx(title, lines), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    )
    name = quote(f"资产单独标识清单_{day:%Y%m%d}.{kind}")
    disposition = f"attachment; filename*=UTF-8''{name}"
    return Response(
        content, media_type=media, headers={"content-disposition": disposition, "cache-control": "no-store"}
    )


def _cells(row: Row[Any], words: Vocabulary) -> tuple[Any, ...]:
    hint = row.hint or {}
    return (
        MARK, row.code, row.name, words.label("type", row.type), "、".join(one["number"] for one in row.rights),
        words.label("stage", row.stage_recognised), words.label("status", row.status),
        obtained(row.obtained_on, row.obtained_precision) if row.obtained_on else "", row.asset_number or "",
        row.booked_value, f"{row.marked_on:%Y-%m-%d}",
        f"{hint['treatment']}（《{hint['document']}》{hint['article']}）" if hint else "", row.ground or "",
        row.college or "",
    )  # fmt: skip


def _xlsx(title: str, lines: Sequence[Sequence[Any]]) -> bytes:
    def rows() -> Iterator[WrittenRow]:
        yield 1, [title]
        yield 2, [Styled(label, Style.HEADER) for label, _ in _COLUMNS]
        for number, line in enumerate(lines, 3):
            yield number, [Styled(float(one), Style.MONEY) if _is_money(one) else one for one in line]

    widths = [width for _, width in _COLUMNS]
    return write_workbook([WrittenSheet(TITLE, rows(), widths=widths, frozen_rows=2, neutralise=True)])


def _is_money(value: Any) -> bool:
    return value is not None and not isinstance(value, str)


def _csv(title: str, lines: Sequence[Sequence[Any]]) -> bytes:
    """With the mark by which spreadsheets know UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([[title], [label for label, _ in _COLUMNS]])
    writer.writerows([["" if one is None else safe_text(str(one)) for one in line] for line in lines])
    return text.getvalue().encode("utf-8-sig")


async def _context(
    tx: Transaction, row: Row[Any], given: Mapping[str, FormState] | None = None, point: Point = NOW
) -> dict[str, Any]:
    forms_back, pack, words = given or {}, (await governing(tx)).pack, await words_of(tx)
    marks = await queries.marks_of(tx, row.id, point)
    people = {one for mark in marks for one in (mark.marked_by, mark.unmarked_by) if one}
    standing = next((one for one in marks if one.unmarked_at is None), None)
    return {
        "row": row,
        "marks": marks,
        "standing": standing,
        "names": await names_of(tx, list(people)),
        "mark_form": forms_back.get("mark") or FormState({"marked_on": tx.today}),
        "unmark_form": forms_back.get("unmark") or FormState({"unmarked_on": tx.today}),
        "form": next((one for one in forms_back.values() if one.errors), FormState()),
        "may_mark": not point.past and queries.MARK in tx.actor.permissions and row.state == "registered",
        "point": point,
        "article": rules.article(pack),
        "mark": MARK,
        "refusal": None,
        "today": tx.today,
        "home": f"{LEDGER}/{row.id}",
        "tabs": record_tabs(row.id, words, TAB, point),
    }


async def _loaded(tx: Transaction, achievement_id: UUID) -> Row[Any]:
    row = await find_achievement(tx, achievement_id)
    if row is None or row.state == "quarantined":
        raise NotFound
    return row


def _crumbs(row: Row[Any]) -> tuple[Crumb, ...]:
    return Crumb("单列管理台账", LEDGER), Crumb(row.name, f"{LEDGER}/{row.id}"), Crumb(TAB)


@get("/ledger/{achievement_id:uuid}/mark", opt=_SEE)
async def show_mark(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[str]:
    """The mark that holds and the earlier ones; the form for finance and asset management."""
    then = await asked_record(request, tx, achievement_id)
    if then.detail is None:
        return await absent(request, tx, achievement_id, then.point, TAB)
    row = then.detail.row
    return page(request, _ONE, TAB, await _context(tx, row, point=then.point), crumbs=_crumbs(row))


@post("/ledger/{achievement_id:uuid}/mark", opt=_MARK)
async def set_mark(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Mark it."""
    await _loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.MarkForm, values)
    if form is None:
        return await _again(request, tx, achievement_id, "mark", FormState(values, errors))
    done = await workflow.mark(tx, achievement_id, **form.model_dump())
    if isinstance(done, Refusal):
        return await _again(request, tx, achievement_id, "mark", FormState(values), done)
    return redirect(tx, f"{LEDGER}/{achievement_id}/mark", done="saved")


@post("/ledger/{achievement_id:uuid}/mark/end", opt=_MARK)
async def end_mark(request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID) -> Response[Any]:
    """Take the mark off."""
    await _loaded(tx, achievement_id)
    values = typed(await request.form())
    form, errors = read(forms.UnmarkForm, values)
    if form is None:
        return await _again(request, tx, achievement_id, "unmark", FormState(values, errors))
    refusal = await workflow.unmark(tx, achievement_id, unmarked_on=form.unmarked_on, reason=form.reason)
    if refusal is not None:
        return await _again(request, tx, achievement_id, "unmark", FormState(values), refusal)
    return redirect(tx, f"{LEDGER}/{achievement_id}/mark", done="saved")


async def _again(
    request: Request[Any, Any, Any],
    tx: Transaction,
    achievement_id: UUID,
    name: str,
    form: FormState,
    refusal: Refusal | None = None,
) -> Response[str]:
    """The page with the form that came back: wrong fields, or a refusal."""
    row = await _loaded(tx, achievement_id)
    context = await _context(tx, row, {name: form})
    return came_back(request, tx, refusal, _ONE, TAB, context, crumbs=_crumbs(row))


HANDLERS = (list_marks, export_marks, show_mark, set_mark, end_mark)
