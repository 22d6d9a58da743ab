"""The realm as its code says: what it holds, and how a difference is found."""

import json

import pytest

from tenants.permissions import ROLES
from tests.sso.scene import INFRA, Scene
from tests.sso.visiting import Account


async def test_the_running_realm_is_its_code_and_every_difference_is_named(scene: Scene) -> None:
    same = await scene.command("keycloak", "drift")
    assert (same.exit_code, same.output) == (0, "与代码一致\n")
    portal = (await scene.call("GET", "/clients?clientId=portal"))[0]
    elsewhere = {**portal, "redirectUris": [*portal["redirectUris"], "https://elsewhere.example/*"],
                 "attributes": {**portal["attributes"], "pkce.code.challenge.method": "plain"}}  # fmt: skip
    (flow,) = [one for one in await scene.call("GET", "/authentication/flows") if one["alias"] == "sign-in"]
    assert flow["builtIn"] is False
    try:
        await scene.call("PUT", "", {"bruteForceProtected": False, "passwordPolicy": "length(4)"})
        await scene.call("PUT", f"/clients/{portal['id']}", elsewhere)
        mapper = await scene.call(
            "POST",
            f"/clients/{portal['id']}/protocol-mappers/models",
            {"name": "planted", "protocol": "openid-connect", "protocolMapper": "oidc-hardcoded-claim-mapper",
             "config": {"claim.name": "organization", "claim.value": "x"}},
        )  # fmt: skip
        (second,) = [
            one
            for one in await scene.call("GET", "/authentication/flows/sign-in/executions")
            if one.get("displayName") == "sign-in second level"
        ]
        await scene.call("PUT", "/authentication/flows/sign-in/executions", {**second, "requirement": "DISABLED"})
        (service,) = await scene.call("GET", "/users?exact=true&username=service-account-chengguo-provisioning")
        (managing,) = await scene.call("GET", "/clients?clientId=realm-management")
        widened = await scene.call("GET", f"/clients/{managing['id']}/roles/impersonation")
        granting = f"/users/{service['id']}/role-mappings/clients/{managing['id']}"
        await scene.call("POST", granting, [widened])
        found = await scene.command("keycloak", "drift")
    finally:
        await scene.call("DELETE", granting, [widened])
        await scene.call("PUT", "/authentication/flows/sign-in/executions", second)
        await scene.call("DELETE", f"/clients/{portal['id']}/protocol-mappers/models/{mapper}")
        await scene.call("PUT", f"/clients/{portal['id']}", portal)
        code = json.loads((INFRA / "realm.json").read_text("utf-8"))
        await scene.call("PUT", "", {name: code[name] for name in ("bruteForceProtected", "passwordPolicy")})
    assert found.exit_code == 1
    for place in (
        "bruteForceProtected\n  代码：true\n  实际：false",
        'passwordPolicy\n  代码："length(12)',
        "clients[portal].redirectUris\n",
        'clients[portal].attributes.pkce.code.challenge.method\n  代码："S256"\n  实际："plain"',
        "clients[portal].protocolMappers[planted]\n  代码：（无）",
        "authenticationFlows[sign-in forms].authenticationExecutions[sign-in second level].requirement",
        "users[service-account-chengguo-provisioning].clientRoles.realm-management",
        "7 处不一致",
    ):
        assert place in found.output, found.output
    assert (await scene.command("keycloak", "drift")).exit_code == 0


async def test_every_role_of_the_product_is_there(scene: Scene) -> None:
    portal = (await scene.call("GET", "/clients?clientId=portal"))[0]["id"]
    assert {role["name"] for role in await scene.call("GET", f"/clients/{portal}/roles")} == set(ROLES)


async def test_weak_passwords_are_refused_and_guessing_locks(scene: Scene) -> None:
    with pytest.raises(AssertionError, match="invalidPassword"):
        await scene.person("weak", credentials=[{"type": "password", "value": "short", "temporary": False}])
    account = await scene.person("guessed", ("uni", "clerk"))
    for number in range(5):
        wrong = Account("guessed", f"wrong-{number}")
        with pytest.raises(AssertionError):
            await scene.tourist().sign_in(wrong)
    with pytest.raises(AssertionError):  # the right one is refused now too, without a word more
        await scene.tourist().sign_in(account)
    state = await scene.call("GET", f"/attack-detection/brute-force/users/{await scene.user_id('guessed')}")
    assert state["disabled"] is True


async def test_sign_ins_and_changes_are_on_record_there(scene: Scene) -> None:
    account = await scene.person("recorded", ("uni", "clerk"))
    await scene.tourist().sign_in(account)
    user = await scene.user_id("recorded")
    events = await scene.call("GET", f"/events?user={user}")
    assert {"LOGIN", "CODE_TO_TOKEN"} <= {one["type"] for one in events}
    changes = await scene.call("GET", f"/admin-events?resourcePath=users/{user}")
    assert any(one["operationType"] == "CREATE" and one.get("representation") for one in changes)
