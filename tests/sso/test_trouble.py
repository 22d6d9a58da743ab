"""Keycloak away, a clock that is wrong, a logout token where an ID token belongs."""

from datetime import timedelta

import pytest

from shared.clock import real_now
from tenants import identity, rechecking
from tenants.identity import IdentityProvider, SignInRefused
from tests.sso.scene import Scene


async def test_while_keycloak_is_away_people_go_on_and_sign_in_says_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    tourist = scene.tourist()
    assert (await tourist.sign_in(await scene.person("goes-on", ("uni", "clerk")))).status_code == 200
    with monkeypatch.context() as away:
        nowhere = scene.configuration.model_copy(update={"oidc_issuer": "http://127.0.0.1:9/realms/chengguo"})
        away.setattr(scene.app.state, "provider", IdentityProvider(nowhere))
        await scene.silence()
        assert await tourist.is_signed_in()
        told = await scene.tourist().get("/sign-in")
        assert told.status_code == 503
        assert "统一身份认证暂时不可用" in told.text
        assert "已登录的用户不受影响" in told.text
    monkeypatch.setattr(rechecking, "_away_until", 0.0)
    await scene.call("PUT", f"/users/{await scene.user_id('goes-on')}", {"enabled": False})
    await scene.silence()
    assert not await tourist.is_signed_in()


async def test_a_clock_two_minutes_ahead_is_named(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "real_now", lambda: real_now() + timedelta(minutes=2))
    answer = await scene.tourist().sign_in(await scene.person("out-of-time", ("uni", "clerk")))
    assert answer.status_code == 400
    assert "时钟与统一身份认证相差 1" in answer.text
    assert "平台快" in answer.text


async def test_a_logout_token_is_no_id_token(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, seen = scene.app.state.provider, []
    honest = provider.verified_logout

    async def noted(token: str) -> tuple[str | None, str | None]:
        seen.append(token)
        told: tuple[str | None, str | None] = await honest(token)
        return told

    monkeypatch.setattr(provider, "verified_logout", noted)
    tourist = scene.tourist()
    await tourist.sign_in(await scene.person("told-to-go", ("uni", "clerk")))
    await scene.call("POST", f"/users/{await scene.user_id('told-to-go')}/logout")
    assert len(seen) == 1
    with pytest.raises(SignInRefused) as refused:
        await provider.verified_identity(seen[0], "")
    assert refused.value.code == "typ"
