"""The unit's software: its clients with their valid secrets, and the scopes that can be given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.administration.accounts.rules import MACHINES
from services.administration.machines.models import machine_client
from shared.db.transaction import Transaction
from tenants.credentials import SecretLine, secrets_of
from tenants.people import names_of
from tenants.permissions import ROLES


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client, who answers for it, and its valid secrets, the newest first."""

    row: Row[Any]
    responsible: str
    secrets: Sequence[SecretLine]


def scopes_offered() -> list[str]:
    """What software may be allowed: the permissions of the role that is software's."""
    return sorted(ROLES[MACHINES].permissions)


async def clients(tx: Transaction) -> list[ClientLine]:
    """All of the unit's, those in use first, the newest of them on top."""
    rows = await tx.rows(
        select(machine_client)
        .where(machine_client.c.tenant_id == tx.tenant_id)
        .order_by(machine_client.c.revoked_at.is_not(None), machine_client.c.created_at.desc(), machine_client.c.id)
    )
    names = await names_of(tx, list({row.responsible_id for row in rows}))
    secrets = await secrets_of(tx)
    return [ClientLine(row, names.get(row.responsible_id, ""), secrets.get(row.id, ())) for row in rows]


async def find_client(tx: Transaction, client_id: UUID, *, locked: bool = False) -> Row[Any] | None:
    mine = select(machine_client).where(machine_client.c.tenant_id == tx.tenant_id, machine_client.c.id == client_id)
    return await tx.row(mine.with_for_update() if locked else mine)
