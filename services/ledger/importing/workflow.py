"""The verbs of an import: receive, read a chunk, confirm, apply, cancel. The only writers.

Nothing of an upload is stored before it was searched for classified rows in memory; what is kept is a workbook of values
written anew. Reading goes chunk by chunk, each in its own transaction; applying is one transaction, set-based.
"""

import asyncio
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import Row, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DataError, IntegrityError

from services.ledger.importing import opened, queries, rules, settling, staging
from services.ledger.importing.entries import storable
from services.ledger.importing.headings import candidates, named_before
from services.ledger.importing.keeping import (
    Looked,
    Prepared,
    corrections_of,
    forget_wiped,
    keep_without,
    look,
    prepare,
    stored,
)
from services.ledger.importing.models import OVER, STATES, ImportState, import_mapping, ledger_import
from services.ledger.intake import lock_ledger, register_intake
from services.ledger.past.changes import forget
from services.ledger.reading.copies import CopyNote
from services.ledger.reading.layout import NO_HEADER, Layout, LedgerError, hidden_ledgers
from services.ledger.reading.no_header import no_header_message
from shared.audit.writing import write_audit
from shared.clock import local_day
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.documents.workbook_limits import WorkbookError
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from shared.observability import metrics
from shared.storage.objects import ObjectAltered, ObjectStore
from shared.tasks.broker import ask
from shared.workflow import Move, Moves, move, record_event, refuse, send
from tenants.packs import governing

log = structlog.get_logger()
CASE = "ledger_import"
QUEUE = "import"
CHUNK = 2_000
_IMPORT = "institution:ledger:import"
_BEFORE = frozenset({"uploaded", "reading"})

MOVES = Moves(
    CASE,
    ledger_import,
    STATES,
    (
        Move("start_reading", frozenset({"uploaded"}), ImportState.READING, "reading_started", _IMPORT, "开始核对"),
        Move("finish_reading", frozenset({"reading"}), ImportState.CHECKED, "checked", _IMPORT, "完成核对"),
        Move(
            "remap",
            frozenset({"checked", "mapping"}),
            ImportState.READING,
            "columns_changed",
            _IMPORT,
            "按新的对应重新核对",
        ),
        Move("confirm", frozenset({"checked"}), ImportState.APPLYING, "confirmed", _IMPORT, "确认导入"),
        Move("apply", frozenset({"applying"}), ImportState.APPLIED, "applied", _IMPORT, "导入"),
        Move("fail", frozenset({*_BEFORE, "applying"}), ImportState.FAILED, "failed", _IMPORT, "停止"),
        Move(
            "cancel",
            frozenset({*_BEFORE, "checked", "mapping"}),
            ImportState.CANCELLED,
            "cancelled",
            _IMPORT,
            "取消导入",
        ),
        Move("answer", frozenset({"checked"}), ImportState.CHECKED, "questions_answered", _IMPORT, "答复"),
        Move("answer_later", frozenset({"applied"}), ImportState.APPLIED, "questions_answered", _IMPORT, "答复"),
        Move("undo", frozenset({"applied"}), ImportState.UNDOING, "undo_asked", _IMPORT, "撤销导入"),
        Move("finish_undo", frozenset({"undoing"}), ImportState.UNDONE, "undone", _IMPORT, "完成撤销"),
        Move("keep", frozenset({"undoing"}), ImportState.APPLIED, "undo_stopped", _IMPORT, "停止撤销"),
    ),
    articles=rules.IMPORTED,
)


