"""Pages of imports: upload, progress, check, confirmation, rows that are not imported."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import RawBody
from sqlalchemy import Row

from services.ledger.display import words_of
from services.ledger.importing import display, queries, rules, workflow
from services.ledger.importing.forms import ConfirmForm
from services.ledger.importing.models import DISPOSITIONS, STATES
from services.ledger.importing.returning import returned_file
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.template import template
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.documents.uploads import read_upload
from shared.errors import NotFound, Refusal
from shared.forms import read, typed
from shared.ui.links import with_query
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import MenuEntry, page, redirect, refused, refused_in_place, unprocessable

_HOME = "/institution/imports"
_PAGE = "ledger/importing/"
_IMPORT = {"permission": "institution:ledger:import"}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_RUNNING = ("uploaded", "reading", "applying")
_TITLE = "导入台账"
MENU = (MenuEntry("institution", "单列管理", _TITLE, "table-import", _HOME, "institution:ledger:import", 24),)


async def _overview(request: Request[Any, Any, Any], tx: Transaction, form: FormState | None = None) -> dict[str, Any]:
    return {
        "imports": await queries.list_imports(tx),
        "states": STATES,
        "tones": display.STATE_TONES,
        "limit": request.app.state.settings.upload_limit_bytes,
        "sample": request.app.state.settings.is_demo,
        "form": form or FormState(),
        "refusal": None,
        "path": _HOME,
    }


@get("/imports", opt=_IMPORT)
async def list_imports(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The upload form, the template, and the record of imports."""
    return page(request, f"{_PAGE}list.html", _TITLE, await _overview(request, tx))


@post("/imports", opt=_IMPORT, status_code=303)
async def upload(request: Request[Any, Any, Any], tx: Transaction, body: RawBody) -> Response[Any]:
    """Take a ledger in; the body was read into memory whole, and is never spooled to disk."""
    file = read_upload(request.headers.get("content-type", ""), body).files.get("file")
    if file is None or not file.content:
        form = FormState({}, {"file": "请选择要导入的台账文件；文件不能是空的"})
        return unprocessable(request, tx, f"{_PAGE}list.html", _TITLE, await _overview(request, tx, form))
    received = await workflow.receive(tx, request.app.state.objects, file)
    if not isinstance(received, Refusal):
        return redirect(tx, f"{_HOME}/{received}")
    known = received.inputs.get("import_id")
    if known:
        return refused(request, tx, received, back=f"{_HOME}/{known}")
    return refused_in_place(request, tx, received, f"{_PAGE}list.html", _TITLE, await _overview(request, tx))


@get("/imports/template", opt=_IMPORT)
async def download_template(tx: Transaction) -> Response[bytes]:
    """The blank ledger of the province, with explanations, drop-downs and an example."""
    profile = LedgerProfile.from_pack((await governing(tx)).pack)
    return _file(template(profile), "台账模板.xlsx")


async def _loaded(tx: Transaction, import_id: UUID) -> Row[Any]:
    row = await queries.find_import(tx, import_id)
    if row is None:
        raise NotFound
    return row


async def _detail(tx: Transaction, row: Row[Any], form: FormState | None = None) -> dict[str, Any]:
    words, layout = await words_of(tx), workflow.layout_of(row)
    headings = [rules.heading_of(sheet) for sheet in rules.ledger_sheets(layout)]
    sums, total = display.sums_of(row.summary, words)
    proposed = row.as_of or row.as_of_proposed
    return {
        "row": row,
        "state": STATES[row.state],
        "tone": display.STATE_TONES[row.state],
        "groups": display.groups_of(row.summary),
        "compared": display.compared(row.summary),
        "sums": sums,
        "total": total,
        "sheets": display.sheets_of(layout, await queries.remembered(tx, headings)),
        "left_out": display.not_imported(layout),
        "preview": display.preview_of(await queries.preview(tx, row.id), words) if row.state == "checked" else [],
        "moves": [one.name for one in workflow.MOVES.available(row.state, tx.actor.permissions)],
        "form": form or FormState({"as_of": proposed.isoformat() if proposed else ""}),
        "refusal": None,
        "today": tx.today,
        "path": f"{_HOME}/{row.id}",
        "refresh_seconds": 3 if row.state in _RUNNING else None,
        **_progress(row),
    }


def _progress(row: Row[Any]) -> dict[str, Any]:
    reading = row.state in ("uploaded", "reading")
    return {
        "row": row,
        "running": row.state in _RUNNING,
        "label": "正在核对台账" if reading else "正在写入台账",
        "done": row.rows_done if reading else 0,
        "of": row.rows_total if reading else 0,
        "words": "涉密行已在保存前排除；可以离开本页，完成后消息中心会通知"
        if reading
        else "一次写入，要么全部生效，要么一行也不写；完成后自动显示结果",
        "href": f"{_HOME}/{row.id}/progress",
    }


