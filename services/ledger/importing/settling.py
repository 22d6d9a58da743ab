"""Answered rows: found again, read again with their answers, compared with the others and the ledger, registered.

Statements of an import's answers; every one binds the tenant. What is settled together is one transaction.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, select, text, update

from services.ledger.importing import staging
from services.ledger.importing.entries import StagedRow, Stager
from services.ledger.importing.joining import ask_again, join
from services.ledger.importing.models import ImportState, import_answer, ledger_import, ledger_import_row
from services.ledger.importing.rechecking import FURTHER, LEAVE_OUT, HeldRow, Rechecker
from services.ledger.intake import register_intake
from services.ledger.reading.copies import CopyNote
from services.ledger.reading.layout import Layout
from services.ledger.reading.profile import LedgerProfile
from shared.audit.writing import write_audit
from shared.clock import local_day
from shared.db.transaction import Transaction
from shared.workflow import record_event
from tenants.packs import governing

CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows an answer is for: one of them, as it stood when it was seen, or all that ask the same.

    ``code``, ``field`` and ``said`` are those of the issue; ``ordinal`` and ``revision`` those of the row.
    """

    code: str = ""
    field: str = ""
    said: str = ""
    ordinal: int | None = None
    revision: int | None = None


_ASKS = (
    "r.tenant_id = :tenant and r.import_id = :import and r.disposition = 'question' and not r.pending "
    "and exists (select 1 from jsonb_array_elements(r.issues) i where i ->> 'severity' = 'human' "
    "and i ->> 'code' = :code and i ->> 'field' = :field and coalesce(i ->> 'said', '') = :said)"
)
_ONE = (
    "r.tenant_id = :tenant and r.import_id = :import and r.disposition in ('question', 'left_out') "
    "and r.ordinal = :ordinal and r.revision = :revision"
)


def _of(tx: Transaction, import_id: UUID, rows: Rows) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {"tenant": tx.tenant_id, "import": import_id}
    if rows.ordinal is not None:
        return _ONE, values | {"ordinal": rows.ordinal, "revision": rows.revision}
    return _ASKS, values | {"code": rows.code, "field": rows.field, "said": rows.said}


async def keep_answers(tx: Transaction, import_id: UUID, rows: Rows, answers: Mapping[str, str]) -> int:
    """Write the answers beside the rows that ask, and mark these as pending; returns how many rows.

    A single row's answers replace those that it had.
    """
    where, values = _of(tx, import_id, rows)
    if rows.ordinal is not None:
        await tx.execute(
            text(
                "delete from app.import_answer a using app.ledger_import_row r where a.tenant_id = :tenant "
                f"and a.import_id = :import and a.sheet = r.sheet and a.first_row = r.first_row and {where}"
            ),
            values,
        )
    for subject, value in answers.items():
        await tx.execute(
            text(
                "insert into app.import_answer as a (tenant_id, import_id, sheet, first_row, subject, value, actor_id) "
                "select r.tenant_id, r.import_id, r.sheet, r.first_row, cast(:subject as text), cast(:value as text), "
                f"cast(:actor as uuid) from app.ledger_import_row r where {where} "
                "on conflict (tenant_id, import_id, sheet, first_row, subject) do update set value = excluded.value, "
                "actor_id = excluded.actor_id, answered_at = clock_timestamp()"
            ),
            values | {"subject": subject, "value": value, "actor": tx.actor.person_id},
        )
    done = await tx.execute(
        text(f"update app.ledger_import_row r set pending = true, revision = r.revision + 1 where {where}"), values
    )
    return done.rowcount


async def mark_answered(tx: Transaction, import_id: UUID) -> int:
    """Mark rows that ask and were answered before they were read anew; returns how many. Of rows that turned out to be
    classified no answer stays either.
    """
    await tx.execute(
        text(
            "delete from app.import_answer a using app.ledger_import_row r where a.tenant_id = :tenant "
            "and a.import_id = :import and r.tenant_id = a.tenant_id and r.import_id = a.import_id and r.sheet = a.sheet "
            "and a.first_row = any(coalesce(r.sheet_rows, array[r.first_row])) and r.disposition = 'refused' and r.raw is null"
        ),
        {"tenant": tx.tenant_id, "import": import_id},
    )
    done = await tx.execute(
        text(
            "update app.ledger_import_row r set pending = true from app.import_answer a where r.tenant_id = :tenant "
            "and r.import_id = :import and r.disposition = 'question' and a.tenant_id = r.tenant_id "
            "and a.import_id = r.import_id and a.sheet = r.sheet and a.first_row = r.first_row"
        ),
        {"tenant": tx.tenant_id, "import": import_id},
    )
    return done.rowcount


