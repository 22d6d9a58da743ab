"""An institution's own software: a token by client credentials, then list, read, import, disclose, apply and sign."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.journeys.demo import Demo
from tests.journeys.walking import Enter

DATA = Path(__file__).resolve().parents[1] / "data"


class Machine:
    """A client with its token."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        return await self.client.get(path, params=parameters)

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self.client.post(path, json=body, headers={"idempotency-key": str(uuid4())})


async def machine(demo: Demo, name: str) -> Machine:
    async with httpx.AsyncClient() as plain:
        answer = await plain.post(
            f"{demo.issuer}/protocol/openid-connect/token",
            data={"grant_type": "client_credentials", "client_id": name, "client_secret": demo.secret_of(name)},
        )
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    return Machine(httpx.AsyncClient(base_url=demo.address, headers={"authorization": f"Bearer {token}"}, timeout=60))


@pytest.fixture
async def dianchi(demo: Demo) -> AsyncIterator[Machine]:
    made = await machine(demo, "api-dianchi")
    yield made
    await made.client.aclose()


def application(achievement: dict[str, Any], **changes: Any) -> dict[str, Any]:
    team = [one["person_id"] for one in achievement["completers"]]
    evidence = {
        "clear_ownership": "ownership_certificate",
        "clear_prospect": "market_study",
        "clear_receiver": "partner_statement",
        "strong_will": "voluntary_statement",
    }
    return {
        "achievement_id": achievement["id"],
        "grant_type": "ownership",
        "representative_id": team[0],
        "members": [{"person_id": one, "confirmed": True} for one in team],
        "explanation": "样机已经通过第三方测试。",
        "team_information": "团队在职，分工明确。",
        "plan": "与意向企业共建中试线。",
        "conditions": {code: {"met": True, "evidence": [proof]} for code, proof in evidence.items()},
        "unit_share": "30%",
        "team_share": "70%",
        **changes,
    }


async def free_achievement(machine: Machine) -> dict[str, Any]:
    listed = (await machine.get("/api/achievements", status="not_converted", type="patent_right", limit=50)).json()
    detail: dict[str, Any] = (await machine.get(f"/api/achievements/{listed['items'][-1]['id']}")).json()
    return detail


async def test_the_description_names_every_act(demo: Demo) -> None:
    async with httpx.AsyncClient(base_url=demo.address) as plain:
        description = (await plain.get("/schema/openapi.json")).json()
        refused = await plain.get("/api/achievements")
    paths = set(description["paths"])
    assert {"/api/achievements", "/api/achievements/{achievement_id}", "/api/disclosures", "/api/applications"} <= paths
    assert {"/api/imports", "/api/applications/{application_id}/agreement"} <= paths
    assert refused.status_code == 401
    assert refused.headers["content-type"].startswith("application/problem+json")


async def test_the_ledger_is_read_page_by_page(dianchi: Machine) -> None:
    first = (await dianchi.get("/api/achievements", limit=100, sort="number")).json()
    second = (await dianchi.get("/api/achievements", limit=100, sort="number", after=first["next"])).json()
    numbers = [one["number"] for one in (*first["items"], *second["items"])]
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 200
    one = await dianchi.get(f"/api/achievements/{first['items'][0]['id']}")
    assert one.json()["name"] == first["items"][0]["name"]
    again = await dianchi.client.get(str(one.url), headers={"if-none-match": one.headers["etag"]})
    assert again.status_code == 304


async def test_what_the_ledger_cannot_be_asked_is_told_with_what_it_can(dianchi: Machine) -> None:
    wrong = await dianchi.get("/api/achievements", sort="price", status="gone", cursor="x")
    assert wrong.status_code == 400
    assert wrong.headers["content-type"].startswith("application/problem+json")
    told = {one["key"]: one["allowed"] for one in wrong.json()["errors"]}
    assert set(told) == {"sort", "status", "cursor"}
    assert (await dianchi.get("/api/achievements", sort=told["sort"][0], status=told["status"][0])).status_code == 200
    for address in ("/api/achievements", "/api/imports"):
        refused = await dianchi.client.delete(address)
        assert refused.status_code == 405
        assert refused.headers["allow"]


