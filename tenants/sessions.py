"""Sessions and sign-in requests: local tables reached by definer functions, before a tenant is known."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, String, Text, Uuid, func
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.tables import local_table
from shared.ids import token_hash
from tenants.standing import Lent, read_lent

session = local_table(
    "session",
    Column("token_hash", LargeBinary, primary_key=True),
    Column("role", String(20), nullable=False),
    Column("tenant_id", Uuid, nullable=False),
    Column("province_id", Uuid, nullable=False),
    Column("department_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("name", String(80), nullable=False),
    Column("unit", String(80), nullable=False, server_default=""),
    Column("organisation_name", String(100), nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("issuer", String(200), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("sid", String(200), nullable=False),
    Column("acr", String(40), nullable=False, server_default=""),
    Column("tokens", LargeBinary, nullable=False, comment="encrypted"),
    Column("address", String(64), nullable=False, server_default=""),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("idle_seconds", Integer, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("session_sid_idx", "issuer", "sid"),
    Index("session_subject_idx", "issuer", "subject"),
)

sign_in_request = local_table(
    "sign_in_request",
    Column("state_hash", LargeBinary, primary_key=True),
    Column("nonce", String(80), nullable=False),
    Column("verifier", String(128), nullable=False),
    Column("return_to", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person: whose tenant, which audience's database role, which roles of the institution.

    ``roles`` are the identity provider's and those that the unit granted; ``lent`` what others have lent, for whatever days.
    A tenant that is ``suspended`` reads and exports only.
    """

    role: str
    tenant_id: UUID
    province_id: UUID
    department_id: UUID
    person_id: UUID
    name: str
    unit: str
    organisation_name: str
    roles: tuple[str, ...]
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    legal_now: datetime
    pack_version_id: UUID | None
    lent: tuple[Lent, ...] = ()
    suspended: bool = False


_LOOK_UP = (
    "select s.*, p.granted, p.lent, p.closed, app.is_suspended(s.tenant_id) as suspended from app.session_of($1) s "
    "left join lateral app.standing_of(s.tenant_id, s.person_id) p on true"
)


async def find_session(driver: "asyncpg.Connection[asyncpg.Record]", token: str) -> Session | None:
    """The live session of a cookie, with the legal instant and the pack in force, in one round trip.

    Of somebody who has left there is none.
    """
    row = await driver.fetchrow(_LOOK_UP, token_hash(token))
    if row is None or row["tenant_id"] is None or row["closed"]:
        return None
    return Session(
        row["role"],
        row["tenant_id"],
        row["province_id"],
        row["department_id"],
        row["person_id"],
        row["name"],
        row["unit"],
        row["organisation_name"],
        tuple(dict.fromkeys((*row["roles"], *(row["granted"] or ())))),
        row["created_at"],
        row["seen_at"],
        row["expires_at"],
        row["legal_now"],
        row["pack_version_id"],
        read_lent(row["lent"]),
        row["suspended"],
    )
