"""Applying and signing by the API: the same verbs, problem documents with the article, keys that make one effect."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.ids import new_id
from tenants.identity import Claims
from tests.services.empowerment.arranging import CLAUSES, Prepared, announced, prepare
from tests.services.empowerment.test_pages import NOW
from tests.services.negative_list.steps import clock_at
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import World


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    """The application reads the legal clock of the database."""
    async with clock_at(world, NOW):
        yield


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Whose token is believed: the token itself is what the tests of sign-in are about."""
    holder: dict[str, Any] = {"roles": ("integration",)}

    async def believed(provider: object, token: str) -> Claims:
        subject = holder.get("subject", "svc")
        return Claims("test", subject, "", "", "接口账号", "", "", holder["roles"], holder["tenant"])

    monkeypatch.setattr("tenants.machine.machine_claims", believed)
    return holder


def body(ready: Prepared) -> dict[str, Any]:
    codes = {
        "clear_ownership": "ownership_certificate",
        "clear_prospect": "market_study",
        "clear_receiver": "partner_statement",
        "strong_will": "voluntary_statement",
    }
    return {
        "achievement_id": str(ready.achievement_id),
        "grant_type": "ownership",
        "representative_id": str(ready.team[0]),
        "members": [{"person_id": str(one), "confirmed": True, "share": "1/2"} for one in ready.team],
        "explanation": "装置",
        "team_information": "两人",
        "plan": "合作",
        "conditions": {code: {"met": True, "evidence": [evidence]} for code, evidence in codes.items()},
        "unit_share": "30%",
        "team_share": "70%",
    }


async def send(site: Site, method: str, address: str, content: Any = None, key: str = "") -> httpx.Response:
    headers = {"authorization": "Bearer token"} | ({"idempotency-key": key} if key else {})
    return await site.anonymous().client.request(method, address, json=content, headers=headers)


async def test_an_application_is_entered_once_per_key_and_read_back(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    ready = await prepare(world)
    account["tenant"] = ready.tenant
    first = await send(site, "POST", "/api/applications", body(ready), key="k1")
    assert first.status_code == 201, first.text
    again = await send(site, "POST", "/api/applications", body(ready), key="k1")
    assert again.status_code == 201
    assert again.headers["location"] == first.headers["location"]
    read = await send(site, "GET", first.headers["location"])
    assert read.json()["state"] == "submitted"
    assert read.json()["unit_share"] == "3/10"


@pytest.mark.requirement("R192")
async def test_the_account_that_entered_an_application_does_not_sign_it(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    ready = await prepare(world)
    account["tenant"] = ready.tenant
    entered = await send(site, "POST", "/api/applications", body(ready), key="k1")
    paper = {"signed_on": "2026-03-18", "effective_on": "2026-03-18", "clauses": CLAUSES}
    address = f"{entered.headers['location']}/agreement"
    own = await send(site, "POST", address, paper, key="k2")
    assert own.status_code == 403
    assert "经办与批准应由不同的人办理" in own.text
    account["subject"] = "another"
    other = await send(site, "POST", address, paper, key="k3")
    assert other.status_code in (409, 422), "too early, yet theirs to sign"


async def test_a_refusal_is_a_problem_document_with_its_citation(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    ready = await prepare(world, selected=False)
    account["tenant"] = ready.tenant
    answer = await send(site, "POST", "/api/applications", body(ready), key="k1")
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["code"] == "pilot.not_selected"
    assert problem["citation"]["article"] == "第三条"


async def test_shares_that_cannot_be_read_are_all_named(site: Site, world: World, account: dict[str, Any]) -> None:
    ready = await prepare(world)
    account["tenant"] = ready.tenant
    wrong = {**body(ready), "unit_share": "三成", "team_share": "7成"}
    answer = await send(site, "POST", "/api/applications", wrong, key="k1")
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"unit_share", "team_share"}


async def test_an_agreement_is_signed_when_the_notice_has_run(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    ready = await prepare(world)
    application_id: UUID = await announced(world, ready)
    account["tenant"] = ready.tenant
    address = f"/api/applications/{application_id}"
    within = {"signed_on": "2026-03-17", "effective_on": "2026-03-17", "clauses": CLAUSES}
    refused = await send(site, "POST", f"{address}/agreement", within, key="k1")
    assert refused.status_code == 422
    assert refused.json()["citation"]["article"] == "第八条(三)"
    after = {**within, "signed_on": "2026-03-18", "effective_on": "2026-03-18"}
    signed = await send(site, "POST", f"{address}/agreement", after, key="k1")
    assert (signed.status_code, signed.headers["location"]) == (201, address)
    read = (await send(site, "GET", signed.headers["location"])).json()
    assert (read["state"], read["signed_on"]) == ("agreed", at("2026-03-18").date().isoformat())
    assert read["notice"]["end"] == "2026-03-17"


async def test_another_institutions_application_is_an_unknown_one(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    account["tenant"] = world.institute
    theirs = await send(site, "GET", f"/api/applications/{application_id}")
    unknown = await send(site, "GET", f"/api/applications/{new_id()}")
    assert (theirs.status_code, theirs.json()) == (unknown.status_code, unknown.json())
    assert theirs.status_code == 404
