"""Undoing an import while nobody has used its rows: asked for on a page, carried out by the worker in one transaction."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.ledger.importing import queries, rules
from services.ledger.importing.joining import recorded_later
from services.ledger.importing.models import ImportState
from services.ledger.importing.workflow import CASE, MOVES, QUEUE, loaded, tell
from services.ledger.intake import lock_ledger
from services.ledger.withdrawal import lock_registered, revoke_registered, touched_rows
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.tasks.broker import ask
from shared.workflow import move, refuse


async def undo(tx: Transaction, import_id: UUID, reason: str, *, queued: bool = True) -> Refusal | None:
    """Have everything that an import registered taken out of the ledger again; its numbers stay used, marked 撤销.

    Refused when somebody has used one of its rows: the refusal names them.

    :raises NotFound: no such import of this tenant.
    """
    row = await loaded(tx, import_id)
    refusal = MOVES.refusal("undo", row.state) or rules.secret_reason(reason)
    refusal = refusal or rules.touched_refusal(
        await touched_rows(tx, import_id, own=await recorded_later(tx, import_id))
    )
    refusal = refusal or await move(
        tx,
        MOVES,
        import_id,
        "undo",
        row.state,
        changes={"undo_note": {"reason": reason}},
        reason=reason,
        details={"valid": row.valid},
    )
    if refusal is not None:
        return await refuse(tx, refusal, "ledger_import.undo", CASE, import_id)
    if queued:
        await ask(tx, "undo_import", QUEUE, import_id=str(import_id))
    return None


async def carry_out(tx: Transaction, import_id: UUID) -> None:
    """Undo what was asked for, all rows at once or none; asked for twice it is done once.

    A row that was used in the meantime stops it: the import stands as it stood, and the page names the row.
    """
    await lock_ledger(tx)
    row = await queries.import_for_update(tx, import_id)
    if row is None or row.state != ImportState.UNDOING:
        return
    await lock_registered(tx, import_id)
    touched = await touched_rows(tx, import_id, own=await recorded_later(tx, import_id))
    if touched:
        await _stop(tx, row, rules.touched_refusal(touched))
        return
    reason = f"撤销导入：{row.undo_note['reason']}"
    count = await revoke_registered(tx, import_id, reason)
    await move(
        tx,
        MOVES,
        import_id,
        "finish_undo",
        row.state,
        changes={"finished_at": tx.now},
        reason=reason,
        details={"rows": count, "first_number": row.first_number, "last_number": row.last_number},
    )
    await ask(tx, "tidy_import", QUEUE, import_id=str(import_id))
    words = f"{count} 项成果已退出台账，编号保留并标记撤销；同一文件可以重新上传。"
    await tell(tx, row, f"《{row.file_name}》的导入已撤销", words)


async def _stop(tx: Transaction, row: Row[Any], refusal: Refusal | None) -> None:
    assert refusal is not None
    note = {"reason": row.undo_note["reason"], "stopped": refusal.message}
    await move(tx, MOVES, row.id, "keep", row.state, changes={"undo_note": note}, reason=refusal.message)
    await tell(tx, row, f"《{row.file_name}》的导入没有撤销", refusal.message)
