"""Whoever works on is asked for again at the provider: one request at a time, and what it says counts."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.ids import token_hash
from tenants import rechecking
from tests.tenants.signing_in import Change, Scene, is_signed_in, organization, with_
from tests.web import Visitor


async def silence(scene: Scene, seconds: int = 50) -> None:
    """Nobody does anything for so long."""
    async with scene.maintenance.begin() as connection:
        await connection.execute(
            text("update app.session set seen_at = seen_at - make_interval(secs => :seconds)"), {"seconds": seconds}
        )


async def signed_in(scene: Scene, person: str = "dianchi-clerk") -> Visitor:
    visitor = scene.visitor()
    assert (await scene.sign_in(visitor, person)).status_code == 303
    return visitor


def counted(scene: Scene, patch: pytest.MonkeyPatch) -> list[str]:
    """Every renewal that is asked for from now on."""
    asked: list[str] = []
    honest = scene.site.app.state.provider.renewed

    async def noted(tokens: Mapping[str, Any]) -> dict[str, Any]:
        asked.append(str(tokens["refresh_token"]))
        await asyncio.sleep(0.05)  # long enough for all others to arrive
        return dict(await honest(tokens))

    patch.setattr(scene.site.app.state.provider, "renewed", noted)
    return asked


async def test_parallel_requests_of_a_session_renew_its_tokens_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh token that is used twice ends the session at the provider."""
    visitor, asked = await signed_in(scene), counted(scene, monkeypatch)
    for round_ in (1, 2):
        await silence(scene)
        assert all(await asyncio.gather(*(is_signed_in(visitor) for _ in range(6))))
        assert len(asked) == round_
    assert len(set(asked)) == 2
    assert await is_signed_in(visitor)
    assert len(asked) == 2


@pytest.mark.requirement("R189")
@pytest.mark.parametrize(
    "change",
    [
        with_(portal_roles=["completer"]),
        with_(portal_roles=["clerk", "finance"]),
        organization(b={"tenant": ["0198f000-0000-7000-8000-000000000001"]}),
        organization(),
        with_(sub="another"),
    ],
    ids=["role taken", "role added", "another unit", "out of the unit", "another person"],
)
async def test_who_is_not_what_they_were_signs_in_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    visitor = await signed_in(scene)
    scene.answers(change, monkeypatch)
    assert await is_signed_in(visitor)  # not yet asked
    await silence(scene)
    answer = await visitor.get("/institution/messages")
    assert answer.headers["location"] == "/sign-in?return_to=%2Finstitution%2Fmessages"
    async with scene.maintenance.connect() as connection:
        hashed = token_hash(visitor.client.cookies["chengguo"])
        kept = await connection.execute(text("select 1 from app.session where token_hash = :hash"), {"hash": hashed})
        assert not kept.all()


async def test_a_provider_that_is_away_keeps_nobody_from_working(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = await signed_in(scene)
    honest = scene.site.app.state.provider.client.connection.async_s

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    broken = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    monkeypatch.setattr(scene.site.app.state.provider.client.connection, "async_s", broken)
    monkeypatch.setattr(scene.site.app.state.provider, "_answered_at", -100.0)
    await silence(scene)
    assert await is_signed_in(visitor)
    told = await scene.visitor().get("/sign-in")
    assert told.status_code == 503
    assert "统一身份认证暂时不可用" in told.text
    monkeypatch.setattr(scene.site.app.state.provider.client.connection, "async_s", honest)
    monkeypatch.setattr(rechecking, "_away_until", 0.0)
    await silence(scene)
    assert await is_signed_in(visitor)
    assert (await scene.visitor().get("/sign-in")).status_code == 303


async def test_an_account_without_any_role_is_told_and_registered(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.answers(with_(portal_roles=["science_officer"], sub="nobody-yet"), monkeypatch)
    visitor = scene.visitor()
    answer = await scene.sign_in(visitor)
    assert answer.status_code == 400
    assert "还没有任何角色" in answer.text
    assert "roles.none" in answer.text
    assert not await is_signed_in(visitor)
    async with scene.maintenance.connect() as connection:
        known = await connection.execute(text("select person_id from app.account where subject = 'nobody-yet'"))
        assert len(known.all()) == 1


async def test_an_address_that_nobody_verified_is_not_believed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.answers(with_(email_verified=False), monkeypatch)
    answer = await scene.sign_in(scene.visitor())
    assert (answer.status_code, "邮箱地址尚未验证" in answer.text) == (400, True)


@pytest.mark.parametrize(("shift", "words"), [(120, "平台慢"), (-120, "平台快")])
async def test_a_clock_that_is_wrong_is_named(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, shift: int, words: str
) -> None:
    def shifted(claims: dict[str, Any]) -> dict[str, Any]:
        return {**claims, "iat": claims["iat"] + shift, "exp": claims["iat"] + shift + 60}

    scene.answers(shifted, monkeypatch)
    answer = await scene.sign_in(scene.visitor())
    assert answer.status_code == 400
    assert words in answer.text
    assert "请联系平台运维校准时间" in answer.text


async def test_a_console_wants_a_second_factor_and_a_fresh_password(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent back once, with both asked for; a provider that still gives neither is not believed."""
    with monkeypatch.context() as weak:
        scene.answers(with_(acr="password"), weak)
        visitor = scene.visitor()
        again = await scene.sign_in(visitor, "science-officer", "/console/")
        asked = httpx.URL(again.headers["location"]).params
        assert again.status_code == 303
        assert (asked["acr_values"], asked["max_age"]) == ("second-factor", "600")
        assert asked["scope"].endswith(" organization:science")
        shown = await scene.http.get(again.headers["location"])
        found = shown.text.partition('name="session_code" value="')[2].partition('"')[0]
        picked = await scene.http.post(
            f"{scene.idp.configuration.issuer}/login-actions/authenticate",
            data={"session_code": found, "username": "science-officer"},
        )
        scene.http.cookies.clear()
        refused = await visitor.get(str(picked.headers["location"]).removeprefix("http://testserver.local"))
        assert refused.status_code == 400
        assert "第二种认证方式" in refused.text
    with monkeypatch.context() as stale:
        scene.answers(lambda claims: {**claims, "auth_time": claims["iat"] - 601}, stale)
        assert "acr_values=second-factor" in (await scene.sign_in(visitor, "science-officer")).headers["location"]
        assert (await scene.sign_in(scene.visitor())).headers["location"] == "/institution/"
    assert (await scene.sign_in(visitor, "science-officer", "/console/")).headers["location"] == "/console/"


async def test_who_is_in_two_units_chooses_one(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.answers(organization(dianchi={"tenant": ["a"]}, biji={"tenant": ["b"]}), monkeypatch)
    visitor = scene.visitor()
    answer = await scene.sign_in(visitor)
    assert answer.status_code == 400
    assert 'href="/sign-in?organization=dianchi"' in answer.text
    chosen = await visitor.get("/sign-in", organization="biji")
    assert "organization%3Abiji" in chosen.headers["location"]
    forged = await visitor.get("/sign-in", organization="biji openid&x=")
    assert httpx.URL(forged.headers["location"]).params["scope"].endswith(" organization")
