"""What of an upload is kept: a workbook of values without classified rows, and the note by which it reads like the original.

Where a later look finds more that must not be kept, the copy is written anew without it and the former one removed.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row, select, update

from services.ledger.importing.entries import storable
from services.ledger.importing.headings import may_be_ledger
from services.ledger.importing.models import ledger_import, ledger_import_row
from services.ledger.reading.copies import CopyNote, note_of, reopen, values_only
from services.ledger.reading.layout import Corrections, Layout, lay_out
from services.ledger.reading.records import CLASSIFIED, SECRET_CODES
from services.ledger.reading.secrecy import Finding, Secrets, find_secrets
from shared.db.transaction import Transaction
from shared.documents.uploads import Upload
from shared.documents.workbook import Workbook, read_workbook
from shared.storage.objects import ObjectStore
from shared.tasks.broker import ask


@dataclass(frozen=True, slots=True)
class Looked:
    """An upload in memory, as the reader lays it out by itself."""

    workbook: Workbook
    layout: Layout
    secrets: Secrets


@dataclass(frozen=True, slots=True)
class Prepared:
    """What may be kept of an upload: values only, classified rows empty; nothing here holds a text of those rows."""

    sha256: str
    copy: bytes
    note: Any
    layout: Layout
    rows_total: int


def look(upload: Upload) -> Looked:
    """Read an upload and search it for classified rows, in memory; blocking, seconds for a large one.

    Where no header is known, but a sheet has rows that a person may say more of, its layout has no ledger (`known`).

    :raises WorkbookError: no workbook, encrypted, a bomb, too large. :raises LedgerError: nothing in it can be a ledger.
    """
    workbook = read_workbook(upload.content, upload.file_name)
    layout = lay_out(workbook, required=not any(map(may_be_ledger, workbook.sheets)))
    return Looked(workbook, layout, find_secrets(workbook, layout))


def prepare(looked: Looked, corrections: Corrections | None = None) -> Prepared:
    """What is kept of it; with a person's corrections it is searched once more as they read it."""
    workbook, layout, secrets = looked.workbook, looked.layout, looked.secrets
    if corrections is not None:
        layout = lay_out(workbook, corrections, required=False)
        secrets = both(secrets, find_secrets(workbook, layout))
    sheets = zip(workbook.sheets, layout.sheets, strict=True)
    return Prepared(
        workbook.sha256,
        values_only(workbook, secrets),
        msgspec.json.decode(note_of(workbook, secrets).encode()),
        layout,
        sum(sheet.last_row for sheet, one in sheets if one.role == "ledger"),
    )


def stored(upload: Upload, prepared: Prepared, kept: str) -> dict[str, Any]:
    """The columns of an import that tell of its file; ``kept`` is the hash of the copy."""
    return {
        "file_name": upload.file_name,
        "sha256": prepared.sha256,
        "kept_hash": kept,
        "size": len(upload.content),
        "note": prepared.note,
        "layout": storable(prepared.layout),
        "rows_total": prepared.rows_total,
    }


def both(one: Secrets, other: Secrets) -> Secrets:
    """What either search found; where both did, the first one's finding stays."""
    indexes = {*one.findings, *other.findings}
    return Secrets({index: {**other.of_sheet(index), **one.of_sheet(index)} for index in sorted(indexes)})


def corrections_of(stored: Mapping[str, Any] | None) -> Corrections | None:
    """A person's corrections as they were stored; None where there are none."""
    if not stored or not any(stored.values()):
        return None
    return msgspec.convert(stored, Corrections)


async def keep_without(tx: Transaction, objects: ObjectStore, row: Row[Any], secrets: Secrets) -> dict[str, Any]:
    """Write the kept copy anew without further rows; returns the import's changed columns, and has the old copy removed.

    The old one goes by a task of its own, so that nothing is lost when this transaction is not committed.
    """
    content = await objects.get(tx.tenant_id, row.kept_hash)
    copy, note = await asyncio.to_thread(_without, content, row.note, secrets)
    kept = await objects.put(tx.tenant_id, copy)
    if kept != row.kept_hash:
        await ask(tx, "drop_copy", "import", kept_hash=row.kept_hash)
    return {"kept_hash": kept, "note": note}


def _without(content: bytes, stored: Any, secrets: Secrets) -> tuple[bytes, Any]:
    note = CopyNote.decode(stored)
    workbook = reopen(content, note)
    told = msgspec.structs.replace(note, secrets=both(note.secrets, secrets))
    return values_only(workbook, told.secrets), msgspec.json.decode(told.encode())


async def forget_wiped(tx: Transaction, objects: ObjectStore, row: Row[Any]) -> bool:
    """Write the kept copy anew without the rows that a person said are classified; False where it has none of them."""
    known, wiped = CopyNote.decode(row.note).secrets, await _wiped(tx, row)
    if both(known, wiped) == known:
        return False
    changes = await keep_without(tx, objects, row, wiped)
    await tx.execute(
        update(ledger_import)
        .where(ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.id == row.id)
        .values(**changes)
    )
    return True


async def _wiped(tx: Transaction, row: Row[Any]) -> Secrets:
    table = ledger_import_row
    rows = await tx.rows(
        select(table.c.sheet, table.c.first_row, table.c.sheet_rows, table.c.issues).where(
            table.c.tenant_id == tx.tenant_id,
            table.c.import_id == row.id,
            table.c.disposition == "refused",
            table.c.raw.is_(None),
        )
    )
    indexes = {sheet.name: sheet.index for sheet in msgspec.convert(row.layout, Layout).sheets}
    found: dict[int, dict[int, Finding]] = {}
    for one in rows:
        if any(issue["code"] in SECRET_CODES for issue in one.issues or ()):
            for number in one.sheet_rows or (one.first_row,):
                found.setdefault(indexes[one.sheet], {})[number] = Finding(CLASSIFIED, "", "密级")
    return Secrets(found)
