"""What of a token is believed, and everything that is not: for people and for machines."""

import hmac
import time
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from structlog.testing import capture_logs

from deploy.demo.organisations import BY_KEY
from tests.tenants.signing_in import (
    ISSUER,
    Change,
    Scene,
    encoded,
    is_signed_in,
    organization,
    refusals_audited,
    unsigned,
    with_,
    without,
)

DIANCHI = str(BY_KEY["dianchi"].tenant_id)
# what the provider says instead: the check that fails, and whether its signature names whom it concerns
NOT_FOR_US: dict[str, tuple[Change, str, bool]] = {
    "another nonce": (with_(nonce="another"), "nonce", True),
    "no nonce": (without("nonce"), "nonce", True),
    "another audience": (with_(aud="another-client"), "token.claims", True),
    "another audience in a list": (with_(aud=["another-client"]), "token.claims", True),
    "no audience": (without("aud"), "token.claims", True),
    "another party": (with_(azp="another-client"), "azp", True),
    "another issuer": (with_(iss="http://127.0.0.1:9998/realms/other"), "token.claims", False),
    "no issuer": (without("iss"), "token.claims", False),
    "no end": (without("exp"), "token.claims", True),
    "expired": (with_(exp=int(time.time()) - 60), "token.expired", True),
    "a bearer token": (with_(typ="Bearer"), "typ", True),
    "a logout token": (with_(typ="Logout"), "typ", True),
    "no type": (without("typ"), "typ", True),
    "no organization": (without("organization"), "organization.none", False),
    "an empty organization": (organization(), "organization.none", False),
    "a tenant that is no id": (organization(a={"id": "1", "tenant": ["x"]}), "organization.tenant", False),
    "an organization without a tenant": (organization(a={"id": "1"}), "organization.tenant", False),
    "an unknown tenant": (organization(a={"tenant": [str(uuid4())]}), "tenant.unknown", False),
    "two organizations": (
        organization(a={"tenant": [DIANCHI]}, b={"tenant": [str(BY_KEY["biji"].tenant_id)]}),
        "organization.several",
        False,
    ),
}


@pytest.mark.parametrize("kind", NOT_FOR_US)
async def test_a_token_that_is_not_for_us_signs_nobody_in(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    change, code, concerns = NOT_FOR_US[kind]
    scene.answers(change, monkeypatch)
    visitor, before = scene.visitor(), await refusals_audited(scene)
    with capture_logs() as logs:
        answer = await scene.sign_in(visitor)
    assert answer.status_code == 400
    assert 'lang="zh-CN"' in answer.text
    assert "请联系" in answer.text or "重新登录" in answer.text or "选择一个单位" in answer.text
    assert not await is_signed_in(visitor)
    assert [(one["code"], one["way"]) for one in logs if one["event"] == "sign_in.refused"] == [(code, "browser")]
    assert (await refusals_audited(scene))[len(before) :] == ([(DIANCHI, code, "browser")] if concerns else [])


async def test_a_token_signed_by_somebody_else_is_refused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    known = scene.idp.keys.public()["keys"][0]["kid"]
    forger = RSAKey.generate_key(2048, parameters={"kid": known}, private=True)

    def forged(claims: dict[str, Any], kind: str = "JWT") -> str:
        return jwt.encode({"alg": "RS256", "typ": kind, "kid": known}, claims, forger, algorithms=["RS256"])

    monkeypatch.setattr(scene.idp.keys, "sign", forged)
    visitor, before = scene.visitor(), await refusals_audited(scene)
    with capture_logs() as logs:
        answer = await scene.sign_in(visitor)
    assert answer.status_code == 400
    assert "登录凭据无效或已过期" in answer.text
    assert not await is_signed_in(visitor)
    # Whom a forged token names is nobody's business: anybody could fill an institution's audit log.
    assert [one["code"] for one in logs if one["event"] == "sign_in.refused"] == ["token.signature"]
    assert await refusals_audited(scene) == before


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
            return unsigned({"alg": "none", "typ": kind, "kid": public.kid}, claims) + "."
        if algorithm in secrets:
            text = unsigned({"alg": "HS256", "typ": kind, "kid": public.kid}, claims)
            return f"{text}.{encoded(hmac.digest(secrets[algorithm], text.encode(), 'sha256'))}"
        named = {"kid": "never-published"} if algorithm == "unknown key" else {}
        return jwt.encode({"alg": "RS256", "typ": kind, **named}, claims, stranger, algorithms=["RS256"])

    monkeypatch.setattr(scene.idp.keys, "sign", forged)
    visitor = scene.visitor()
    assert (await scene.sign_in(visitor)).status_code == 400
    assert not await is_signed_in(visitor)


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


async def test_a_machine_s_token_for_somebody_else_is_audited_where_it_concerns(scene: Scene) -> None:
    claims = scene.idp.keys.read(await machine_token(scene))
    assert claims is not None
    before = await refusals_audited(scene)
    for change in (with_(aud="another"), with_(typ="ID"), with_(exp=1), with_(iss="http://other")):
        await api(scene, scene.idp.keys.sign(change(claims)))
    await api(scene, "a.b.c")
    # One that ran out is everyday; what is not the provider's names nobody.
    found = (await refusals_audited(scene))[len(before) :]
    assert found == [(DIANCHI, "token.claims", "machine"), (DIANCHI, "typ", "machine")]


async def test_a_machine_without_the_permission_is_forbidden(scene: Scene) -> None:
    """Its token is believed, yet the route is not for it: 403, not 401."""
    claims = scene.idp.keys.read(await machine_token(scene))
    assert claims is not None
    for roles in ([], ["science_officer"], ["operator"], ["integration-2"]):
        assert await api(scene, scene.idp.keys.sign({**claims, "portal_roles": roles})) == 403, roles
