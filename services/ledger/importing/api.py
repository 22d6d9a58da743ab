"""Imports for machines: send a ledger, ask how far it is and what was found, confirm, undo."""

import asyncio
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import JSONBody, RawBody
from sqlalchemy import Row

from services.ledger.importing import api_columns, api_questions, display, pages, queries, rules, undoing, workflow
from services.ledger.importing.api_questions import Limit, Place
from services.ledger.importing.forms import UndoForm
from services.ledger.importing.models import STATES
from services.ledger.importing.returning import returned_file
from services.ledger.reading.dry_run import dry_run as look
from services.ledger.reading.layout import LedgerError
from services.ledger.reading.profile import LedgerProfile
from services.ledger.reading.template import template
from shared.api_description import Uploading, answers
from shared.audit.writing import write_audit
from shared.db.transaction import Outcome, Transaction
from shared.documents.uploads import Upload, file_name_of, receive_form
from shared.documents.workbook_limits import WorkbookError
from shared.errors import FormInvalid, Refusal
from shared.forms import read
from tenants.machine import api_refused
from tenants.packs import cited, governing

_IMPORT = {"permission": "institution:ledger:import"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Accepted(msgspec.Struct):
    """A ledger that was taken in; its progress is at ``location``."""

    id: UUID
    state: str
    location: str


class IssueGroup(msgspec.Struct):
    """One reason with all rows that have it; ``places`` are the first ranges by sheet."""

    severity: str
    code: str
    field: str
    reason: str
    rows: int
    places: list[tuple[str, str]]


class HeldRow(msgspec.Struct):
    """One row that is not imported; of a classified one sheet and row only. ``ordinal`` is its place among the records."""

    sheet: str
    rows: str
    reasons: list[str]
    ordinal: int


class ImportOut(msgspec.Struct, kw_only=True):
    """An import. ``rows_done`` of ``rows_total`` are read; counts and issues are there once it is ``checked``.

    ``held`` is a page of rows of the wanted kind, ``next`` goes into ``after``.
    """

    id: UUID
    state: str
    state_label: str
    file_name: str
    rows_total: int
    rows_done: int
    valid: int
    questions: int
    refused: int
    left_out: int
    joined: int
    as_of_proposed: date | None
    as_of: date | None
    first_number: int | None
    last_number: int | None
    error: str | None
    issues: list[IssueGroup]
    held: list[HeldRow]
    next: int | None


class ImportSummary(msgspec.Struct, kw_only=True):
    """One import in the list."""

    id: UUID
    state: str
    state_label: str
    file_name: str
    uploaded_at: datetime
    valid: int
    questions: int
    refused: int
    left_out: int
    joined: int


class ImportPage(msgspec.Struct):
    """One page, the newest first; ``next`` goes into ``after``, null where there is none."""

    items: list[ImportSummary]
    next: UUID | None


class UndoIn(msgspec.Struct):
    """Why an import is undone."""

    reason: str


class ConfirmIn(msgspec.Struct):
    """``as_of`` is the ledger's own day, from which the imported rows hold."""

    as_of: date


async def _sent(request: Request[Any, Any, Any], body: bytes, filename: str) -> Upload:
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        return (await receive_form(request, body)).files.get("file") or Upload("", b"")
    await request.app.state.scanner.examine(body)
    named = filename or ("ledger.csv" if content_type.startswith("text/csv") else "ledger.xlsx")
    return Upload(file_name_of(named), body)


@post(
    "/imports",
    opt=_IMPORT,
    status_code=202,
    summary="上传台账",
    operation_class=Uploading,
    responses=answers(202, Accepted, "已收下，正在核对；dry_run 时为 200 和核对结果"),
)
async def send_ledger(
    request: Request[Any, Any, Any],
    tx: Transaction,
    body: RawBody,
    filename: str = "",
    dry_run: bool = False,
    as_of: date | None = None,
    by_hand: bool = False,
) -> Response[Any]:
    """Take a ledger in (raw bytes, or the field ``file`` of a multipart form); 202 with its location.

    Of raw bytes ``filename`` gives the name; a CSV must be named as such, or sent as ``text/csv``. With ``dry_run`` nothing is
    kept and the answer says what an import would do. Where no header is known it is refused, or with ``by_hand`` kept in the
    state ``mapping``: say at ``columns`` where it stands.
    """
    upload = await _sent(request, body, filename)
    if dry_run:
        return await _looked(tx, upload)
    received = await workflow.receive(tx, request.app.state.objects, upload, source="api", as_of=as_of, by_hand=by_hand)
    if isinstance(received, Refusal):
        return api_refused(tx, received)
    location = f"/api/imports/{received}"
    tx.outcome = Outcome(202, location)
    state = (await pages.loaded(tx, received)).state
    return Response(Accepted(received, state, location), status_code=202, headers={"location": location})


async def _looked(tx: Transaction, upload: Upload) -> Response[Any]:
    profile = LedgerProfile.from_pack((await governing(tx)).pack)
    try:
        found = await asyncio.to_thread(look, upload.content, upload.file_name, profile, today=tx.today)
    except (WorkbookError, LedgerError) as error:
        pack = (await governing(tx)).pack
        return api_refused(tx, cited(rules.unread(error.code, error.message), pack))
    tx.outcome = Outcome(200)
    return Response(found, status_code=200)


@get("/imports", opt=_IMPORT, summary="导入记录")
async def list_imports(tx: Transaction, after: UUID | None = None, limit: Limit = queries.LIST_SIZE) -> ImportPage:
    """The institution's imports, whoever sent them and in whichever way."""
    found = await queries.list_imports(tx, behind=after, limit=limit + 1)
    same = ("id", "state", "file_name", "uploaded_at", "valid", "questions", "refused", "left_out", "joined")
    items = [
        ImportSummary(state_label=STATES[row.state], **{name: getattr(row, name) for name in same})
        for row in found[:limit]
    ]
    return ImportPage(items, items[-1].id if len(found) > limit else None)


@get("/imports/{import_id:uuid}", opt=_IMPORT, summary="一次导入")
async def read_import(tx: Transaction, import_id: UUID, kind: str = "question", after: Place = -1) -> ImportOut:
    """How far it is, what was found, and a page of the rows that are not imported."""
    row = await pages.loaded(tx, import_id)
    held = await queries.held_rows(tx, import_id, "refused" if kind == "refused" else "question", after=after)
    shown = held[: queries.PAGE_SIZE]
    rows = [
        HeldRow(one.sheet, one.rows, list(one.reasons), one.ordinal)
        for one in display.held_of(shown, workflow.layout_of(row))
    ]
    return _import_out(row, rows, shown[-1].ordinal if len(held) > len(shown) else None)


def _import_out(row: Row[Any], held: list[HeldRow], following: int | None) -> ImportOut:
    groups = display.groups_of(row.summary)
    severities = [group["severity"] for group in (row.summary or {}).get("groups", ())]
    told = [
        IssueGroup(severity, group.code, group.field, group.reason, group.n, list(group.places))
        for severity, group in zip(severities, groups, strict=True)
    ]
    same = (
        "id", "state", "file_name", "rows_total", "rows_done", "valid", "questions", "refused", "left_out", "joined",
        "as_of_proposed", "as_of", "first_number", "last_number", "error",
    )  # fmt: skip
    values = {name: getattr(row, name) for name in same}
    return ImportOut(**values, state_label=STATES[row.state], issues=told, held=held, next=following)


@post(
    "/imports/{import_id:uuid}/confirm",
    opt=_IMPORT,
    status_code=202,
    summary="确认导入",
    responses=answers(202, Accepted, "正在导入"),
)
async def confirm_import(tx: Transaction, import_id: UUID, data: JSONBody[ConfirmIn]) -> Response[Any]:
    """Import the right rows; 202, the rows are there when the state is ``applied``."""
    return _went_on(tx, import_id, await workflow.confirm(tx, import_id, data.as_of), "applying", 202)


@post(
    "/imports/{import_id:uuid}/cancel",
    opt=_IMPORT,
    status_code=200,
    summary="取消导入",
    responses=answers(200, Accepted, "已取消"),
)
async def cancel_import(tx: Transaction, import_id: UUID) -> Response[Any]:
    """Import none of it; the same file may be sent again."""
    return _went_on(tx, import_id, await workflow.cancel(tx, import_id), "cancelled", 200)


@post(
    "/imports/{import_id:uuid}/undo",
    opt=_IMPORT,
    status_code=202,
    summary="撤销导入",
    responses=answers(202, Accepted, "正在撤销"),
)
async def undo_import(tx: Transaction, import_id: UUID, data: JSONBody[UndoIn]) -> Response[Any]:
    """Take what was imported out of the ledger, while nobody has used a row; done when the state is ``undone``."""
    form, errors = read(UndoForm, msgspec.to_builtins(data))
    if form is None:
        raise FormInvalid(errors)
    return _went_on(tx, import_id, await undoing.undo(tx, import_id, form.reason), "undoing", 202)


def _went_on(tx: Transaction, import_id: UUID, refusal: Refusal | None, state: str, status: int) -> Response[Any]:
    if refusal is not None:
        return api_refused(tx, refusal)
    location = f"/api/imports/{import_id}"
    tx.outcome = Outcome(status, location)
    return Response(Accepted(import_id, state, location), status_code=status, headers={"location": location})


@get("/imports/{import_id:uuid}/returned", opt=_IMPORT, media_type=XLSX, summary="未导入的行（xlsx）")
async def download_returned(request: Request[Any, Any, Any], tx: Transaction, import_id: UUID) -> Response[bytes]:
    """The rows that are not imported in the clerk's own columns, each with its reasons, to be corrected and sent again."""
    row = await pages.loaded(tx, import_id)
    content = await returned_file(tx, request.app.state.objects, row)
    await write_audit(tx, "ledger_import.download", workflow.CASE, import_id, outcome="read")
    return Response(content, media_type=XLSX, headers={"cache-control": "no-store"})


@get("/imports/template", opt=_IMPORT, media_type=XLSX, summary="台账模板（xlsx）")
async def download_template(tx: Transaction) -> Response[bytes]:
    """The blank ledger of the province, with explanations, drop-downs and an example."""
    profile = LedgerProfile.from_pack((await governing(tx)).pack)
    return Response(template(profile), media_type=XLSX)


HANDLERS = (
    send_ledger,
    list_imports,
    download_template,
    read_import,
    confirm_import,
    cancel_import,
    undo_import,
    download_returned,
    *api_columns.HANDLERS,
    *api_questions.HANDLERS,
)