def _crumbs(row: Row[Any], last: str = "") -> tuple[Crumb, ...]:
    steps = (Crumb(_TITLE, _HOME), Crumb(row.file_name, f"{_HOME}/{row.id}" if last else ""))
    return (*steps, Crumb(last)) if last else steps


@get("/imports/{import_id:uuid}", opt=_IMPORT)
async def show_import(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[str]:
    """How far it is; what was found; the button that imports."""
    row = await _loaded(tx, import_id)
    return page(request, f"{_PAGE}import.html", row.file_name, await _detail(tx, row), crumbs=_crumbs(row))


@get("/imports/{import_id:uuid}/progress", opt=_IMPORT)
async def show_progress(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[str]:
    """The piece of the page that asks again every two seconds."""
    row = await _loaded(tx, import_id)
    answer = page(request, f"{_PAGE}progress.html", row.file_name, _progress(row))
    if row.state not in _RUNNING:
        answer.headers["hx-redirect"] = f"{_HOME}/{import_id}"
    return answer


@post("/imports/{import_id:uuid}/confirm", opt=_IMPORT, status_code=303)
async def confirm_import(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[Any]:
    """Import the right rows, holding from the confirmed day."""
    values = typed(await request.form())
    form, errors = read(ConfirmForm, values)
    name = f"{_PAGE}import.html"
    if form is None:
        row = await _loaded(tx, import_id)
        return unprocessable(request, tx, name, row.file_name, await _detail(tx, row, FormState(values, errors)))
    refusal = await workflow.confirm(tx, import_id, form.as_of)
    if refusal is not None:
        row = await _loaded(tx, import_id)
        context = await _detail(tx, row, FormState(values))
        return refused_in_place(request, tx, refusal, name, row.file_name, context, crumbs=_crumbs(row))
    return redirect(tx, f"{_HOME}/{import_id}")


@post("/imports/{import_id:uuid}/cancel", opt=_IMPORT, status_code=303)
async def cancel_import(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[Any]:
    """Import none of it."""
    refusal = await workflow.cancel(tx, import_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{_HOME}/{import_id}")
    return redirect(tx, f"{_HOME}/{import_id}", done="done")


@get("/imports/{import_id:uuid}/rows", opt=_IMPORT)
async def show_rows(
    request: Request[Any, Any, Any], tx: Transaction, import_id: UUID, kind: str = "question", after: int = -1
) -> Response[str]:
    """Rows that wait for a person, or were returned, with their cells and reasons."""
    row = await _loaded(tx, import_id)
    chosen = kind if kind in ("question", "refused") else "question"
    found = await queries.held_rows(tx, import_id, chosen, after=after)
    shown, more = found[: queries.PAGE_SIZE], len(found) > queries.PAGE_SIZE
    path = f"{_HOME}/{import_id}/rows"
    counts = {"question": row.questions, "refused": row.refused}
    context = {
        "row": row,
        "kind": chosen,
        "held": display.held_of(shown, workflow.layout_of(row)),
        "count": counts[chosen],
        "tabs": [
            (label, with_query(path, {"kind": code}), code == chosen, counts[code])
            for code, label in DISPOSITIONS.items()
            if code in counts
        ],
        "first": with_query(path, {"kind": chosen}) if after >= 0 else None,
        "next": with_query(path, {"kind": chosen}, after=shown[-1].ordinal) if more else None,
        "path": f"{_HOME}/{import_id}",
    }
    return page(request, f"{_PAGE}rows.html", "未导入的行", context, crumbs=_crumbs(row, "未导入的行"))


@get("/imports/{import_id:uuid}/returned", opt=_IMPORT)
async def download_returned(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[bytes]:
    """The rows that are not imported, with their reasons, to be corrected and uploaded again."""
    row = await _loaded(tx, import_id)
    content = await returned_file(tx, request.app.state.objects, row)
    await write_audit(tx, "ledger_import.download", workflow.CASE, import_id, outcome="read")
    return _file(content, f"{row.file_name.rsplit('.', 1)[0]}-未导入的行.xlsx")


def _file(content: bytes, name: str) -> Response[bytes]:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}", "cache-control": "no-store"}
    return Response(content, media_type=_XLSX, headers=headers)


HANDLERS = (
    list_imports,
    upload,
    download_template,
    show_import,
    show_progress,
    confirm_import,
    cancel_import,
    show_rows,
    download_returned,
)
