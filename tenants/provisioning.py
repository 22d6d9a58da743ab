"""Opening a province and its tenants: idempotent steps, done as ``web_operator`` by an operator of the province.

Every step may be repeated; what is there already stays, what differs is brought up to what was asked for.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.audit.writing import write_audit
from shared.db.transaction import Actor, Scope, Transaction, transaction
from shared.ids import NIL
from shared.policy.loader import load_pack
from shared.policy.sources import PackError
from tenants.departments import NotProvisioned as NotProvisioned
from tenants.departments import departments_of, move_department, supervise
from tenants.people import person
from tenants.registry import KINDS, UNIT_KINDS, Province, list_provinces, organisation, province


@dataclass(frozen=True, slots=True)
class NewProvince:
    """A province with the region of its packs, ``slug`` in public addresses, ``mode`` enforced or advisory.

    Without a ``mode`` a province keeps the one that it has; a new one follows its text, a draft's as advice (rule 57).
    """

    id: UUID
    region: str
    slug: str
    name: str
    short_name: str
    mode: str | None = None
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTenant:
    """An organisation that becomes a tenant.

    ``alias`` names it at the identity provider; ``department_id`` is an institution's competent department from ``since`` on,
    None for an authority, which is its own. ``authority`` is the pack's code of a further authority that receives reports.
    """

    id: UUID
    kind: str
    name: str
    short_name: str
    alias: str
    since: date
    unit_kind: str | None = None
    number_prefix: str | None = None
    credit_code: str | None = None
    central: bool = False
    department_id: UUID | None = None
    area: str = ""
    authority: str = ""


@asynccontextmanager
async def operating(
    engine: AsyncEngine, province_id: UUID, operator_id: UUID, person_id: UUID | None = None
) -> AsyncIterator[Transaction]:
    """A transaction of the operator of a province."""
    scope = Scope("web_operator", operator_id, province_id, operator_id, operator_id)
    async with transaction(engine, scope, Actor(person_id, operator_id, address="command line")) as tx:
        yield tx


async def find_province(engine: AsyncEngine, slug: str) -> Province:
    """:raises NotProvisioned: no such province."""
    found = next((one for one in await list_provinces(engine) if one.slug == slug), None)
    if found is None:
        raise NotProvisioned(f"没有省份“{slug}”，请先用 chengguo province create 开通")
    return found


async def find_operator(engine: AsyncEngine, province_id: UUID) -> UUID | None:
    """The operator's tenant of a province; none where the province came with a unit's archive."""
    own = (organisation.c.province_id == province_id, organisation.c.kind == "operator")
    async with operating(engine, province_id, NIL) as tx:
        found: UUID | None = await tx.scalar(select(organisation.c.id).where(*own))
    return found


async def operator_of(engine: AsyncEngine, province_id: UUID) -> UUID:
    """The operator's tenant of a province.

    :raises NotProvisioned: the province has none.
    """
    found = await find_operator(engine, province_id)
    if found is None:
        raise NotProvisioned("该省份还没有平台运维单位，请先用 chengguo province create 补建")
    return found


def mode_of(region: str) -> str:
    """How a region's text is followed unless the province decides otherwise; enforced where there is no text yet."""
    try:
        return load_pack(region).mode
    except PackError:
        return "enforced"


async def put_province(tx: Transaction, new: NewProvince) -> None:
    """Step 1: the province's row and its entry in the directory. The first step of all, so it writes no audit of its own."""
    values = {"name": new.name, "short_name": new.short_name, **({"mode": new.mode} if new.mode else {})}
    await tx.execute(
        upsert(province)
        .values(province_id=new.id, region=new.region, slug=new.slug, **{"mode": mode_of(new.region), **values})
        .on_conflict_do_update(index_elements=["province_id"], set_=values)
    )
    await put_directory_province(tx, new.id, new.position)


