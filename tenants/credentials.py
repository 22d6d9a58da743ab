"""Secrets of a unit's software, in a local table that definer functions alone reach: they come before a tenant is known.

A secret is shown once and kept as its SHA-256. Two are valid at most: the newest, and the one before it until its overlap ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import Column, DateTime, Index, LargeBinary, String, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.tables import local_table
from shared.db.transaction import Transaction
from shared.ids import new_token, token_hash

PREFIX = "cgk_"
"""Begins every secret of ours, so that a token of the identity provider is never taken for one, nor a leaked one overlooked."""

machine_secret = local_table(
    "machine_secret",
    Column("secret_hash", LargeBinary, primary_key=True),
    Column("tenant_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("name", String(60), nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("hint", String(8), nullable=False, comment="its last characters, to tell two apart"),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("expires_at", DateTime(timezone=True), comment="end of its overlap; empty: the newest"),
    Column("used_at", DateTime(timezone=True)),
    Column("used_from", String(64)),
    Index("machine_secret_client_idx", "tenant_id", "client_id"),
)


@dataclass(frozen=True, slots=True)
class MachineIdentity:
    """Whose software sent a secret, and what it may do."""

    tenant_id: UUID
    client_id: UUID
    name: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SecretLine:
    """One valid secret as a page shows it: never the secret itself."""

    hint: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    used_from: str


async def machine_of(driver: "asyncpg.Connection[asyncpg.Record]", secret: str, address: str) -> MachineIdentity | None:
    """Who a valid secret is of; notes its use, at most once a minute."""
    row = await driver.fetchrow("select * from app.machine_of($1, $2)", token_hash(secret), address)
    if row is None or row["tenant_id"] is None:
        return None
    return MachineIdentity(row["tenant_id"], row["client_id"], row["name"], tuple(row["scopes"]))


async def new_secret(tx: Transaction, client_id: UUID, name: str, scopes: Sequence[str], overlap_seconds: int) -> str:
    """A further secret of a client of the own organisation; the one before it lasts so many seconds more, older ones end."""
    secret = PREFIX + new_token()
    await tx.execute(
        text("select app.put_machine_secret(:client, :hash, :hint, :name, cast(:scopes as text[]), :overlap)"),
        {
            "client": client_id,
            "hash": token_hash(secret),
            "hint": secret[-4:],
            "name": name,
            "scopes": list(scopes),
            "overlap": overlap_seconds,
        },
    )
    return secret


async def end_secrets(tx: Transaction, client_id: UUID) -> int:
    """Have no secret of a client of the own organisation work any longer; how many there were."""
    return int(await tx.scalar(text("select app.end_machine_secrets(:client)"), {"client": client_id}))


async def secrets_of(tx: Transaction) -> Mapping[UUID, list[SecretLine]]:
    """The valid secrets of the own organisation by client, the newest first."""
    found: dict[UUID, list[SecretLine]] = {}
    for row in await tx.rows(text("select * from app.machine_secrets() order by created_at desc")):
        line = SecretLine(row.hint, row.created_at, row.expires_at, row.used_at, row.used_from or "")
        found.setdefault(row.client_id, []).append(line)
    return found
