"""What changes at Keycloak while somebody works: it sends no call for most of it, the product asks."""

import asyncio

import pytest
from sqlalchemy import text

from tests.sso.scene import Scene
from tests.sso.visiting import Account, Tourist


async def working(scene: Scene, username: str, role: str = "clerk") -> Tourist:
    tourist = scene.tourist()
    assert (await tourist.sign_in(await scene.person(username, ("uni", role)))).status_code == 200
    return tourist


@pytest.mark.requirement("R189")
async def test_who_is_disabled_removed_or_loses_a_role_is_out_within_a_minute(scene: Scene) -> None:
    names = ("gone-disabled", "gone-removed", "gone-role", "gone-never")
    tourists = {name: await working(scene, name) for name in names}
    ids = {name: await scene.user_id(name) for name in names}
    await scene.call("PUT", f"/users/{ids['gone-disabled']}", {"enabled": False})
    await scene.call("DELETE", f"/organizations/{scene.organizations['uni']}/members/{ids['gone-removed']}")
    await scene.take(ids["gone-role"], "uni", "clerk")
    await scene.silence()
    still = {name: await tourist.is_signed_in() for name, tourist in tourists.items()}
    assert still == {name: name == "gone-never" for name in names}
    # And none of them comes in again: each is told why.
    for name, words in (("gone-removed", "没有加入任何单位"), ("gone-role", "还没有任何角色")):
        assert words in (await tourists[name].sign_in(Account(name))).text
    stopped = await tourists["gone-disabled"].sign_in(Account("gone-disabled"))
    assert not str(stopped.url).startswith(scene.product)


async def test_a_role_that_is_given_counts_after_a_minute_without_signing_in_again(scene: Scene) -> None:
    tourist = await working(scene, "more-roles", "completer")
    assert (await tourist.get("/institution/audit")).status_code == 403
    await scene.give(await scene.user_id("more-roles"), "uni", "clerk")
    await scene.silence()
    seen = list(tourist.seen)
    assert (await tourist.follow(await tourist.get("/institution/audit"))).status_code == 200
    assert tourist.seen == seen


async def test_parallel_requests_do_not_kill_the_session_at_keycloak(scene: Scene) -> None:
    """A refresh token used twice ends it there."""
    tourist = await working(scene, "parallel")
    for _ in range(2):
        await scene.silence()
        assert all(await asyncio.gather(*(tourist.is_signed_in() for _ in range(8))))
    await scene.silence()
    assert await tourist.is_signed_in()
    assert len(await scene.call("GET", f"/users/{await scene.user_id('parallel')}/sessions")) == 1


async def test_a_new_signing_key_in_the_middle_changes_nothing_for_anybody(scene: Scene) -> None:
    inside = await working(scene, "key-before")
    realm = (await scene.call("GET", ""))["id"]
    config = {"priority": ["200"], "enabled": ["true"], "active": ["true"], "keySize": ["2048"], "algorithm": ["RS256"]}
    key = await scene.call(
        "POST",
        "/components",
        {"name": "newer", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
         "parentId": realm, "config": config},
    )  # fmt: skip
    try:
        scene.app.state.provider._keys_at -= 10  # keys are read again at most every five seconds
        await scene.silence()
        assert await inside.is_signed_in()
        after = await working(scene, "key-after")
        await scene.call("POST", f"/users/{await scene.user_id('key-after')}/logout")  # signed by the new key
        assert not await after.is_signed_in()
    finally:
        await scene.call("DELETE", f"/components/{key}")
    await scene.silence()
    assert await inside.is_signed_in()


@pytest.mark.requirement("R189")
async def test_who_is_in_two_units_chooses_one_and_has_its_roles_alone(scene: Scene) -> None:
    account = await scene.person("in-two", ("uni", "clerk"), ("uni-a", "completer"))
    for chosen, roles in (("uni", ["clerk"]), ("uni-a", ["completer"])):
        account.organization, tourist = chosen, scene.tourist()
        assert (await tourist.sign_in(account)).status_code == 200
        assert "organization" in tourist.seen
        async with scene.world.maintenance.connect() as connection:
            row = (
                await connection.execute(
                    text("select tenant_id, roles from app.session where province_id = :province "
                         "order by created_at desc limit 1"),
                    {"province": scene.world.province_id},
                )
            ).one()  # fmt: skip
        assert (row.tenant_id, row.roles) == (scene.tenants[chosen], roles)


async def test_an_organization_that_names_no_tenant_is_told(scene: Scene) -> None:
    for alias, attributes in (("no-tenant", {}), ("no-such", {"tenant": ["0198f000-0000-7000-8000-000000000001"]})):
        body = {"name": alias, "alias": alias, "enabled": True, "attributes": attributes,
                "domains": [{"name": f"{alias}.example", "verified": True}]}  # fmt: skip
        scene.organizations[alias] = await scene.call("POST", "/organizations", body)
        answer = await scene.tourist().sign_in(await scene.person(f"of-{alias}", (alias, "")))
        assert answer.status_code == 400
        assert "尚未在本平台开通" in answer.text


async def test_an_account_without_a_unit_is_told(scene: Scene) -> None:
    answer = await scene.tourist().sign_in(await scene.person("of-nowhere"))
    assert (answer.status_code, "没有加入任何单位" in answer.text) == (400, True)