async def settle(tx: Transaction, row: Row[Any], *, size: int = CHUNK) -> bool:
    """Check the next answered rows again; True while there are more. With the last ones all that became right is registered,
    where the import was made already, and the import's counts follow.

    The caller holds the ledger's lock and the import's row.
    """
    table = ledger_import_row
    own = (table.c.tenant_id == tx.tenant_id, table.c.import_id == row.id, table.c.pending)
    pending = await tx.rows(select(table).where(*own).order_by(table.c.ordinal).limit(size + 1))
    if pending[:size]:
        await _settle(tx, row, pending[:size])
    if len(pending) > size or await ask_again(tx, row.id):
        return True
    if row.state == ImportState.APPLIED:
        await _register(tx, row)
    counted = await staging.counts(tx, row.id)
    summary = await staging.summarise(tx, row.id, registered=row.state == ImportState.APPLIED)
    await tx.execute(
        update(ledger_import)
        .where(ledger_import.c.tenant_id == tx.tenant_id, ledger_import.c.id == row.id)
        .values(**counted, summary=summary)
    )
    return False


async def _settle(tx: Transaction, row: Row[Any], pending: Sequence[Row[Any]]) -> None:
    answers = await answers_of(tx, row.id, pending)
    left_out = [one.ordinal for one in pending if LEAVE_OUT in answers[one.sheet, one.first_row]]
    joining = [
        one
        for one in pending
        if FURTHER in answers[one.sheet, one.first_row] and one.raw is not None and one.ordinal not in set(left_out)
    ]
    apart = {*left_out, *(one.ordinal for one in joining)}
    again = [one for one in pending if one.ordinal not in apart]
    read = [one for one in again if one.raw is not None]
    checker, stager = await _readers(tx, row)
    staged = await asyncio.to_thread(
        lambda: [checker.again(_held(one), answers[one.sheet, one.first_row]) for one in read]
    )
    settled = "ready" if row.state == ImportState.APPLIED else "valid"
    await staging.replace(tx, row.id, [_settled(one, settled) for one in staged])
    # A row that only the ledger spoke against is right as it is, unless the ledger still does.
    await staging.reconsider(tx, row.id, [one.ordinal for one in again if one.raw is None], settled)
    await staging.leave_out(tx, row.id, left_out)
    await staging.hold_fresh(tx, row.id, [one.ordinal for one in again], settled)
    await join(tx, row, checker, stager, joining, answers)


def _settled(row: StagedRow, disposition: str) -> StagedRow:
    return row._replace(disposition=disposition) if row.disposition == "valid" else row


def _held(row: Row[Any]) -> HeldRow:
    return HeldRow(row.ordinal, row.sheet, row.first_row, row.sheet_rows, row.raw, row.block_total)


async def _readers(tx: Transaction, row: Row[Any]) -> tuple[Rechecker, Stager]:
    governed = await governing(tx, row.pack_version_id)
    layout, note = msgspec.convert(row.layout, Layout), CopyNote.decode(row.note)
    profile, day = LedgerProfile.from_pack(governed.pack), local_day(row.uploaded_at)
    checker = Rechecker(profile, layout, governed.pack, day, note.marks)
    return checker, Stager(profile, layout, governed.pack, day)


async def answers_of(
    tx: Transaction, import_id: UUID, rows: Sequence[Row[Any]]
) -> defaultdict[tuple[str, int], dict[str, str]]:
    """What was answered for rows, by their place."""
    table = import_answer
    found: defaultdict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for one in await tx.rows(
        select(table.c.sheet, table.c.first_row, table.c.subject, table.c.value)
        .where(
            table.c.tenant_id == tx.tenant_id,
            table.c.import_id == import_id,
            table.c.first_row.in_([row.first_row for row in rows]),
        )
        .order_by(table.c.subject)
    ):
        found[one.sheet, one.first_row][one.subject] = one.value
    return found


async def _register(tx: Transaction, row: Row[Any]) -> None:
    await staging.hold_known(tx, row.id, ready=True)
    if not await staging.count_ready(tx, row.id):
        return
    await staging.fill_from_staging(tx, row.id, ready=True)
    done = await register_intake(
        tx, held_from=row.as_of, source="imported", import_id=row.id, reason="导入台账，人工确认后登记"
    )
    details = {"rows": done.count, "first_number": done.first_number, "last_number": done.last_number}
    await record_event(tx, "ledger_import", row.id, "answered_rows_registered", details=details)
    await write_audit(tx, "ledger_import.register_answered", "ledger_import", row.id, details=details)
    await staging.note_registered(tx, row.id)
