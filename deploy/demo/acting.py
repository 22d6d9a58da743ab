"""Acting as the demo's people, at legal instants of the past: what every step of the seeding shares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime, time
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.demo.organisations import BY_KEY, BY_TENANT, Organisation
from deploy.demo.people import BY_USERNAME, PEOPLE, Person
from deploy.demo.provinces import DemoProvince
from shared.clock import SHANGHAI
from shared.db.transaction import Actor, Scope, Transaction, transaction
from shared.errors import Refusal
from tenants.permissions import permissions_of
from tenants.registry import ROLE_OF_KIND

START = datetime(2026, 3, 16, 9, 0, tzinfo=SHANGHAI)
T = TypeVar("T")
# ``acting(role, instant)`` opens a transaction as one of an institution's people.
Acting = Callable[[str, datetime], AbstractAsyncContextManager[Transaction]]


class Demo:
    """The engine of the web login; once known, the people's ids, the packs in force, each institution's department."""

    def __init__(self, engine: AsyncEngine, issuer: str) -> None:
        self.engine = engine
        self.issuer = issuer
        self.people: dict[str, UUID] = {}
        self.packs: dict[str, UUID | None] = {}
        self.departments: dict[UUID, UUID] = {}

    def department_of(self, organisation: Organisation) -> Organisation:
        """An institution's competent department as the registry has it: an older demo may have another one."""
        assert organisation.competent is not None
        known = self.departments.get(organisation.tenant_id, BY_KEY[organisation.competent].tenant_id)
        return BY_TENANT[known]

    def scope(self, organisation: Organisation) -> Scope:
        tenant = organisation.tenant_id
        department = self.department_of(organisation).tenant_id if organisation.competent else tenant
        return Scope(ROLE_OF_KIND[organisation.kind], tenant, organisation.province.id, tenant, department)

    @asynccontextmanager
    async def acting(self, username: str, at: datetime = START) -> AsyncIterator[Transaction]:
        """A transaction as one of the demo's people, at a legal instant of the past."""
        person = BY_USERNAME[username]
        actor = Actor(
            self.people[username],
            person.home.tenant_id,
            person.name,
            frozenset(person.roles),
            permissions_of(person.roles, person.home.kind),
        )
        async with transaction(self.engine, self.scope(person.home), actor) as tx:
            tx.now = at
            tx.pack_version_id = self.packs[person.home.region]
            yield tx

    @asynccontextmanager
    async def visiting(self, province: DemoProvince, address: str, at: datetime) -> AsyncIterator[Transaction]:
        """A transaction of somebody who has not signed in, as the public pages of a province open it."""
        science = BY_USERNAME[province.officer].home.tenant_id
        scope = Scope("web_public", science, province.id, science, science)
        async with transaction(self.engine, scope, Actor(None, science, address=address)) as tx:
            tx.now = at
            tx.pack_version_id = self.packs[province.region]
            yield tx

    def within(self, organisation: Organisation, own: str = "") -> Acting:
        """``acting(role, instant)`` for the people of one institution; ``own`` is who stands for `researcher`."""

        def acting(who: str, at: datetime) -> AbstractAsyncContextManager[Transaction]:
            return self.acting(own if who == "researcher" else f"{organisation.key}-{who}", at)

        return acting


def at(day: date, hour: int = 10) -> datetime:
    """An hour of a day in Asia/Shanghai."""
    return datetime.combine(day, time(hour), SHANGHAI)


def researchers_of(organisation: Organisation) -> list[Person]:
    return [one for one in PEOPLE if one.organisation == organisation.key and "completer" in one.roles]


def done(result: T | Refusal) -> T:
    """What a verb gave; a refusal stops the seeding, which then says what was refused."""
    if isinstance(result, Refusal):
        raise RuntimeError(result.message)
    return result


def held(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise RuntimeError(refusal.message)
