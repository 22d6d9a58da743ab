"""A person finds that a held row is classified: nothing of it stays, neither beside the import nor in the kept copy."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text, update

from services.ledger.importing import queries, staging
from services.ledger.importing.keeping import forget_wiped
from services.ledger.importing.models import ImportState, ledger_import
from services.ledger.importing.workflow import CASE, MOVES, QUEUE, loaded
from services.ledger.reading.records import CLASSIFIED
from shared.db.transaction import Transaction
from shared.errors import NotFound, Refusal, lost_race
from shared.storage.objects import ObjectStore
from shared.tasks.broker import ask
from shared.workflow import move, refuse

# Rows that say the same name are suspected with it, as when the file was searched; a shorter name may be an ordinary word.
_MARKED = (
    "r.tenant_id = :tenant and r.import_id = :import and r.disposition in ('question', 'left_out') "
    "and (r.ordinal = :ordinal and r.revision = :revision or length(r.name_key) >= 4 and r.name_key = ("
    "select o.name_key from app.ledger_import_row o where o.tenant_id = :tenant and o.import_id = :import "
    "and o.ordinal = :ordinal and o.revision = :revision))"
)
_ISSUE = (
    "jsonb_build_array(jsonb_build_object('severity', 'refuse', 'code', cast(:code as text), 'field', '密级', "
    "'column', ''))"
)


async def wipe(tx: Transaction, import_id: UUID, ordinal: int, revision: int) -> int | Refusal:
    """Keep nothing of a row but its place, as of those that the file itself marked; returns how many rows that were.

    :raises NotFound: no such import of this tenant.
    """
    row = await loaded(tx, import_id)
    verb = "answer_later" if row.state == ImportState.APPLIED else "answer"
    refusal = MOVES.refusal(verb, row.state)
    values = {"tenant": tx.tenant_id, "import": import_id, "ordinal": ordinal, "revision": revision}
    places = (
        []
        if refusal
        else await tx.rows(
            text(f"select r.sheet, r.first_row from app.ledger_import_row r where {_MARKED} order by r.ordinal"), values
        )
    )
    if not places and refusal is None:
        refusal = lost_race("该行刚刚已由他人答复，您的操作没有生效；请刷新页面查看最新内容")
    if refusal is not None:
        return await refuse(tx, refusal, "ledger_import.wipe", CASE, import_id)
    await tx.execute(
        text(
            "delete from app.import_answer a using app.ledger_import_row r where a.tenant_id = :tenant "
            f"and a.import_id = :import and a.sheet = r.sheet and a.first_row = r.first_row and {_MARKED}"
        ),
        values,
    )
    await tx.execute(
        text(
            "update app.ledger_import_row r set disposition = 'refused', raw = null, entry = null, name_key = null, "
            f"numbers = null, achievement_id = null, pending = false, issues = {_ISSUE} where {_MARKED}"
        ),
        values | {"code": CLASSIFIED},
    )
    told = [[one.sheet, one.first_row] for one in places]
    await move(tx, MOVES, import_id, verb, row.state, details={"wiped": told})
    await _count(tx, row)
    await ask(tx, "wipe_copy", QUEUE, import_id=str(import_id))
    return len(told)


async def _count(tx: Transaction, row: Row[Any]) -> None:
    counted = await staging.counts(tx, row.id)
    summary = await staging.summarise(tx, row.id, registered=row.state == ImportState.APPLIED)
    await tx.execute(
        update(ledger_import)
        .where(ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.id == row.id)
        .values(**counted, summary=summary)
    )


async def wipe_copy(tx: Transaction, objects: ObjectStore, import_id: UUID) -> None:
    """Write the kept copy anew without the rows that were wiped; done twice it changes nothing."""
    row = await queries.import_for_update(tx, import_id)
    if row is not None:
        await forget_wiped(tx, objects, row)


async def drop_copy(tx: Transaction, objects: ObjectStore, kept_hash: str) -> None:
    """Remove a former copy, unless an import of the tenant still reads that one."""
    used = await tx.scalar(
        select(func.count())
        .select_from(ledger_import)
        .where(ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.kept_hash == kept_hash)
    )
    if not used:
        try:
            await objects.remove(tx.tenant_id, kept_hash)
        except NotFound:
            return
