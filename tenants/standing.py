"""What a person holds in their unit beside the identity provider's roles: granted roles, what was lent to them, whether they left.

``role_grant`` is the truth with its history, under row-level security. ``person_standing`` is its digest in a local table, which
the session's look-up reads before a tenant is entered; only ``app.put_standing`` writes it, for the own organisation alone, in
the transaction of the change. So a role given or taken, a delegation's end and a leaver's closed account hold with the next
request, on every process.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    Uuid,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.records import workflow_event
from shared.db.serialising import dump_json
from shared.db.tables import Json, local_table, tenant_table
from shared.db.transaction import Transaction
from shared.errors import Forbidden
from tenants.people import account
from tenants.permissions import ENTERED, permissions_of, separated

role_grant = tenant_table(
    "role_grant",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("role", String(40), nullable=False),
    Column("reason", Text, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False, comment="legal instant"),
    Column("granted_by", Uuid, nullable=False),
    Column("ended_at", DateTime(timezone=True), comment="legal instant"),
    Column("ended_by", Uuid),
    Column("end_reason", Text),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ForeignKeyConstraint(["tenant_id", "person_id"], ["app.person.tenant_id", "app.person.id"]),
    Index(
        "role_grant_live_key", "tenant_id", "person_id", "role", unique=True, postgresql_where=text("ended_at is null")
    ),
    # Nobody holds two of the three administrators' roles, whatever the pages allow.
    Index(
        "role_grant_administrator_key",
        "tenant_id",
        "person_id",
        unique=True,
        postgresql_where=text("ended_at is null and role in ('system_admin', 'security_admin', 'audit_admin')"),
    ),
    Index("role_grant_person_idx", "tenant_id", "person_id", "granted_at"),
    Index("role_grant_province_id_idx", "province_id"),
)

person_standing = local_table(
    "person_standing",
    Column("tenant_id", Uuid, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("granted", ARRAY(Text), nullable=False, comment="codes of roles granted in the unit"),
    Column("lent", Json, nullable=False, comment="[{id, lender, permissions, case, first_day, last_day}]"),
    Column("closed", Boolean, nullable=False, comment="left: no session, no sign-in"),
)


class Lent(msgspec.Struct, frozen=True):
    """Permissions that ``lender`` lent to the person from ``first_day`` to ``last_day``, both included, legal days.

    ``case`` is the one case that it is for; None: every case.
    """

    id: UUID
    lender: UUID
    permissions: tuple[str, ...]
    first_day: date
    last_day: date
    case: UUID | None = None

    def holds(self, today: date, cases: Iterable[UUID] = ()) -> bool:
        return self.first_day <= today <= self.last_day and (self.case is None or self.case in cases)


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody holds beside the provider's roles."""

    granted: tuple[str, ...] = ()
    lent: tuple[Lent, ...] = ()
    closed: bool = False


def read_lent(stored: Any) -> tuple[Lent, ...]:
    """From the plain value of the column."""
    return msgspec.convert(stored or [], type=tuple[Lent, ...])


def borrowed(
    lent: Iterable[Lent], own: frozenset[str], today: date, cases: Collection[UUID], wanted: str
) -> tuple[frozenset[str], UUID | None]:
    """One's own permissions with those that others have lent for today and these cases; and who lent the ``wanted`` one, where
    it is not one's own.
    """
    valid = [one for one in lent if one.holds(today, cases)]
    held = separated(own.union(*(one.permissions for one in valid)))
    if wanted in own or wanted not in held:
        return held, None
    return held, next(one.lender for one in valid if wanted in one.permissions)


_KEPT_APART = frozenset(permission.split(":")[1] for permission in ENTERED)


async def keep_apart(tx: Transaction, wanted: str, cases: Collection[UUID]) -> None:
    """Nobody approves a case that they entered, and nobody acts for another on a case that they acted on themselves: the
    actor's permissions for this request lack what that bars.

    :raises Forbidden: the ``wanted`` permission is barred, or who lent it has lost it.
    """
    lender = tx.actor.on_behalf_of
    if lender is not None and wanted not in await own_permissions(tx, lender):
        raise Forbidden("委托人已经没有这项权限，不能再代办")
    if not cases or not (lender or wanted.split(":")[1] in _KEPT_APART):
        return
    event = workflow_event.c
    found = await tx.rows(
        select(event.event, event.details["on_behalf_of"].is_(None).label("own")).where(
            event.tenant_id == tx.tenant_id, event.case_id.in_(cases), event.actor_id == tx.actor.person_id
        )
    )
    entered = {row.event for row in found}
    barred = {permission for permission, events in ENTERED.items() if entered.intersection(events)}
    acts = lender is not None and not wanted.endswith(":read")
    if acts and any(row.own for row in found):
        barred.add(wanted)
    tx.actor = replace(tx.actor, permissions=tx.actor.permissions - barred)
    if wanted in barred:
        raise Forbidden("您经办过这一事项，同一事项的经办与批准应由不同的人办理")


async def standing_of(tx: Transaction, person_id: UUID) -> Standing:
    """As the look-up of a session sees it, of a person of the own organisation."""
    row = await tx.driver.fetchrow("select * from app.own_standing($1)", person_id)
    if row is None or row["granted"] is None:
        return Standing()
    return Standing(tuple(row["granted"]), read_lent(row["lent"]), row["closed"])


async def put_standing(tx: Transaction, person_id: UUID, standing: Standing) -> None:
    """Have the next request of a person of the own organisation see this; ends their sessions where they have left."""
    await tx.execute(
        text("select app.put_standing(:person, cast(:granted as text[]), cast(:lent as jsonb), :closed)"),
        {
            "person": person_id,
            "granted": list(standing.granted),
            "lent": dump_json([msgspec.to_builtins(one) for one in standing.lent]),
            "closed": standing.closed,
        },
    )


async def granted_roles(tx: Transaction, person_id: UUID) -> tuple[str, ...]:
    """Codes of the roles that the unit has granted to a person and not ended."""
    rows = await tx.rows(
        select(role_grant.c.role)
        .where(
            role_grant.c.tenant_id == tx.tenant_id,
            role_grant.c.person_id == person_id,
            role_grant.c.ended_at.is_(None),
        )
        .order_by(role_grant.c.granted_at, role_grant.c.role)
    )
    return tuple(row.role for row in rows)


async def granted_by_person(tx: Transaction) -> Mapping[UUID, list[str]]:
    """The same of everybody in the unit."""
    found: dict[UUID, list[str]] = {}
    mine = (role_grant.c.tenant_id == tx.tenant_id, role_grant.c.ended_at.is_(None))
    for row in await tx.rows(select(role_grant.c.person_id, role_grant.c.role).where(*mine)):
        found.setdefault(row.person_id, []).append(row.role)
    return found


async def provided_roles(tx: Transaction, person_id: UUID) -> tuple[str, ...]:
    """Codes of the identity provider's roles, as of the last sign-in of each of the person's accounts."""
    rows = await tx.rows(
        select(account.c.roles).where(account.c.tenant_id == tx.tenant_id, account.c.person_id == person_id)
    )
    return tuple(dict.fromkeys(code for row in rows for code in row.roles or ()))


async def own_permissions(tx: Transaction, person_id: UUID) -> frozenset[str]:
    """What a person of an institution may do by roles alone, without what is lent to them."""
    held: Sequence[str] = (*await provided_roles(tx, person_id), *await granted_roles(tx, person_id))
    return permissions_of(held, "institution")


def as_stored(one: Lent) -> dict[str, Any]:
    """For the audit log: codes, days and ids only."""
    return dict(msgspec.to_builtins(one))
