"""整体导出: the archive of everything that the unit has, for its leadership."""

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.response import Stream

from services.administration.archiving import queries, workflow
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import NotFound
from shared.ui.page import Crumb
from tenants.pages import page, redirect
from tenants.people import names_of
from tenants.suspension import STAYS_OPEN

_EXPORT = {"permission": queries.EXPORT}
_CRUMBS = (Crumb("单位设置", "/institution/settings"), Crumb("整体导出"))


@get("/settings/archive", opt=_EXPORT)
async def show_archives(request: Request[Any, Any, Any], tx: Transaction) -> Response[str]:
    """What an archive is, those that were asked for, and how far one is."""
    rows = await queries.listed(tx)
    context = {
        "archives": rows,
        "running": next((row for row in rows if row.finished_at is None), None),
        "names": await names_of(tx, [row.asked_by for row in rows]),
        "home": workflow.HOME,
    }
    fragment = request.headers.get("hx-request") == "true" and context["running"] is not None
    template = f"administration/institution/{'archive_progress' if fragment else 'archive'}.html"
    ended = request.headers.get("hx-request") == "true" and not fragment
    headers = {"hx-refresh": "true"} if ended else {}
    return page(request, template, "整体导出", context, crumbs=_CRUMBS, headers=headers)


@post("/settings/archive", opt={**_EXPORT, **STAYS_OPEN}, status_code=303)
async def request_archive(tx: Transaction) -> Response[Any]:
    """Ask for an archive."""
    await workflow.request_archive(tx)
    return redirect(tx, workflow.HOME)


@get("/settings/archive/{archive_id:uuid}/file", opt=_EXPORT)
async def download_archive(request: Request[Any, Any, Any], tx: Transaction, archive_id: UUID) -> Stream:
    """The archive; each time it is fetched is logged."""
    row = await queries.find(tx, archive_id)
    if row is None or row.object_hash is None:
        raise NotFound
    objects = request.app.state.objects
    chunks = await asyncio.to_thread(objects.chunks_now, tx.tenant_id, row.object_hash)
    await write_audit(tx, f"{workflow.CASE}.download", workflow.CASE, archive_id, outcome="read")
    headers = {
        "content-disposition": f'attachment; filename="unit-{row.asked_at:%Y%m%d}.zip"',
        "content-length": str(row.bytes),
        "cache-control": "no-store",
    }
    return Stream(chunks, media_type="application/zip", headers=headers)


HANDLERS = (show_archives, request_archive, download_archive)
