"""Signing in against the demo identity provider: the way there and back, and who stays out."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from deploy.demo.organisations import BY_KEY
from deploy.demo.provinces import YUNNAN
from shared.audit.tables import audit_entry
from tenants import provisioning
from tests.tenants.signing_in import Scene, is_signed_in, refusals_audited
from tests.web import Visitor


async def test_a_clerk_lands_where_they_wanted_to_go(scene: Scene) -> None:
    visitor = scene.visitor()
    wanted = await visitor.get("/institution/messages")
    assert wanted.headers["location"] == "/sign-in?return_to=%2Finstitution%2Fmessages"
    answer = await scene.sign_in(visitor, return_to="/institution/messages?before=x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/institution/messages?before=x")
    assert await is_signed_in(visitor)
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("chengguo=")]
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    async with scene.maintenance.connect() as connection:
        row = (await connection.execute(text("select * from app.session order by created_at desc limit 1"))).one()
        audit = (
            await connection.execute(select(audit_entry.c.actor_id).where(audit_entry.c.action == "session.signed_in"))
        ).all()
    assert row.tenant_id == BY_KEY["dianchi"].tenant_id
    assert b"id_token" not in bytes(row.tokens)
    assert b"eyJ" not in bytes(row.tokens)
    assert row.person_id in [one.actor_id for one in audit]


@pytest.mark.parametrize(
    ("person", "home"),
    [
        ("dianchi-clerk", "/institution/"),
        ("science-officer", "/console/"),
        ("finance-officer", "/console/"),
        ("operator", "/operator/"),
    ],
)
async def test_everybody_comes_home(scene: Scene, person: str, home: str) -> None:
    visitor = scene.visitor()
    answer = await scene.sign_in(visitor, person)
    assert answer.headers["location"] == home
    again = await visitor.get("/sign-in")
    assert (again.status_code, again.headers["location"]) == (303, home)


async def test_the_request_carries_pkce_state_and_nonce_anew_each_time(scene: Scene) -> None:
    queries = []
    for _ in range(2):
        answer = await scene.visitor().get("/sign-in")
        queries.append(parse_qs(urlsplit(answer.headers["location"]).query))
    for query in queries:
        assert query["code_challenge_method"] == ["S256"]
        assert query["response_type"] == ["code"]
    for name in ("state", "nonce", "code_challenge"):
        assert queries[0][name] != queries[1][name]


async def refused_in_words(visitor: Visitor, address: str, code: str) -> None:
    """A Chinese page that leads to signing in again, and a line in the log that says which check failed."""
    with capture_logs() as logs:
        answer = await visitor.get(address)
    assert answer.status_code == 400
    assert 'lang="zh-CN"' in answer.text
    assert "登录没有完成" in answer.text
    assert 'href="/sign-in"' in answer.text
    assert [one["code"] for one in logs if one["event"] == "sign_in.refused"] == [code]


async def test_a_foreign_or_missing_state_is_refused(scene: Scene) -> None:
    address = await scene.authorise(scene.visitor())
    thief, before = scene.visitor(), await refusals_audited(scene)
    await refused_in_words(thief, address, "state")
    assert not await is_signed_in(thief)
    visitor = scene.visitor()
    mine = await scene.authorise(visitor)
    forged = re.sub(r"state=[^&]+", "state=forged", mine)
    without = re.sub(r"state=[^&]+&?", "", mine)
    for wrong in (forged, without):
        await refused_in_words(visitor, wrong, "state")
    assert not await is_signed_in(visitor)
    # Whose sign-in it was is not known; the honest browser still comes in.
    assert await refusals_audited(scene) == before
    assert (await visitor.get(mine)).status_code == 303


async def test_an_answer_works_once(scene: Scene) -> None:
    visitor = scene.visitor()
    address = await scene.authorise(visitor)
    state = visitor.client.cookies.get("chengguo-sign-in")
    assert (await visitor.get(address)).status_code == 303
    again = scene.visitor()
    again.client.cookies.set("chengguo-sign-in", state or "")
    await refused_in_words(again, address, "state.unknown")
    assert not await is_signed_in(again)


async def test_a_used_code_is_refused_under_a_fresh_state(scene: Scene) -> None:
    first, second = scene.visitor(), scene.visitor()
    used = await scene.authorise(first)
    assert (await first.get(used)).status_code == 303
    fresh = await scene.authorise(second)
    code = parse_qs(urlsplit(used).query)["code"][0]
    await refused_in_words(second, re.sub(r"code=[^&]+", f"code={code}", fresh), "code")
    assert not await is_signed_in(second)


async def test_an_unreachable_provider_says_so_and_leaves_who_is_signed_in(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = scene.visitor()
    await scene.sign_in(inside)
    visitor = scene.visitor()
    address = await scene.authorise(visitor)

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    broken = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    monkeypatch.setattr(scene.site.app.state.provider.client.connection, "async_s", broken)
    assert (await visitor.get(address)).status_code == 503
    assert await is_signed_in(inside)


async def test_the_providers_own_refusal_is_a_page(scene: Scene) -> None:
    answer = await scene.visitor().get("/sign-in/callback", error="access_denied")
    assert answer.status_code == 400
    assert "重新登录" in answer.text


async def test_a_suspended_institutions_people_come_in_to_read(scene: Scene) -> None:
    operator, tenant = BY_KEY["operator"].tenant_id, BY_KEY["biji"].tenant_id
    async with provisioning.operating(scene.web, YUNNAN.id, operator) as tx:
        await provisioning.set_active(tx, tenant, False)
    visitor = scene.visitor()
    assert (await scene.sign_in(visitor, "biji-clerk")).status_code == 303
    answer = await visitor.get("/institution/settings/permissions")
    assert answer.status_code == 200
    assert "本单位已暂停使用" in answer.text
    async with provisioning.operating(scene.web, YUNNAN.id, operator) as tx:
        await provisioning.set_active(tx, tenant, True)


@pytest.mark.parametrize(
    "foreign",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "/\t/elsewhere.example",
        "javascript:alert(1)",
        "elsewhere",
    ],
)
async def test_the_way_back_never_leads_to_another_site(scene: Scene, foreign: str) -> None:
    visitor = scene.visitor()
    answer = await scene.sign_in(visitor, return_to=foreign)
    assert answer.headers["location"] == "/institution/"
    signed_in = await visitor.get("/sign-in", return_to=foreign)
    assert signed_in.headers["location"] == "/institution/"
