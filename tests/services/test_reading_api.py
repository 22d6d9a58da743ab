"""What pages show of applications, notices and reports, read by machine."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from services.empowerment.models import application
from shared.ids import new_id
from tenants.identity import Claims
from tests.services.annual_report.arranging import small_ledger, submitted
from tests.services.empowerment.arranging import Prepared, announced, applied, notice_of, prepare
from tests.services.negative_list.steps import clock_at
from tests.services.notices.arranging import add_achievement, at
from tests.web import Site
from tests.world import START, World


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    async with clock_at(world, at("2026-03-10")):
        yield


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, world: World) -> dict[str, Any]:
    """Whose token is believed: the token itself is what the tests of sign-in are about."""
    holder: dict[str, Any] = {"roles": ("integration", "clerk"), "tenant": world.university}

    async def believed(provider: object, token: str) -> Claims:
        return Claims("test", "svc", "", "", "接口账号", "", "", holder["roles"], holder["tenant"])

    monkeypatch.setattr("tenants.machine.machine_claims", believed)
    return holder


async def ask(site: Site, address: str) -> httpx.Response:
    return await site.anonymous().client.get(f"/api{address}", headers={"authorization": "Bearer token"})


async def test_applications_are_listed_by_state_and_page_with_their_steps(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    team = ready.team[:1]
    achievement_id = await add_achievement(world, ready.tenant, completers=team, number=2)
    other = await applied(world, Prepared(ready.tenant, achievement_id, team, ready.list_version_id))
    async with world.maintenance.begin() as connection:
        await connection.execute(
            update(application).where(application.c.tenant_id == ready.tenant).values(changed_at=START)
        )
    page = (await ask(site, "/applications?limit=1")).json()
    rest = (await ask(site, f"/applications?limit=1&before={page['next']}")).json()
    assert {page["items"][0]["id"], rest["items"][0]["id"]} == {str(application_id), str(other)}
    assert rest["next"] is None
    noticed = (await ask(site, "/applications?state=noticed")).json()["items"]
    assert [one["id"] for one in noticed] == [str(application_id)]
    steps = (await ask(site, f"/applications/{application_id}")).json()["steps"]
    assert [one["done"] for one in steps] == sorted((one["done"] for one in steps), reverse=True)
    assert sum(one["current"] for one in steps) == 1
    assert all("《" in one["article"] for one in steps)
    assert (await ask(site, "/applications?state=nonsense")).status_code == 400
    assert (await ask(site, "/applications?before=2026-03-16T00:00:00Z")).status_code == 400


async def test_a_notice_says_how_its_days_count(site: Site, world: World, account: dict[str, Any]) -> None:
    ready = await prepare(world)
    notice_id = await notice_of(world, ready.tenant, await announced(world, ready))
    (told,) = (await ask(site, "/notices?state=running")).json()["items"]
    assert told == (await ask(site, f"/notices/{notice_id}")).json()
    assert (told["days"], told["end"], told["has_run"]) == (15, "2026-03-17", False)
    assert (told["objections"], told["open_objections"]) == (0, 0)
    assert (await ask(site, "/notices?state=ended")).json() == {"items": [], "next": None}
    assert (await ask(site, "/notices?state=draft&before=yesterday")).status_code == 400


async def test_a_report_is_read_as_it_was_handed_over(site: Site, world: World, account: dict[str, Any]) -> None:
    assert (await ask(site, "/reports")).json() == {"items": []}
    await small_ledger(world)
    await submitted(world)
    (listed,) = (await ask(site, "/reports")).json()["items"]
    told = (await ask(site, f"/reports/{listed['report']}/{listed['year']}")).json()
    assert told["head"] == listed
    assert [one["state"] for one in told["submissions"]] == ["submitted"]
    assert told["content"]["figures"]
    assert (await ask(site, f"/reports/{listed['report']}/1999")).status_code == 404


async def test_another_tenant_reads_nothing_of_it(site: Site, world: World, account: dict[str, Any]) -> None:
    ready = await prepare(world)
    application_id = await announced(world, ready)
    notice_id = await notice_of(world, ready.tenant, application_id)
    account["tenant"] = world.institute
    for kind, one in (("applications", application_id), ("notices", notice_id)):
        foreign, unknown = await ask(site, f"/{kind}/{one}"), await ask(site, f"/{kind}/{new_id()}")
        assert (foreign.status_code, foreign.content) == (404, unknown.content)
        assert (await ask(site, f"/{kind}")).json()["items"] == []
