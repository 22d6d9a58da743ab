"""接口凭据: shown once, two valid for an overlap, revoked at once, nothing but its scopes, nobody else's data."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from shared.audit.tables import audit_entry
from shared.clock import real_now
from shared.ids import new_id, token_hash
from tenants.credentials import PREFIX, machine_secret
from tests.services.administration.people import SYSTEM, signing_in
from tests.services.notices.arranging import add_achievement
from tests.web import Site, Visitor
from tests.world import World

HOME = "/institution/machines"
READ, WRITE = "institution:ledger:read", "institution:ledger:write"


async def ask(site: Site, secret: str, address: str = "/achievements", **options: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {secret}", **options.pop("headers", {})}
    return await site.anonymous().client.request(
        options.pop("method", "GET"), f"/api{address}", headers=headers, **options
    )


async def administrator(site: Site, world: World) -> Visitor:
    await signing_in(world, world.university, SYSTEM)
    return await site.signed_in(world, world.university, SYSTEM)


def secret_on(page: str) -> str:
    found = re.search(rf'value="({PREFIX}[\w-]+)"', page)
    assert found, page[-2000:]
    return found[1]


async def made(site: Site, admin: Visitor, *scopes: str, name: str = "科研管理系统") -> str:
    answer = await admin.post(f"{HOME}/new", {"name": name, "scopes": list(scopes) or [READ]}, page=HOME)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return secret_on(answer.text)


async def client_of(world: World, name: str = "科研管理系统") -> UUID:
    async with world.maintenance.connect() as connection:
        found = await connection.scalar(
            select(machine_secret.c.client_id)
            .where(machine_secret.c.name == name, machine_secret.c.tenant_id == world.university)
            .limit(1)
        )
    return UUID(str(found))


async def test_a_credential_is_shown_once_and_opens_its_scopes_alone(site: Site, world: World) -> None:
    admin = await administrator(site, world)
    secret = await made(site, admin, READ)
    assert secret not in (await admin.get(HOME)).text
    assert "还没有使用" in (await admin.get(HOME)).text
    assert (await ask(site, secret)).status_code == 200
    assert "最近使用" in (await admin.get(HOME)).text
    assert (await ask(site, secret, "/applications")).status_code == 403
    refused = await ask(
        site, secret, "/disclosures", method="POST", json={}, headers={"idempotency-key": str(new_id())}
    )
    assert refused.status_code == 403
    async with world.maintenance.connect() as connection:
        kept = (await connection.execute(select(machine_secret.c.secret_hash))).scalars().all()
        entries = (await connection.execute(select(audit_entry.c.details))).scalars().all()
    assert token_hash(secret) in kept
    assert all(secret not in str(one) for one in entries)


async def test_the_same_form_twice_makes_one_and_shows_nothing_again(site: Site, world: World) -> None:
    admin = await administrator(site, world)
    key = await admin.form_key(HOME)
    form = {"name": "财务系统", "scopes": [READ]}
    first = await admin.post(f"{HOME}/new", form, key=key)
    again = await admin.post(f"{HOME}/new", form, key=key)
    assert PREFIX in first.text
    assert (again.status_code, again.headers["location"]) == (303, HOME)
    assert (await admin.get(HOME)).text.count("财务系统</span>") >= 1
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(select(machine_secret).where(machine_secret.c.name == "财务系统"))
        assert len(rows.all()) == 1


async def test_after_a_rotation_both_work_until_the_overlap_ends(site: Site, world: World) -> None:
    admin = await administrator(site, world)
    first = await made(site, admin)
    client_id = await client_of(world)
    second = secret_on((await admin.post(f"{HOME}/{client_id}/rotate", page=HOME)).text)
    assert [(await ask(site, one)).status_code for one in (first, second)] == [200, 200]
    assert "失效" in (await admin.get(HOME)).text
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(machine_secret)
            .where(machine_secret.c.secret_hash == token_hash(first))
            .values(expires_at=real_now() - timedelta(seconds=1))
        )
    assert [(await ask(site, one)).status_code for one in (first, second)] == [401, 200]


async def test_two_are_valid_at_most(site: Site, world: World) -> None:
    admin = await administrator(site, world)
    secrets = [await made(site, admin)]
    client_id = await client_of(world)
    for _ in range(2):
        secrets.append(secret_on((await admin.post(f"{HOME}/{client_id}/rotate", page=HOME)).text))
    assert [(await ask(site, one)).status_code for one in secrets] == [401, 200, 200]


async def test_a_revoked_one_opens_nothing_from_then_on(site: Site, world: World) -> None:
    admin = await administrator(site, world)
    secret = await made(site, admin)
    client_id = await client_of(world)
    assert (await ask(site, secret)).status_code == 200
    assert (await admin.post(f"{HOME}/{client_id}/revoke", page=HOME)).status_code == 303
    assert (await ask(site, secret)).status_code == 401
    again = await admin.post(f"{HOME}/{client_id}/rotate", page=HOME)
    assert again.status_code == 409
    assert "已撤销" in (await admin.get(HOME)).text


async def test_wrong_secrets_are_nobodys(site: Site, world: World) -> None:
    for secret in (PREFIX, f"{PREFIX}x", f"{PREFIX}{'a' * 43}"):
        assert (await ask(site, secret)).status_code == 401, secret


async def test_it_sees_its_own_units_data_alone(site: Site, world: World) -> None:
    mark = "别家单位的成果"
    theirs = await add_achievement(world, world.institute, mark)
    secret = await made(site, await administrator(site, world))
    assert mark not in (await ask(site, secret)).text
    foreign, unknown = (
        await ask(site, secret, f"/achievements/{theirs}"),
        await ask(site, secret, f"/achievements/{new_id()}"),
    )
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.content == unknown.content


async def test_wrong_forms_are_told_and_another_units_client_is_nobodys(site: Site, world: World) -> None:
    admin = await administrator(site, world)
    await made(site, admin)
    for form, words in (
        ({"name": "科研管理系统", "scopes": [READ]}, "已有同名"),
        ({"name": "", "scopes": [READ]}, "请填写名称"),
        ({"name": "甲", "scopes": []}, "请选择"),
        ({"name": "甲", "scopes": ["institution:report:submit"]}, "请选择"),
    ):
        answer = await admin.post(f"{HOME}/new", form, page=HOME)
        assert answer.status_code == 422, form
        assert words in answer.text
    client_id = await client_of(world)
    await signing_in(world, world.institute, SYSTEM)
    other = await site.signed_in(world, world.institute, SYSTEM)
    foreign = await other.post(f"{HOME}/{client_id}/revoke", page=HOME)
    unknown = await other.post(f"{HOME}/{new_id()}/revoke", page=HOME)
    assert (foreign.status_code, foreign.text) == (404, unknown.text)
    assert "没有接口凭据" in (await other.get(HOME)).text


@pytest.mark.parametrize("role", ["clerk", "department_head", "security_admin", "audit_admin", "completer"])
async def test_only_the_system_administrator_opens_the_page(site: Site, world: World, role: str) -> None:
    visitor = await site.signed_in(world, world.university, role)
    assert (await visitor.get(HOME)).status_code == 403
    assert (await site.anonymous().get(HOME)).status_code == 303
