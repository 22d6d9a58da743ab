"""Pages of imports: upload, progress, check, confirmation, rows that are not imported."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import RawBody

from services.ledger.importing import pages, routes_answers, routes_headings, undoing, workflow
from services.ledger.importing.forms import ConfirmForm, UndoForm
from services.ledger.importing.returning import returned_file
from services.ledger.reading.layout import NO_HEADER
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.template import template
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.documents.uploads import receive_form
from shared.errors import Refusal
from shared.forms import read, typed
from shared.ui.page import FormState
from tenants.packs import governing
from tenants.pages import MenuEntry, page, redirect, refused, refused_in_place, unprocessable

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MENU = (MenuEntry("institution", "单列管理", pages.TITLE, "table-import", pages.HOME, "institution:ledger:import", 24),)


@get("/imports", opt=pages.IMPORT)
async def list_imports(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """The upload form, the template, and the record of imports."""
    return page(request, f"{pages.TEMPLATES}list.html", pages.TITLE, await pages.overview(request, tx))


@post("/imports", opt=pages.IMPORT, status_code=303)
async def upload(request: Request[Any, Any, Any], tx: Transaction, body: RawBody) -> Response[Any]:
    """Take a ledger in; the body was read into memory whole, and is never spooled to disk."""
    sent = await receive_form(request, body)
    file, by_hand = sent.files.get("file"), sent.values.get("by_hand") == "yes"
    if file is None or not file.content:
        form = FormState(sent.values, {"file": "请选择要导入的台账文件；文件不能是空的"})
        return unprocessable(
            request, tx, f"{pages.TEMPLATES}list.html", pages.TITLE, await pages.overview(request, tx, form)
        )
    received = await workflow.receive(tx, request.app.state.objects, file, by_hand=by_hand)
    if not isinstance(received, Refusal):
        unmapped = (await pages.loaded(tx, received)).state == "mapping"
        return redirect(tx, f"{pages.HOME}/{received}{'/header' if unmapped else ''}")
    known = received.inputs.get("import_id")
    if known:
        return refused(request, tx, received, back=f"{pages.HOME}/{known}")
    # Whoever has just been told that no header is known finds the way to name one chosen already.
    form = FormState({"by_hand": "yes"} if by_hand or received.code == NO_HEADER else {})
    return refused_in_place(
        request, tx, received, f"{pages.TEMPLATES}list.html", pages.TITLE, await pages.overview(request, tx, form)
    )


@get("/imports/template", opt=pages.IMPORT)
async def download_template(tx: Transaction) -> Response[bytes]:
    """The blank ledger of the province, with explanations, drop-downs and an example."""
    profile = LedgerProfile.from_pack((await governing(tx)).pack)
    return _file(template(profile), "台账模板.xlsx")


@get("/imports/{import_id:uuid}", opt=pages.IMPORT)
async def show_import(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[str]:
    """How far it is; what was found; the button that imports."""
    row = await pages.loaded(tx, import_id)
    return page(
        request, f"{pages.TEMPLATES}import.html", row.file_name, await pages.detail(tx, row), crumbs=pages.crumbs(row)
    )


@get("/imports/{import_id:uuid}/progress", opt=pages.IMPORT)
async def show_progress(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[str]:
    """The piece of the page that asks again every two seconds."""
    row = await pages.loaded(tx, import_id)
    answer = page(request, f"{pages.TEMPLATES}progress.html", row.file_name, pages.progress(row))
    if row.state not in pages.RUNNING:
        answer.headers["hx-redirect"] = f"{pages.HOME}/{import_id}"
    return answer


@post("/imports/{import_id:uuid}/confirm", opt=pages.IMPORT, status_code=303)
async def confirm_import(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[Any]:
    """Import the right rows, holding from the confirmed day."""
    values = typed(await request.form())
    form, errors = read(ConfirmForm, values)
    name = f"{pages.TEMPLATES}import.html"
    if form is None:
        row = await pages.loaded(tx, import_id)
        return unprocessable(request, tx, name, row.file_name, await pages.detail(tx, row, FormState(values, errors)))
    refusal = await workflow.confirm(tx, import_id, form.as_of)
    if refusal is not None:
        row = await pages.loaded(tx, import_id)
        context = await pages.detail(tx, row, FormState(values))
        return refused_in_place(request, tx, refusal, name, row.file_name, context, crumbs=pages.crumbs(row))
    return redirect(tx, f"{pages.HOME}/{import_id}")


@post("/imports/{import_id:uuid}/cancel", opt=pages.IMPORT, status_code=303)
async def cancel_import(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[Any]:
    """Import none of it."""
    refusal = await workflow.cancel(tx, import_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{pages.HOME}/{import_id}")
    return redirect(tx, f"{pages.HOME}/{import_id}", done="done")


@post("/imports/{import_id:uuid}/undo", opt=pages.IMPORT, status_code=303)
async def undo_import(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[Any]:
    """Take what was imported out of the ledger again."""
    values = typed(await request.form())
    form, errors = read(UndoForm, values)
    name = f"{pages.TEMPLATES}import.html"
    if form is None:
        row = await pages.loaded(tx, import_id)
        context = await pages.detail(tx, row, undo_form=FormState(values, errors))
        return unprocessable(request, tx, name, row.file_name, context)
    refusal = await undoing.undo(tx, import_id, form.reason)
    if refusal is not None:
        row = await pages.loaded(tx, import_id)
        shown = FormState() if refusal.code == "import.reason_secret" else FormState(values)
        context = await pages.detail(tx, row, undo_form=shown)
        return refused_in_place(request, tx, refusal, name, row.file_name, context, crumbs=pages.crumbs(row))
    return redirect(tx, f"{pages.HOME}/{import_id}")


@get("/imports/{import_id:uuid}/rows", opt=pages.IMPORT)
async def show_rows(
    request: Request[Any, Any, Any], tx: Transaction, import_id: UUID, kind: str = "question", after: int = -1
) -> Response[str]:
    """Rows of an import: those that ask, were returned, were left out, or are in the ledger."""
    row = await pages.loaded(tx, import_id)
    if kind == "valid":
        context = await pages.registered(tx, row, after)
        return page(
            request, f"{pages.TEMPLATES}registered.html", "登记的行", context, crumbs=pages.crumbs(row, "登记的行")
        )
    context = await pages.held(tx, row, kind, after)
    return page(request, f"{pages.TEMPLATES}rows.html", "未导入的行", context, crumbs=pages.crumbs(row, "未导入的行"))


@get("/imports/{import_id:uuid}/returned", opt=pages.IMPORT)
async def download_returned(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[bytes]:
    """The rows that are not imported, with their reasons, to be corrected and uploaded again."""
    row = await pages.loaded(tx, import_id)
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
    undo_import,
    show_rows,
    download_returned,
    *routes_answers.HANDLERS,
    *routes_headings.HANDLERS,
)
