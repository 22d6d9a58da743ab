"""A person says otherwise than the reader where a header stands, what a column means, or in which unit a sheet counts:
everything is read again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.ledger.importing import queries, rules
from services.ledger.importing.headings import laid_out
from services.ledger.importing.keeping import corrections_of
from services.ledger.importing.workflow import CASE, MOVES, QUEUE, layout_of, loaded
from services.ledger.reading.layout import Corrections, Layout
from shared.db.transaction import Transaction
from shared.documents.workbook import Workbook
from shared.errors import Refusal
from shared.storage.objects import ObjectStore
from shared.tasks.broker import ask
from shared.workflow import move, refuse


async def remap(
    tx: Transaction,
    import_id: UUID,
    columns: Mapping[str, Mapping[str, str]],
    units: Mapping[str, str],
    *,
    headers: Mapping[str, Sequence[int]] | None = None,
    layout: Layout | None = None,
    queued: bool = True,
) -> Refusal | None:
    """Have an import read again with other meanings: sheet → letter → field ('' for none), sheet → unit.

    ``headers``: sheet → rows of its header, where a person names it; ``layout`` is then how the kept copy is laid out by it
    (see `as_said`).
    What was answered stays and is applied again. Remembered for these headings when the import is confirmed.

    :raises NotFound: no such import of this tenant.
    """
    row = await loaded(tx, import_id)
    layout = layout or layout_of(row)
    wrong = rules.mapping_errors(layout, columns)
    refusal = MOVES.refusal("remap", row.state)
    if refusal is None and not layout.known:
        refusal = rules.no_header("请先指定表头所在的行")
    if refusal is None and wrong:
        refusal = rules.wrong_columns(wrong)
    merged = merged_corrections(row.corrections, layout, columns, units, headers or {})
    refusal = refusal or await move(
        tx,
        MOVES,
        import_id,
        "remap",
        row.state,
        changes={"corrections": merged, "records_done": 0, "rows_done": 0, "summary": None},
        details=merged,
    )
    if refusal is not None:
        return await refuse(tx, refusal, "ledger_import.remap", CASE, import_id)
    if queued:
        await ask(tx, "read_import_chunk", QUEUE, import_id=str(import_id))
    return None


def merged_corrections(
    before: Mapping[str, Any] | None,
    layout: Layout,
    columns: Mapping[str, Mapping[str, str]],
    units: Mapping[str, str],
    headers: Mapping[str, Sequence[int]],
) -> dict[str, Any]:
    """What was said before and now, of each sheet; what agrees with the reading as it stands is not said.

    Below another header than before, nothing that was said of a sheet's columns holds.
    """
    kept = {part: dict((before or {}).get(part, {})) for part in ("columns", "units", "headers")}
    for name, rows in headers.items():
        if list(rows) != list(kept["headers"].get(name, ())) or name not in kept["headers"]:
            kept["columns"].pop(name, None)
            kept["units"].pop(name, None)
        kept["headers"][name] = list(rows)
    said = {name: dict(one) for name, one in kept["columns"].items()}
    for sheet in rules.ledger_sheets(layout):
        for column in sheet.columns:
            chosen = columns.get(sheet.name, {}).get(column.letter)
            if chosen is not None and chosen != (column.field or ""):
                said.setdefault(sheet.name, {})[column.letter] = chosen or None
    return {
        "columns": said,
        "units": {**kept["units"], **{name: unit for name, unit in units.items() if unit}},
        "headers": kept["headers"],
    }


async def as_said(
    tx: Transaction, objects: ObjectStore, row: Row[Any], headers: Mapping[str, Sequence[int]]
) -> tuple[Workbook, Layout]:
    """The kept copy of an import and how it is laid out with further headers named; nothing is stored."""
    content, note = await objects.get(tx.tenant_id, row.kept_hash), await queries.note_of(tx, row.id)
    before = merged_corrections(row.corrections, Layout(()), {}, {}, headers)
    return await asyncio.to_thread(laid_out, content, note, corrections_of(before) or Corrections())