async def put_directory_province(tx: Transaction, province_id: UUID, position: int | None = None) -> None:
    """The province's entry in the directory, as its row says; its place among the provinces stays unless one is given."""
    place = text("select p.position from app.list_provinces() p where p.province_id = :id")
    row = await tx.row(select(province).where(province.c.province_id == province_id))
    assert row is not None
    science = await tx.scalar(
        select(organisation.c.id).where(organisation.c.province_id == province_id, organisation.c.kind == "science")
    )
    await tx.execute(
        text("select app.put_province(:id, :region, :slug, :name, :short_name, :science, :position)"),
        {
            "id": row.province_id,
            "region": row.region,
            "slug": row.slug,
            "name": row.name,
            "short_name": row.short_name,
            "science": science,
            "position": (await tx.scalar(place, {"id": province_id}) or 0) if position is None else position,
        },
    )


async def put_tenant(tx: Transaction, new: NewTenant) -> bool:
    """Step 2: the organisation, its competent department, its entry in the directory. True when anything changed.

    Another department takes an institution over on ``since``, at once where that day has come.

    :raises NotProvisioned: another organisation of the province has the name, or the department is none.
    """
    department_id = await _department(tx, new)
    before = await _organisation(tx, new.id)
    moved = before is not None and new.kind == "institution" and before.department_id != department_id
    present = before.department_id if before is not None and moved else department_id
    wanted = {
        "kind": new.kind,
        "unit_kind": new.unit_kind,
        "name": new.name,
        "short_name": new.short_name,
        "number_prefix": new.number_prefix,
        "credit_code": new.credit_code,
        "central": new.central,
        "area": new.area,
        "department_id": present,
    }
    if new.kind == "recipient":
        wanted["settings"] = {**(before.settings if before is not None else {}), "authority": new.authority}
    await _refuse_taken_name(tx, new)
    if before is None:
        await tx.execute(insert(organisation).values(id=new.id, province_id=tx.province_id, **wanted))
    changes = {
        name: [str(getattr(before, name)) if before is not None else None, str(value)]
        for name, value in wanted.items()
        if before is None or getattr(before, name) != value
    }
    if before is not None and changes:
        await tx.execute(
            update(organisation)
            .where(organisation.c.id == new.id, organisation.c.province_id == tx.province_id)
            .values(**wanted)
        )
    listed = await tx.row(text("select alias from app.tenant_of(:id)"), {"id": new.id})
    if listed is None or listed.alias != new.alias:
        changes["alias"] = [listed.alias if listed else None, new.alias]
    await _list_tenant(tx, new, present, active=before is None or before.state == "active")
    if new.kind == "institution" and before is None:
        await supervise(tx, new.id, department_id, new.since)
    if new.kind == "science":
        await put_directory_province(tx, tx.province_id)
    if changes:
        action = "organisation.create" if before is None else "organisation.change"
        await write_audit(tx, action, "organisation", new.id, details={"changes": changes})
    if moved:
        await move_department(tx, new.id, department_id, new.since)
    return bool(changes) or moved


async def _organisation(tx: Transaction, organisation_id: UUID) -> Row[Any] | None:
    return await tx.row(
        select(organisation).where(organisation.c.id == organisation_id, organisation.c.province_id == tx.province_id)
    )


async def _department(tx: Transaction, new: NewTenant) -> UUID:
    if new.kind != "institution":
        return new.id
    found = await _organisation(tx, new.department_id) if new.department_id else None
    if found is None or found.kind != "department":
        raise NotProvisioned(f"{new.name}：请指定已开通的行政主管部门")
    return UUID(str(found.id))


async def _refuse_taken_name(tx: Transaction, new: NewTenant) -> None:
    taken = await tx.scalar(
        select(organisation.c.id).where(
            organisation.c.province_id == tx.province_id, organisation.c.name == new.name, organisation.c.id != new.id
        )
    )
    if taken is not None:
        raise NotProvisioned(f"本省已有名为“{new.name}”的单位")


async def _list_tenant(tx: Transaction, new: NewTenant, department_id: UUID, *, active: bool) -> None:
    await tx.execute(
        text("select app.put_tenant(:id, :province, :kind, :department, :alias, :name, :active)"),
        {
            "id": new.id,
            "province": tx.province_id,
            "kind": new.kind,
            "department": department_id,
            "alias": new.alias,
            "name": new.name,
            "active": active,
        },
    )


