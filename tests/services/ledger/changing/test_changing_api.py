"""The ledger is changed by machine as on the page: under an ETag, with a reason, once per key."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.ledger import queries, workflow
from shared.ids import new_id
from tenants.identity import Claims
from tests.services.ledger.test_workflow import registered
from tests.web import Site
from tests.world import World

ADDRESS = "/api/achievements/{}"
CORRECTION = {"reason": "名称有误", "since": "2026-03-10", "name": "更正后的名称"}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, world: World) -> dict[str, Any]:
    """Whose token is believed: the token itself is what the tests of sign-in are about."""
    holder: dict[str, Any] = {"roles": ("integration",), "tenant": world.university}

    async def believed(provider: object, token: str) -> Claims:
        return Claims("test", "svc", "", "", "接口账号", "", "", holder["roles"], holder["tenant"])

    monkeypatch.setattr("tenants.machine.machine_claims", believed)
    return holder


async def send(site: Site, method: str, address: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    given = {"authorization": "Bearer token", "idempotency-key": str(new_id()), **headers}
    return await site.anonymous().client.request(method, address, json=body, headers=given)


async def read(site: Site, row_id: UUID) -> httpx.Response:
    return await site.anonymous().client.get(ADDRESS.format(row_id), headers={"authorization": "Bearer token"})


async def entered(world: World) -> UUID:
    async with world.acting(world.university) as tx:
        return await registered(tx)


async def test_a_correction_carries_the_tag_that_was_read(site: Site, world: World, account: dict[str, Any]) -> None:
    row_id = await entered(world)
    before = await read(site, row_id)
    done = await send(site, "PATCH", ADDRESS.format(row_id), CORRECTION, **{"if-match": before.headers["etag"]})
    assert done.status_code == 200, done.text
    after = await read(site, row_id)
    assert after.headers["etag"] == done.headers["etag"] != before.headers["etag"]
    changed = after.json()
    assert changed["name"] == "更正后的名称"
    same = ("completers", "rights", "type", "status", "value", "remark", "college")
    assert {name: changed[name] for name in same} == {name: before.json()[name] for name in same}
    async with world.acting(world.university) as tx:
        versions = await queries.versions_of(tx, row_id)
    assert [one.reason for one in versions][-1] == "名称有误"


async def test_a_stale_tag_is_412_and_none_is_428(site: Site, world: World, account: dict[str, Any]) -> None:
    row_id = await entered(world)
    tag = (await read(site, row_id)).headers["etag"]
    none = await send(site, "PATCH", ADDRESS.format(row_id), CORRECTION)
    first = await send(site, "PATCH", ADDRESS.format(row_id), CORRECTION, **{"if-match": tag})
    second = await send(site, "PATCH", ADDRESS.format(row_id), CORRECTION | {"name": "别名"}, **{"if-match": tag})
    assert (none.status_code, first.status_code, second.status_code) == (428, 200, 412)
    for refused in (none, second):
        assert refused.headers["content-type"] == "application/problem+json"
    assert (await read(site, row_id)).json()["name"] == "更正后的名称"


async def test_whoever_is_overtaken_while_asking_is_412_like_whoever_was_before(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    row_id = await entered(world)
    tag = (await read(site, row_id)).headers["etag"]
    change = {"reason": "更正", "since": "2026-03-12", "remark": "乙"}
    async with world.acting(world.university) as tx:
        await workflow.correct(tx, row_id, {"remark": "甲"}, since=date(2026, 3, 12), reason="更正")
        # the tag still looks good to this one, which then waits for the row
        asked = asyncio.create_task(send(site, "PATCH", ADDRESS.format(row_id), change, **{"if-match": tag}))
        async with world.maintenance.connect() as connection:
            for _ in range(2_000):
                if await connection.scalar(text("select exists (select from pg_locks where not granted)")):
                    break
    answer = await asked
    assert answer.status_code == 412
    assert (await read(site, row_id)).json()["remark"] == "甲"


async def test_everything_wrong_is_told_at_once_and_nothing_changes(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    row_id = await entered(world)
    tag = (await read(site, row_id)).headers["etag"]
    wrong = CORRECTION | {
        "reason": " ",
        "type": "nonsense",
        "value": "-1",
        "completers": [{"name": "甲", "share": "3/2"}],
    }
    answer = await send(site, "PATCH", ADDRESS.format(row_id), wrong, **{"if-match": tag})
    assert answer.status_code == 422
    assert answer.json()["errors"].keys() == {"reason", "type", "value", "team"}
    early = await send(site, "PATCH", ADDRESS.format(row_id), CORRECTION | {"since": "1990-01-01"}, **{"if-match": tag})
    assert early.status_code in (409, 422)
    assert early.json()["code"]
    assert (await read(site, row_id)).headers["etag"] == tag


async def test_completers_and_rights_are_replaced_as_a_whole(site: Site, world: World, account: dict[str, Any]) -> None:
    row_id = await entered(world)
    tag = (await read(site, row_id)).headers["etag"]
    body = {
        "reason": "补登",
        "since": "2026-03-10",
        "completers": [{"name": "新完成人", "share": "1/4"}, {"name": "另一人", "share": "75%"}],
        "right_numbers": ["201810862228.X"],
        "value": "1200.50",
    }
    done = await send(site, "PATCH", ADDRESS.format(row_id), body, **{"if-match": tag})
    assert done.status_code == 200, done.text
    after = (await read(site, row_id)).json()
    assert [(one["name"], one["share"]) for one in after["completers"]] == [("新完成人", "1/4"), ("另一人", "3/4")]
    assert [one["number"] for one in after["rights"]] == ["201810862228.X"]
    assert after["value"] == "1200.50"


async def test_a_conversion_counts_once_however_often_it_is_sent(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    row_id = await entered(world)
    body = {"mode": "licence", "counterparty": "示例公司", "signed_on": "2026-03-12", "amount": "8000.00"}
    key = {"idempotency-key": str(new_id())}
    first = await send(site, "POST", ADDRESS.format(row_id) + "/conversions", body, **key)
    again = await send(site, "POST", ADDRESS.format(row_id) + "/conversions", body, **key)
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert again.headers["idempotent-replay"] == "true"
    held = (await read(site, row_id)).json()["conversions"]
    assert [(one["mode"], one["amount"]) for one in held] == [("licence", "8000.00")]
    unknown = await send(site, "POST", ADDRESS.format(row_id) + "/conversions", {"mode": "gift"})
    assert (unknown.status_code, list(unknown.json()["errors"])) == (422, ["mode"])


async def test_another_tenants_achievement_is_as_if_it_were_not(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    row_id = await entered(world)
    account["tenant"] = world.institute
    for method, tail, body in (("PATCH", "", CORRECTION), ("POST", "/conversions", {"mode": "licence"})):
        foreign = await send(site, method, ADDRESS.format(row_id) + tail, body, **{"if-match": '"1"'})
        unknown = await send(site, method, ADDRESS.format(new_id()) + tail, body, **{"if-match": '"1"'})
        assert (foreign.status_code, foreign.content) == (404, unknown.content)


async def test_a_role_that_only_reads_changes_nothing(site: Site, world: World, account: dict[str, Any]) -> None:
    row_id = await entered(world)
    account["roles"] = ("discipline",)
    answer = await send(site, "PATCH", ADDRESS.format(row_id), CORRECTION, **{"if-match": '"1"'})
    assert answer.status_code == 403
