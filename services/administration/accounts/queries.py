"""What the pages of accounts read: who signs in here, with which roles, and who has left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from services.administration.accounts.models import departure
from shared.db.transaction import Transaction
from tenants.people import account, names_of, person
from tenants.permissions import labels_of
from tenants.standing import granted_by_person, granted_roles, provided_roles, role_grant


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One person who signs in, with the codes of the roles by where they come from."""

    person_id: UUID
    name: str
    unit: str
    seen_at: datetime
    provided_codes: Sequence[str]
    granted_codes: Sequence[str]
    left: bool

    @property
    def provided(self) -> list[str]:
        return labels_of(self.provided_codes)

    @property
    def granted(self) -> list[str]:
        return labels_of(self.granted_codes)


@dataclass(frozen=True, slots=True)
class GrantLine:
    """One role that the unit granted, with who did and who ended it."""

    label: str
    reason: str
    granted_at: datetime
    granted_by: str
    ended_at: datetime | None
    ended_by: str
    end_reason: str


@dataclass(frozen=True, slots=True)
class Departed:
    """A departure as its page shows it."""

    row: Row[Any]
    successor: str
    by: str
    returned_by: str


async def accounts(tx: Transaction, words: str = "") -> list[AccountLine]:
    """The people of the unit who have signed in, by name; software is not among them."""
    statement = (
        select(person.c.id, person.c.name, person.c.unit, func.max(account.c.seen_at).label("seen_at"))
        .join(account, (account.c.tenant_id == person.c.tenant_id) & (account.c.person_id == person.c.id))
        .where(person.c.tenant_id == tx.tenant_id, account.c.roles.is_not(None), person.c.erased_at.is_(None))
        .group_by(person.c.id, person.c.name, person.c.unit)
        .order_by(person.c.name, person.c.id)
    )
    if words:
        statement = statement.where(func.strpos(person.c.name, words) > 0)
    rows = await tx.rows(statement)
    granted = await granted_by_person(tx)
    provided = await _provided(tx)
    gone = await _gone(tx)
    return [
        AccountLine(
            row.id,
            row.name or "",
            row.unit or "",
            row.seen_at,
            provided.get(row.id, ()),
            granted.get(row.id, ()),
            row.id in gone,
        )
        for row in rows
    ]


async def _provided(tx: Transaction) -> Mapping[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    for row in await tx.rows(
        select(account.c.person_id, account.c.roles).where(
            account.c.tenant_id == tx.tenant_id, account.c.roles.is_not(None)
        )
    ):
        known = found.setdefault(row.person_id, [])
        known += [code for code in row.roles if code not in known]
    return found


async def _gone(tx: Transaction) -> frozenset[UUID]:
    mine = (departure.c.tenant_id == tx.tenant_id, departure.c.returned_at.is_(None))
    return frozenset(row.person_id for row in await tx.rows(select(departure.c.person_id).where(*mine)))


async def find_account(tx: Transaction, person_id: UUID, *, locked: bool = False) -> Row[Any] | None:
    """The person row of somebody who signs in here; None for anybody else."""
    signs_in = (
        select(account.c.person_id)
        .where(account.c.tenant_id == tx.tenant_id, account.c.person_id == person_id, account.c.roles.is_not(None))
        .exists()
    )
    statement = select(person.c.id, person.c.name, person.c.unit).where(
        person.c.tenant_id == tx.tenant_id, person.c.id == person_id, person.c.erased_at.is_(None), signs_in
    )
    return await tx.row(statement.with_for_update() if locked else statement)


async def lock_people(tx: Transaction, people: Sequence[UUID]) -> None:
    """Have changes of what these people hold follow one another, so that the later one reads what the earlier one wrote."""
    mine = (person.c.tenant_id == tx.tenant_id, person.c.id.in_(people))
    await tx.rows(select(person.c.id).where(*mine).order_by(person.c.id).with_for_update())


async def last_seen(tx: Transaction, person_id: UUID) -> datetime | None:
    """When the person last signed in."""
    found = await tx.scalar(
        select(func.max(account.c.seen_at)).where(
            account.c.tenant_id == tx.tenant_id, account.c.person_id == person_id, account.c.roles.is_not(None)
        )
    )
    return found if isinstance(found, datetime) else None


async def roles_of(tx: Transaction, person_id: UUID) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(codes of the identity provider's roles, codes of the unit's grants)."""
    return await provided_roles(tx, person_id), await granted_roles(tx, person_id)


async def grants_of(tx: Transaction, person_id: UUID) -> list[GrantLine]:
    """Every role that the unit ever granted a person, the newest first."""
    rows = await tx.rows(
        select(role_grant)
        .where(role_grant.c.tenant_id == tx.tenant_id, role_grant.c.person_id == person_id)
        .order_by(role_grant.c.granted_at.desc(), role_grant.c.id.desc())
    )
    names = await names_of(tx, _people(rows, "granted_by", "ended_by"))
    return [
        GrantLine(
            labels_of([row.role])[0] if labels_of([row.role]) else row.role,
            row.reason,
            row.granted_at,
            names.get(row.granted_by, ""),
            row.ended_at,
            names.get(row.ended_by, "") if row.ended_by else "",
            row.end_reason or "",
        )
        for row in rows
    ]


async def departures_of(tx: Transaction, person_id: UUID) -> list[Departed]:
    """When the person left and came back, the newest first."""
    rows = await tx.rows(
        select(departure)
        .where(departure.c.tenant_id == tx.tenant_id, departure.c.person_id == person_id)
        .order_by(departure.c.left_at.desc(), departure.c.id.desc())
    )
    names = await names_of(tx, _people(rows, "successor_id", "left_by", "returned_by"))
    return [
        Departed(row, names.get(row.successor_id, ""), names.get(row.left_by, ""), names.get(row.returned_by, ""))
        for row in rows
    ]


async def open_departure(tx: Transaction, person_id: UUID) -> Row[Any] | None:
    """The departure that closes a person's account, if there is one."""
    mine = (departure.c.tenant_id == tx.tenant_id, departure.c.person_id == person_id)
    return await tx.row(select(departure).where(*mine, departure.c.returned_at.is_(None)))


def _people(rows: Sequence[Row[Any]], *columns: str) -> list[UUID]:
    return list({found for row in rows for column in columns if (found := getattr(row, column)) is not None})
