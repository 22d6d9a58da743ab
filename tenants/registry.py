"""The one registry: provinces, and the organisations that are tenants, authorities as well as institutions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Row,
    String,
    UniqueConstraint,
    Uuid,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.db.tables import Json, global_table, local_table, tenant_table
from shared.db.transaction import Transaction

KINDS = {
    "institution": "科研单位",
    "training": "练习单位",
    "science": "科技主管部门",
    "department": "行政主管部门",
    "finance": "财政部门",
    "recipient": "其他接收部门",
    "agency": "技术转移机构",
    "operator": "平台运维",
}
ROLE_OF_KIND = {
    "institution": "web_institution",
    # Worked in as an institution is; counted nowhere, since everything that counts asks for institutions.
    "training": "web_institution",
    "science": "web_science",
    "department": "web_department",
    "finance": "web_finance",
    # A further authority that receives reports (人社 …): it reads what was handed to it, as a finance department does.
    "recipient": "web_finance",
    # A transfer agency reads what institutions handed to it, by the same policies.
    "agency": "web_finance",
    "operator": "web_operator",
}
UNIT_KINDS = {"university": "高等院校", "institute": "科研院所", "hospital": "医疗卫生机构", "enterprise": "国有企业"}

province = global_table(
    "province",
    Column("province_id", Uuid, primary_key=True),
    Column("region", String(12), nullable=False, comment="cn-… of the policy packs"),
    Column("slug", String(40), nullable=False, comment="in public addresses; unique in province_directory"),
    Column("name", String(40), nullable=False),
    Column("short_name", String(20), nullable=False),
    Column("mode", String(12), nullable=False, server_default="enforced", comment="enforced or advisory"),
)

organisation = global_table(
    "organisation",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("unit_kind", String(20)),
    Column("name", String(100), nullable=False),
    Column("short_name", String(40), nullable=False),
    Column("number_prefix", String(12), comment="of ledger numbers"),
    Column("credit_code", String(18)),
    Column("central", Boolean, nullable=False, server_default="false", comment="a central unit in the province"),
    Column("department_id", Uuid, nullable=False, comment="competent department today; an authority's own id"),
    Column(
        "area",
        String(40),
        nullable=False,
        server_default="",
        comment="whose local holidays it keeps; empty: those of the whole province alone",
    ),
    Column("state", String(12), nullable=False, server_default="active"),
    Column("settings", Json, nullable=False, server_default="{}"),
    UniqueConstraint("id", "province_id", name="organisation_id_province_id_key"),
    UniqueConstraint("province_id", "name", name="organisation_province_id_name_key"),
    ForeignKeyConstraint(["province_id"], ["app.province.province_id"]),
    Index("organisation_department_id_idx", "department_id"),
)

supervision = tenant_table(
    "supervision",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("department_id", Uuid, nullable=False),
    Column("held", DATERANGE, nullable=False),
    ForeignKeyConstraint(["tenant_id", "province_id"], ["app.organisation.id", "app.organisation.province_id"]),
    ExcludeConstraint(("tenant_id", "="), ("held", "&&"), name="supervision_held_excl"),
    Index("supervision_province_id_idx", "province_id"),
    Index("supervision_department_id_idx", "department_id"),
)

tenant_directory = local_table(
    "tenant_directory",
    Column("id", Uuid, primary_key=True),
    Column("province_id", Uuid, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("department_id", Uuid, nullable=False),
    Column("alias", String(60), nullable=False, unique=True, comment="of the identity provider's organization"),
    Column("name", String(100), nullable=False),
    Column("active", Boolean, nullable=False, server_default="true"),
)

province_directory = local_table(
    "province_directory",
    Column("province_id", Uuid, primary_key=True),
    Column("region", String(12), nullable=False, unique=True),
    Column("slug", String(40), nullable=False, unique=True),
    Column("name", String(40), nullable=False),
    Column("short_name", String(20), nullable=False),
    Column("science_id", Uuid, comment="the science department, in whose name public acts are recorded"),
    Column("position", Integer, nullable=False, server_default="0"),
)


@dataclass(frozen=True, slots=True)
class Province:
    """A province as public addresses and page heads need it. ``science_id`` is its science department's tenant."""

    id: UUID
    region: str
    slug: str
    name: str
    short_name: str
    science_id: UUID | None


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant as sign-in and the worker need it, before any tenant is entered."""

    id: UUID
    province_id: UUID
    kind: str
    department_id: UUID
    alias: str
    name: str
    active: bool


PROVINCE_COLUMNS = ("province_id", "region", "slug", "name", "short_name", "science_id")


async def list_provinces(engine: AsyncEngine) -> list[Province]:
    """All provinces of the installation, through the definer function; needs no entered transaction."""
    async with engine.connect() as connection:
        rows = await connection.execute(text("select * from app.list_provinces() order by position, slug"))
        return [Province(r.province_id, r.region, r.slug, r.name, r.short_name, r.science_id) for r in rows]


async def find_tenant(engine: AsyncEngine, tenant_id: UUID) -> Tenant | None:
    """One tenant by id, through the definer function."""
    async with engine.connect() as connection:
        rows = await connection.execute(text("select * from app.tenant_of(:id)"), {"id": tenant_id})
        row = rows.fetchone()
        return _tenant(row) if row is not None and row.id is not None else None


async def list_tenants(engine: AsyncEngine) -> list[Tenant]:
    """Every active tenant; for the worker's scheduled jobs only."""
    async with engine.connect() as connection:
        rows = await connection.execute(text("select * from app.list_tenants()"))
        return [_tenant(row) for row in rows]


def _tenant(row: object) -> Tenant:
    return Tenant(*(getattr(row, name) for name in Tenant.__dataclass_fields__))


async def own_organisation(tx: Transaction) -> object:
    """The organisation row of the transaction's tenant."""
    return await tx.row(
        select(organisation).where(organisation.c.id == tx.tenant_id, organisation.c.province_id == tx.province_id)
    )


async def list_organisations(tx: Transaction) -> Sequence[Row[Any]]:
    """The organisations of the transaction's province, each with the short name of its competent department."""
    competent = organisation.alias("competent")
    return await tx.rows(
        select(organisation, competent.c.short_name.label("competent"))
        .join(
            competent,
            (competent.c.id == organisation.c.department_id) & (competent.c.province_id == organisation.c.province_id),
        )
        .where(organisation.c.province_id == tx.province_id)
        .order_by(organisation.c.kind, organisation.c.name)
    )