async def receive(
    tx: Transaction,
    objects: ObjectStore,
    upload: Upload,
    *,
    source: str = "page",
    as_of: date | None = None,
    by_hand: bool = False,
    queued: bool = True,
) -> UUID | Refusal:
    """Take an uploaded ledger in and have it read; returns the import's id. ``as_of`` is what the sender proposes.

    Where no header is known by its words, nor was named by this institution before, it is kept only for a sender who says
    that he will name one (``by_hand``); it then waits for him. Who reads and applies by himself (a command) asks for nothing
    to be ``queued``.

    Refused, with nothing stored: a file that is no ledger, and one that was uploaded before (also by somebody else at this
    very moment); ``inputs["import_id"]`` then names that import.
    """
    import_id = new_id()
    known = await queries.import_of_file(tx, sha256(upload.content).hexdigest())
    if known is not None:
        return await refuse(tx, _known(known), "ledger_import.receive", CASE, import_id)
    governed = await governing(tx)
    try:
        looked = await asyncio.to_thread(look, upload)
    except (WorkbookError, LedgerError) as error:
        return await refuse(tx, rules.unread(error.code, error.message), "ledger_import.receive", CASE, import_id)
    before, prepared = await _as_said_before(tx, looked)
    if not (prepared.layout.known or by_hand):
        refusal = rules.no_header(no_header_message(looked.workbook.sheets, hidden_ledgers(looked.layout)), NO_HEADER)
        return await refuse(tx, refusal, "ledger_import.receive", CASE, import_id)
    state = ImportState.UPLOADED if prepared.layout.known else ImportState.MAPPING
    made = await tx.execute(
        insert(ledger_import)
        .values(
            tenant_id=tx.tenant_id,
            id=import_id,
            province_id=tx.province_id,
            state=state,
            source=source,
            corrections=before,
            pack_version_id=governed.id,
            as_of_proposed=as_of or prepared.layout.as_of,
            uploaded_by=tx.actor.person_id,
            uploaded_at=tx.now,
            **stored(upload, prepared, await objects.put(tx.tenant_id, prepared.copy)),
        )
        .on_conflict_do_nothing()
    )
    if not made.rowcount:
        winner = await queries.import_of_file(tx, prepared.sha256)
        assert winner is not None
        return await refuse(tx, _known(winner), "ledger_import.receive", CASE, import_id)
    details = {"file": prepared.sha256, "bytes": len(upload.content), "source": source}
    await record_event(tx, CASE, import_id, "received", to_state=state, details=details)
    await write_audit(tx, "ledger_import.receive", CASE, import_id, details=details)
    if queued and state == ImportState.UPLOADED:
        await ask(tx, "read_import_chunk", QUEUE, import_id=str(import_id))
    return import_id


async def _as_said_before(tx: Transaction, looked: Looked) -> tuple[dict[str, Any] | None, Prepared]:
    """What was said of these headings when they were last imported, and what is kept of the upload as that reads it."""
    before = await queries.corrections_before(tx, rules.ledger_sheets(looked.layout)) or {}
    found = await asyncio.to_thread(candidates, looked.workbook, looked.layout)
    by_hand = named_before(found, await queries.headers_before(tx, list(found)))
    said = {part: {**before.get(part, {}), **by_hand[part]} for part in by_hand}
    told = said if any(said.values()) else None
    return told, await asyncio.to_thread(prepare, looked, corrections_of(told))


def _known(row: Row[Any]) -> Refusal:
    return rules.known_refusal(row.id, row.uploader, STATES[row.state], local_day(row.uploaded_at))


async def read_chunk(tx: Transaction, objects: ObjectStore, import_id: UUID, *, size: int = CHUNK) -> bool:
    """Read, check and stage the next records; True while there are more. A second delivery finds the place moved on."""
    row = await queries.import_for_update(tx, import_id)
    if row is None or row.state not in _BEFORE:
        opened.let_go(import_id)
        return False
    anew = bool(row.corrections) and not row.records_done
    if anew and await forget_wiped(tx, objects, row):
        row = await loaded(tx, import_id)
    try:
        reading = opened.take(import_id, row.records_done) or await _open(tx, objects, row)
    except (WorkbookError, LedgerError, NotFound, ObjectAltered) as error:
        log.error("import.unreadable", import_id=str(import_id), reason=type(error).__name__)
        await _fail(tx, row, "保存的文件无法读取，请重新上传")
        return False
    if anew:
        await _begin_anew(tx, objects, row, reading)
    chunk = await asyncio.to_thread(reading.next_chunk, size)
    state = row.state
    if state == ImportState.UPLOADED:
        await move(tx, MOVES, import_id, "start_reading", state)
        state = ImportState.READING.value
    if chunk.rows:
        await staging.stage(tx, import_id, chunk.rows)
    if chunk.last:
        await _finish_reading(tx, row, state, reading.records_done)
        return False
    await tx.execute(
        update(ledger_import)
        .where(ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.id == import_id)
        .values(records_done=reading.records_done, rows_done=chunk.rows_done)
    )
    opened.hold(import_id, reading)
    return True


