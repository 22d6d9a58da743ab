"""The demo's province, organisations, people, lists, ledgers and cases, made once; each step looks whether it was made.

Run with the settings in the environment: ``python -m deploy.demo.data``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from random import Random
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.demo import cases
from deploy.demo.ledgers import Researcher, entries
from deploy.demo.lists import seed_lists
from deploy.demo.organisations import (
    BY_KEY,
    INSTITUTIONS,
    ORGANISATIONS,
    PROVINCE_ID,
    PROVINCE_NAME,
    PROVINCE_SHORT_NAME,
    PROVINCE_SLUG,
    REGION,
    Organisation,
)
from deploy.demo.people import BY_USERNAME, PEOPLE, Person
from services.ledger.entry import Deal
from services.ledger.models import achievement
from services.ledger.rules import complete
from services.ledger.workflow import correct, record_conversion, register_many
from services.negative_list.models import list_version
from services.pilot.queries import memberships
from services.pilot.workflow import select_institution
from shared.audit.writing import write_audit
from shared.clock import SHANGHAI
from shared.db.engine import make_engine
from shared.db.transaction import Actor, Scope, Transaction, transaction
from shared.errors import Refusal
from shared.settings import Settings, settings
from shared.workflow import record_event
from tenants import activation, provisioning
from tenants.packs import governing, pack_version
from tenants.people import person_of_account
from tenants.permissions import permissions_of
from tenants.registry import ROLE_OF_KIND

START = datetime(2026, 3, 16, 9, 0, tzinfo=SHANGHAI)
_SINCE = date(2025, 11, 9)
_CORRECTIONS = 8


class Demo:
    """What the steps share: the engine of the web login, the people's ids once known, the pack's version."""

    def __init__(self, engine: AsyncEngine, issuer: str) -> None:
        self.engine = engine
        self.issuer = issuer
        self.people: dict[str, UUID] = {}
        self.pack_version_id: UUID | None = None

    def scope(self, organisation: Organisation) -> Scope:
        tenant = organisation.tenant_id
        department = BY_KEY[organisation.competent].tenant_id if organisation.competent else tenant
        return Scope(ROLE_OF_KIND[organisation.kind], tenant, PROVINCE_ID, tenant, department)

    @asynccontextmanager
    async def acting(self, username: str, at: datetime = START) -> AsyncIterator[Transaction]:
        """A transaction as one of the demo's people, at a legal instant of the past."""
        person = BY_USERNAME[username]
        audience = person.home.kind
        actor = Actor(
            self.people[username],
            person.home.tenant_id,
            person.name,
            frozenset(person.roles),
            permissions_of(person.roles, audience),
        )
        async with transaction(self.engine, self.scope(person.home), actor) as tx:
            tx.now = at
            tx.pack_version_id = self.pack_version_id
            yield tx


async def seed(configuration: Settings) -> None:
    """Make what is missing of the demo; running it again changes nothing.

    :raises SettingsError: outside demo and test mode.
    """
    configuration.require_demo("演示数据")
    assert configuration.database_maintenance_url is not None
    await start_clock(configuration.database_maintenance_url.get_secret_value())
    engine = make_engine(configuration.database_web_url.get_secret_value(), pool_size=2, application="demo data")
    demo = Demo(engine, configuration.oidc_issuer.rstrip("/"))
    try:
        await open_province(demo)
        await register_people(demo)
        await activate_pack(demo)
        await select_pilots(demo)
        await publish_lists(demo)
        for institution in INSTITUTIONS:
            await fill_ledger(demo, institution)
            await open_cases(demo, institution)
    finally:
        await engine.dispose()


async def start_clock(maintenance_url: str) -> None:
    """The demo clock begins at 2026-03-16 09:00 in Asia/Shanghai, once."""
    engine = make_engine(maintenance_url, pool_size=1, application="demo data")
    async with engine.connect() as connection:
        await connection.execute(text("select app.start_clock(:at)"), {"at": START})
    await engine.dispose()


async def open_province(demo: Demo) -> None:
    operator = BY_KEY["operator"].tenant_id
    async with provisioning.operating(demo.engine, PROVINCE_ID, operator) as tx:
        await provisioning.put_province(
            tx,
            provisioning.NewProvince(PROVINCE_ID, REGION, PROVINCE_SLUG, PROVINCE_NAME, PROVINCE_SHORT_NAME),
        )
        for one in sorted(ORGANISATIONS, key=lambda one: (one.kind != "operator", one.kind == "institution")):
            await provisioning.put_tenant(
                tx,
                provisioning.NewTenant(
                    id=one.tenant_id,
                    kind=one.kind,
                    name=one.name,
                    short_name=one.short_name,
                    alias=one.alias,
                    since=_SINCE,
                    unit_kind=one.unit_kind,
                    number_prefix=one.number_prefix,
                    department_id=BY_KEY[one.competent].tenant_id if one.competent else None,
                ),
            )


async def register_people(demo: Demo) -> None:
    """Everybody's person row and account, as a first sign-in makes them."""
    for organisation in ORGANISATIONS:
        tenant = organisation.tenant_id
        scope = Scope("web_institution", tenant, PROVINCE_ID, tenant, demo.scope(organisation).department_id)
        async with transaction(demo.engine, scope, Actor(None, tenant)) as tx:
            for one in (person for person in PEOPLE if person.organisation == organisation.key):
                demo.people[one.username] = await person_of_account(
                    tx, demo.issuer, str(one.subject), name=one.name, unit=one.unit, email=one.email
                )


