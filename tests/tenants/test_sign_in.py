"""Signing in against the demo identity provider: what is believed, and everything that is not."""

import hmac
import json
import re
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from litestar import Litestar
from pydantic import SecretStr
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.demo.acting import Demo
from deploy.demo.identity.application import create_app as create_identity
from deploy.demo.identity.configuration import Client, Configuration, portal_client
from deploy.demo.identity.provider import Provider
from deploy.demo.organisations import BY_KEY
from deploy.demo.people import MACHINES
from deploy.demo.provinces import PROVINCES, YUNNAN
from deploy.demo.registry import open_province
from deploy.embedded.postgres import EmbeddedPostgres
from services.app import create_app
from shared.audit.tables import audit_entry
from shared.db.engine import make_engine
from shared.settings import Settings
from tenants import provisioning
from tests.conftest import Database
from tests.web import BASE, Site, Visitor, running_site

ISSUER = "http://127.0.0.1:9998/realms/chengguo"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(slots=True)
class Scene:
    """The product, the provider behind it, and a maintenance engine to look with."""

    site: Site
    idp: Provider
    http: httpx.AsyncClient
    maintenance: AsyncEngine
    web: AsyncEngine

    def visitor(self) -> Visitor:
        return self.site.anonymous()

    def answers(self, change: Change, patch: pytest.MonkeyPatch) -> None:
        """From now on the provider's ID tokens have other claims."""
        honest = self.idp.mint.answer

        def altered(*arguments: Any) -> dict[str, Any]:
            tokens = honest(*arguments)
            claims = self.idp.keys.read(tokens["id_token"])
            assert claims is not None
            return {**tokens, "id_token": self.idp.keys.sign(change(claims))}

        patch.setattr(self.idp.mint, "answer", altered)

    async def authorise(self, visitor: Visitor, person: str = "dianchi-clerk", return_to: str = "") -> str:
        """The way to the provider and the person's choice there; returns the address back."""
        start = await visitor.get("/sign-in", **({"return_to": return_to} if return_to else {}))
        assert start.status_code == 303
        shown = await self.http.get(start.headers["location"])
        found = re.search(r'name="session_code" value="([^"]+)"', shown.text)
        assert found, shown.text
        picked = await self.http.post(
            f"{ISSUER}/login-actions/authenticate", data={"session_code": found[1], "username": person}
        )
        self.http.cookies.clear()
        address = str(picked.headers["location"])
        assert address.startswith(f"{BASE}/sign-in/callback?")
        return address.removeprefix(BASE)

    async def sign_in(self, visitor: Visitor, person: str = "dianchi-clerk", return_to: str = "") -> httpx.Response:
        return await visitor.get(await self.authorise(visitor, person, return_to))


@pytest.fixture(scope="module")
async def scene(
    server: EmbeddedPostgres,
    template: str,
    configuration: Settings,
    site: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Scene]:
    server.create_database("sign_in", template=template)
    database = Database(server, "sign_in")
    machines = {one.client_id: Client(one.client_id, "machine", machine=one) for one in MACHINES}
    clients = {"portal": portal_client("portal", "secret", BASE), **machines}
    folder: Path = tmp_path_factory.mktemp("identity")

    async def notify(_address: str, _token: str) -> None:
        """The back channel is walked by hand here."""

    identity: Any = create_identity(Configuration(ISSUER, "portal", folder, clients), notify)
    transport = httpx.ASGITransport(app=identity)
    settings = configuration.model_copy(
        update={
            "database_web_url": SecretStr(database.url("web")),
            "oidc_issuer": ISSUER,
            "oidc_client_secret": SecretStr("secret"),
        }
    )
    web, maintenance = (
        make_engine(database.url("web"), pool_size=2),
        make_engine(database.url("maintenance"), pool_size=2),
    )
    for province in PROVINCES:
        await open_province(Demo(web, ISSUER), province)
    app: Litestar = create_app(settings)
    async with running_site(app) as running, httpx.AsyncClient(transport=transport, base_url=ISSUER) as http:
        app.state.provider.client.connection.async_s = httpx.AsyncClient(transport=transport)
        yield Scene(running, identity._app.state.provider, http, maintenance, web)
        site.visits.extend(running.visits)
    await web.dispose()
    await maintenance.dispose()


async def is_signed_in(visitor: Visitor) -> bool:
    return (await visitor.get("/institution/messages")).status_code == 200


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


