"""People: one table of personal values with a salt, and the accounts that sign in, keyed by issuer and subject."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Row,
    String,
    Uuid,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import Json, tenant_table
from shared.db.transaction import Transaction
from shared.ids import new_id

person = tenant_table(
    "person",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("name", String(80), comment="empty once erased"),
    Column(
        "name_rest",
        String(80),
        Computed("substr(name, 2)", persisted=True),
        comment="without the first character, to be found by it",
    ),
    Column(
        "name_initials",
        String(80),
        Computed("app.initials_of(name)", persisted=True),
        comment="how the name sounds, to be found by it",
    ),
    Column("unit", String(80), comment="college or department"),
    Column("email", String(200)),
    Column("salt", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("erased_at", DateTime(timezone=True)),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    # Partial, so that the check of a foreign key, which names no name, never takes it for the primary key's better.
    Index("person_tenant_id_name_idx", "tenant_id", "name", postgresql_where=text("name is not null")),
    Index("person_name_initials_idx", "tenant_id", "name_initials", postgresql_where=text("name_initials is not null")),
    Index("person_name_rest_idx", "tenant_id", "name_rest", postgresql_where=text("name_rest is not null")),
    Index("person_province_id_idx", "province_id"),
)

account = tenant_table(
    "account",
    Column("issuer", String(200), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("person_id", Uuid, nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
    Column("roles", Json, comment="codes, as of the last sign-in"),
    ForeignKeyConstraint(["tenant_id", "person_id"], ["app.person.tenant_id", "app.person.id"]),
    Index("account_person_idx", "tenant_id", "person_id"),
)


def salted_hash(salt: bytes, value: str) -> str:
    """What versions, events and audit keep of a personal value: SHA-256 over salt and value, hex.

    Erasing the value and its salt leaves the hash standing, and nobody can guess the value from it.
    """
    return hashlib.sha256(salt + value.encode()).hexdigest()


def new_salt() -> bytes:
    return os.urandom(16)


async def person_of_account(
    tx: Transaction,
    issuer: str,
    subject: str,
    *,
    name: str,
    unit: str = "",
    email: str = "",
    roles: Sequence[str] | None = None,
) -> UUID:
    """The person behind an account of the entered tenant, made at the first sign-in; the name follows the provider.

    ``roles`` as of a sign-in of a person; None where nobody signs in (a machine's request) leaves them.
    """
    known = await tx.scalar(
        select(account.c.person_id).where(
            account.c.tenant_id == tx.tenant_id, account.c.issuer == issuer, account.c.subject == subject
        )
    )
    if known is not None:
        await tx.execute(
            update(person)
            .where(person.c.tenant_id == tx.tenant_id, person.c.id == known, person.c.erased_at.is_(None))
            .values(name=name, unit=unit or person.c.unit, email=email or person.c.email)
        )
        if roles is not None:
            await tx.execute(
                update(account)
                .where(account.c.tenant_id == tx.tenant_id, account.c.issuer == issuer, account.c.subject == subject)
                .values(roles=list(roles), seen_at=func.clock_timestamp())
            )
        return UUID(str(known))
    person_id = new_id()
    await tx.execute(
        insert(person).values(
            tenant_id=tx.tenant_id,
            id=person_id,
            province_id=tx.province_id,
            name=name,
            unit=unit or None,
            email=email or None,
            salt=new_salt(),
        )
    )
    await tx.execute(
        insert(account).values(
            tenant_id=tx.tenant_id,
            issuer=issuer,
            subject=subject,
            person_id=person_id,
            roles=None if roles is None else list(roles),
        )
    )
    return person_id


async def forget_roles(tx: Transaction, person_id: UUID) -> None:
    """Let the provider's roles of a person count for nothing until the next sign-in says them again."""
    mine = (account.c.tenant_id == tx.tenant_id, account.c.person_id == person_id, account.c.roles.is_not(None))
    await tx.execute(update(account).where(*mine).values(roles=[]))


async def names_of(tx: Transaction, person_ids: list[UUID]) -> dict[UUID, str]:
    """Names of people of the tenant; an erased person reads 已删除."""
    if not person_ids:
        return {}
    rows = await tx.rows(
        select(person.c.id, person.c.name).where(person.c.tenant_id == tx.tenant_id, person.c.id.in_(person_ids))
    )
    return {row.id: row.name or "（已删除）" for row in rows}


def people_in(rows: Sequence[Row[Any]]) -> list[UUID]:
    """Whose names tell who did what stands in a stream: who acted, and for whom."""
    found = {row.actor_id for row in rows if row.actor_id}
    found |= {UUID(row.details["on_behalf_of"]) for row in rows if row.details and "on_behalf_of" in row.details}
    return list(found)


def doer(row: Row[Any], names: Mapping[UUID, str], absent: str = "系统") -> str:
    """Who acted, as a page says it: 乙（代 甲） where 甲 had lent the permission."""
    name = names.get(row.actor_id) or absent
    lender = (row.details or {}).get("on_behalf_of")
    return f"{name}（代 {names.get(UUID(lender), '')}）" if lender else name


async def people_named(tx: Transaction, names: Sequence[str]) -> tuple[list[UUID], dict[UUID, str]]:
    """(ids, those that are new) of people whose names somebody typed; writes nothing: :func:`add_people` does.

    The tenant's one person of exactly that name is meant; a name that nobody or several bear gets a new id, since nobody
    said which of them it is.
    """
    ids: list[UUID] = []
    new: dict[UUID, str] = {}
    for name in dict.fromkeys(name.strip() for name in names if name.strip()):
        known = await tx.rows(
            select(person.c.id)
            .where(person.c.tenant_id == tx.tenant_id, person.c.name == name, person.c.erased_at.is_(None))
            .limit(2)
        )
        ids.append(known[0].id if len(known) == 1 else new_id())
        if len(known) != 1:
            new[ids[-1]] = name
    return ids, new


async def add_people(tx: Transaction, named: Mapping[UUID, str]) -> None:
    """Make the rows of people who are new to the tenant."""
    for person_id, name in named.items():
        await tx.execute(
            insert(person).values(
                tenant_id=tx.tenant_id, id=person_id, province_id=tx.province_id, name=name, salt=new_salt()
            )
        )
