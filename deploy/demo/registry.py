"""The demo's provinces, organisations and people, the pack in force, who is in which pilot."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from deploy.demo.acting import START, Demo, at, done, held
from deploy.demo.organisations import INSTITUTIONS, ORGANISATIONS
from deploy.demo.people import BY_USERNAME, PEOPLE
from deploy.demo.provinces import DemoProvince
from services.pilot.queries import memberships
from services.pilot.workflow import select_institution
from shared.db.transaction import Actor, Scope, transaction
from tenants import activation, provisioning
from tenants.packs import pack_version
from tenants.people import person_of_account
from tenants.registry import list_organisations
from tenants.unit_rules import record_unit_rules


async def open_province(demo: Demo, province: DemoProvince) -> None:
    """Province and organisations; an institution that stands already keeps its competent department."""
    operator = BY_USERNAME[province.operator].home.tenant_id
    own = [one for one in ORGANISATIONS if one.region == province.region]
    async with provisioning.operating(demo.engine, province.id, operator) as tx:
        new = provisioning.NewProvince(
            province.id, province.region, province.slug, province.name, province.short_name, province.mode,
            province.position,
        )  # fmt: skip
        await provisioning.put_province(tx, new)
        for row in await list_organisations(tx):
            demo.departments[row.id] = row.department_id
        for one in sorted(own, key=lambda one: (one.kind != "operator", one.kind == "institution")):
            await provisioning.put_tenant(
                tx,
                provisioning.NewTenant(
                    id=one.tenant_id,
                    kind=one.kind,
                    name=one.name,
                    short_name=one.short_name,
                    alias=one.alias,
                    since=province.since,
                    unit_kind=one.unit_kind,
                    number_prefix=one.number_prefix,
                    central=one.central,
                    department_id=demo.department_of(one).tenant_id if one.competent else None,
                ),
            )
        # Once more, for its place among the provinces: the directory's entry was written anew with the science department.
        await provisioning.put_province(tx, new)


async def register_people(demo: Demo) -> None:
    """Everybody's person row and account, as a first sign-in makes them."""
    for organisation in ORGANISATIONS:
        tenant, province = organisation.tenant_id, organisation.province.id
        scope = Scope("web_institution", tenant, province, tenant, demo.scope(organisation).department_id)
        async with transaction(demo.engine, scope, Actor(None, tenant)) as tx:
            for one in (person for person in PEOPLE if person.organisation == organisation.key):
                demo.people[one.username] = await person_of_account(
                    tx, demo.issuer, str(one.subject), name=one.name, unit=one.unit, email=one.email, roles=one.roles
                )


async def activate_pack(demo: Demo, province: DemoProvince) -> None:
    """Loaded and proposed by the operator, confirmed by the head of the science department's unit."""
    operator = BY_USERNAME[province.operator].home.tenant_id
    operating = provisioning.operating
    async with operating(demo.engine, province.id, operator) as tx:
        demo.packs[province.region] = tx.pack_version_id
        stored = await tx.scalar(select(func.count()).where(pack_version.c.province_id == province.id))
    if demo.packs[province.region] is not None and stored:
        return
    async with operating(demo.engine, province.id, operator, demo.people[province.operator]) as tx:
        tx.now = at(province.since)
        version = await activation.load(tx, province.region)
        proposal = done(await activation.propose(tx, version, province.since))
    async with operating(demo.engine, province.id, operator, demo.people[province.head]) as tx:
        tx.now = at(province.since)
        held(await activation.confirm(tx, proposal))
    demo.packs[province.region] = version


async def select_pilots(demo: Demo, province: DemoProvince) -> None:
    selected = [one for one in INSTITUTIONS if one.region == province.region and one.pilots]
    if not selected:
        return
    async with demo.acting(province.officer) as tx:
        for institution in selected:
            known = {one.guideline for one in await memberships(tx, institution.tenant_id)}
            for pilot in institution.pilots:
                if pilot.guideline in known:
                    continue
                tx.now = datetime.combine(pilot.selected_on, START.timetz())
                done(
                    await select_institution(
                        tx,
                        institution.tenant_id,
                        pilot.guideline,
                        first_day=pilot.selected_on,
                        selected_on=pilot.selected_on,
                        document=pilot.document,
                    )
                )


async def record_rules(demo: Demo, province: DemoProvince) -> None:
    """What some of its institutions have made rules of: where the text wants them, the others cannot begin yet."""
    operator = BY_USERNAME[province.operator].home.tenant_id
    async with provisioning.operating(demo.engine, province.id, operator, demo.people[province.operator]) as tx:
        tx.now, tx.pack_version_id = START, demo.packs[province.region]
        for institution in INSTITUTIONS:
            if institution.region == province.region and institution.unit_rules:
                await record_unit_rules(tx, institution.tenant_id, institution.unit_rules)