async def _open(tx: Transaction, objects: ObjectStore, row: Row[Any]) -> opened.OpenImport:
    content = await objects.get(tx.tenant_id, row.kept_hash)
    governed = await governing(tx, row.pack_version_id)
    day = local_day(row.uploaded_at)
    corrections = corrections_of(row.corrections)
    return await asyncio.to_thread(
        opened.open_copy, content, row.note, governed.pack, day, row.records_done, corrections
    )


async def _begin_anew(tx: Transaction, objects: ObjectStore, row: Row[Any], reading: opened.OpenImport) -> None:
    """What was staged under another reading goes; what this one shows to be classified leaves the kept copy too."""
    await staging.drop_rows(tx, row.id, answers=False)
    changes: dict[str, Any] = {"layout": storable(reading.layout), "rows_total": reading.rows_total}
    if reading.secrets != CopyNote.decode(row.note).secrets:
        changes |= await keep_without(tx, objects, row, reading.secrets)
    await tx.execute(
        update(ledger_import)
        .where(ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.id == row.id)
        .values(**changes)
    )


async def _finish_reading(tx: Transaction, row: Row[Any], state: str, records: int) -> None:
    await staging.hold_repeated(tx, row.id)
    await staging.hold_known(tx, row.id)
    counted = await staging.counts(tx, row.id)
    changes = {**counted, "summary": await staging.summarise(tx, row.id)}
    changes |= {"records_done": records, "rows_done": row.rows_total}
    for name, number in counted.items():
        metrics.imports.labels(name).inc(number)
    await move(tx, MOVES, row.id, "finish_reading", state, changes=changes, details=counted)
    if await settling.mark_answered(tx, row.id):
        await ask(tx, "settle_answers", QUEUE, import_id=str(row.id))
    await tell(
        tx,
        row,
        f"《{row.file_name}》核对完成，请确认导入",
        f"可以导入 {counted['valid']} 项，待人工确认 {counted['questions']} 项，退回 {counted['refused']} 项。",
    )


async def confirm(tx: Transaction, import_id: UUID, as_of: date | None, *, queued: bool = True) -> Refusal | None:
    """Have the right rows imported, holding from the ledger's as-of day; the others stay as they are.

    :raises NotFound: no such import of this tenant.
    """
    row = await loaded(tx, import_id)
    refusal = (
        MOVES.refusal("confirm", row.state)
        or rules.pending_refusal(await queries.pending_rows(tx, import_id) > 0)
        or rules.nothing_refusal(row.valid)
        or rules.as_of_refusal(as_of, tx.today)
    )
    refusal = refusal or await move(
        tx,
        MOVES,
        import_id,
        "confirm",
        row.state,
        changes={"as_of": as_of, "decided_by": tx.actor.person_id},
        details={"as_of": as_of, "valid": row.valid},
    )
    if refusal is not None:
        return await refuse(tx, refusal, "ledger_import.confirm", CASE, import_id)
    await _remember(tx, row)
    if queued:
        await ask(tx, "apply_import", QUEUE, import_id=str(import_id))
    return None


async def _remember(tx: Transaction, row: Row[Any]) -> None:
    # Without a header there is nothing to be recognised by next time.
    read = [sheet for sheet in rules.ledger_sheets(layout_of(row)) if sheet.header_rows]
    sheets = {rules.heading_of(sheet): rules.fields_of(sheet) for sheet in read}
    names = {rules.heading_of(sheet): sheet.name for sheet in read}
    for heading, fields in sorted(sheets.items()):
        values = {
            "fields": fields,
            "corrections": rules.said_of(row.corrections, names[heading]),
            "import_id": row.id,
            "used_at": func.clock_timestamp(),
        }
        await tx.execute(
            insert(import_mapping)
            .values(tenant_id=tx.tenant_id, heading=heading, **values)
            .on_conflict_do_update(index_elements=["tenant_id", "heading"], set_=values)
        )


