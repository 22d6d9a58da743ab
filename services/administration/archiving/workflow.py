"""The verbs of an archive: ask for it, make it, take it away. It changes nothing of the unit, so a suspended one may."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import Update, insert, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.administration.archiving import queries
from shared.audit.writing import AuditOutcome, write_audit
from shared.db.transaction import Transaction, transaction
from shared.ids import new_id
from shared.keys.keyring import Keyring
from shared.storage.objects import ObjectStore
from shared.tasks.broker import ask
from shared.workflow import record_event, send
from tenants.archive.models import tenant_archive
from tenants.archive.reading import NotArchived, snapshot
from tenants.archive.writing import Written, write_archive

CASE = "archive"
HOME = "/institution/settings/archive"
_STEPS = 20


async def request_archive(tx: Transaction) -> UUID:
    """Ask for the archive of everything; while one is being made, that one is meant. Returns its id."""
    present = await queries.running(tx)
    if present is not None:
        return UUID(str(present.id))
    archive_id = new_id()
    await tx.execute(
        insert(tenant_archive).values(
            tenant_id=tx.tenant_id,
            id=archive_id,
            province_id=tx.province_id,
            asked_by=tx.actor.person_id,
            asked_at=await tx.recorded_now(),
        )
    )
    await record_event(tx, CASE, archive_id, "archive_asked")
    await write_audit(tx, f"{CASE}.export", CASE, archive_id)
    await ask(tx, "make_archive", archive_id=str(archive_id))
    return archive_id


async def make(tx: Transaction, archive_id: UUID, engine: AsyncEngine, objects: ObjectStore, keyring: Keyring) -> None:
    """Write the archive into the object store and tell who asked; what was made already stays.

    The rows are read in a moment of their own, confined to the unit like this transaction; progress is told in further ones.
    """
    row = await queries.find(tx, archive_id)
    if row is None or row.finished_at is not None:
        return
    try:
        with TemporaryDirectory(prefix="chengguo-archive-") as folder:
            file = Path(folder) / "archive.zip"
            written = await _written(tx, archive_id, engine, objects, keyring, file)
            size = file.stat().st_size
            digest = await asyncio.to_thread(objects.put_file_now, tx.tenant_id, file)
    except NotArchived as refused:
        await _settle(tx, archive_id, reason=refused.message)
        title = "单位数据档案没有生成"
    else:
        total = written.total
        await _settle(tx, archive_id, object_hash=digest, bytes=size, rows=total["rows"], total=total["sha256"])
        title = f"单位数据档案已生成，共 {total['rows']} 行"
    await send(tx, "message", {"to_person": str(row.asked_by), "title": title, "href": HOME})


async def _written(
    tx: Transaction, archive_id: UUID, engine: AsyncEngine, objects: ObjectStore, keyring: Keyring, file: Path
) -> Written:
    async def told(done: int, of: int) -> None:
        if done % max(1, of // _STEPS) and done != of:
            return
        async with transaction(engine, tx.scope, tx.actor, regardless=True) as aside:
            await aside.execute(_of(tx, archive_id).values(written=done, members=of))

    async with snapshot(engine, tx.tenant_id, worker=True) as moment:
        with file.open("wb") as target:
            return await write_archive(moment, objects, keyring, target, told)


async def _settle(tx: Transaction, archive_id: UUID, **found: object) -> None:
    await tx.execute(_of(tx, archive_id).values(finished_at=await tx.recorded_now(), **found))
    details: dict[str, object] = {name: found[name] for name in ("rows", "bytes", "total", "reason") if name in found}
    event = "archive_made" if "total" in found else "archive_not_made"
    await record_event(tx, CASE, archive_id, event, details=details)
    outcome: AuditOutcome = "done" if "total" in found else "failed"
    await write_audit(tx, f"{CASE}.exported", CASE, archive_id, outcome=outcome, details=details)


def _of(tx: Transaction, archive_id: UUID) -> Update:
    return update(tenant_archive).where(tenant_archive.c.tenant_id == tx.tenant_id, tenant_archive.c.id == archive_id)
