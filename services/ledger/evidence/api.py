"""The papers of a disclosure by machine: sent with an open disclosure of the account's own, taken away again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import RawBody

from services.ledger.disclosure.queries import WRITE, readable_disclosure
from services.ledger.display import words_of
from services.ledger.evidence import workflow
from services.ledger.evidence.queries import papers_of
from services.ledger.evidence.receiving import received
from shared.api_description import UploadingPaper, answers
from shared.db.transaction import Outcome, Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from tenants.machine import api_refused

_OWN = {"permission": WRITE}


class PaperOut(msgspec.Struct, kw_only=True):
    """A paper that is kept with a disclosure; its bytes are opened on the page, which logs it."""

    id: UUID
    kind: str
    kind_label: str
    version: int
    confidential: bool
    file_name: str | None
    media_type: str
    size: int
    sha256: str
    added_at: datetime


class Attached(msgspec.Struct):
    """The paper's id and the disclosure that it proves something of."""

    id: UUID
    disclosure_id: UUID


class PaperList(msgspec.Struct):
    """The papers that stand, in the order in which they came."""

    items: list[PaperOut]


@dataclass
class _Paper(UploadingPaper):
    said: ClassVar[Mapping[str, str]] = {"confidential": "yes 为含商业秘密，不填为不含"}


@post(
    "/disclosures/{disclosure_id:uuid}/papers",
    opt=_OWN,
    status_code=201,
    summary="上传一项披露的佐证文件",
    operation_class=_Paper,
    responses=answers(201, Attached, "已保存"),
)
async def send_paper(
    request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID, body: RawBody
) -> Response[Any]:
    """Keep a paper with a draft or with what came back; the body is read in memory, what is not kept is nowhere."""
    sent = await received(request, tx, disclosure_id, body)
    form = sent.form
    if form is None or sent.errors:
        raise FormInvalid(sent.errors)
    store = request.app.state.objects
    kept = await workflow.attach(tx, store, disclosure_id, sent.upload, form.kind, confidential=form.confidential)
    if isinstance(kept, Refusal):
        return api_refused(tx, kept)
    address = f"/api/disclosures/{disclosure_id}/papers"
    tx.outcome = Outcome(201, address)
    return Response(Attached(kept, disclosure_id), status_code=201, headers={"location": address})


@get("/disclosures/{disclosure_id:uuid}/papers", opt=_OWN, summary="一项披露的佐证文件")
async def list_papers(tx: Transaction, disclosure_id: UUID) -> PaperList:
    """What was sent with one of the account's own disclosures and not taken away."""
    if await readable_disclosure(tx, disclosure_id) is None:
        raise NotFound
    return await _standing(tx, disclosure_id)


@post(
    "/disclosures/{disclosure_id:uuid}/papers/{paper_id:uuid}/withdraw",
    opt=_OWN,
    status_code=200,
    summary="撤下一份佐证文件",
    responses=answers(200, PaperList, "已撤下；其余仍在"),
)
async def take_paper_away(tx: Transaction, disclosure_id: UUID, paper_id: UUID) -> Response[Any]:
    """Take a paper away while the disclosure is open; answers those that are left."""
    refusal = await workflow.take_away(tx, disclosure_id, paper_id)
    if refusal is not None:
        return api_refused(tx, refusal)
    tx.outcome = Outcome(200, f"/api/disclosures/{disclosure_id}/papers")
    return Response(await _standing(tx, disclosure_id), status_code=200)


async def _standing(tx: Transaction, disclosure_id: UUID) -> PaperList:
    words = await words_of(tx)
    return PaperList(
        [
            PaperOut(
                id=one.id,
                kind=one.kind,
                kind_label=words.labels["evidence"].get(one.kind, one.kind),
                version=one.version,
                confidential=one.confidential,
                file_name=one.file_name,
                media_type=one.media_type,
                size=one.size,
                sha256=one.object_hash,
                added_at=one.added_at,
            )
            for one in await papers_of(tx, disclosure_id)
        ]
    )


HANDLERS = (send_paper, list_papers, take_paper_away)
