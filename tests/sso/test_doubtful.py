"""Tokens and answers that a real Keycloak made, only not for this sign-in: none of them is believed."""

import base64
import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from tenants.identity import IdentityProvider, SignInRefused
from tests.sso.scene import PORTAL_SECRET, REALM, Scene
from tests.sso.universities import PASSWORD as UNIVERSITY
from tests.sso.visiting import Account, Tourist


def altered(address: str, **values: str) -> str:
    return str(httpx.URL(address).copy_merge_params(values))


async def sent_back(scene: Scene, tourist: Tourist, username: str, **values: str) -> str:
    """The address with the code, where the request that led to it was altered on its way."""
    account = await scene.person(username, ("uni", "clerk"))
    start = await tourist.get("/sign-in")
    first = await tourist.follow(
        await tourist.http.get(altered(start.headers["location"], **values)), until="/callback"
    )
    answer = await tourist.go_on(first, account, until="/callback")
    assert answer.is_redirect, answer.text[:500]
    return str(answer.headers["location"])


async def refused(tourist: Tourist, address: str) -> list[str]:
    """Why; a page says so, and nobody is signed in."""
    with capture_logs() as logs:
        answer = await tourist.http.get(address)
    assert answer.status_code == 400
    assert "登录没有完成" in answer.text
    assert not await tourist.is_signed_in()
    return [one["code"] for one in logs if one["event"] == "sign_in.refused"]


async def test_another_nonce_or_state_signs_nobody_in(scene: Scene) -> None:
    tourist = scene.tourist()
    assert await refused(tourist, await sent_back(scene, tourist, "doubt-nonce", nonce="another")) == ["nonce"]
    tourist = scene.tourist()
    assert await refused(tourist, await sent_back(scene, tourist, "doubt-state", state="another")) == ["state"]


async def test_a_code_works_once_and_only_with_its_verifier(scene: Scene) -> None:
    tourist = scene.tourist()
    address = await sent_back(scene, tourist, "doubt-code")
    code = parse_qs(urlsplit(address).query)["code"][0]
    assert (await tourist.http.get(address)).status_code == 303
    second = scene.tourist()
    fresh = await sent_back(scene, second, "doubt-code-2")
    assert await refused(second, re.sub(r"code=[^&]+", f"code={code}", fresh)) == ["code"]
    assert await tourist.is_signed_in()


async def test_without_pkce_keycloak_gives_no_code(scene: Scene) -> None:
    start = (await scene.tourist().get("/sign-in")).headers["location"]
    bare = str(httpx.URL(start).copy_remove_param("code_challenge").copy_remove_param("code_challenge_method"))
    answer = await scene.tourist().http.get(bare)
    assert "error=invalid_request" in answer.headers["location"]


async def tokens_of(scene: Scene) -> dict[str, Any]:
    """Every kind of token of one sign-in, and one of another client and realm."""
    found: dict[str, Any] = {}
    provider = scene.app.state.provider
    tourist = scene.tourist()
    honest = provider.exchange

    async def keeping(code: str, verifier: str) -> dict[str, Any]:
        found.update(await honest(code, verifier))
        return found

    provider.exchange = keeping
    try:
        assert (await tourist.sign_in(await scene.person("doubt-tokens", ("uni", "clerk")))).status_code == 200
    finally:
        del provider.exchange
    return found


async def test_a_token_for_somebody_or_something_else_is_none(scene: Scene) -> None:
    provider = scene.app.state.provider
    tokens = await tokens_of(scene)
    claims = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))
    assert (await provider.verified_identity(tokens["id_token"], claims["nonce"]))["sub"] == claims["sub"]

    async def code_of(of: IdentityProvider, token: str) -> str:
        with pytest.raises(SignInRefused) as told:
            await of.verified_identity(token, claims["nonce"])
        return told.value.code

    other = scene.configuration.model_copy(update={"oidc_client_id": "another"})
    elsewhere = scene.configuration.model_copy(update={"oidc_issuer": f"{scene.keycloak.url}/realms/sign-in-a"})
    aliased = scene.configuration.model_copy(
        update={"oidc_issuer": f"{scene.keycloak.url.replace('127.0.0.1', 'localhost')}/realms/{REALM}"}
    )
    assert await code_of(IdentityProvider(other), tokens["id_token"]) == "token.claims"
    assert await code_of(IdentityProvider(elsewhere), tokens["id_token"]) == "token.signature"
    assert await code_of(IdentityProvider(aliased), tokens["id_token"]) == "token.claims"
    assert await code_of(provider, tokens["access_token"]) == "typ"
    assert await code_of(provider, tokens["refresh_token"]) == "token.signature"
    with pytest.raises(SignInRefused, match="重新登录"):
        await provider.verified_logout(tokens["id_token"])


async def test_a_service_account_s_token_opens_nothing(scene: Scene) -> None:
    """Signed by the very realm, yet for its own administration."""
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{scene.keycloak.url}/realms/{REALM}/protocol/openid-connect/token",
            data={
                "grant_type": "client_credentials",
                "client_id": "chengguo-provisioning",
                "client_secret": "command-secret",
            },
        )
        headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        refusal = await http.get(f"{scene.product}/api/achievements", headers=headers)
        wrong = await http.post(
            f"{scene.keycloak.url}/realms/{REALM}/protocol/openid-connect/token",
            data={"grant_type": "password", "client_id": "portal", "client_secret": PORTAL_SECRET, "username": "x",
                  "password": "x"},
        )  # fmt: skip
    assert refusal.status_code == 401
    assert wrong.json()["error"] == "unauthorized_client"


async def test_an_address_that_nobody_verified_is_refused_on_both_sides(scene: Scene) -> None:
    """Keycloak asks for its verification; were that turned off, the product still does not believe it."""
    account = await scene.person("doubt-address", ("uni", "clerk"), emailVerified=False)
    tourist = scene.tourist()
    stopped = await tourist.sign_in(account)
    assert str(stopped.url).startswith(scene.keycloak.url)
    await scene.call("PUT", "", {"verifyEmail": False})
    await scene.call("PUT", f"/users/{await scene.user_id('doubt-address')}", {"requiredActions": []})
    try:
        told = await scene.tourist().sign_in(account)
        assert told.status_code == 400
        assert "邮箱地址尚未验证" in told.text
    finally:
        await scene.call("PUT", "", {"verifyEmail": True})


@pytest.mark.requirement("R189")
async def test_a_foreign_address_at_the_university_takes_over_nobody(scene: Scene) -> None:
    """People are who the issuer says, by subject: an address of another's, typed anywhere, makes nobody that person."""
    await scene.person("doubt-victim", ("uni-a", "clerk"), email="victim@uni-a.example")
    (eve,) = await scene.keycloak.call("GET", "/sign-in-a/users?exact=true&username=eve")
    await scene.keycloak.call("PUT", f"/sign-in-a/users/{eve['id']}", {**eve, "email": "victim@uni-a.example"})
    tourist = scene.tourist()
    direct = altered((await tourist.get("/sign-in")).headers["location"], kc_idp_hint="sign-in-a")
    asked = await tourist.follow(await tourist.http.get(direct))
    with pytest.raises(AssertionError, match="confirm"):  # Keycloak asks for the victim's own password
        await tourist.go_on(asked, Account("eve", UNIVERSITY), until="/callback")
    assert not await tourist.is_signed_in()
    victim = await scene.user_id("doubt-victim")
    assert await scene.call("GET", f"/users/{victim}/federated-identity") == []
