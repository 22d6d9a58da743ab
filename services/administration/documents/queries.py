"""A unit's own rules: the kinds that the text asks for, every version, which one is in force on a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.administration.documents.models import unit_document
from shared.db.transaction import Transaction
from shared.policy.answer import Citation
from shared.policy.pack import Pack

KINDS = "unit_document"
READ = "institution:self:read"
WRITE = "institution:schedule:write"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rules that the province's text wants a unit to have, with its versions, the newest first."""

    code: str
    label: str
    citation: Citation
    versions: Sequence[Row[Any]]

    def in_force(self, day: date) -> Row[Any] | None:
        """The version that governs on a day."""
        return next((one for one in self.versions if one.in_force_on <= day), None)


async def kinds(tx: Transaction, pack: Pack) -> list[Kind]:
    """Every kind of the pack in its order."""
    rows = await documents(tx)
    return [
        Kind(code, item.label, pack.citation(f"enumerations.{KINDS}.{code}"), [one for one in rows if one.kind == code])
        for code, item in pack.enumeration(KINDS).items()
    ]


async def documents(tx: Transaction) -> Sequence[Row[Any]]:
    """Every version of every kind, the newest version first."""
    table = unit_document
    return await tx.rows(
        select(table).where(table.c.tenant_id == tx.tenant_id).order_by(table.c.kind, table.c.version.desc())
    )


async def find_document(tx: Transaction, document_id: UUID) -> Row[Any] | None:
    """One version of the unit's own."""
    table = unit_document
    return await tx.row(select(table).where(table.c.tenant_id == tx.tenant_id, table.c.id == document_id))