async def test_a_foreign_or_missing_state_is_refused(scene: Scene) -> None:
    address = await scene.authorise(scene.visitor())
    thief = scene.visitor()
    assert (await thief.get(address)).status_code == 400
    assert not await is_signed_in(thief)
    visitor = scene.visitor()
    mine = await scene.authorise(visitor)
    forged = re.sub(r"state=[^&]+", "state=forged", mine)
    without = re.sub(r"state=[^&]+&?", "", mine)
    for wrong in (forged, without):
        assert (await visitor.get(wrong)).status_code == 400
    assert not await is_signed_in(visitor)


async def test_an_answer_works_once(scene: Scene) -> None:
    visitor = scene.visitor()
    address = await scene.authorise(visitor)
    state = visitor.client.cookies.get("chengguo-sign-in")
    assert (await visitor.get(address)).status_code == 303
    again = scene.visitor()
    again.client.cookies.set("chengguo-sign-in", state or "")
    assert (await again.get(address)).status_code == 400
    assert not await is_signed_in(again)


async def test_a_used_code_is_refused_under_a_fresh_state(scene: Scene) -> None:
    first, second = scene.visitor(), scene.visitor()
    used = await scene.authorise(first)
    assert (await first.get(used)).status_code == 303
    fresh = await scene.authorise(second)
    code = parse_qs(urlsplit(used).query)["code"][0]
    assert (await second.get(re.sub(r"code=[^&]+", f"code={code}", fresh))).status_code == 400
    assert not await is_signed_in(second)


def without(name: str) -> Change:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def with_(**values: Any) -> Change:
    return lambda claims: {**claims, **values}


def organization(**entries: Any) -> Change:
    return with_(organization=entries)


@pytest.mark.parametrize(
    "change",
    [
        with_(nonce="another"),
        without("nonce"),
        with_(aud="another-client"),
        with_(aud=["another-client"]),
        with_(azp="another-client"),
        with_(iss="http://127.0.0.1:9998/realms/other"),
        without("iss"),
        without("aud"),
        without("exp"),
        with_(exp=int(time.time()) - 60),
        with_(typ="Bearer"),
        with_(typ="Logout"),
        without("typ"),
        without("organization"),
        organization(),
        organization(a={"id": "1", "tenant": ["x"]}),
        organization(a={"id": "1"}),
        organization(a={"tenant": [str(uuid4())]}),
        organization(a={"tenant": [str(BY_KEY["dianchi"].tenant_id)]}, b={"tenant": [str(BY_KEY["biji"].tenant_id)]}),
    ],
    ids=lambda _: "",
)
async def test_a_token_that_is_not_for_us_signs_nobody_in(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, change: Change
) -> None:
    scene.answers(change, monkeypatch)
    visitor = scene.visitor()
    answer = await scene.sign_in(visitor)
    assert answer.status_code == 400
    assert 'lang="zh-CN"' in answer.text
    assert not await is_signed_in(visitor)


async def test_a_token_signed_by_somebody_else_is_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    known = scene.idp.keys.public()["keys"][0]["kid"]
    forger = RSAKey.generate_key(2048, parameters={"kid": known}, private=True)

    def forged(claims: dict[str, Any], kind: str = "JWT") -> str:
        return jwt.encode({"alg": "RS256", "typ": kind, "kid": known}, claims, forger, algorithms=["RS256"])

    monkeypatch.setattr(scene.idp.keys, "sign", forged)
    visitor = scene.visitor()
    assert (await scene.sign_in(visitor)).status_code == 400
    assert not await is_signed_in(visitor)


async def test_a_new_key_is_fetched_and_a_withdrawn_one_no_longer_believed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = scene.site.app.state.provider
    assert (await scene.sign_in(scene.visitor())).status_code == 303
    scene.idp.keys.rotate()
    provider._keys_at -= 60
    assert (await scene.sign_in(scene.visitor())).status_code == 303
    newest = scene.idp.keys.public()["keys"][0]
    with monkeypatch.context() as withdrawn:
        withdrawn.setattr(
            scene.idp.keys, "public", lambda: {"keys": [key for key in _all(scene) if key["kid"] != newest["kid"]]}
        )
        provider._keys_at -= 600
        assert (await scene.sign_in(scene.visitor())).status_code == 400
    provider._keys_at -= 600
    assert (await scene.sign_in(scene.visitor())).status_code == 303


