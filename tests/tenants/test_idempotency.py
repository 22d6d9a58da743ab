"""A form sent twice has one effect, and only our own form has any."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select

from services.ledger.disclosure.models import disclosure
from shared.db.tables import metadata
from tenants.identity import Claims
from tenants.permissions import ROLES
from tests.web import Site, Visitor
from tests.world import World

NEW = "/institution/disclosures/new"
OPEN = {"classified": "no", "key_technology": "no"}
API = {
    **OPEN,
    "name": "一种示例催化剂的制备方法",
    "type": "patent_right",
    "technical_field": "新材料",
    "form": "专利",
    "stage": "research",
    "market_prospect": "可用于示例行业的尾气处理。",
    "funding": "fiscal",
    "evidence": ["project_contract"],
    "completers": [{"name": "测试甲", "share": "1/2"}, {"name": "测试乙", "share": "1/2"}],
}
KEY = metadata.tables["app.idempotency_key"]


async def disclosures(world: World) -> int:
    async with world.acting(world.university) as tx:
        found = await tx.scalar(
            select(func.count()).select_from(disclosure).where(disclosure.c.tenant_id == world.university)
        )
    return int(found)


async def send(visitor: Visitor, key: str | None, form: dict[str, str] = OPEN) -> httpx.Response:
    return await visitor.client.post(NEW, data=form | ({"form_key": key} if key is not None else {}))


async def test_the_same_form_twice_is_one_effect_and_the_same_answer(site: Site, world: World) -> None:
    visitor = await site.signed_in(world, world.university, "completer")
    key = await visitor.form_key(NEW)
    first, again = await send(visitor, key), await send(visitor, key)
    assert (first.status_code, again.status_code) == (303, 303)
    assert again.headers["location"] == first.headers["location"]
    assert await disclosures(world) == 1
    other = await send(visitor, await visitor.form_key(NEW))
    assert other.headers["location"] != first.headers["location"]
    assert await disclosures(world) == 2


async def test_the_same_form_five_times_at_once_is_one_effect(site: Site, world: World) -> None:
    """A double click: all wait for the first, and all get its answer."""
    visitor = await site.signed_in(world, world.university, "completer")
    key = await visitor.form_key(NEW)
    answers = await asyncio.gather(*(send(visitor, key) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert await disclosures(world) == 1


async def test_a_key_answers_for_its_own_request_alone(site: Site, world: World) -> None:
    """The same key with another content, or on another form, is told so: the first answer would be a wrong one there."""
    visitor = await site.signed_in(world, world.university, "completer")
    key = await visitor.form_key(NEW)
    assert (await send(visitor, key)).status_code == 303
    changed = await send(visitor, key, OPEN | {"key_technology": "unsure"})
    elsewhere = await visitor.post("/institution/messages/read", key=key)
    for answer in (changed, elsewhere):
        assert answer.status_code == 409
        assert "已经提交过" in answer.text
    assert (await send(visitor, key)).status_code == 303
    assert await disclosures(world) == 1


async def test_a_refused_form_may_be_sent_again(site: Site, world: World) -> None:
    """A refusal gives the key back: the corrected form has its effect, and no key is left of the refused one."""
    visitor = await site.signed_in(world, world.university, "completer")
    key = await visitor.form_key(NEW)
    refused = await send(visitor, key, OPEN | {"classified": "suspected"})
    assert refused.status_code == 422
    async with world.acting(world.university) as tx:
        kept = select(func.count()).select_from(KEY).where(KEY.c.tenant_id == world.university)
        assert await tx.scalar(kept) == 0
    assert (await send(visitor, key)).status_code == 303
    assert await disclosures(world) == 1


async def test_a_form_without_a_key_is_refused(site: Site, world: World) -> None:
    visitor = await site.signed_in(world, world.university, "completer")
    for key in (None, "", "x" * 81):
        answer = await send(visitor, key)
        assert answer.status_code == 400, key
        assert "幂等键" in answer.text
    assert await disclosures(world) == 0


async def test_only_the_form_of_this_session_is_believed(site: Site, world: World) -> None:
    """Another site's form has no key of ours; a colleague's key and one of an earlier session are none either."""
    visitor = await site.signed_in(world, world.university, "completer")
    colleague = await site.signed_in(world, world.university, "clerk")
    earlier = await site.signed_in(world, world.university, "completer")
    own = await visitor.form_key(NEW)
    uuid, _, mac = own.partition(".")
    for key in (
        str(uuid4()),
        f"{uuid4()}.{mac}",
        f"{uuid}.{'0' * len(mac)}",
        f"{uuid}.",
        await colleague.form_key("/institution/disclosures"),
        await earlier.form_key(NEW),
    ):
        answer = await send(visitor, key)
        assert answer.status_code == 403, key
        header = await visitor.client.post(NEW, data=OPEN, headers={"idempotency-key": key})
        assert header.status_code == 403, key
    assert await disclosures(world) == 0


async def test_a_key_ends_with_its_session(site: Site, world: World) -> None:
    visitor = await site.signed_in(world, world.university, "completer")
    key = await visitor.form_key(NEW)
    visitor.client.cookies.clear()
    answer = await send(visitor, key)
    assert answer.status_code in (303, 401)
    assert "disclosures/" not in answer.headers.get("location", "")
    assert await disclosures(world) == 0


class TestMachines:
    """The same for machines, whose key stands in a header."""

    @pytest.fixture
    def account(self, monkeypatch: pytest.MonkeyPatch, world: World) -> dict[str, Any]:
        holder: dict[str, Any] = {"roles": ("integration",), "subject": str(uuid4()), "tenant": world.university}

        async def believed(_provider: object, _token: str) -> Claims:
            return Claims(
                "test", holder["subject"], "", "", "接口账号", "", "", tuple(holder["roles"]), holder["tenant"]
            )

        monkeypatch.setattr("tenants.machine.machine_claims", believed)
        return holder

    async def disclose(self, site: Site, key: str | None) -> httpx.Response:
        headers = {"authorization": "Bearer token"} | ({"idempotency-key": key} if key is not None else {})
        return await site.anonymous().client.post("/api/disclosures", json=API, headers=headers)

    async def test_without_the_permission_it_is_403(self, site: Site, world: World, account: dict[str, Any]) -> None:
        for roles in ((), ("leadership",), ("operator",), ("no_such_role",)):
            assert all("institution:disclosure:write" not in ROLES[role].permissions for role in roles if role in ROLES)
            account["roles"] = roles
            answer = await self.disclose(site, "key")
            assert answer.status_code == 403
            assert answer.headers["content-type"].startswith("application/problem+json")
        assert await disclosures(world) == 0

    async def test_an_authority_has_no_machines(self, site: Site, world: World, account: dict[str, Any]) -> None:
        account["tenant"] = world.science
        assert (await self.disclose(site, "key")).status_code == 403

    async def test_without_a_key_nothing_is_done(self, site: Site, world: World, account: dict[str, Any]) -> None:
        for key in (None, "", "x" * 81):
            assert (await self.disclose(site, key)).status_code == 400
        assert await disclosures(world) == 0

    async def test_keys_that_begin_alike_are_two_keys(self, site: Site, world: World, account: dict[str, Any]) -> None:
        for end in ("1", "2", "2"):
            answer = await self.disclose(site, "k" * 79 + end)
            assert answer.status_code == 201, answer.text
        assert await disclosures(world) == 2
