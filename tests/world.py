"""A small world for tests: a province, its authorities, institutions of every kind, and a pack in force."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.clock import SHANGHAI
from shared.db.transaction import Actor, Scope, Transaction, driver_of, transaction
from shared.ids import new_id
from tenants.packs import store_pack
from tenants.people import new_salt, person
from tenants.permissions import permissions_of
from tenants.registry import ROLE_OF_KIND, organisation, province

REGION = "cn-53"
START = datetime(2026, 3, 16, 9, 0, tzinfo=SHANGHAI)


@dataclass(slots=True)
class World:
    """Ids of one province's organisations, and ways to act in it as anybody."""

    web: AsyncEngine
    tasks: AsyncEngine
    maintenance: AsyncEngine
    province_id: UUID
    slug: str
    science: UUID
    department: UUID
    other_department: UUID
    finance: UUID
    operator: UUID
    university: UUID
    institute: UUID
    hospital: UUID
    enterprise: UUID
    pack_version_id: UUID
    people: dict[tuple[UUID, str], UUID] = field(default_factory=dict)

    def scope(self, tenant: UUID, kind: str = "institution") -> Scope:
        department = self.department if kind == "institution" else tenant
        return Scope(ROLE_OF_KIND[kind], tenant, self.province_id, tenant, department)

    async def person(self, tenant: UUID, role: str) -> UUID:
        """The person of a tenant who holds a role, made at first use."""
        known = self.people.get((tenant, role))
        if known is None:
            known = self.people[tenant, role] = new_id()
            async with self.maintenance.begin() as connection:
                await connection.execute(
                    insert(person).values(
                        tenant_id=tenant, id=known, province_id=self.province_id, name=f"测试{role}", salt=new_salt()
                    )
                )
        return known

    @asynccontextmanager
    async def acting(
        self, tenant: UUID, role: str = "clerk", kind: str = "institution", *, at: datetime = START
    ) -> AsyncIterator[Transaction]:
        """A transaction as somebody of a tenant, at a legal instant."""
        person_id = await self.person(tenant, role)
        actor = Actor(person_id, tenant, f"测试{role}", frozenset({role}), permissions_of([role], kind))
        async with transaction(self.web, self.scope(tenant, kind), actor) as tx:
            tx.now = at
            tx.pack_version_id = self.pack_version_id
            yield tx

    @asynccontextmanager
    async def working(self, tenant: UUID, *, at: datetime = START) -> AsyncIterator[Transaction]:
        """A transaction as the worker of a tenant."""
        scope = Scope("worker", tenant, self.province_id, tenant, self.department)
        async with transaction(self.tasks, scope, Actor(None, tenant)) as tx:
            tx.now = at
            tx.pack_version_id = self.pack_version_id
            yield tx


async def make_world(maintenance: AsyncEngine, web: AsyncEngine, tasks: AsyncEngine) -> World:
    """A province of its own for one test, so that tests never see each other's rows."""
    ids = [new_id() for _ in range(10)]
    province_id, science, department, other, finance, operator, university, institute, hospital, enterprise = ids
    slug = f"p{province_id.hex[-12:]}"
    async with maintenance.begin() as connection:
        await connection.execute(
            insert(province).values(
                province_id=province_id, region=slug[:12], slug=slug, name=f"测试省{slug[-4:]}", short_name="测试"
            )
        )
        organisations = [
            (science, "science", None, "测试省科学技术厅", science),
            (department, "department", None, "测试省教育厅", department),
            (other, "department", None, "测试省卫生健康委", other),
            (finance, "finance", None, "测试省财政厅", finance),
            (operator, "operator", None, "平台运维", operator),
            (university, "institution", "university", "滇池示例大学", department),
            (institute, "institution", "institute", "示例研究院", department),
            (hospital, "institution", "hospital", "示例医院", other),
            (enterprise, "institution", "enterprise", "示例企业", department),
        ]
        for id_, kind, unit_kind, name, supervisor in organisations:
            await connection.execute(
                insert(organisation).values(
                    id=id_,
                    province_id=province_id,
                    kind=kind,
                    unit_kind=unit_kind,
                    name=name,
                    short_name=name,
                    number_prefix="CS",
                    department_id=supervisor,
                )
            )
            await connection.execute(
                text("select app.put_tenant(:id, :province, :kind, :department, :alias, :name, true)"),
                {
                    "id": id_,
                    "province": province_id,
                    "kind": kind,
                    "department": supervisor,
                    "alias": id_.hex,
                    "name": name,
                },
            )
        await connection.execute(
            text("select app.put_province(:id, :region, :slug, :name, :short, :science, 0)"),
            {
                "id": province_id,
                "region": slug[:12],
                "slug": slug,
                "name": "测试省",
                "short": "测试",
                "science": science,
            },
        )
    async with maintenance.connect() as connection:
        tx = Transaction(
            connection,
            await driver_of(connection),
            Scope("web_operator", operator, province_id, operator, operator),
            Actor(None, operator),
            START,
        )
        version = await store_pack(tx, REGION)
        await connection.execute(
            text("select app.put_pack_in_force(:province, :day, :version)"),
            {"province": province_id, "day": date(2025, 11, 9), "version": version},
        )
    return World(
        web, tasks, maintenance, province_id, slug, science, department, other, finance, operator, university,
        institute, hospital, enterprise, version,
    )  # fmt: skip
