"""Asking as a caller: a request as its browser or program sends it, taken back in the database whatever it did."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.transaction import driver_of
from tenants.identity import Claims
from tenants.isolation import new_form_key
from tests.tenancy.grounds import Caller, Grounds, reference_of
from tests.tenancy.grounds.addresses import Route
from tests.tenants.test_idempotency import API

# What differs between two answers to the very same question: keys of forms, ids of requests.
_DIFFERS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[0-9a-f]{32}|\b[0-9a-f]{32}\b")
_HEADERS = {"x-request-id", "date"}

# What forms and programs send along whatever they are for: enough that what is asked about is looked for.
FIELDS = {
    "reason": "理由",
    "name": "另一名称",
    "title": "标题",
    "body": "内容",
    "text": "内容",
    "answer": "答复",
    "receipt": "已收到",
    "booking": "已入账",
    "kind": "instalment",
    "reference": "凭证 1 号",
    "amount": "1000",
    "received_on": "2026-03-10",
    "revision": "1",
    "decision": "不予采纳",
    "adopted": "not",
}
BODY = {
    **API,
    "reason": "理由",
    "since": "2026-03-16",
    "mode": "licence",
    "criteria": {},
    "as_of": "2025-12-31",
    "signed_on": "2026-03-16",
    "effective_on": "2026-03-16",
    "clauses": {},
    "sheets": [],
    "code": "status.unknown",
    "field": "status",
    "choice": "leave_out",
    "revision": 0,
}


class TakenBack:
    """A request's connection on which every commit is a rollback: thousands of requests leave the data as they were."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    async def execute(self, statement: str, *values: Any) -> Any:
        return await self._driver.execute("rollback" if statement == "commit" else statement, *values)


@contextmanager
def believing(holder: dict[str, Any]) -> Iterator[None]:
    """Within, the API believes a token to be of whom ``holder['claims']`` says."""

    async def believed(provider: object, token: str) -> Claims:
        claims: Claims = holder["claims"]
        return claims

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenants.machine.machine_claims", believed)
        yield


@contextmanager
def taken_back(holder: dict[str, Any]) -> Iterator[None]:
    """Within, no request changes anything; tokens are believed as by :func:`believing`."""

    async def driver(connection: AsyncConnection) -> Any:
        return TakenBack(await driver_of(connection))

    with believing(holder), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tenants.isolation.driver_of", driver)
        yield


class Asking:
    """One caller's requests."""

    def __init__(self, grounds: Grounds, caller: Caller | None, holder: dict[str, Any]) -> None:
        self.grounds = grounds
        self.caller = caller
        self.holder = holder
        self.client = grounds.site.anonymous().client
        self.program = grounds.site.anonymous().client
        self.token = ""
        self.person: UUID | None = None

    async def ready(self) -> "Asking":
        if self.caller is not None:
            self.client = (await self.grounds.visitor(self.caller)).client
            self.token = str(self.client.cookies["chengguo"])
            self.person = await self.caller.world.person(self.caller.organisation, self.caller.roles[0])
        return self

    @property
    def own_session(self) -> str:
        """The reference of the caller's session."""
        return reference_of(self.token)

    async def ask(
        self, route: Route, ids: Mapping[str, str], fields: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """The route's address with these ids, by a form with a valid key or by a program, and what they send along."""
        address = route.filled(ids)
        if route.audience == "api":
            return await self._call(route.method, address, fields)
        if route.method == "GET":
            return await self.client.get(address, params=dict(fields) if fields else None)
        key = new_form_key(self.grounds.site.app.state.keyring.form_key, self.token)
        return await self.client.post(
            address,
            params={"form_key": key},
            data={**FIELDS, "conversion_id": ids.get("conversion", ""), "form_key": key},
        )

    async def _call(self, method: str, address: str, fields: Mapping[str, str] | None) -> httpx.Response:
        if self.caller is None:
            return await self.client.request(method, address)
        caller = self.caller
        self.holder["claims"] = Claims(
            "test", str(self.person), "", "", f"测试{caller.name}", "", "", caller.roles, caller.organisation
        )
        headers = {"authorization": "Bearer token", "idempotency-key": uuid4().hex, "if-match": '"1"'}
        if method == "GET":
            return await self.program.get(address, headers=headers, params=dict(fields) if fields else None)
        return await self.program.request(method, address, headers=headers, json={**BODY, **(fields or {})})


def said(answer: httpx.Response) -> str:
    """The body as text; a workbook, or another zip, member by member, without the second at which it was made."""
    if not answer.content.startswith(b"PK\x03\x04"):
        return answer.text
    with ZipFile(BytesIO(answer.content)) as packed:
        names = [name for name in packed.namelist() if name != "docProps/core.xml"]
        return "\n".join(f"{name}\n{packed.read(name).decode('utf-8', 'replace')}" for name in names)


def plain(answer: httpx.Response, ids: Mapping[str, str]) -> tuple[int, tuple[tuple[str, str], ...], str]:
    """An answer without what no two answers share: status, headers, body; the ids that were asked for are taken out."""
    left_out = _HEADERS | ({"content-length"} if answer.content.startswith(b"PK") else set())
    headers = tuple(sorted((k, _without(v, ids)) for k, v in answer.headers.items() if k not in left_out))
    return answer.status_code, headers, _without(said(answer), ids)


def _without(text: str, ids: Mapping[str, str]) -> str:
    for one in ids.values():
        if len(one) > 5:
            text = text.replace(one, "-")
    return _DIFFERS.sub("-", text)
