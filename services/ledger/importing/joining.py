"""A repeated row that is a further conversion: its contracts and amount go to the achievement that the first row made.

Conversions are counted one by one with their amounts; the achievement is never counted twice (rule 44).
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, text, update

from services.ledger.entry import Deal
from services.ledger.importing import staging
from services.ledger.importing.entries import Stager
from services.ledger.importing.models import ImportState, ledger_import_row
from services.ledger.importing.rechecking import FURTHER, HeldRow, Rechecker
from services.ledger.reading.records import Severity
from services.ledger.rules import after_conversion
from services.ledger.workflow import record_conversion
from shared.db.serialising import load_json
from shared.db.transaction import Transaction
from shared.errors import Refusal

_CONVERTED: Final = "converted"
_REPEATS: Final = frozenset({"duplicate", "first_row_open"})
_REASON: Final = "导入台账：同一成果的又一次转化"
_DERIVED: Final = ("sort_key", "initials")


def deals_of(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The conversions of a staged entry; one that is converted without a contract stated has one of its own amount."""
    if entry["status"] != _CONVERTED or entry["deals"]:
        return list(entry["deals"])
    one = dict.fromkeys(("counterparty", "credit_code", "contract_number", "remark"))
    return [{"mode": entry["mode"], "amount": entry["value"], **one}]


def with_conversions(first: Mapping[str, Any], further: Sequence[Mapping[str, Any]], stager: Stager) -> dict[str, Any]:
    """The first row's entry with further conversions: frequency, amount, status and mode follow, and what the rules derive."""
    entry: dict[str, Any] = {**first, "deals": [*(deals_of(first) if first["status"] == _CONVERTED else ()), *further]}
    entry["value"] = _decimal(entry["value"])
    entry["obtained_on"] = date.fromisoformat(entry["obtained_on"]) if entry["obtained_on"] else None
    for deal in further:
        one = Deal(mode=deal["mode"], amount=_decimal(deal["amount"]))
        entry |= after_conversion(entry["status"], entry["value"], entry["conversions"], one)
    derived = {name: entry.pop(name) for name in _DERIVED}
    return stager.followed(entry) | derived


def _decimal(amount: Any) -> Decimal | None:
    return None if amount is None else Decimal(str(amount))


async def join(
    tx: Transaction,
    row: Row[Any],
    checker: Rechecker,
    stager: Stager,
    joining: Sequence[Row[Any]],
    answers: Mapping[tuple[str, int], Mapping[str, str]],
) -> None:
    """Let rows answered as further conversions join the first ones; those that cannot yet ask what is in the way."""
    held = [HeldRow(*(getattr(one, name) for name in HeldRow._fields)) for one in joining]
    staged = await asyncio.to_thread(
        lambda: [checker.again(one, _without(answers[one.sheet, one.first_row])) for one in held]
    )
    for one, now in zip(joining, staged, strict=True):
        if now.disposition == "refused":
            await staging.replace(tx, row.id, [now])
            continue
        entry = load_json(now.entry) if now.entry is not None else None
        asked = load_json(now.issues) if now.issues else []
        asked += await _join(tx, row, stager, one, entry)
        if any(issue["severity"] == Severity.HUMAN for issue in asked):
            await _ask(tx, row.id, one.ordinal, asked)


def _without(answers: Mapping[str, str]) -> dict[str, str]:
    return {subject: value for subject, value in answers.items() if subject != FURTHER}


