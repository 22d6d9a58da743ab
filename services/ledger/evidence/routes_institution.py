"""Attaching a paper to a disclosure, opening it (logged), taking it away."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import RawBody

from services.ledger.disclosure.queries import WRITE, readable_disclosure
from services.ledger.disclosure.routes_institution import editing_again
from services.ledger.disclosure.workflow import CASE
from services.ledger.evidence import workflow
from services.ledger.evidence.queries import find_paper
from services.ledger.evidence.receiving import received
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal
from shared.ui.page import FormState
from tenants.pages import redirect, refused

_HOME = "/institution/disclosures"
_OWN = {"permission": WRITE}


@post("/disclosures/{disclosure_id:uuid}/papers", opt=_OWN, status_code=303)
async def attach_paper(
    request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID, body: RawBody
) -> Response[Any]:
    """Keep a paper; the body is read in memory, what is not kept is nowhere."""
    sent = await received(request, tx, disclosure_id, body)
    form = sent.form
    if form is None or sent.errors:
        return await editing_again(request, tx, sent.disclosure, FormState(sent.values, sent.errors))
    store = request.app.state.objects
    kept = await workflow.attach(tx, store, disclosure_id, sent.upload, form.kind, confidential=form.confidential)
    if isinstance(kept, Refusal):
        return refused(request, tx, kept, back=f"{_HOME}/{disclosure_id}/edit")
    return redirect(tx, f"{_HOME}/{disclosure_id}/edit", done="saved")


@post("/disclosures/{disclosure_id:uuid}/papers/{paper_id:uuid}/withdraw", opt=_OWN)
async def take_paper_away(
    request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID, paper_id: UUID
) -> Response[Any]:
    """Take a paper away while the disclosure is open."""
    refusal = await workflow.take_away(tx, disclosure_id, paper_id)
    if refusal is not None:
        return refused(request, tx, refusal, back=f"{_HOME}/{disclosure_id}")
    return redirect(tx, f"{_HOME}/{disclosure_id}/edit", done="done")


@get("/disclosures/{disclosure_id:uuid}/papers/{paper_id:uuid}", opt=_OWN)
async def open_paper(
    request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID, paper_id: UUID
) -> Response[bytes]:
    """The bytes as they were uploaded, for the discloser and for those who verify; logged."""
    row = await readable_disclosure(tx, disclosure_id)
    paper = await find_paper(tx, disclosure_id, paper_id)
    if row is None or paper is None:
        raise NotFound
    content = await request.app.state.objects.get(tx.tenant_id, paper.object_hash)
    await write_audit(
        tx, "disclosure.read_paper", CASE, disclosure_id, outcome="read", details={"paper": str(paper_id)}
    )
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(paper.file_name or '')}",
        "cache-control": "no-store",
    }
    return Response(content, media_type=paper.media_type, headers=headers)


HANDLERS = (attach_paper, take_paper_away, open_paper)
