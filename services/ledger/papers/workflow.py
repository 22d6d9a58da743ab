"""The verbs of papers: keep one, withdraw one. The rooms whose statements they prove call them inside their own verbs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from sqlalchemy import insert, update

from services.ledger.papers.models import ledger_paper
from services.ledger.papers.queries import find_paper, papers_of
from services.ledger.papers.rules import media_type
from services.ledger.rules import KEPT
from services.ledger.workflow import CASE
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.errors import NotFound, Refusal, stale
from shared.ids import new_id
from shared.workflow import record_event

# Papers prove the stage, or what a disclosure says.
_ARTICLES = ("stage.evidence", "evidence.disclosure", *KEPT)


class Store(Protocol):
    """Where the bytes go; ``shared.storage.objects.ObjectStore``."""

    async def put(self, tenant_id: UUID, content: bytes) -> str: ...


@dataclass(frozen=True, slots=True)
class Paper:
    """What is said of an uploaded file: ``kind`` a kind of evidence of the pack, ``subjects`` the points that it proves."""

    purpose: str
    kind: str
    subjects: Sequence[str] = ()
    reference: str | None = None
    dated_on: date | None = None


async def keep_paper(
    tx: Transaction, store: Store, achievement_id: UUID, upload: Upload, said: Paper
) -> UUID | Refusal:
    """Keep a checked file (``rules.fault`` found none) with its hash; the caller has locked the achievement.

    Refused: the same bytes stand already among the papers of this purpose.
    """
    digest = await store.put(tx.tenant_id, upload.content)
    kept = await papers_of(tx, achievement_id, said.purpose)
    if any(one.object_hash == digest and one.withdrawn_at is None for one in kept):
        return stale(f"文件“{upload.file_name}”已经上传，不重复保存", *_ARTICLES, evidence=[said.kind])
    paper_id = new_id()
    await tx.execute(
        insert(ledger_paper).values(
            tenant_id=tx.tenant_id,
            id=paper_id,
            achievement_id=achievement_id,
            purpose=said.purpose,
            kind=said.kind,
            subjects=list(said.subjects) or None,
            reference=said.reference,
            dated_on=said.dated_on,
            file_name=upload.file_name,
            media_type=media_type(upload.content),
            size=len(upload.content),
            object_hash=digest,
            added_at=tx.now,
            added_by=tx.actor.person_id,
        )
    )
    details = {"paper": str(paper_id), "purpose": said.purpose, "kind": said.kind, "sha256": digest}
    await record_event(tx, CASE, achievement_id, "paper_added", reason=upload.file_name, details=details)
    await write_audit(tx, "achievement.add_paper", CASE, achievement_id, details=details)
    return paper_id


async def withdraw_paper(tx: Transaction, achievement_id: UUID, paper_id: UUID, reason: str) -> Refusal | None:
    """Let a paper prove nothing any more; its bytes and its row stay.

    :raises NotFound: no such paper of this achievement.
    """
    row = await find_paper(tx, achievement_id, paper_id, for_update=True)
    if row is None:
        raise NotFound
    if row.withdrawn_at is not None:
        return stale("该材料已经撤下；请刷新页面", *_ARTICLES, evidence=[row.kind], ended_at=row.withdrawn_at)
    await tx.execute(
        update(ledger_paper)
        .where(ledger_paper.c.tenant_id == tx.tenant_id, ledger_paper.c.id == paper_id)
        .values(withdrawn_at=tx.now, withdrawn_by=tx.actor.person_id, withdrawn_reason=reason)
    )
    details = {"paper": str(paper_id), "purpose": row.purpose, "sha256": row.object_hash}
    await record_event(tx, CASE, achievement_id, "paper_withdrawn", reason=reason, details=details)
    await write_audit(tx, "achievement.withdraw_paper", CASE, achievement_id, details=details)
    return None
