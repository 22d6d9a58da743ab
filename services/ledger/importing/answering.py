"""A person's answers to what rows ask: kept beside the rows, which are then read again and, where right, stand like the others.

Few rows are checked at once; many are left to the worker, which goes on where it was stopped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.ledger.importing import queries, rules, settling
from services.ledger.importing.models import ImportState
from services.ledger.importing.rechecking import LEAVE_OUT
from services.ledger.importing.settling import Rows
from services.ledger.importing.workflow import CASE, MOVES, QUEUE, loaded, tell
from services.ledger.intake import lock_ledger
from shared.db.transaction import Transaction
from shared.errors import Refusal, lost_race
from shared.tasks.broker import ask
from shared.workflow import move, refuse

AT_ONCE = 200
# What may be told in the log as it was answered: choices from a list, never what somebody typed.
_CHOSEN = ("type", "status", "method", "stage", "unit", "secrecy")


@dataclass(frozen=True, slots=True)
class Answered:
    """How many rows were answered; ``waiting`` says that the worker still checks them."""

    rows: int
    waiting: bool


async def answer(tx: Transaction, import_id: UUID, rows: Rows, answers: Mapping[str, str]) -> Answered | Refusal:
    """Answer what rows ask: subject → as the cell should read, or a reason under ``leave_out``.

    The rows are checked again; those that are right are imported with the others, or registered at once where the import
    was made already. Refused, with nothing stored: an answer that says that the row is classified; rows that somebody else
    answered first; an import that is neither checked nor made.

    :raises NotFound: no such import of this tenant.
    """
    await lock_ledger(tx)
    row = await loaded(tx, import_id)
    verb = "answer_later" if row.state == ImportState.APPLIED else "answer"
    refusal = MOVES.refusal(verb, row.state) or rules.secret_answer(answers)
    if refusal is not None:
        return await refuse(tx, refusal, "ledger_import.answer", CASE, import_id)
    count = await settling.keep_answers(tx, import_id, rows, answers)
    if not count:
        return await refuse(tx, _overtaken(), "ledger_import.answer", CASE, import_id)
    details = {"rows": count, "code": rows.code or None, "answers": _told(answers)}
    await move(tx, MOVES, import_id, verb, row.state, details=details)
    if count > AT_ONCE:
        await ask(tx, "settle_answers", QUEUE, import_id=str(import_id))
        return Answered(count, waiting=True)
    waiting = await settling.settle(tx, row)
    if waiting:
        await ask(tx, "settle_answers", QUEUE, import_id=str(import_id))
    return Answered(count, waiting)


async def settle_rest(tx: Transaction, import_id: UUID) -> bool:
    """Check the next answered rows again; True while there are more. Delivered twice it finds nothing left to do."""
    await lock_ledger(tx)
    row = await queries.import_for_update(tx, import_id)
    if row is None or row.state not in (ImportState.CHECKED, ImportState.APPLIED):
        return False
    if not await queries.pending_rows(tx, import_id):
        return False
    more = await settling.settle(tx, row)
    if not more:
        await _finished(tx, row)
    return more


async def _finished(tx: Transaction, row: Row[Any]) -> None:
    now = await queries.find_import(tx, row.id)
    assert now is not None
    words = f"可以导入 {now.valid} 项，待人工确认 {now.questions} 项，退回 {now.refused} 项。"
    await tell(tx, row, f"《{row.file_name}》已按答复重新核对", words)


def _told(answers: Mapping[str, str]) -> dict[str, str]:
    return {
        subject: value if subject.partition("#")[0] in _CHOSEN or subject == LEAVE_OUT else "已填写"
        for subject, value in answers.items()
    }


def _overtaken() -> Refusal:
    return lost_race("这些行刚刚已由他人答复，您的答复没有生效；请刷新页面查看最新内容")
