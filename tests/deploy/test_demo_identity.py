"""The demo identity provider keeps the protocol's promises, and stays where it may be."""

from __future__ import annotations

import json
import re
import stat
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from pydantic import SecretStr

from deploy.demo.identity.configuration import (
    Client,
    Configuration,
    Lifetimes,
    configuration_from,
    portal_client,
    require_loopback,
)
from deploy.demo.identity.keys import KeyFolder
from deploy.demo.organisations import BY_KEY, INSTITUTIONS
from deploy.demo.people import BY_USERNAME, MACHINES, PEOPLE
from deploy.embedded.errors import PartFailureError
from shared.settings import Settings, SettingsError
from tenants.permissions import ADMINISTRATORS
from tests.deploy.identity import ISSUER, PORTAL, REDIRECT, VERIFIER, Browser, open_browser, query_of

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    machines = {machine.client_id: Client(machine.client_id, "machine", machine=machine) for machine in MACHINES}
    other = Client("other", "other-secret", (REDIRECT,))
    clients = {"portal": portal_client("portal", "secret", PORTAL), "other": other, **machines}
    return Configuration(ISSUER, "portal", tmp_path / "identity", clients)


@pytest.fixture
async def browser(configuration: Configuration) -> AsyncIterator[Browser]:
    async for made in open_browser(configuration):
        yield made


async def test_the_code_flow_gives_the_claims_the_product_stands_on(browser: Browser) -> None:
    answer = await browser.pick(await browser.page(), "dianchi-clerk")
    back = query_of(answer)
    assert answer.headers["location"].startswith(REDIRECT)
    assert (back["state"], back["iss"]) == ("s1", ISSUER)
    tokens = (await browser.redeem(back["code"])).json()
    claims = await browser.claims(tokens["id_token"])
    tenant = str(BY_KEY["dianchi"].tenant_id)
    assert claims["organization"] == {"dianchi": {"tenant": [tenant], "id": tenant, "domain": "dianchi.example"}}
    expected = {
        "iss": ISSUER,
        "aud": "portal",
        "azp": "portal",
        "typ": "ID",
        "acr": "password",
        "nonce": "n1",
        "email_verified": True,
        "preferred_username": "dianchi-clerk",
        "name": BY_USERNAME["dianchi-clerk"].name,
        "portal_roles": ["clerk"],
        "sub": str(BY_USERNAME["dianchi-clerk"].subject),
    }
    assert {key: claims[key] for key in expected} == expected
    assert re.fullmatch(r"[\w-]{24}", claims["sid"])
    access = await browser.claims(tokens["access_token"])
    assert (access["typ"], access["aud"], access["sid"]) == ("Bearer", "portal", claims["sid"])
    assert "nonce" not in access


async def test_without_the_organization_scope_there_is_no_organization(browser: Browser) -> None:
    tokens = (await browser.redeem(await browser.code(scope="openid profile"))).json()
    assert "organization" not in await browser.claims(tokens["id_token"])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
    ],
)
async def test_a_bad_request_goes_back_with_its_error_and_no_code(
    browser: Browser, changes: dict[str, str], error: str
) -> None:
    back = query_of(await browser.page(**changes))
    assert back["error"] == error
    assert back["state"] == "s1"
    assert "code" not in back


@pytest.mark.parametrize(
    "changes", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/"}, {"redirect_uri": ""}]
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(browser: Browser, changes: dict[str, str]) -> None:
    answer = await browser.page(**changes)
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"code_verifier": ""},
        {"code_verifier": "w" * 64},
        {"redirect_uri": f"{PORTAL}/elsewhere"},
        {"client_id": "other", "client_secret": "other-secret"},
    ],
)
async def test_a_code_is_worthless_without_what_belongs_to_it(browser: Browser, changes: dict[str, str]) -> None:
    code = await browser.code()
    refused = await browser.redeem(code, **changes)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (await browser.redeem(code)).status_code == 400  # and it was spent by the attempt


async def test_a_replayed_code_ends_the_session_it_opened(browser: Browser) -> None:
    code = await browser.code()
    tokens = (await browser.redeem(code)).json()
    assert (await browser.redeem(code)).json()["error"] == "invalid_grant"
    refreshed = await browser.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refreshed.status_code == 400


async def test_a_code_expires(configuration: Configuration) -> None:
    async for browser in open_browser(replace(configuration, lifetimes=Lifetimes(code=-1))):
        assert (await browser.redeem(await browser.code())).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("secret", ["", "wrong"])
async def test_a_client_must_prove_itself(browser: Browser, secret: str) -> None:
    answer = await browser.redeem(await browser.code(), client_secret=secret)
    assert answer.status_code == 401


