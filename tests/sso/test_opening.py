"""``chengguo tenant create`` at a real realm: whole, repeatable, and whole again after a failure at any of its steps."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from keycloak import KeycloakOpenIDConnection
from sqlalchemy import select

from shared.audit.tables import audit_entry
from tests.sso.scene import Scene
from tests.sso.visiting import Account

ADMINISTRATOR = ("--administrator-email", "first@{}.example", "--administrator-name", "首位管理员")


def named(alias: str) -> tuple[str, ...]:
    return tuple(word.format(alias) for word in ADMINISTRATOR)


async def standing(scene: Scene, alias: str) -> dict[str, Any]:
    """What is there of a unit at Keycloak, without ids."""
    (brief,) = [one for one in await scene.call("GET", f"/organizations?search={alias}") if one["alias"] == alias]
    whole = await scene.call("GET", f"/organizations/{brief['id']}")
    portal = (await scene.call("GET", "/clients?clientId=portal"))[0]["id"]
    groups = {}
    for group in await scene.call("GET", f"/organizations/{brief['id']}/groups?max=200"):
        at = f"/organizations/{brief['id']}/groups/{group['id']}"
        given = await scene.call("GET", f"{at}/role-mappings/clients/{portal}")
        people = [one["username"] for one in await scene.call("GET", f"{at}/members")]
        groups[group["name"]] = ([role["name"] for role in given], people)
    members = await scene.call("GET", f"/organizations/{brief['id']}/members")
    credentials = [
        {kept["type"] for kept in await scene.call("GET", f"/users/{one['id']}/credentials")} & {"password"}
        for one in members
    ]
    return {
        "tenant": whole["attributes"]["tenant"],
        "domains": [one["name"] for one in whole.get("domains", ())],
        "groups": groups,
        "members": [one["username"] for one in members],
        "credentials": credentials,
    }


@pytest.mark.requirement("R189")
async def test_a_unit_is_opened_with_its_first_administrator_who_signs_in(scene: Scene) -> None:
    result = await scene.open("opened", "institution", "--domain", "opened.example", *named("opened"))
    for step in ("文件存储", "角色", "组织 opened", "组织的角色组", "首位管理员 first@opened.example（安全管理员）"):
        assert f"✓ {step}" in result.output
    found = await standing(scene, "opened")
    assert found["tenant"] == [str(scene.tenants["opened"])]
    assert found["domains"] == ["opened.example"]
    assert found["groups"]["security_admin"] == (["security_admin"], ["first@opened.example"])
    assert found["groups"]["clerk"] == (["clerk"], [])
    assert "integration" not in found["groups"]
    password = result.output.partition("首次登录须更换）：")[2].strip()
    tourist = scene.tourist()
    first = await tourist.sign_in(Account("first@opened.example", password, ""), until="/login-actions/required-action")
    changed = await tourist.go_on(await tourist.follow(first), Account("first@opened.example"))
    assert (changed.status_code, changed.url.path) == (200, "/institution/sessions")
    again = await scene.open("opened", "institution", "--domain", "opened.example", *named("opened"))
    assert "初始口令" not in again.output
    assert "没有变化" in again.output
    assert await standing(scene, "opened") == found
    async with scene.world.maintenance.connect() as connection:
        rows = await connection.execute(
            select(audit_entry.c.details).where(
                audit_entry.c.object_id == scene.tenants["opened"], audit_entry.c.details["identity"].is_not(None)
            )
        )
        assert len(rows.all()) == 1


@pytest.mark.requirement("R189")
async def test_a_failure_at_any_step_is_mended_by_the_same_command(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer of each call that changes something is lost once, though it was carried out; the first is not even heard.

    That one is not heard leaves what the loss of the answer before it leaves.
    """
    honest = {name: getattr(KeycloakOpenIDConnection, f"a_raw_{name}") for name in ("post", "put")}
    count, fail_at, lost = 0, 0, False

    def failing(name: str) -> Any:
        async def call(self: Any, path: str, *arguments: Any, **more: Any) -> Any:
            nonlocal count
            if "/protocol/" in path:  # its own sign-in changes nothing
                return await honest[name](self, path, *arguments, **more)
            count += 1
            if count == fail_at and not lost:
                return httpx.Response(503, text="planted")
            answer = await honest[name](self, path, *arguments, **more)
            return httpx.Response(503, text="planted") if count == fail_at else answer

        return call

    for name in honest:
        monkeypatch.setattr(KeycloakOpenIDConnection, f"a_raw_{name}", failing(name))
    await scene.open("whole", "recipient", "--authority", "human_resources", *named("whole"))
    steps, wanted = count, await standing(scene, "whole")
    assert steps >= 7
    for step, answer_lost in [(1, False), *((step, True) for step in range(1, steps + 1))]:
        alias, count, fail_at, lost = f"fail-{step}-{int(answer_lost)}", 0, step, answer_lost
        words = ("recipient", "--authority", "human_resources", *named(alias))
        failed = await scene.open(alias, *words, ok=False)
        assert failed.exit_code == 1, (step, failed.output)
        assert "重新执行同一条命令" in failed.output
        assert "Traceback" not in failed.output
        fail_at = 0
        mended = await scene.open(alias, *words)
        tenant = UUID(mended.output.partition("编号 ")[2][:36])
        found = await standing(scene, alias)
        person = f"first@{alias}.example"
        assert found == {
            **wanted,
            "tenant": [str(tenant)],
            "members": [person],
            "groups": {name: (roles, [person] * len(people)) for name, (roles, people) in wanted["groups"].items()},
        }


async def test_another_unit_s_organization_is_not_taken_over(scene: Scene) -> None:
    body = {"name": "taken", "alias": "taken", "enabled": True, "domains": [],
            "attributes": {"tenant": ["0198f000-0000-7000-8000-000000000009"]}}  # fmt: skip
    await scene.call("POST", "/organizations", body)
    result = await scene.open("taken", "recipient", "--authority", "human_resources", ok=False)
    assert result.exit_code == 1
    assert "已属于另一单位" in result.output
    wrong = await scene.open("uni", "institution", "--administrator-role", "operator",
                             "--administrator-email", "a@uni.example", ok=False)  # fmt: skip
    assert "没有角色“operator”" in wrong.output


async def test_keycloak_away_or_without_a_service_account_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(scene.environment, "CHENGGUO_KEYCLOAK_SECRET", "wrong")
    refused = await scene.open("uni", "institution", ok=False)
    assert (refused.exit_code, "统一身份认证没有办成（401）" in refused.output) == (1, True)
    monkeypatch.setitem(scene.environment, "CHENGGUO_OIDC_ISSUER", "http://127.0.0.1:9/realms/chengguo")
    away = await scene.open("uni", "institution", ok=False)
    assert away.exit_code == 1
    assert "Traceback" not in away.output
    monkeypatch.setitem(scene.environment, "CHENGGUO_KEYCLOAK_SECRET", "")
    by_hand = await scene.open("uni", "institution", ok=False)
    assert "请在统一身份认证中建立组织 uni" in by_hand.output
