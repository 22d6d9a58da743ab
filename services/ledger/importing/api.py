"""Imports for machines: send a ledger, ask how far it is and what was found, confirm."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import JSONBody, RawBody
from sqlalchemy import Row

from services.ledger.importing import display, queries, workflow
from services.ledger.importing.models import STATES
from services.ledger.reading.dry_run import dry_run as look
from services.ledger.reading.layout import LedgerError
from services.ledger.reading.profile import LedgerProfile
from shared.api_description import Uploading, answers
from shared.db.transaction import Outcome, Transaction
from shared.documents.uploads import Upload, file_name_of, read_upload
from shared.documents.workbook_limits import WorkbookError
from shared.errors import NotFound, Refusal
from tenants.machine import api_refused
from tenants.packs import governing

_IMPORT = {"permission": "institution:ledger:import"}


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
    """One row that is not imported; of a classified one sheet and row only."""

    sheet: str
    rows: str
    reasons: list[str]


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
    as_of_proposed: date | None
    as_of: date | None
    first_number: int | None
    last_number: int | None
    error: str | None
    issues: list[IssueGroup]
    held: list[HeldRow]
    next: int | None


class ConfirmIn(msgspec.Struct):
    """``as_of`` is the ledger's own day, from which the imported rows hold."""

    as_of: date


def _sent(request: Request[Any, Any, Any], body: bytes, filename: str) -> Upload:
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("multipart/form-data"):
        return read_upload(content_type, body).files.get("file") or Upload("", b"")
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
) -> Response[Any]:
    """Take a ledger in (raw bytes, or the field ``file`` of a multipart form); 202 with its location.

    Of raw bytes ``filename`` gives the name; a CSV must be named as such, or sent as ``text/csv``. With ``dry_run`` nothing is
    kept and the answer says what an import would do.
    """
    upload = _sent(request, body, filename)
    if dry_run:
        return await _looked(tx, upload)
    received = await workflow.receive(tx, request.app.state.objects, upload, source="api", as_of=as_of)
    if isinstance(received, Refusal):
        return api_refused(tx, received)
    location = f"/api/imports/{received}"
    tx.outcome = Outcome(202, location)
    return Response(Accepted(received, "uploaded", location), status_code=202, headers={"location": location})


async def _looked(tx: Transaction, upload: Upload) -> Response[Any]:
    profile = LedgerProfile.from_pack((await governing(tx)).pack)
    try:
        found = await asyncio.to_thread(look, upload.content, upload.file_name, profile, today=tx.today)
    except (WorkbookError, LedgerError) as error:
        return api_refused(tx, Refusal(error.code, error.message))
    tx.outcome = Outcome(200)
    return Response(found, status_code=200)


@get("/imports/{import_id:uuid}", opt=_IMPORT, summary="一次导入")
async def read_import(tx: Transaction, import_id: UUID, kind: str = "question", after: int = -1) -> ImportOut:
    """How far it is, what was found, and a page of the rows that are not imported."""
    row = await queries.find_import(tx, import_id)
    if row is None:
        raise NotFound
    held = await queries.held_rows(tx, import_id, "refused" if kind == "refused" else "question", after=after)
    shown = held[: queries.PAGE_SIZE]
    rows = [HeldRow(one.sheet, one.rows, list(one.reasons)) for one in display.held_of(shown, workflow.layout_of(row))]
    return _import_out(row, rows, shown[-1].ordinal if len(held) > len(shown) else None)


def _import_out(row: Row[Any], held: list[HeldRow], following: int | None) -> ImportOut:
    groups = display.groups_of(row.summary)
    severities = [group["severity"] for group in (row.summary or {}).get("groups", ())]
    told = [
        IssueGroup(severity, group.code, group.field, group.reason, group.n, list(group.places))
        for severity, group in zip(severities, groups, strict=True)
    ]
    same = (
        "id", "state", "file_name", "rows_total", "rows_done", "valid", "questions", "refused", "as_of_proposed", "as_of",
        "first_number", "last_number", "error",
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
    refusal = await workflow.confirm(tx, import_id, data.as_of)
    if refusal is not None:
        return api_refused(tx, refusal)
    location = f"/api/imports/{import_id}"
    tx.outcome = Outcome(202, location)
    return Response(Accepted(import_id, "applying", location), status_code=202, headers={"location": location})


HANDLERS = (send_ledger, read_import, confirm_import)
