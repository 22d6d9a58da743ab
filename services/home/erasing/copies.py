"""The kept copies of imported ledgers and the files of exports: outside the database, cleaned or removed with it."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, select, update

from services.ledger.entry import name_key
from services.ledger.importing.models import ledger_import
from services.ledger.models import export_job
from services.ledger.reading.copies import CopyNote, reopen
from shared.db.transaction import Transaction
from shared.documents.workbook import Sheet
from shared.documents.workbook_writing import WrittenRow, WrittenSheet, write_workbook
from shared.errors import NotFound
from shared.storage.objects import ObjectStore
from tenants.archive.models import tenant_archive

RowChange = Callable[[Sequence[Any]], Sequence[Any]]


def rows_without(words: Sequence[str]) -> RowChange:
    """A sheet row that says one of the words anywhere is emptied as a whole."""
    keys = {name_key(one) for one in words}

    def change(cells: Sequence[Any]) -> Sequence[Any]:
        said = (name_key(one) for one in cells if isinstance(one, str) and one)
        return () if any(key in one for one in said for key in keys) else cells

    return change


def cells_without(cleaned: Callable[[str], str]) -> RowChange:
    """Each cell's text is cleaned for itself."""
    return lambda cells: [cleaned(one) if isinstance(one, str) else one for one in cells]


async def clean_copies(tx: Transaction, objects: ObjectStore, change: RowChange) -> list[str]:
    """Write the kept copies of the tenant's imports anew where the change finds something.

    Returns the former copies, which nothing reads any more: the caller removes them once this transaction is committed.
    """
    table = ledger_import
    former: list[str] = []
    for row in await tx.rows(select(table).where(table.c.tenant_id == tx.tenant_id).with_for_update()):
        try:
            content = await objects.get(tx.tenant_id, row.kept_hash)
        except NotFound:
            continue
        copy = await asyncio.to_thread(_rewritten, content, row, change)
        if copy is None:
            continue
        kept = await objects.put(tx.tenant_id, copy)
        await tx.execute(
            update(table)
            .where(table.c.tenant_id == tx.tenant_id, table.c.kept_hash == row.kept_hash)
            .values(kept_hash=kept)
        )
        former.append(row.kept_hash)
    return former


def _rewritten(content: bytes, row: Row[Any], change: RowChange) -> bytes | None:
    workbook = reopen(content, CopyNote.decode(msgspec.to_builtins(row.note)))
    touched = False

    def rows(sheet: Sheet) -> Iterator[WrittenRow]:
        nonlocal touched
        for number, cells in enumerate(sheet.rows(), 1):
            after = change(cells)
            touched = touched or list(after) != list(cells)
            yield number, after

    copy = write_workbook(
        WrittenSheet(
            name=sheet.name,
            rows=rows(sheet),
            first_column=sheet.first_column,
            state=sheet.state,
            merges=sheet.merges,
            hidden_rows=frozenset(sheet.marks.hidden_rows),
            hidden_columns=sheet.marks.hidden_columns,
        )
        for sheet in workbook.sheets
    )
    return copy if touched else None


async def drop_exports(tx: Transaction, *which: ColumnElement[bool]) -> list[str]:
    """Let go of the files of exports, which can be made again from what stands now; returns them, to be removed after commit."""
    table = export_job
    rows = await tx.rows(
        select(table.c.id, table.c.object_hash).where(
            table.c.tenant_id == tx.tenant_id, table.c.object_hash.is_not(None), *which
        )
    )
    for row in rows:
        await tx.execute(
            update(table)
            .where(table.c.tenant_id == tx.tenant_id, table.c.id == row.id)
            .values(object_hash=None, state="failed")
        )
    return sorted({row.object_hash for row in rows})


async def drop_archives(tx: Transaction, *which: ColumnElement[bool]) -> list[str]:
    """The same of archives of the whole unit: an entry without its file says that it is past."""
    table = tenant_archive
    mine = (table.c.tenant_id == tx.tenant_id, table.c.object_hash.is_not(None), *which)
    gone = {row.object_hash for row in await tx.rows(select(table.c.object_hash).where(*mine))}
    await tx.execute(update(table).where(*mine).values(object_hash=None))
    own = (table.c.tenant_id == tx.tenant_id, table.c.object_hash.is_not(None))
    return sorted(gone - {row.object_hash for row in await tx.rows(select(table.c.object_hash).where(*own))})
