"""The rows that were not imported, back in the clerk's own columns with their reasons."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from services.ledger.importing import queries
from services.ledger.importing.entries import record_of
from services.ledger.importing.workflow import layout_of
from services.ledger.reading.layout import Layout
from services.ledger.reading.records import Record
from services.ledger.reading.returned import returned_rows
from shared.db.transaction import Transaction
from shared.documents.workbook import read_workbook
from shared.storage.objects import ObjectStore

_Cells = Mapping[tuple[str, int], list[Any]]


async def returned_file(tx: Transaction, objects: ObjectStore, row: Row[Any]) -> bytes:
    """An xlsx of all held and refused rows of an import; of classified ones sheet and row number only.

    Rows that only the ledger itself speaks against have no cells in staging: theirs are read from the kept copy. The rows
    come from the database a few thousand at a time while a thread writes them, so that memory stays that of one page.
    """
    wanted = {(one.sheet, number) for one in await queries.returned_places(tx, row.id) for number in _numbers(one)}
    content = await objects.get(tx.tenant_id, row.kept_hash) if wanted else b""
    loop = asyncio.get_running_loop()

    def page(after: int) -> Sequence[Row[Any]]:
        # The transaction waits for the thread meanwhile, so the connection is free for the thread's questions.
        return asyncio.run_coroutine_threadsafe(queries.returned(tx, row.id, after=after), loop).result()

    return await asyncio.to_thread(_written, layout_of(row), page, content, wanted)


def _written(
    layout: Layout, page: Callable[[int], Sequence[Row[Any]]], content: bytes, wanted: set[tuple[str, int]]
) -> bytes:
    cells = _cells_of(content, wanted) if wanted else {}
    return returned_rows(layout, _records(page, cells))


def _records(page: Callable[[int], Sequence[Row[Any]]], cells: _Cells) -> Iterator[Record]:
    after = -1
    while rows := page(after):
        for one in rows:
            known = one.entry is not None and one.raw is None
            raw = [cells[one.sheet, number] for number in _numbers(one)] if known else one.raw
            yield record_of(one.sheet, one.first_row, one.sheet_rows, one.disposition, raw, one.issues)
        after = rows[-1].ordinal


def _numbers(row: Row[Any]) -> list[int]:
    return list(row.sheet_rows or (row.first_row,))


def _cells_of(content: bytes, wanted: set[tuple[str, int]]) -> _Cells:
    found: dict[tuple[str, int], list[Any]] = {}
    for sheet in read_workbook(content, "").sheets:
        for number, values in enumerate(sheet.rows(), start=1):
            if (sheet.name, number) in wanted:
                found[sheet.name, number] = values
    return found
