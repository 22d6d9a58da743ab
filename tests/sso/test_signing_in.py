"""Signing in and out through Keycloak's own pages: institution, console, and people of two universities' own sign-ins."""

from datetime import timedelta

import pytest

from shared.clock import real_now
from tenants import identity, sso
from tests.sso.scene import Scene
from tests.sso.universities import PASSWORD as UNIVERSITY
from tests.sso.visiting import Account, forms_of, words_of

CONSOLE = "/console/sessions"
ROLELESS = "还没有任何角色"


@pytest.mark.requirement("R189")
async def test_a_clerk_signs_in_and_out_on_both_sides(scene: Scene) -> None:
    account, tourist = await scene.person("clerk-1", ("uni", "clerk")), scene.tourist()
    answer = await tourist.sign_in(account, "/institution/sessions")
    assert (answer.status_code, answer.url.path) == (200, "/institution/sessions")
    assert tourist.seen == ["username", "password"]
    assert "人员clerk-1" in answer.text
    out = next(one for one in forms_of(answer.text) if one.action == "/sign-out")
    told = await tourist.http.post(f"{scene.product}/sign-out", data=out.fields)
    assert not await tourist.is_signed_in()
    # Keycloak's own session is still there: whoever comes back is let in without a word …
    assert (await tourist.sign_in(account)).status_code == 200
    assert tourist.seen == ["username", "password"]
    # … until they sign out there too, by the link that the page offers.
    link = told.text.partition(f'href="{scene.keycloak.url}')[2].partition('"')[0].replace("&amp;", "&")
    assert link.startswith("/realms/chengguo/protocol/openid-connect/logout?")
    ended = await tourist.follow(await tourist.http.get(scene.keycloak.url + link))
    assert (ended.status_code, ended.url.path) == (200, "/signed-out")
    assert not await tourist.is_signed_in()
    await tourist.sign_in(account)
    assert tourist.seen == ["username", "password"] * 2


async def test_signing_out_at_keycloak_ends_ours_at_once(scene: Scene) -> None:
    account, tourist, other = await scene.person("clerk-2", ("uni", "clerk")), scene.tourist(), scene.tourist()
    await tourist.sign_in(account)
    await other.sign_in(await scene.person("clerk-3", ("uni", "clerk")))
    assert await tourist.is_signed_in()
    await scene.call("POST", f"/users/{await scene.user_id('clerk-2')}/logout")
    assert not await tourist.is_signed_in()
    assert await other.is_signed_in()


async def test_a_console_asks_for_a_second_factor_and_again_after_its_idle_limit(scene: Scene) -> None:
    account, tourist = await scene.person("officer-1", ("bureau", "department_officer")), scene.tourist()
    answer = await tourist.sign_in(account, CONSOLE)
    assert (answer.status_code, answer.url.path) == (200, CONSOLE)
    assert tourist.seen == ["username", "password", "set up otp"]
    another = scene.tourist()
    assert (await another.sign_in(account, CONSOLE)).url.path == CONSOLE
    assert another.seen == ["username", "password", "otp"]
    # Left open for longer than the console's limit, Keycloak's own session is no way back in.
    await scene.silence(601)
    assert (await another.get(CONSOLE)).is_redirect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sso, "real_now", lambda: real_now() + timedelta(seconds=601))
        patch.setattr(identity, "SKEW_SECONDS", 900)
        stopped = await another.follow(await another.get(CONSOLE), until="acr_values=")
    address = stopped.headers["location"]
    assert "max_age=600" in address
    assert not await another.is_signed_in(CONSOLE)


@pytest.mark.requirement("R189")
async def test_people_of_a_university_sign_in_there_by_oidc(scene: Scene) -> None:
    bob, tourist = Account("bob@uni-a.example", UNIVERSITY), scene.tourist()
    answer = await tourist.sign_in(bob)
    assert ROLELESS in answer.text
    assert tourist.seen == ["username", "password"]
    await scene.give(await scene.user_id("bob"), "uni-a", "clerk")
    answer = await tourist.sign_in(bob)
    assert answer.status_code == 200
    assert await tourist.is_signed_in()
    # Signing out at the university ends ours, through Keycloak.
    (at_home,) = await scene.keycloak.call("GET", "/sign-in-a/users?exact=true&username=bob")
    await scene.keycloak.call("POST", f"/sign-in-a/users/{at_home['id']}/logout")
    assert not await tourist.is_signed_in()


@pytest.mark.requirement("R189")
async def test_people_of_a_university_sign_in_there_by_saml(scene: Scene) -> None:
    carol, tourist = Account("carol@uni-b.example", UNIVERSITY), scene.tourist()
    assert ROLELESS in (await tourist.sign_in(carol)).text
    await scene.give(await scene.user_id("carol@uni-b.example"), "uni-b", "clerk")
    answer = await tourist.sign_in(carol)
    assert answer.status_code == 200
    assert "carol" in words_of(answer.text)
    assert "saml" in tourist.seen


async def test_brokered_people_owe_the_console_a_second_factor_too(scene: Scene) -> None:
    officer, tourist = Account("officer@bureau.example", UNIVERSITY), scene.tourist()
    assert "第二种认证方式" not in (await tourist.sign_in(officer, CONSOLE)).text
    await scene.give(await scene.user_id("officer"), "bureau", "department_officer")
    answer = await tourist.sign_in(officer, CONSOLE)
    assert (answer.status_code, answer.url.path) == (200, CONSOLE)
    assert "set up otp" in tourist.seen
    again = scene.tourist()
    assert (await again.sign_in(officer, CONSOLE)).url.path == CONSOLE
    assert again.seen[-1] == "otp"