async def activate_pack(demo: Demo) -> None:
    """Loaded and proposed by the operator, confirmed by the head of the science department's unit."""
    operator = BY_KEY["operator"].tenant_id
    operating = provisioning.operating
    async with operating(demo.engine, PROVINCE_ID, operator) as tx:
        demo.pack_version_id = tx.pack_version_id
        stored = await tx.scalar(select(func.count()).where(pack_version.c.province_id == PROVINCE_ID))
    if demo.pack_version_id is not None and stored:
        return
    async with operating(demo.engine, PROVINCE_ID, operator, demo.people["operator"]) as tx:
        version = await activation.load(tx, REGION)
        proposal = await activation.propose(tx, version, _SINCE)
    async with operating(demo.engine, PROVINCE_ID, operator, demo.people["science-head"]) as tx:
        _held(await activation.confirm(tx, proposal))
    demo.pack_version_id = version


async def select_pilots(demo: Demo) -> None:
    async with demo.acting("science-officer") as tx:
        for institution in INSTITUTIONS:
            known = {one.guideline for one in await memberships(tx, institution.tenant_id)}
            for pilot in institution.pilots:
                if pilot.guideline in known:
                    continue
                tx.now = datetime.combine(pilot.selected_on, START.timetz())
                made = await select_institution(
                    tx,
                    institution.tenant_id,
                    pilot.guideline,
                    first_day=pilot.selected_on,
                    selected_on=pilot.selected_on,
                    document=pilot.document,
                )
                if isinstance(made, Refusal):
                    raise RuntimeError(f"{institution.name}：{made.message}")


async def publish_lists(demo: Demo) -> None:
    async with demo.acting("science-officer") as tx:
        if await tx.scalar(select(func.count()).where(list_version.c.province_id == PROVINCE_ID)):
            return
        await seed_lists(tx)


async def fill_ledger(demo: Demo, institution: Organisation) -> None:
    """The ledger as it stood at the end of 2025, what was added since, and some corrections."""
    clerk = f"{institution.key}-clerk"
    researchers = [
        Researcher(demo.people[one.username], one.unit) for one in PEOPLE if _is_researcher(one, institution)
    ]
    made = entries(institution, researchers)
    async with demo.acting(clerk) as tx:
        if await tx.scalar(select(func.count()).where(achievement.c.tenant_id == tx.tenant_id)):
            return
        pack = (await governing(tx)).pack
        days = (date(2025, 12, 31), date(2026, 3, 2))
        cut = sum(1 for entry in made if entry.obtained_on and entry.obtained_on <= days[0])
        for day, part in zip(days, (made[:cut], made[cut:]), strict=True):
            tx.now = datetime.combine(day, START.timetz())
            completed = [complete(entry, pack, day) for entry in part]
            refused = next((one.refusal for one in completed if one.refusal is not None), None)
            _held(refused)
            done = await register_many(
                tx, (one.entry for one in completed), held_from=day, source="entered", reason="建立单列管理台账"
            )
            details = {"count": done.count, "first": done.first_number, "last": done.last_number}
            await record_event(tx, "ledger", institution.tenant_id, "registered", details=details)
            await write_audit(tx, "ledger.register_many", "ledger", None, details=details)
    for number, entry in enumerate(Random(institution.key).sample(made[:cut], _CORRECTIONS)):
        assert entry.id is not None
        async with demo.acting(clerk, datetime(2026, 2, 2 + number, 10, tzinfo=SHANGHAI)) as tx:
            await _correct(tx, entry.id, number, entry.status)


async def _correct(tx: Transaction, achievement_id: UUID, number: int, status: str) -> None:
    if status in ("intended", "converting"):
        deal = Deal(
            mode="licence",
            counterparty="滇中示范新材料有限公司",
            signed_on=tx.today,
            amount=Decimal(120_000 + 10_000 * number),
        )
        outcome: object = await record_conversion(tx, achievement_id, deal)
    else:
        outcome = await correct(
            tx,
            achievement_id,
            {"remark": "2026 年清查时核对权利证书，信息一致", "agency": "滇中示范技术转移中心"},
            since=tx.today,
            reason="年度清查补充",
        )
    if isinstance(outcome, Refusal):
        raise RuntimeError(outcome.message)


def _is_researcher(person: Person, institution: Organisation) -> bool:
    return person.organisation == institution.key and "completer" in person.roles


async def open_cases(demo: Demo, institution: Organisation) -> None:
    stories = cases.STORIES.get(institution.key, ())
    researchers = [one for one in PEOPLE if _is_researcher(one, institution)]
    if not stories:
        return
    async with demo.acting(researchers[0].username) as tx:
        if await cases.has_applications(tx):
            return
    for number, story in enumerate(stories):
        researcher = researchers[number % len(researchers)]

        def acting(who: str, at: datetime, own: str = researcher.username) -> AbstractAsyncContextManager[Transaction]:
            return demo.acting(own if who == "researcher" else f"{institution.key}-{who}", at)

        async with demo.acting(researcher.username) as tx:
            (achievement_id,) = await cases.suitable(tx, demo.people[researcher.username], 1)
        await cases.tell(story, achievement_id, "researcher", acting)


def _held(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise RuntimeError(refusal.message)


def seed_now() -> None:
    """The same, for a command."""
    asyncio.run(seed(settings()))


if __name__ == "__main__":
    seed_now()
