"""A person says otherwise than the reader what a column means, or in which unit a sheet counts: everything is read again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.ledger.importing import rules
from services.ledger.importing.workflow import CASE, MOVES, QUEUE, layout_of, loaded
from services.ledger.reading.layout import Layout
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.tasks.broker import ask
from shared.workflow import move, refuse


async def remap(
    tx: Transaction,
    import_id: UUID,
    columns: Mapping[str, Mapping[str, str]],
    units: Mapping[str, str],
    *,
    queued: bool = True,
) -> Refusal | None:
    """Have a checked import read again with other meanings: sheet → letter → field ('' for none), sheet → unit.

    What was answered stays and is applied again. Remembered for these headings when the import is confirmed.

    :raises NotFound: no such import of this tenant.
    """
    row = await loaded(tx, import_id)
    layout = layout_of(row)
    wrong = rules.mapping_errors(layout, columns)
    refusal = MOVES.refusal("remap", row.state)
    if refusal is None and wrong:
        refusal = Refusal("import.columns", "；".join(wrong.values()))
    merged = merged_corrections(row.corrections, layout, columns, units)
    refusal = refusal or await move(
        tx,
        MOVES,
        import_id,
        "remap",
        row.state,
        changes={"corrections": merged, "records_done": 0, "rows_done": 0, "summary": None},
        details={"columns": merged["columns"], "units": merged["units"]},
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
) -> dict[str, Any]:
    """What was said before and now, of each sheet; what agrees with the reading as it stands is not said."""
    said = {name: dict(one) for name, one in (before or {}).get("columns", {}).items()}
    for sheet in rules.ledger_sheets(layout):
        for column in sheet.columns:
            chosen = columns.get(sheet.name, {}).get(column.letter)
            if chosen is not None and chosen != (column.field or ""):
                said.setdefault(sheet.name, {})[column.letter] = chosen or None
    return {"columns": said, "units": {**(before or {}).get("units", {}), **{n: u for n, u in units.items() if u}}}
