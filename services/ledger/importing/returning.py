"""The rows that were not imported, back in the clerk's own columns with their reasons."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from services.ledger.importing import queries
from services.ledger.importing.entries import record_of
from services.ledger.importing.workflow import layout_of
from services.ledger.reading.returned import returned_rows
from shared.db.transaction import Transaction
from shared.documents.workbook import read_workbook
from shared.storage.objects import ObjectStore

_Cells = Mapping[tuple[str, int], list[Any]]


async def returned_file(tx: Transaction, objects: ObjectStore, row: Row[Any]) -> bytes:
    """An xlsx of all held and refused rows of an import; of classified ones sheet and row number only.

    Rows that only the ledger itself speaks against have no cells in staging: theirs are read from the kept copy.
    """
    rows = await queries.returned(tx, row.id)
    wanted = {(one.sheet, number) for one in rows if one.entry is not None for number in _numbers(one)}
    content = await objects.get(tx.tenant_id, row.kept_hash) if wanted else b""
    return await asyncio.to_thread(_written, row, rows, content, wanted)


def _written(row: Row[Any], rows: Sequence[Row[Any]], content: bytes, wanted: set[tuple[str, int]]) -> bytes:
    cells = _cells_of(content, wanted) if wanted else {}
    records = [
        record_of(
            one.sheet,
            one.first_row,
            one.sheet_rows,
            one.disposition,
            [cells[one.sheet, number] for number in _numbers(one)] if one.entry is not None else one.raw,
            one.issues,
        )
        for one in rows
    ]
    return returned_rows(layout_of(row), records)


def _numbers(row: Row[Any]) -> list[int]:
    return list(row.sheet_rows or (row.first_row,))


def _cells_of(content: bytes, wanted: set[tuple[str, int]]) -> _Cells:
    found: dict[tuple[str, int], list[Any]] = {}
    for sheet in read_workbook(content, "").sheets:
        for number, values in enumerate(sheet.rows(), start=1):
            if (sheet.name, number) in wanted:
                found[sheet.name, number] = values
    return found
