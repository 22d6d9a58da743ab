"""Sessions: their cookies, what ends them, and when the clock does."""

import asyncio
import time
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.tenants.signing_in import ISSUER, Scene, is_signed_in
from tests.web import BASE

EVENT = "http://schemas.openid.net/event/backchannel-logout"


async def test_over_https_the_cookies_belong_to_this_host_alone(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """``__Host-``: the browser refuses them without Secure, with a Domain, or on another path."""
    secure = scene.site.app.state.settings.model_copy(update={"public_url": "https://portal.example"})
    monkeypatch.setattr(scene.site.app.state, "settings", secure)
    visitor = scene.visitor()
    visitor.client.base_url = httpx.URL(BASE.replace("http:", "https:"))
    start = await visitor.get("/sign-in")
    answer = await scene.sign_in(visitor)
    cookies = [*start.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-chengguo", "__Host-chengguo-sign-in"}
    for cookie in cookies:
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
        assert not any(part.startswith("domain") for part in parts)
    assert await is_signed_in(visitor)
    # One that a plain connection could have planted is not read.
    planted = scene.visitor()
    planted.client.cookies.set("chengguo", visitor.client.cookies["__Host-chengguo"], domain="testserver.local")
    assert not await is_signed_in(planted)


async def test_on_plain_loopback_the_cookies_have_plain_names(scene: Scene) -> None:
    visitor = scene.visitor()
    start = await visitor.get("/sign-in")
    answer = await scene.sign_in(visitor)
    cookies = [*start.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
    assert {cookie.partition("=")[0] for cookie in cookies} == {"chengguo", "chengguo-sign-in"}
    assert all("secure" not in cookie.lower() and "httponly" in cookie.lower() for cookie in cookies)


def limits(scene: Scene, patch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Sessions that begin from now on end after so many seconds."""
    scales = {"session_idle_minutes": 60, "console_idle_minutes": 60, "session_hours": 3600}
    short = {name: value / scales[name] for name, value in seconds.items()}
    patch.setattr(scene.site.app.state, "settings", scene.site.app.state.settings.model_copy(update=short))


async def test_who_does_nothing_is_signed_out_by_the_clock_and_who_works_is_not(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits(scene, monkeypatch, session_idle_minutes=3)
    working, resting = scene.visitor(), scene.visitor()
    await scene.sign_in(working)
    await scene.sign_in(resting)
    key = await resting.form_key("/institution/disclosures/new")
    for _ in range(5):
        await asyncio.sleep(0.8)
        assert await is_signed_in(working)
    away = await resting.get("/institution/messages")
    assert (away.status_code, away.headers["location"]) == (303, "/sign-in?return_to=%2Finstitution%2Fmessages")
    sent = await resting.post("/institution/disclosures/new", {"classified": "no", "key_technology": "no"}, key=key)
    assert sent.status_code == 401
    assert "请先登录" in sent.text


async def test_the_consoles_own_idle_limit_holds_there(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    limits(scene, monkeypatch, console_idle_minutes=1)
    officer, clerk = scene.visitor(), scene.visitor()
    await scene.sign_in(officer, "science-officer")
    await scene.sign_in(clerk)
    await asyncio.sleep(1.3)
    assert (await officer.get("/console/")).status_code == 303
    assert await is_signed_in(clerk)


async def test_after_the_longest_time_even_who_works_signs_in_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits(scene, monkeypatch, session_hours=2)
    visitor = scene.visitor()
    answer = await scene.sign_in(visitor)
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("chengguo=")]
    assert "max-age=2;" in f"{cookie.lower()};"
    token = visitor.client.cookies["chengguo"]
    for _ in range(3):
        await asyncio.sleep(0.2)
        assert await is_signed_in(visitor)
    await asyncio.sleep(1.6)
    # A browser drops the cookie by itself; one that kept it is not believed either.
    kept = scene.visitor()
    kept.client.cookies.set("chengguo", token, domain="testserver.local")
    assert not await is_signed_in(kept)


async def test_a_planted_session_id_is_not_taken_over(scene: Scene) -> None:
    visitor = scene.visitor()
    visitor.client.cookies.set("chengguo", "planted", domain="testserver.local")
    answer = await scene.sign_in(visitor)
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("chengguo="))
    assert not cookie.startswith("chengguo=planted")
    planted = scene.visitor()
    planted.client.cookies.set("chengguo", "planted", domain="testserver.local")
    assert not await is_signed_in(planted)


async def session_of(scene: Scene) -> Any:
    async with scene.maintenance.connect() as connection:
        return (
            await connection.execute(text("select sid, subject from app.session order by created_at desc limit 1"))
        ).one()


def logout_claims(scene: Scene, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {
        "iss": ISSUER,
        "aud": "portal",
        "iat": now,
        "exp": now + 60,
        "jti": "1",
        "typ": "Logout",
        "events": {EVENT: {}},
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


async def tell(scene: Scene, claims: dict[str, Any]) -> int:
    token = scene.idp.keys.sign(claims, kind="logout+jwt")
    answer = await scene.visitor().client.post("/sign-in/backchannel-logout", data={"logout_token": token})
    return answer.status_code


async def test_the_provider_ends_one_session_or_all_of_a_person(scene: Scene) -> None:
    first, second, other = scene.visitor(), scene.visitor(), scene.visitor()
    await scene.sign_in(other, "dianchi-head")
    await scene.sign_in(first, "dianchi-leader")
    one = await session_of(scene)
    await scene.sign_in(second, "dianchi-leader")
    assert await tell(scene, logout_claims(scene, sid=one.sid, sub=one.subject)) == 200
    assert not await is_signed_in(first)
    assert await is_signed_in(second)
    assert await tell(scene, logout_claims(scene, sub=one.subject)) == 200
    assert not await is_signed_in(second)
    assert await is_signed_in(other)


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": "ID"},
        {"typ": "Bearer"},
        {"aud": "another"},
        {"iss": "http://127.0.0.1:9998/realms/other"},
        {"exp": 1},
        {"events": {}},
        {"events": None},
        {"nonce": "n"},
        {"sid": None, "sub": None},
    ],
)
async def test_a_logout_token_that_is_none_ends_nothing(scene: Scene, changes: dict[str, Any]) -> None:
    visitor = scene.visitor()
    await scene.sign_in(visitor)
    row = await session_of(scene)
    assert await tell(scene, logout_claims(scene, **{"sid": row.sid, "sub": row.subject, **changes})) == 400
    assert await is_signed_in(visitor)


async def test_signing_out_ends_the_session_and_offers_the_providers_sign_out(scene: Scene) -> None:
    visitor = scene.visitor()
    await scene.sign_in(visitor)
    token = visitor.client.cookies.get("chengguo")
    forged = await visitor.client.post("/sign-out", data={"form_key": "1.forged"})
    assert forged.status_code == 403
    assert await is_signed_in(visitor)
    answer = await visitor.post("/sign-out", page="/institution/messages")
    assert answer.status_code == 200
    assert f"{ISSUER}/protocol/openid-connect/logout" in answer.text
    assert "id_token_hint" in answer.text
    kept = scene.visitor()
    kept.client.cookies.set("chengguo", token or "", domain="testserver.local")
    assert not await is_signed_in(kept)
    assert (await scene.visitor().client.post("/sign-out", data={})).status_code == 303
    assert (await scene.visitor().get("/signed-out")).status_code == 200