async def apply(tx: Transaction, import_id: UUID) -> None:
    """Write the confirmed rows into the ledger: visible at once or not at all, once however often it is asked for.

    Rows that the ledger has got meanwhile become questions. A fault in the data ends the import with its reason.
    """
    await lock_ledger(tx)
    row = await queries.import_for_update(tx, import_id)
    if row is None or row.state != ImportState.APPLYING:
        return
    try:
        async with tx.attempt():
            await _apply(tx, row)
    except (IntegrityError, DataError) as error:
        forget(tx)
        log.error("import.not_applied", import_id=str(import_id), reason=type(error.orig).__name__)
        await _fail(tx, row, "写入台账时发现数据冲突，没有导入任何一行；请重新上传，仍不成功的请联系平台运维")


async def _apply(tx: Transaction, row: Row[Any]) -> None:
    await staging.hold_known(tx, row.id)
    counted = await staging.counts(tx, row.id)
    changes: dict[str, Any] = {**counted, "finished_at": tx.now}
    if counted != {name: getattr(row, name) for name in counted}:
        changes["summary"] = await staging.summarise(tx, row.id)
    numbers: dict[str, int] = {}
    if counted["valid"]:
        await staging.fill_from_staging(tx, row.id)
        done = await register_intake(tx, held_from=row.as_of, source="imported", import_id=row.id, reason="导入台账")
        numbers = {"first_number": done.first_number, "last_number": done.last_number}
    await move(
        tx,
        MOVES,
        row.id,
        "apply",
        row.state,
        changes=changes | numbers,
        details={**counted, **numbers, "as_of": row.as_of, "file": row.sha256},
    )
    await ask(tx, "tidy_import", QUEUE, import_id=str(row.id))
    waiting = f"待人工确认 {counted['questions']} 项，退回 {counted['refused']} 项。"
    await tell(tx, row, f"《{row.file_name}》已导入 {counted['valid']} 项", waiting)


async def cancel(tx: Transaction, import_id: UUID) -> Refusal | None:
    """Import none of it; what was staged is dropped.

    :raises NotFound: no such import of this tenant.
    """
    row = await loaded(tx, import_id)
    changes = {"decided_by": tx.actor.person_id, "finished_at": tx.now}
    refusal = await move(tx, MOVES, import_id, "cancel", row.state, changes=changes)
    if refusal is not None:
        return await refuse(tx, refusal, "ledger_import.cancel", CASE, import_id)
    await ask(tx, "tidy_import", QUEUE, import_id=str(import_id))
    return None


async def tidy(tx: Transaction, import_id: UUID) -> None:
    """Afterwards: of what was imported the staged entries go, of what was not imported all rows."""
    row = await queries.import_for_update(tx, import_id)
    if row is None:
        return
    opened.let_go(import_id)
    if row.state == ImportState.UNDONE:
        await staging.drop_held(tx, import_id)
    elif row.state in OVER:
        await staging.drop_rows(tx, import_id)
    elif row.state == ImportState.APPLIED:
        await staging.empty_entries(tx, import_id)


async def _fail(tx: Transaction, row: Row[Any], why: str) -> None:
    await move(tx, MOVES, row.id, "fail", row.state, changes={"error": why, "finished_at": tx.now}, reason=why)
    await ask(tx, "tidy_import", QUEUE, import_id=str(row.id))
    await tell(tx, row, f"《{row.file_name}》未能导入", why)


async def tell(tx: Transaction, row: Row[Any], title: str, words: str) -> None:
    """Send a message about an import to who uploaded it, else to all who may import."""
    to = {"to_person": row.uploaded_by} if row.uploaded_by else {"to_permission": _IMPORT}
    await send(tx, "message", {**to, "title": title, "text": words, "href": f"/institution/imports/{row.id}"})


async def loaded(tx: Transaction, import_id: UUID) -> Row[Any]:
    """The import, locked until the end of the transaction.

    :raises NotFound: no such import of this tenant.
    """
    row = await queries.import_for_update(tx, import_id)
    if row is None:
        raise NotFound
    return row


def layout_of(row: Row[Any]) -> Layout:
    """The layout as it was stored."""
    return msgspec.convert(row.layout, Layout)
