"""单位制度: what the text wants a unit to have laid down, each with its versions and the paper."""

import asyncio
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import RawBody

from services.administration.documents import queries, workflow
from services.administration.documents.forms import DocumentForm
from services.ledger.papers.rules import SIZE_LIMIT, TYPES, fault
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload, receive_form
from shared.errors import FormInvalid, NotFound, Refusal
from shared.forms import read
from shared.ui.page import Crumb, FormState
from tenants.packs import governing
from tenants.pages import page, redirect, refused_in_place, unprocessable

HOME = "/institution/settings/documents"
_TITLE = "单位制度"
_TEMPLATE = "administration/institution/documents.html"
_CRUMBS = (Crumb("单位设置", "/institution/settings"), Crumb(_TITLE))


async def _context(tx: Transaction, form: FormState | None = None) -> dict[str, Any]:
    kinds = await queries.kinds(tx, (await governing(tx)).pack)
    return {
        "kinds": kinds,
        "choices": [(one.code, one.label) for one in kinds],
        "form": form or FormState({"decided_on": "", "in_force_on": ""}),
        "may_write": queries.WRITE in tx.actor.permissions,
        "types": TYPES,
        "limit": SIZE_LIMIT,
        "today": tx.today,
        "refusal": None,
        "home": HOME,
        "path": "/institution/settings",
    }


@get("/settings/documents", opt={"permission": queries.READ})
async def show_documents(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """Which rules the unit has, which are missing; the form for those who may add a version."""
    return page(request, _TEMPLATE, _TITLE, await _context(tx), crumbs=_CRUMBS)


@post("/settings/documents", opt={"permission": queries.WRITE}, status_code=303)
async def add_document(request: Request[Any, Any, Any], tx: Transaction, body: RawBody) -> Response[Any]:
    """Keep a new version; the body is read in memory, what is not kept is nowhere."""
    sent = await receive_form(request, body)
    form, errors = read(DocumentForm, sent.values)
    upload = sent.files.get("file") or Upload("", b"")
    wrong = await asyncio.to_thread(fault, upload.file_name, upload.content)
    errors |= {"file": wrong} if wrong else {}
    try:
        if form is None or errors:
            raise FormInvalid(errors)
        done = await workflow.add_version(tx, request.app.state.objects, form, upload)
    except FormInvalid as invalid:
        context = await _context(tx, FormState(dict(sent.values), invalid.errors))
        return unprocessable(request, tx, _TEMPLATE, _TITLE, context, crumbs=_CRUMBS)
    if isinstance(done, Refusal):
        context = await _context(tx, FormState(dict(sent.values)))
        return refused_in_place(request, tx, done, _TEMPLATE, _TITLE, context, crumbs=_CRUMBS)
    return redirect(tx, HOME, done="saved")


@get("/settings/documents/{document_id:uuid}", opt={"permission": queries.READ})
async def download_document(request: Request[Any, Any, Any], tx: Transaction, document_id: UUID) -> Response[bytes]:
    """The paper as it was uploaded, checked against its hash; logged."""
    row = await queries.find_document(tx, document_id)
    if row is None:
        raise NotFound
    content = await request.app.state.objects.get(tx.tenant_id, row.object_hash)
    await write_audit(tx, f"{workflow.CASE}.read", workflow.CASE, document_id, outcome="read")
    disposition = f"attachment; filename*=UTF-8''{quote(row.file_name)}"
    headers = {"content-disposition": disposition, "cache-control": "no-store"}
    return Response(content, media_type=row.media_type, headers=headers)


HANDLERS = (show_documents, add_document, download_document)
