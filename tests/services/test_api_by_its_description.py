"""The API against its own description: cases that schemathesis draws from it, sent as each role with the ids of another tenant
among them. No answer is a fault of ours, none is of another form than described, none holds another tenant's data.
"""

import os
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID
from zlib import crc32

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import insert

from services.administration.machines import workflow as machines
from services.ledger.disclosure.models import disclosure, disclosure_paper
from services.ledger.papers.models import ledger_paper
from shared.documents.uploads import Upload
from shared.ids import new_id
from tenants.identity import Claims
from tenants.permissions import ROLES as PERMISSIONS
from tests.services.annual_report.arranging import REPORT, YEAR, frozen
from tests.services.empowerment.arranging import (
    Prepared,
    announced,
    is_completer,
    notice_of,
    prepare,
    select_for_pilot,
)
from tests.services.ledger.importing.arranging import checked, workbook
from tests.services.negative_list.steps import clock_at
from tests.services.notices.arranging import add_achievement, add_person, at
from tests.web import BASE, Site
from tests.world import World

# Who may call the API at all; each sees and does something else there.
ROLES = ("integration", "clerk", "department_head", "completer", "discipline")
# Credentials that the unit made, with every scope, and with the reading ones alone: believed by the guard itself.
SCOPES = {
    "every scope": tuple(sorted(PERMISSIONS["integration"].permissions)),
    "reading scopes": tuple(sorted(one for one in PERMISSIONS["integration"].permissions if one.endswith(":read"))),
}
CALLERS = (*ROLES, *SCOPES)
# 1,500 cases in all where the build server runs it.
CASES = 1500 if os.environ.get("CI") else 300
MARK = "别家单位的成果标记"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_LISTED_BY = {"/api/disclosures": "disclosure_id", "/api/imports": "import_id"}
# What a client library never sends by itself, or what the test sets.
_OWN_HEADERS = {"authorization", "idempotency-key", "if-match", "content-length", "host"}


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    async with clock_at(world, at("2026-03-10")):
        yield


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, world: World) -> dict[str, Any]:
    """Whose token is believed: the token itself is what the tests of sign-in are about."""
    holder: dict[str, Any] = {"tenant": world.university}

    async def believed(provider: object, token: str) -> Claims:
        return Claims("test", "svc", "", "", "接口账号", "", "", holder["roles"], holder["tenant"])

    monkeypatch.setattr("tenants.machine.machine_claims", believed)
    return holder


Ids = dict[str, list[Any]]


async def arranged(world: World, site: Site) -> Ids:
    """What is known by the name of a path parameter or of a field: of the caller's own tenant, and of another one."""
    own = await prepare(world)
    there = world.institute
    team = (await add_person(world, there, MARK),)
    achievement_id = await add_achievement(world, there, MARK, completers=team)
    await is_completer(world, there, team[0])
    await select_for_pilot(world, there)
    ids: Ids = {"ordinal": [0, 1, 2], "report": [REPORT], "year": [YEAR], "paper_id": []}
    for one, name in ((own, "本单位的"), (Prepared(there, achievement_id, team, own.list_version_id), MARK)):
        application = await announced(world, one)
        disclosure_id = await disclosed(world, one.tenant, name)
        await frozen(world, one.tenant)
        known = {
            "achievement_id": one.achievement_id,
            "application_id": application,
            "notice_id": await notice_of(world, one.tenant, application),
            "disclosure_id": disclosure_id,
            "import_id": await asking(world, site, one.tenant, name),
            "person_id": one.team[0],
            "representative_id": one.team[0],
        }
        for field, value in known.items():
            ids.setdefault(field, []).append(value)
        ids["paper_id"] += await papers(world, one, disclosure_id, name)
    return ids


async def papers(world: World, one: Prepared, disclosure_id: UUID, name: str) -> list[UUID]:
    """One of the achievement's stage, one of the disclosure."""
    of_ledger, of_disclosure = new_id(), new_id()
    file = {
        "tenant_id": one.tenant, "kind": "assessment_report", "file_name": f"{name}.pdf", "media_type": "application/pdf",
        "size": 1, "object_hash": "0" * 64, "added_at": at("2026-03-09"),
    }  # fmt: skip
    stage = {"id": of_ledger, "achievement_id": one.achievement_id, "purpose": "stage"}
    async with world.maintenance.begin() as connection:
        await connection.execute(insert(ledger_paper).values(**file, **stage))
        await connection.execute(
            insert(disclosure_paper).values(**file, id=of_disclosure, disclosure_id=disclosure_id, version=1)
        )
    return [of_ledger, of_disclosure]


async def asking(world: World, site: Site, tenant: UUID, name: str) -> UUID:
    """An import that is checked, with a row that is right, one that asks and one that was returned."""
    rows = [[f"{name}{n}", "甘棠", "非专利技术", "", status, "", ""] for n, status in enumerate(("未转化", "待定"))]
    ledger = workbook([*rows, ["", *rows[0][1:]]], title="截至2025年12月31日")
    return await checked(world, tenant, site.app.state.objects, Upload("台账.xlsx", ledger))