async def test_a_disclosure_and_an_application_enter_and_the_account_that_entered_them_signs_nothing(
    dianchi: Machine,
) -> None:
    secret = {"classified": "yes", "key_technology": "no", "name": "一种不得填报的装置"}
    assert (await dianchi.post("/api/disclosures", secret)).status_code == 422
    disclosed = await dianchi.post(
        "/api/disclosures",
        {
            "classified": "no",
            "key_technology": "no",
            "name": f"接口披露的检测方法 {time.time_ns()}",
            "completers": [{"name": "罗远山", "share": "1/2"}, {"name": "和映雪", "share": "1/2"}],
            "type": "patent_right",
            "technical_field": "检测",
            "form": "方法",
            "stage": "research",
            "market_prospect": "需求稳定",
            "funding": "fiscal",
            "evidence": ["project_contract"],
        },
    )
    assert disclosed.status_code == 201, disclosed.text
    kept = (await dianchi.get(disclosed.headers["location"])).json()
    assert (kept["id"], kept["state"], len(kept["completers"])) == (disclosed.json()["id"], "submitted", 2)
    entered = await dianchi.post("/api/applications", application(await free_achievement(dianchi)))
    assert entered.status_code == 201, entered.text
    assert (await dianchi.get(entered.headers["location"])).json()["id"] == entered.json()["id"]
    early = await dianchi.post(
        f"/api/applications/{entered.json()['id']}/agreement",
        {"signed_on": "2026-03-16", "effective_on": "2026-03-16", "clauses": {}},
    )
    assert early.status_code == 403, "nobody approves what they entered, no machine either"
    assert early.headers["content-type"].startswith("application/problem+json")


async def test_an_agreement_is_signed_when_its_notice_has_run(demo: Demo, enter: Enter) -> None:
    clerk = await enter("gaoligong-clerk")
    if await clerk.clock() < "2026-03-26":
        await clerk.move_clock("2026-03-26T09:00")
    await clerk.open("/institution/empowerment")
    await clerk.page.get_by_role("row", name="公示与待签协议").get_by_role("link").first.click()
    await clerk.sees("签署协议")
    address = f"/api/applications/{clerk.page.url.rpartition('/')[2]}"
    gaoligong = await machine(demo, "api-gaoligong")
    today = (await clerk.clock())[:10]
    clauses = ("scope", "shares", "income", "costs", "improvements", "breach")
    paper = {"signed_on": today, "effective_on": today, "opinions_heard": True}
    lacking = await gaoligong.post(f"{address}/agreement", {**paper, "clauses": {}})
    assert lacking.status_code == 422
    assert lacking.json()["citation"]["article"].startswith("第八条")
    signed = await gaoligong.post(f"{address}/agreement", {**paper, "clauses": dict.fromkeys(clauses, "按申请所列")})
    assert signed.status_code == 201, signed.text
    assert (await gaoligong.get(address)).json()["state"] == "agreed"
    await gaoligong.client.aclose()


async def test_a_ledger_is_looked_at_without_being_kept(dianchi: Machine) -> None:
    ledger = (DATA / "yunnan_university.xlsx").read_bytes()
    sent = await dianchi.client.post(
        "/api/imports",
        params={"filename": "台账.xlsx", "dry_run": "true"},
        content=ledger,
        headers={"idempotency-key": str(uuid4()), "content-type": "application/octet-stream"},
    )
    assert sent.status_code == 200, sent.text


async def test_a_ledger_is_sent_and_confirmed(demo: Demo) -> None:
    biji = await machine(demo, "api-biji")
    sent = await biji.client.post(
        "/api/imports",
        params={"filename": "台账.xlsx"},
        content=(DATA / "jilin_institute.xlsx").read_bytes(),
        headers={"idempotency-key": str(uuid4()), "content-type": "application/octet-stream"},
    )
    assert sent.status_code == 202, sent.text
    address = sent.json()["location"]
    checked = await arrived(biji, address, "checked")
    assert checked["valid"] > 0
    confirmed = await biji.post(f"{address}/confirm", {"as_of": checked["as_of_proposed"] or "2025-12-31"})
    assert confirmed.status_code == 202, confirmed.text
    applied = await arrived(biji, address, "applied")
    assert applied["last_number"] - applied["first_number"] + 1 == checked["valid"]
    await biji.client.aclose()


async def arrived(machine: Machine, address: str, state: str) -> dict[str, Any]:
    """The import once it is in that state."""
    for _ in range(240):
        found: dict[str, Any] = (await machine.get(address)).json()
        if found["state"] in (state, "failed"):
            break
        await asyncio.sleep(0.5)
    assert found["state"] == state, found
    return found


async def test_an_institution_in_no_pilot_gets_the_article(demo: Demo) -> None:
    cangshan = await machine(demo, "api-cangshan")
    answer = await cangshan.post("/api/applications", application(await free_achievement(cangshan)))
    assert answer.status_code == 422
    assert answer.json()["citation"]["article"] == "第三条"
    assert answer.json()["citation"]["quote"]
    # Nobody reads across: another institution's achievement is unknown.
    dianchi = await machine(demo, "api-dianchi")
    theirs = (await dianchi.get("/api/achievements", limit=1)).json()["items"][0]["id"]
    assert (await cangshan.get(f"/api/achievements/{theirs}")).status_code == 404
    for one in (cangshan, dianchi):
        await one.client.aclose()


async def test_a_token_of_somebody_else_is_not_believed(demo: Demo) -> None:
    async with httpx.AsyncClient(base_url=demo.address) as plain:
        for token in ("abc", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."):
            answer = await plain.get("/api/achievements", headers={"authorization": f"Bearer {token}"})
            assert answer.status_code == 401