async def set_active(tx: Transaction, tenant_id: UUID, active: bool) -> None:
    """Suspend a tenant, which from then on only reads and exports, or let it work again. Its sessions go on.

    :raises NotProvisioned: no such tenant in this province.
    """
    row = await _organisation(tx, tenant_id)
    listed = await tx.row(text("select alias from app.tenant_of(:id)"), {"id": tenant_id})
    if row is None or listed is None or row.id == tx.tenant_id:
        raise NotProvisioned("没有这个单位，或者它是平台运维单位")
    if active and row.settings.get("merged_into"):
        raise NotProvisioned("该单位已并入其他单位，不能恢复使用")
    state = "active" if active else "suspended"
    await tx.execute(
        update(organisation)
        .where(organisation.c.id == tenant_id, organisation.c.province_id == tx.province_id)
        .values(state=state)
    )
    await tx.execute(
        text("select app.put_tenant(:id, :province, :kind, :department, :alias, :name, :active)"),
        {
            "id": tenant_id,
            "province": tx.province_id,
            "kind": row.kind,
            "department": row.department_id,
            "alias": listed.alias,
            "name": row.name,
            "active": active,
        },
    )
    await write_audit(
        tx, "organisation.change", "organisation", tenant_id, details={"changes": {"state": [row.state, state]}}
    )


async def tenant_by_alias(tx: Transaction, alias: str) -> UUID | None:
    """The tenant of the province with this alias at the identity provider."""
    found = await tx.scalar(text("select app.tenant_with_alias(:alias)"), {"alias": alias})
    row = await _organisation(tx, found) if found is not None else None
    return None if row is None else UUID(str(row.id))


async def tenant_named(tx: Transaction, named: str) -> UUID:
    """The tenant of the province by alias or id.

    :raises NotProvisioned: no such tenant in this province.
    """
    found = await tenant_by_alias(tx, named)
    if found is None and _is_id(named):
        row = await _organisation(tx, UUID(named))
        found = UUID(str(row.id)) if row is not None else None
    if found is None:
        raise NotProvisioned(f"本省没有单位“{named}”")
    return found


async def described(tx: Transaction, tenant_id: UUID) -> list[list[Any]]:
    """What is registered of a tenant, as (label, value) lines."""
    row = await _organisation(tx, tenant_id)
    listed = await tx.row(text("select alias, active from app.tenant_of(:id)"), {"id": tenant_id})
    assert row is not None
    held = await departments_of(tx, tenant_id)
    return [
        ["编号", row.id],
        ["名称", row.name],
        ["别名", listed.alias if listed else None],
        ["类别", UNIT_KINDS.get(row.unit_kind) or KINDS[row.kind]],
        ["台账编号前缀", row.number_prefix],
        ["统一社会信用代码", row.credit_code],
        ["状态", "使用中" if row.state == "active" else "已暂停"],
        *(["主管部门", f"{one.name}（{one.since} 起{f'至 {one.until} 前' if one.until else ''}）"] for one in held),
    ]


async def person_named(engine: AsyncEngine, province_id: UUID, tenant_id: UUID, name: str) -> UUID:
    """The person of a tenant by id, mail address or unambiguous name.

    :raises NotProvisioned: nobody, or several; a person is known after their first sign-in.
    """
    scope = Scope("web_institution", tenant_id, province_id, tenant_id, tenant_id)
    wanted = person.c.id == UUID(name) if _is_id(name) else (person.c.email == name) | (person.c.name == name)
    async with transaction(engine, scope, Actor(None, tenant_id, address="command line")) as tx:
        rows = await tx.rows(select(person.c.id).where(person.c.tenant_id == tenant_id, wanted).limit(2))
    if len(rows) != 1:
        raise NotProvisioned(
            f"找不到人员“{name}”：须先在平台登录过一次" if not rows else f"有多人名为“{name}”，请用邮箱或编号指定"
        )
    return UUID(str(rows[0].id))


def _is_id(text_: str) -> bool:
    try:
        UUID(text_)
    except ValueError:
        return False
    return True
