"""What the pages of rules and versions read: who put which version in force, and who may be affected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from shared.db.transaction import Transaction
from shared.errors import NotFound
from tenants.packs import list_activations, list_versions, pack_version
from tenants.people import names_of
from tenants.registry import organisation

# The state of a proposal to its Chinese name and tone.
STATES = {
    "proposed": ("待确认", "orange"),
    "confirmed": ("已确认，待生效", "blue"),
    "in_force": ("现行", "green"),
    "replaced": ("已被替代", "secondary"),
    "revoking": ("已确认，待生效；撤销待确认", "orange"),
    "withdrawn": ("已撤回", "secondary"),
    "revoked": ("已撤销", "secondary"),
}


@dataclass(frozen=True, slots=True)
class ActivationLine:
    """One proposal as a page shows it; names are of the viewer's own organisation, others by their organisation."""

    id: UUID
    version_id: UUID
    version: str
    effective_on: date
    state: str
    proposed_by: UUID
    proposer: str
    proposed_at: datetime
    confirmer: str
    confirmed_at: datetime | None
    withdrawer: str
    withdrawn_at: datetime | None
    revocation_by: UUID | None
    revoker: str
    revocation_at: datetime | None
    revocation_reason: str

    @property
    def label(self) -> str:
        return STATES[self.state][0]

    @property
    def tone(self) -> str:
        return STATES[self.state][1]


async def activations(tx: Transaction) -> list[ActivationLine]:
    """Every proposal of the province, the latest day first."""
    rows = await list_activations(tx)
    people = {
        one for row in rows for one in (row.proposed_by, row.confirmed_by, row.withdrawn_by, row.revocation_by) if one
    }
    names = await names_of(tx, sorted(people)) if tx.scope.role == "web_science" else {}
    started = [row for row in rows if row.confirmed_at and not row.withdrawn_at and row.effective_on <= tx.today]
    newest = max((row.effective_on for row in started), default=None)
    return [_line(row, names, tx.today, newest) for row in rows]


def _line(row: Row[Any], names: dict[UUID, str], today: date, newest: date | None) -> ActivationLine:
    def who(person: UUID | None) -> str:
        return names.get(person, "（平台运维或其他单位）" if names else "科技主管部门") if person else ""

    return ActivationLine(
        row.id, row.pack_version_id, row.version, row.effective_on, _state(row, today, newest), row.proposed_by,
        who(row.proposed_by), row.proposed_at, who(row.confirmed_by), row.confirmed_at, who(row.withdrawn_by),
        row.withdrawn_at, row.revocation_by, who(row.revocation_by), row.revocation_at, row.revocation_reason or "",
    )  # fmt: skip


def _state(row: Row[Any], today: date, newest: date | None) -> str:
    if row.withdrawn_at:
        return "revoked" if row.revocation_at else "withdrawn"
    if not row.confirmed_at:
        return "proposed"
    if row.effective_on > today:
        return "revoking" if row.revocation_at else "confirmed"
    return "in_force" if row.effective_on == newest else "replaced"


async def versions(tx: Transaction) -> Sequence[Row[Any]]:
    """The stored versions, the newest first."""
    return await list_versions(tx)


async def version(tx: Transaction, version_id: UUID) -> Row[Any]:
    """:raises NotFound: no such version in this province."""
    table = pack_version.c
    row = await tx.row(
        select(table.id, table.region, table.version, table.hash, table.loaded_at).where(
            table.province_id == tx.province_id, table.id == version_id
        )
    )
    if row is None:
        raise NotFound
    return row


async def proposal(tx: Transaction, activation_id: UUID) -> ActivationLine:
    """:raises NotFound: no such proposal in this province."""
    for one in await activations(tx):
        if one.id == activation_id:
            return one
    raise NotFound


async def institutions(tx: Transaction) -> int:
    """How many institutions stand under the province's rules."""
    return int(
        await tx.scalar(
            select(func.count()).where(
                organisation.c.province_id == tx.province_id,
                organisation.c.kind == "institution",
                organisation.c.state == "active",
            )
        )
        or 0
    )