async def _join(
    tx: Transaction, row: Row[Any], stager: Stager, one: Row[Any], entry: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Join one row; returns what it asks where it cannot."""
    repeats = [issue for issue in one.issues if issue["code"] in _REPEATS]
    if entry is None:
        return repeats
    if entry["status"] != _CONVERTED:
        return [*repeats, _issue("not_a_conversion", "转化状态")]
    first = await _first(tx, row.id, one, repeats)
    if first is None:
        return [{**repeats[0], "code": "first_row_open"}]
    recorded = row.state == ImportState.APPLIED and first.disposition == "valid"
    if recorded:
        refusal = await _record(tx, first.achievement_id, deals_of(entry), row.as_of)
        if refusal is not None:
            return [*repeats, _issue("against_rules", refusal.message.rstrip("。"))]
    else:
        changed = with_conversions(first.entry, deals_of(entry), stager)
        await staging.change_entry(tx, row.id, first.ordinal, changed)
    await _settled(tx, row.id, one.ordinal, first.achievement_id, len(deals_of(entry)) if recorded else 0)
    return []


def _issue(code: str, field: str) -> dict[str, Any]:
    return {"severity": Severity.HUMAN.value, "code": code, "field": field, "column": ""}


async def _record(
    tx: Transaction, achievement_id: UUID, deals: Sequence[Mapping[str, Any]], as_of: date
) -> Refusal | None:
    """The ledger said them as of its own day, however late they are answered: as though they had joined before."""
    for deal in deals:
        known = {**deal, "amount": _decimal(deal["amount"])}
        done = await record_conversion(tx, achievement_id, Deal(**known), since=as_of, reason=_REASON)
        if isinstance(done, Refusal):
            return done
    return None


async def _first(
    tx: Transaction, import_id: UUID, one: Row[Any], repeats: Sequence[Mapping[str, Any]]
) -> Row[Any] | None:
    """The row that stands for the achievement which a row repeats; None while that one is not settled."""
    table = ledger_import_row
    own = (table.c.tenant_id == tx.tenant_id, table.c.import_id == import_id)
    place = repeats[0].get("of") if repeats else None
    if place is None:
        return None
    found = await tx.row(
        select(table).where(
            *own, table.c.sheet == place["sheet"], table.c.first_row == place["row"], table.c.ordinal != one.ordinal
        )
    )
    if found is not None and found.disposition == "joined":
        found = await tx.row(
            select(table).where(
                *own, table.c.achievement_id == found.achievement_id, table.c.disposition.in_(("valid", "ready"))
            )
        )
    return found if found is not None and found.disposition in ("valid", "ready") else None


async def _ask(tx: Transaction, import_id: UUID, ordinal: int, issues: Sequence[Mapping[str, Any]]) -> None:
    await _change(tx, import_id, ordinal, pending=False, issues=list(issues))


async def _settled(tx: Transaction, import_id: UUID, ordinal: int, achievement_id: UUID, recorded: int) -> None:
    entry = {"recorded": recorded} if recorded else None
    await _change(
        tx, import_id, ordinal, pending=False, disposition="joined", achievement_id=achievement_id, entry=entry
    )


async def _change(tx: Transaction, import_id: UUID, ordinal: int, **values: Any) -> None:
    table = ledger_import_row
    await tx.execute(
        update(table)
        .where(table.c.tenant_id == tx.tenant_id, table.c.import_id == import_id, table.c.ordinal == ordinal)
        .values(**values)
    )


async def ask_again(tx: Transaction, import_id: UUID) -> int:
    """Rows that waited for the first one, which is settled now, are checked again; returns how many."""
    done = await tx.execute(
        text(
            "update app.ledger_import_row r set pending = true where r.tenant_id = :tenant and r.import_id = :import "
            "and r.disposition = 'question' and not r.pending and exists (select 1 from jsonb_array_elements(r.issues) i "
            "join app.ledger_import_row f on f.tenant_id = :tenant and f.import_id = :import "
            "and f.sheet = i -> 'of' ->> 'sheet' and f.first_row = cast(i -> 'of' ->> 'row' as integer) "
            "and f.disposition in ('valid', 'ready', 'joined') where i ->> 'code' = 'first_row_open')"
        ),
        {"tenant": tx.tenant_id, "import": import_id},
    )
    return done.rowcount


async def recorded_later(tx: Transaction, import_id: UUID) -> Mapping[UUID, int]:
    """How many conversions the import's own answers recorded after it was made, by achievement."""
    rows = await tx.rows(
        text(
            "select achievement_id, sum(cast(entry ->> 'recorded' as integer)) as n from app.ledger_import_row "
            "where tenant_id = :tenant and import_id = :import and disposition = 'joined' and entry is not null group by 1"
        ),
        {"tenant": tx.tenant_id, "import": import_id},
    )
    return {row.achievement_id: int(row.n) for row in rows}
