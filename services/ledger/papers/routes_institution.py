"""Fetching a paper: logged, since contracts and people are named in it."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response, get

from services.ledger.papers.queries import find_paper
from services.ledger.queries import find_achievement
from services.ledger.workflow import CASE
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound

DOWNLOAD = "institution:ledger:export"


@get("/ledger/{achievement_id:uuid}/papers/{paper_id:uuid}", opt={"permission": DOWNLOAD})
async def download_paper(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, paper_id: UUID
) -> Response[bytes]:
    """The bytes as they were uploaded, checked against their hash; nothing of a quarantined achievement."""
    row = await find_achievement(tx, achievement_id)
    paper = await find_paper(tx, achievement_id, paper_id)
    if row is None or paper is None or row.state == "quarantined":
        raise NotFound
    content = await request.app.state.objects.get(tx.tenant_id, paper.object_hash)
    details = {"paper": str(paper_id), "sha256": paper.object_hash}
    await write_audit(tx, "achievement.read_paper", CASE, achievement_id, outcome="read", details=details)
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(paper.file_name)}",
        "cache-control": "no-store",
    }
    return Response(content, media_type=paper.media_type, headers=headers)


HANDLERS = (download_paper,)
