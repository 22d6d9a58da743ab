"""The ledger by the API: what the page shows, as data."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from services.ledger import workflow
from services.ledger.entry import Completer, Deal, Right
from shared.ids import new_id
from tenants.identity import Claims
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Whose token is believed: the token itself is what the tests of sign-in are about."""
    holder: dict[str, Any] = {"roles": ("integration",)}

    async def believed(provider: object, token: str) -> Claims:
        return Claims("test", "svc", "", "", "接口账号", "", "", holder["roles"], holder["tenant"])

    monkeypatch.setattr("tenants.machine.machine_claims", believed)
    return holder


async def ask(site: Site, address: str, **headers: str) -> httpx.Response:
    return await site.anonymous().client.get(address, headers={"authorization": "Bearer token", **headers})


async def test_the_list_is_paged_filtered_and_as_of_a_day(site: Site, world: World, account: dict[str, Any]) -> None:
    account["tenant"] = world.university
    async with world.acting(world.university) as tx:
        rights = (Right("201810862228.X", "patent_right"),)
        first = await registered(tx, rights=rights, value=Decimal("100.50"))
        for n in range(4):
            await registered(tx, f"接口成果{n}", status="intended", team=(Completer(name=f"成员{n}"),))
    page = (await ask(site, "/api/achievements?limit=3&sort=number")).json()
    assert [item["code"] for item in page["items"]] == ["CS-0001", "CS-0002", "CS-0003"]
    assert page["items"][0] | {"id": str(first)} == page["items"][0]
    assert page["items"][0]["value"] == "100.50"
    assert page["items"][0]["right_numbers"] == ["201810862228.X"]
    assert page["items"][0]["type"] == {"code": "patent_right", "label": "专利权"}
    assert page["items"][1]["value"] is None
    assert page["total"] == 5
    rest = (await ask(site, f"/api/achievements?limit=3&sort=number&after={page['next']}")).json()
    assert [item["code"] for item in rest["items"]] == ["CS-0004", "CS-0005"]
    assert rest["next"] is None
    found = (await ask(site, "/api/achievements?q=成员2")).json()
    assert [item["name"] for item in found["items"]] == ["接口成果2"]
    assert (await ask(site, "/api/achievements?as_of=2026-03-01")).json()["items"] == []
    assert len((await ask(site, "/api/achievements?as_of=2026-03-02")).json()["items"]) == 5
    wrong = await ask(site, "/api/achievements?limit=0")
    assert wrong.status_code == 400
    assert wrong.headers["content-type"].startswith("application/problem+json")


async def test_one_achievement_has_an_etag_that_changes_with_it(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    account["tenant"] = world.university
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
    address = f"/api/achievements/{row_id}"
    answer = await ask(site, address)
    assert answer.json()["completers"][0] | {"share": "1/3"} == answer.json()["completers"][0]
    tag = answer.headers["etag"]
    same = await ask(site, address, **{"if-none-match": tag})
    assert (same.status_code, same.content) == (304, b"")
    async with world.acting(world.university) as tx:
        deal = Deal(mode="licence", amount=Decimal("8000.00"), signed_on=date(2026, 3, 12))
        await workflow.record_conversion(tx, row_id, deal)
    changed = await ask(site, address, **{"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.json()["conversions"][0]["amount"] == "8000.00"
    assert (await ask(site, f"{address}?as_of=2026-03-05")).json()["status"]["code"] == "not_converted"


async def test_another_tenants_achievement_is_not_found(site: Site, world: World, account: dict[str, Any]) -> None:
    async with world.acting(world.university) as tx:
        row_id = await registered(tx)
    account["tenant"] = world.institute
    other, unknown = await ask(site, f"/api/achievements/{row_id}"), await ask(site, f"/api/achievements/{new_id()}")
    assert (other.status_code, other.content) == (404, unknown.content)
    assert (await ask(site, "/api/achievements")).json()["items"] == []


async def test_without_a_token_or_the_permission_there_is_no_answer(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    assert (await site.anonymous().get("/api/achievements")).status_code == 401
    account.update(tenant=world.university, roles=())
    assert (await ask(site, "/api/achievements")).status_code == 403


async def test_the_description_names_the_routes(site: Site) -> None:
    paths = (await site.anonymous().get("/schema/openapi.json")).json()["paths"]
    assert {"/api/achievements", "/api/achievements/{achievement_id}"} <= set(paths)