async def test_a_client_may_prove_itself_in_the_header(browser: Browser) -> None:
    form = {"grant_type": "authorization_code", "code": await browser.code(), "redirect_uri": REDIRECT}
    answer = await browser.http.post(
        f"{ISSUER}/protocol/openid-connect/token",
        data=form | {"code_verifier": VERIFIER},
        headers={"authorization": "Basic " + b64encode(b"portal:secret").decode()},
    )
    assert answer.status_code == 200


async def test_refresh_rotates_and_a_used_token_kills_the_session(browser: Browser) -> None:
    first = (await browser.signed_in())["refresh_token"]
    second = (await browser.token(grant_type="refresh_token", refresh_token=first)).json()
    assert second["refresh_token"] != first
    assert "nonce" not in await browser.claims(second["id_token"])
    reused = await browser.token(grant_type="refresh_token", refresh_token=first)
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    newest = await browser.token(grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert newest.status_code == 400


async def test_a_refresh_token_belongs_to_its_client(browser: Browser) -> None:
    token = (await browser.signed_in())["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    stolen = await browser.token(**form, client_id="other", client_secret="other-secret")
    assert stolen.status_code == 400
    assert (await browser.token(**form)).status_code == 200


async def test_a_machine_gets_a_token_of_its_own_institution(browser: Browser) -> None:
    form = {"grant_type": "client_credentials", "client_id": "api-dianchi", "client_secret": "machine"}
    tokens = (await browser.token(**form)).json()
    claims = await browser.claims(tokens["access_token"])
    assert list(claims["organization"]) == ["dianchi"]
    assert claims["organization"]["dianchi"]["tenant"] == [str(BY_KEY["dianchi"].tenant_id)]
    assert (claims["portal_roles"], claims["azp"], claims["aud"]) == (["integration"], "api-dianchi", "portal")
    assert "refresh_token" not in tokens
    portal = await browser.token(grant_type="client_credentials")
    assert portal.status_code == 401


async def test_userinfo_and_introspection_follow_the_session(browser: Browser) -> None:
    tokens = await browser.signed_in()
    bearer = {"authorization": f"Bearer {tokens['access_token']}"}
    userinfo = f"{ISSUER}/protocol/openid-connect/userinfo"
    introspect = f"{ISSUER}/protocol/openid-connect/token/introspect"
    question = {"client_id": "portal", "client_secret": "secret", "token": tokens["access_token"]}
    assert (await browser.http.get(userinfo, headers=bearer)).json()["portal_roles"] == ["clerk"]
    assert (await browser.http.post(introspect, data=question)).json()["active"] is True
    foreign = question | {"client_id": "other", "client_secret": "other-secret"}
    assert (await browser.http.post(introspect, data=foreign)).json() == {"active": False}
    await browser.http.get(f"{ISSUER}/protocol/openid-connect/logout", params={"id_token_hint": tokens["id_token"]})
    assert (await browser.http.get(userinfo, headers=bearer)).status_code == 401
    assert (await browser.http.post(introspect, data=question)).json() == {"active": False}


async def test_sign_out_by_the_client_ends_the_session_and_tells_the_client(browser: Browser) -> None:
    tokens = await browser.signed_in()
    identity = await browser.claims(tokens["id_token"])
    answer = await browser.http.get(
        f"{ISSUER}/protocol/openid-connect/logout",
        params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": f"{PORTAL}/signed-out", "state": "x"},
    )
    assert answer.headers["location"] == f"{PORTAL}/signed-out?state=x"
    ((address, logout_token),) = browser.told
    assert address == f"{PORTAL}/sign-in/backchannel-logout"
    claims = await browser.claims(logout_token)
    assert (claims["sid"], claims["sub"], claims["aud"]) == (identity["sid"], identity["sub"], "portal")
    assert claims["events"] == {LOGOUT_EVENT: {}}
    assert "nonce" not in claims
    assert (await browser.page()).status_code == 200  # the page again, no silent sign-in


async def test_sign_out_goes_nowhere_else_and_asks_when_nobody_vouches(browser: Browser) -> None:
    tokens = await browser.signed_in()
    logout = f"{ISSUER}/protocol/openid-connect/logout"
    evil = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://evil.example/"}
    assert (await browser.http.get(logout, params=evil)).status_code == 400
    assert "确定要退出" in (await browser.http.get(logout)).text
    assert browser.told == []
    assert "已退出" in (await browser.http.post(logout, data={"confirm": "yes"})).text
    assert len(browser.told) == 1


async def test_a_back_end_may_sign_out_by_refresh_token(browser: Browser) -> None:
    tokens = await browser.signed_in()
    form = {"client_id": "portal", "client_secret": "secret", "refresh_token": tokens["refresh_token"]}
    answer = await browser.http.post(f"{ISSUER}/protocol/openid-connect/logout", data=form)
    assert answer.status_code == 204
    assert len(browser.told) == 1


async def test_a_second_sign_in_of_the_same_browser_is_silent_unless_asked_for(browser: Browser) -> None:
    await browser.signed_in()
    silent = query_of(await browser.page(state="s2"))
    assert silent["state"] == "s2"
    assert (await browser.redeem(silent["code"])).status_code == 200
    assert (await browser.page(prompt="login")).status_code == 200


async def test_a_sign_in_page_counts_once(browser: Browser) -> None:
    page = await browser.page()
    assert (await browser.pick(page, "dianchi-clerk")).status_code == 303
    again = await browser.pick(page, "science-head")
    assert again.status_code == 400
    assert "location" not in again.headers


async def test_keys_are_private_rotate_and_old_tokens_stay_valid(
    browser: Browser, configuration: Configuration
) -> None:
    before = await browser.signed_in()
    folder = configuration.key_folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "keys.json").stat().st_mode) == 0o600
    key_id = KeyFolder(folder).rotate()
    keys = (await browser.http.get(f"{ISSUER}/protocol/openid-connect/certs")).json()["keys"]
    assert keys[0]["kid"] == key_id
    assert not {"d", "p", "q"} & set(keys[0])
    assert (await browser.claims(before["id_token"]))["azp"] == "portal"
    after = await browser.redeem(query_of(await browser.page())["code"])
    assert jwt.decode(after.json()["id_token"], KeySet.import_key_set({"keys": keys})).header["kid"] == key_id