async def disclosed(world: World, tenant: UUID, name: str) -> UUID:
    disclosure_id = new_id()
    person_id = await world.person(tenant, "completer")
    async with world.maintenance.begin() as connection:
        await connection.execute(
            insert(disclosure).values(
                tenant_id=tenant, id=disclosure_id, province_id=world.province_id, person_id=person_id,
                state="submitted", name=name,
            )
        )  # fmt: skip
    return disclosure_id


def drawn(operation: Any, number: int) -> list[Case[Any]]:
    """That many cases of one operation, the same at every run."""
    cases: list[Case[Any]] = []

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def keep(case: Case[Any]) -> None:
        cases.append(case)

    keep()
    return cases[:number]


async def token_of(world: World, account: dict[str, Any], caller: str) -> str:
    """What a caller sends as its bearer: a token of the provider with one role, or a credential with its scopes."""
    if caller not in SCOPES:
        account["roles"] = (caller,)
        return "token"
    async with world.acting(world.university, "system_admin") as tx:
        return (await machines.register(tx, caller, SCOPES[caller]))[1]


def chosen(ids: Ids, name: str, drawn_value: Any) -> Any:
    """One of the known values of that name, or the drawn one, which nobody knows."""
    values = [*ids.get(name, ()), drawn_value]
    value = values[crc32(str(drawn_value).encode()) % len(values)]
    return str(value) if isinstance(value, UUID) else value


def acquainted(ids: Ids, body: Any) -> Any:
    """A drawn body with known ids in some of its fields."""
    if isinstance(body, list):
        return [acquainted(ids, one) for one in body]
    if not isinstance(body, dict):
        return body
    return {
        name: chosen(ids, name, value) if name in ids and isinstance(value, str) else acquainted(ids, value)
        for name, value in body.items()
    }


async def sent(site: Site, case: Case[Any], ids: Ids, token: str) -> httpx.Response:
    """The case with a token, a fresh key, and known ids in its path, its place in a list and its body."""
    for name, value in (case.path_parameters or {}).items():
        case.path_parameters[name] = chosen(ids, name, value)
    if case.query and case.path in _LISTED_BY and case.query.get("after"):
        case.query["after"] = chosen(ids, _LISTED_BY[case.path], case.query["after"])
    case.body = acquainted(ids, case.body)
    wanted = case.as_transport_kwargs(base_url=BASE)
    made = requests.Request(
        **{name: wanted[name] for name in ("method", "url", "json", "data", "files", "params") if name in wanted}
    ).prepare()
    headers = {
        **{name: str(value) for name, value in made.headers.items() if name.lower() not in _OWN_HEADERS},
        "authorization": f"Bearer {token}",
        "idempotency-key": str(new_id()),
        "if-match": '"1"',
    }
    body = made.body or b""
    assert isinstance(body, str | bytes)
    return await site.anonymous().client.request(str(made.method), str(made.url), headers=headers, content=body)


@pytest.mark.requirement("R190")
@pytest.mark.parametrize("caller", CALLERS)
async def test_no_fault_no_other_form_no_foreign_data(
    site: Site, world: World, account: dict[str, Any], caller: str
) -> None:
    token = await token_of(world, account, caller)
    ids = await arranged(world, site)
    described = (await site.anonymous().get("/schema/openapi.json")).json()
    loaded: Any = schemathesis.openapi.from_dict(described)
    operations = [one.ok() for one in loaded.get_all_operations()]
    assert len(operations) >= 15
    number = max(1, CASES // len(CALLERS) // len(operations))
    faults, statuses = [], set()
    for operation in operations:
        unknown = set(re.findall(r"{(\w+)}", operation.path)) - ids.keys()
        assert not unknown, f"no known ids for {unknown} of {operation.path}"
        for case in drawn(operation, number):
            answer = await sent(site, case, ids, token)
            statuses.add(answer.status_code)
            if MARK in answer.text or str(world.institute) in answer.text:
                faults.append(f"foreign data: {case.method} {case.formatted_path}")
            try:
                case.validate_response(answer, checks=CHECKS)
            except Exception as wrong:
                told = wrong.exceptions if isinstance(wrong, BaseExceptionGroup) else [wrong]
                faults += [f"{case.method} {case.formatted_path} {answer.status_code}: {one}" for one in told]
    assert not faults, f"{len(faults)} faults\n" + "\n\n".join(dict.fromkeys(faults))[:6000]
    assert statuses >= ({200, 404} if caller in ("integration", "every scope") else {403})


async def test_a_character_that_the_database_cannot_keep_is_refused_with_words(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    account["roles"] = ("integration",)
    ids = await arranged(world, site)
    headers = {"authorization": "Bearer token", "idempotency-key": str(new_id())}
    client = site.anonymous().client
    asked = await client.get("/api/achievements", params={"q": "甲\x00"}, headers=headers)
    address = f"/api/applications/{ids['application_id'][0]}/agreement"
    body = {"signed_on": "2026-03-10", "effective_on": "2026-03-10", "clauses": {"\x00": "甲\x00"}}
    signed = await client.post(address, json=body, headers=headers)
    for answer in (asked, signed):
        assert answer.status_code == 400, answer.text
        assert "空字符" in answer.json()["title"] + answer.json().get("detail", "")
