"""What the log does not tell of records that are suspected to be classified, but to whoever judges them (rule 21)."""

import json
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Column, Table, select, union

from services.administration.queries import AuditLine
from services.ledger.models import achievement, achievement_version
from services.ledger.secrecy.queries import JUDGE
from shared.db.tables import metadata
from shared.db.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Withheld:
    """The records and cases nothing is told of, and the names they had; empty for whoever may know."""

    ids: frozenset[UUID] = frozenset()
    names: frozenset[str] = frozenset()

    def holds(self, line: AuditLine) -> bool:
        """Whether an entry is about one of them, or says its name."""
        if line.object_id in self.ids:
            return True
        said = json.dumps(line.details, ensure_ascii=False, default=str) if self.names else ""
        return any(json.dumps(name, ensure_ascii=False)[1:-1] in said for name in self.names)


async def withheld(tx: Transaction) -> Withheld:
    """What is to be kept from the person of the transaction."""
    if JUDGE in tx.actor.permissions:
        return Withheld()
    table, past = achievement.c, achievement_version.c
    rows = await tx.rows(
        select(table.id, table.name).where(table.tenant_id == tx.tenant_id, table.state == "quarantined")
    )
    records = {row.id for row in rows}
    if not records:
        return Withheld()
    former = await tx.rows(select(past.name).where(past.tenant_id == tx.tenant_id, past.id.in_(records)).distinct())
    names = {row.name for row in (*rows, *former) if row.name}
    first, then = _hanging()
    cases = await _ids(tx, first, records)
    return Withheld(frozenset(records | cases | await _ids(tx, then, cases)), frozenset(names))


def _hanging() -> tuple[list[Column[UUID]], list[Column[UUID]]]:
    """The columns that name an achievement, and those that name such a case: a table that a slice adds is among them."""
    tables = [one for one in metadata.tables.values() if one.info["scope"] == "tenant" and _is_case(one)]
    first = [one.c.achievement_id for one in tables if "achievement_id" in one.c]
    cases = {column.table.name for column in first}
    then = [
        key.parent
        for one in tables
        for key in one.foreign_keys
        if key.column.name == "id" and key.column.table.name in cases and one.name not in cases
    ]
    return first, then


def _is_case(table: Table) -> bool:
    # a version has the id of its row
    return "id" in table.c and not table.name.endswith("_version")


async def _ids(tx: Transaction, columns: list[Column[UUID]], named: set[UUID]) -> set[UUID]:
    if not named:
        return set()
    of = [select(one.table.c.id).where(one.table.c.tenant_id == tx.tenant_id, one.in_(named)) for one in columns]
    return {row.id for row in await tx.rows(union(*of))}