def _all(scene: Scene) -> list[dict[str, Any]]:
    return [key.as_dict(private=False) for key in scene.idp.keys._current()]


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


async def test_a_suspended_institution_stays_out(scene: Scene) -> None:
    operator, tenant = BY_KEY["operator"].tenant_id, BY_KEY["biji"].tenant_id
    async with provisioning.operating(scene.web, YUNNAN.id, operator) as tx:
        await provisioning.set_active(tx, tenant, False)
    visitor = scene.visitor()
    answer = await scene.sign_in(visitor, "biji-clerk")
    assert answer.status_code == 400
    assert "已暂停" in answer.text
    async with provisioning.operating(scene.web, YUNNAN.id, operator) as tx:
        await provisioning.set_active(tx, tenant, True)
    assert (await scene.sign_in(visitor, "biji-clerk")).status_code == 303


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


async def machine_token(scene: Scene, client: str = "api-dianchi") -> str:
    answer = await scene.http.post(
        f"{ISSUER}/protocol/openid-connect/token",
        data={"grant_type": "client_credentials", "client_id": client, "client_secret": "machine"},
    )
    return str(answer.json()["access_token"])


async def api(scene: Scene, token: str) -> int:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    answer = await scene.visitor().client.get(f"/api/applications/{uuid4()}", headers=headers)
    assert answer.headers["content-type"].startswith("application/problem+json")
    return answer.status_code


async def test_a_machine_is_believed_by_its_own_token_only(scene: Scene) -> None:
    token = await machine_token(scene)
    assert await api(scene, token) == 404
    claims = scene.idp.keys.read(token)
    assert claims is not None
    for change in (
        with_(aud="another"), with_(typ="ID"), with_(typ="Logout"), with_(exp=1), with_(iss="http://other"),
        without("organization"), organization(a={"tenant": [str(uuid4())]}),
    ):  # fmt: skip
        assert await api(scene, scene.idp.keys.sign(change(claims))) == 401
    for nonsense in ("", "x", "a.b.c", token[:-4] + "AAAA"):
        assert await api(scene, nonsense) == 401


def _encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


def _unsigned(*parts: dict[str, Any]) -> str:
    return ".".join(_encoded(json.dumps(part).encode()) for part in parts)


@pytest.mark.parametrize(
    "algorithm", ["none", "HS256 by the public key", "HS256 by the secret", "unknown key", "no key id"]
)
async def test_only_the_providers_own_signature_counts(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    """A token may not choose how it is checked: no signature, ours as a shared secret, or a key nobody published."""
    public = RSAKey.import_key(scene.idp.keys.public()["keys"][0])
    secrets = {"HS256 by the public key": public.as_pem(private=False), "HS256 by the secret": b"secret"}
    stranger = RSAKey.generate_key(2048, private=True)

    def forged(claims: dict[str, Any], kind: str = "JWT") -> str:
        if algorithm == "none":
            return _unsigned({"alg": "none", "typ": kind, "kid": public.kid}, claims) + "."
        if algorithm in secrets:
            text = _unsigned({"alg": "HS256", "typ": kind, "kid": public.kid}, claims)
            return f"{text}.{_encoded(hmac.digest(secrets[algorithm], text.encode(), 'sha256'))}"
        named = {"kid": "never-published"} if algorithm == "unknown key" else {}
        return jwt.encode({"alg": "RS256", "typ": kind, **named}, claims, stranger, algorithms=["RS256"])

    monkeypatch.setattr(scene.idp.keys, "sign", forged)
    visitor = scene.visitor()
    assert (await scene.sign_in(visitor)).status_code == 400
    assert not await is_signed_in(visitor)


async def test_over_https_the_session_s_cookie_belongs_to_this_host_alone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = scene.visitor()
    address = await scene.authorise(visitor)
    secure = scene.site.app.state.settings.model_copy(update={"public_url": "https://portal.example"})
    monkeypatch.setattr(scene.site.app.state, "settings", secure)
    answer = await visitor.get(address)
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-chengguo=")]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)


async def test_a_machine_without_the_permission_is_forbidden(scene: Scene) -> None:
    """Its token is believed, yet the route is not for it: 403, not 401."""
    claims = scene.idp.keys.read(await machine_token(scene))
    assert claims is not None
    for roles in ([], ["science_officer"], ["operator"], ["integration-2"]):
        assert await api(scene, scene.idp.keys.sign({**claims, "portal_roles": roles})) == 403, roles
