"""人员与角色: who may give which roles, what one person may not hold together, and what changes at once."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from services.administration.accounts import workflow
from services.administration.accounts.queries import accounts
from shared.audit.tables import audit_entry
from shared.audit.writing import write_audit
from shared.db.records import outbox
from shared.errors import FormInvalid
from shared.ids import new_id
from tenants.permissions import ADMINISTRATORS, APART, ROLES, permissions_of
from tenants.standing import role_grant
from tests.services.administration.people import AUDIT, SECURITY, SYSTEM, signing_in
from tests.web import Site
from tests.world import START, World

HOME = "/institution/accounts"


async def give(world: World, person_id: UUID, *roles: str, tenant: UUID | None = None) -> None:
    unit = tenant or world.university
    await signing_in(world, unit, SECURITY)
    async with world.acting(unit, SECURITY) as tx:
        await workflow.assign_roles(tx, person_id, roles, "任职文件")


async def live(world: World, person_id: UUID) -> list[str]:
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(
            select(role_grant.c.role).where(role_grant.c.person_id == person_id, role_grant.c.ended_at.is_(None))
        )
        return sorted(row.role for row in rows)


def test_no_role_enters_and_approves_the_same_act() -> None:
    for role in ROLES.values():
        assert permissions_of([role.code], role.audience) == role.permissions, role.code
        for entering, approving in APART:
            assert not {entering, approving} <= role.permissions, role.code


def test_who_holds_both_sides_by_two_roles_enters_and_does_not_approve() -> None:
    held = permissions_of(["clerk", "department_head"], "institution")
    assert "institution:report:write" in held
    assert "institution:report:submit" not in held


def test_an_administrator_is_nothing_beside_it_and_two_are_none() -> None:
    alone = permissions_of(["audit_admin"], "institution")
    assert alone == permissions_of(["clerk", "audit_admin"], "institution")
    assert permissions_of(["system_admin", "security_admin"], "institution") == frozenset()


def test_administrators_have_no_permission_of_business() -> None:
    business = {one for code, role in ROLES.items() if code not in ADMINISTRATORS for one in role.permissions}
    for code in ADMINISTRATORS:
        assert ROLES[code].permissions & business <= {"institution:audit:read"}


@pytest.mark.requirement("R189")
async def test_a_granted_role_holds_with_the_next_request_and_ends_with_the_next(site: Site, world: World) -> None:
    person = await signing_in(world, world.university, "newcomer", "nobody")
    newcomer = await site.signed_in(world, world.university, "newcomer")
    landed = await newcomer.get("/institution/")
    assert (landed.status_code, landed.headers["location"]) == (303, "/institution/settings/permissions")
    assert "还没有角色" in (await newcomer.get("/institution/settings/permissions")).text
    assert (await newcomer.get("/institution/ledger")).status_code == 403
    security = await signing_in(world, world.university, SECURITY)
    admin = await site.signed_in(world, world.university, SECURITY)
    tried = await admin.get(f"{HOME}/{person}/roles", tried="1", roles="clerk")
    assert "增加" in tried.text
    assert "单列管理台账：导入" in tried.text
    page = f"{HOME}/{person}/roles?tried=1&roles=clerk"
    done = await admin.post(f"{HOME}/{person}/roles", {"roles": "clerk", "reason": "任职文件"}, page=page)
    assert done.status_code == 303
    assert (await newcomer.get("/institution/ledger")).status_code == 200
    shown = (await admin.get(f"{HOME}/{person}")).text
    assert "责任部门经办人" in shown
    assert "任职文件" in shown
    await give(world, person)
    assert (await newcomer.get("/institution/ledger")).status_code == 403
    assert "已收回" in (await admin.get(f"{HOME}/{person}")).text
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(
            select(audit_entry.c.actor_id, audit_entry.c.details)
            .where(audit_entry.c.object_id == person, audit_entry.c.action == "account.assign_roles")
            .order_by(audit_entry.c.position)
        )
        entries = rows.all()
        told = await connection.execute(select(outbox.c.payload).where(outbox.c.tenant_id == world.university))
        assert sum(row.payload.get("to_person") == str(person) for row in told) == 2
    assert [row.details["changes"]["roles"] for row in entries] == [[[], ["clerk"]], [["clerk"], []]]
    assert {row.actor_id for row in entries} == {security}


@pytest.mark.parametrize(
    ("provided", "wanted", "told"),
    [
        (["clerk"], ["department_head"], "填写与批准"),
        ([], ["clerk", "leadership"], "填写与批准"),
        ([], ["system_admin", "audit_admin"], "一人只能担任其中一个"),
        (["system_admin"], ["security_admin"], "一人只能担任其中一个"),
        (["completer"], ["audit_admin"], "不能兼任"),
        ([], ["integration"], "不存在"),
        ([], ["science_officer"], "不存在"),
        (["clerk"], [], "没有变化"),
    ],
)
async def test_roles_that_one_person_may_not_hold_are_refused_with_words(
    world: World, provided: list[str], wanted: list[str], told: str
) -> None:
    person = await signing_in(world, world.university, str(new_id()), *(provided or ["nobody"]))
    with pytest.raises(FormInvalid) as refused:
        await give(world, person, *wanted)
    assert told in refused.value.errors["roles"]
    assert await live(world, person) == []


async def test_the_database_itself_keeps_the_administrators_apart(world: World) -> None:
    person = await signing_in(world, world.university, str(new_id()))
    base: dict[str, Any] = {
        "tenant_id": world.university, "province_id": world.province_id, "person_id": person, "reason": "r",
        "granted_at": START, "granted_by": person,
    }  # fmt: skip
    statement = insert(role_grant)
    async with world.maintenance.begin() as connection:
        await connection.execute(statement.values(**base, id=new_id(), role="system_admin"))
    with pytest.raises(IntegrityError, match="role_grant_administrator_key"):
        async with world.maintenance.begin() as connection:
            await connection.execute(statement.values(**base, id=new_id(), role="audit_admin"))


async def test_nobody_assigns_roles_to_themself(world: World) -> None:
    security = await signing_in(world, world.university, SECURITY)
    with pytest.raises(FormInvalid) as refused:
        await give(world, security, "system_admin")
    assert "另一位" in refused.value.errors["roles"]


async def test_a_reason_does_not_name_the_person(world: World) -> None:
    role = str(new_id())
    person = await signing_in(world, world.university, role)
    async with world.acting(world.university, SECURITY) as tx:
        with pytest.raises(FormInvalid) as refused:
            await workflow.assign_roles(tx, person, ["clerk"], f"测试{role}上任")
    assert "reason" in refused.value.errors


async def test_who_may_do_what_on_these_pages(site: Site, world: World) -> None:
    person = await signing_in(world, world.university, "clerk")
    for role, statuses in (
        (SYSTEM, (200, 200, 403, 200)),
        (SECURITY, (200, 200, 200, 403)),
        (AUDIT, (200, 200, 403, 403)),
        ("clerk", (403, 403, 403, 403)),
        ("department_head", (403, 403, 403, 403)),
    ):
        visitor = await site.signed_in(world, world.university, role)
        pages = (HOME, f"{HOME}/{person}", f"{HOME}/{person}/roles", f"{HOME}/{person}/leave")
        assert tuple([(await visitor.get(one)).status_code for one in pages]) == statuses, role
    assert (await site.anonymous().get(HOME)).status_code == 303


async def test_another_units_person_looks_like_nobody(site: Site, world: World) -> None:
    stranger = await signing_in(world, world.institute, "clerk")
    admin = await site.signed_in(world, world.university, SECURITY)
    for path in ("", "/roles"):
        foreign, unknown = await admin.get(f"{HOME}/{stranger}{path}"), await admin.get(f"{HOME}/{new_id()}{path}")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.text == unknown.text
    async with world.acting(world.university, SECURITY) as tx:
        assert stranger not in {line.person_id for line in await accounts(tx)}


async def test_errors_of_the_form_stand_together_and_the_choice_is_kept(site: Site, world: World) -> None:
    person = await signing_in(world, world.university, str(new_id()), "nobody")
    admin = await site.signed_in(world, world.university, SECURITY)
    page = f"{HOME}/{person}/roles?tried=1&roles=finance"
    answer = await admin.post(f"{HOME}/{person}/roles", {"roles": "finance", "reason": " "}, page=page)
    assert answer.status_code == 422
    assert "请填写理由" in answer.text
    assert 'value="finance"' in answer.text


async def test_administrators_open_no_page_of_business(site: Site, world: World) -> None:
    for role in ADMINISTRATORS:
        visitor = await site.signed_in(world, world.university, role)
        for path in ("ledger", "disclosures", "empowerment", "notices", "reports", "todo", "messages", "dashboard"):
            assert (await visitor.get(f"/institution/{path}")).status_code == 403, (role, path)
        for path in ("settings", "settings/permissions", "settings/roles", "sessions"):
            assert (await visitor.get(f"/institution/{path}")).status_code == 200, (role, path)


@pytest.mark.requirement("R192")
async def test_the_audit_administrator_reads_who_did_what_without_the_business(site: Site, world: World) -> None:
    async with world.acting(world.university) as tx:
        await write_audit(
            tx, "achievement.correct", "achievement", new_id(), details={"changes": {"name": ["密", "文"]}}
        )
    person = await signing_in(world, world.university, str(new_id()), "nobody")
    await give(world, person, "finance")
    auditor = await site.signed_in(world, world.university, AUDIT)
    business = (await auditor.get("/institution/audit", action="achievement.correct")).text
    assert "成果：更正" in business
    assert "审计管理员不查看" in business
    assert '<ins><span class="visually-hidden">改为 </span>文' not in business
    own = (await auditor.get("/institution/audit", action="account.assign_roles")).text
    assert "财务部门" in own
    clerk = await site.signed_in(world, world.university)
    assert "文" in (await clerk.get("/institution/audit", action="achievement.correct")).text