async def test_every_answer_carries_a_policy_and_a_foreign_name_is_refused(browser: Browser) -> None:
    for path in ("/protocol/openid-connect/certs", "/nowhere", "/assets/sign-in.css"):
        answer = await browser.http.get(ISSUER + path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = await browser.page()
    assert f"form-action 'self' {PORTAL}" in page.headers["content-security-policy"]
    rebound = await browser.http.get(f"{ISSUER}/protocol/openid-connect/certs", headers={"host": "evil.example"})
    assert rebound.status_code == 421


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "localhost", "", "example.org"])
def test_it_never_stands_on_an_address_others_can_reach(host: str) -> None:
    with pytest.raises(PartFailureError):
        require_loopback(host)


def test_it_refuses_to_start_outside_demo_mode(tmp_path: Path) -> None:
    settings = Settings(
        mode="production",
        public_url="https://portal.example",
        database_web_url=SecretStr("postgresql://web@db.example/chengguo"),
        object_store_url="https://objects.example",
        oidc_issuer=ISSUER,
        key_directory=tmp_path,
    )
    with pytest.raises(SettingsError, match="演示"):
        configuration_from(settings)


def test_the_demo_has_all_kinds_and_one_institution_outside_the_empowerment_pilot() -> None:
    assert {found.unit_kind for found in INSTITUTIONS} == {"university", "institute", "hospital", "enterprise"}
    assert len(INSTITUTIONS) >= 12
    outside = [
        one for one in INSTITUTIONS if one.pilots and all(pilot.guideline != "empowerment" for pilot in one.pilots)
    ]
    assert any(one.unit_kind == "university" for one in outside)
    for institution in INSTITUTIONS:
        roles = {role for person in PEOPLE if person.organisation == institution.key for role in person.roles}
        assert roles >= {"clerk", "department_head", "leadership", "discipline", "completer"}
    assert all(len(person.roles) == 1 for person in PEOPLE if set(person.roles) & set(ADMINISTRATORS))
    assert len({person.name for person in PEOPLE}) == len(PEOPLE) == len(BY_USERNAME)


async def test_people_of_an_institution_opened_by_command_sign_in_too(configuration: Configuration) -> None:
    tenant = "0198c0de-0000-7000-8000-000000000001"
    guest = {
        "username": "danxia-clerk",
        "name": "段丹霞",
        "roles": ["clerk"],
        "province": "丹霞省",
        "organisation": {"alias": "danxia", "name": "丹霞示范大学", "tenant": tenant},
    }
    async for browser in open_browser(configuration):
        nobody = await browser.pick(await browser.page(), "danxia-clerk")
        assert "没有这位演示人员" in nobody.text
        # The file is read for each page: who opens a province need not start the demo anew.
        (configuration.key_folder / "people.json").write_text(json.dumps([guest]), "utf-8")
        shown = await browser.page()
        assert "丹霞省" in shown.text
        back = query_of(await browser.pick(shown, "danxia-clerk"))
        claims = await browser.claims((await browser.redeem(back["code"])).json()["id_token"])
        assert claims["organization"] == {"danxia": {"tenant": [tenant], "id": tenant, "domain": "danxia.example"}}
        assert (claims["name"], claims["portal_roles"]) == ("段丹霞", ["clerk"])
