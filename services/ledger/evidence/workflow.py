"""The verbs of a disclosure's papers: attach one, take one away while the disclosure is open."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, update

from services.ledger.disclosure.models import disclosure_paper
from services.ledger.disclosure.queries import find_disclosure
from services.ledger.disclosure.workflow import CASE, MOVES, OPEN
from services.ledger.evidence.queries import find_paper, last_version, papers_of
from services.ledger.papers.rules import media_type
from services.ledger.papers.workflow import Store
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from shared.workflow import record_event, refuse

_ARTICLES = ("evidence.disclosure", "fields.disclosure")


def _closed(row: Row[Any]) -> Refusal:
    return stale("该披露已经提交，不能再增减材料；请刷新页面", *_ARTICLES, state=MOVES.states[row.state])


async def attach(
    tx: Transaction, store: Store, disclosure_id: UUID, upload: Upload, kind: str, *, confidential: bool
) -> UUID | Refusal:
    """Keep a checked file (``papers.rules.fault`` found none) with one's own open disclosure.

    Refused: the disclosure is no longer open; the same bytes stand already among its papers of this kind.

    :raises NotFound: somebody else's, another tenant's, unknown.
    """
    row = await _own(tx, disclosure_id)
    if row.state not in OPEN:
        return await refuse(tx, _closed(row), "disclosure.add_paper", CASE, disclosure_id)
    digest = await store.put(tx.tenant_id, upload.content)
    if any(one.object_hash == digest and one.kind == kind for one in await papers_of(tx, disclosure_id)):
        again = stale("同样的文件已经上传，不重复保存", *_ARTICLES, evidence=[kind])
        return await refuse(tx, again, "disclosure.add_paper", CASE, disclosure_id)
    paper_id = new_id()
    version = await last_version(tx, disclosure_id, kind) + 1
    await tx.execute(
        insert(disclosure_paper).values(
            tenant_id=tx.tenant_id,
            id=paper_id,
            disclosure_id=disclosure_id,
            kind=kind,
            version=version,
            confidential=confidential,
            file_name=upload.file_name,
            media_type=media_type(upload.content),
            size=len(upload.content),
            object_hash=digest,
            added_at=tx.now,
            added_by=tx.actor.person_id,
        )
    )
    # No name and no hash of the bytes: a draft may turn out to be classified, and the streams are never rewritten for it.
    details = {"paper": str(paper_id), "kind": kind, "version": version}
    await record_event(tx, CASE, disclosure_id, "paper_added", details=details)
    await write_audit(tx, "disclosure.add_paper", CASE, disclosure_id, details=details)
    return paper_id


async def take_away(tx: Transaction, disclosure_id: UUID, paper_id: UUID) -> Refusal | None:
    """Let a paper of one's own open disclosure be shown and opened no more.

    :raises NotFound: no such paper of a disclosure of one's own.
    """
    row = await _own(tx, disclosure_id)
    paper = await find_paper(tx, disclosure_id, paper_id)
    if paper is None:
        raise NotFound
    if row.state not in OPEN:
        return await refuse(tx, _closed(row), "disclosure.take_paper_away", CASE, disclosure_id)
    await tx.execute(
        update(disclosure_paper)
        .where(disclosure_paper.c.tenant_id == tx.tenant_id, disclosure_paper.c.id == paper_id)
        .values(withdrawn_at=tx.now, withdrawn_by=tx.actor.person_id)
    )
    details = {"paper": str(paper_id), "kind": paper.kind, "version": paper.version}
    await record_event(tx, CASE, disclosure_id, "paper_taken_away", details=details)
    await write_audit(tx, "disclosure.take_paper_away", CASE, disclosure_id, details=details)
    return None


async def empty_papers(tx: Transaction, disclosure_id: UUID) -> bool:
    """Close every paper of a disclosure that is wiped, without its name; whether there ever was one.

    The bytes go with the order that the caller writes.
    """
    table = disclosure_paper
    done = await tx.execute(
        update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.disclosure_id == disclosure_id)
        .values(file_name=None, withdrawn_at=tx.now, withdrawn_by=tx.actor.person_id)
    )
    return bool(done.rowcount)


async def _own(tx: Transaction, disclosure_id: UUID) -> Row[Any]:
    row = await find_disclosure(tx, disclosure_id, for_update=True)
    if row is None or row.person_id != tx.actor.person_id:
        raise NotFound
    return row
