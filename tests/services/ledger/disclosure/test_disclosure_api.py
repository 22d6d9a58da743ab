"""Disclosure by the API: the answer's Location leads to the disclosure, for its own institution alone."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.ledger.disclosure import workflow
from shared.clock import real_now
from tenants.identity import Claims
from tests.tenants.test_idempotency import API
from tests.web import Site
from tests.world import World


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, world: World) -> dict[str, Any]:
    """Whose token is believed: the token itself is what the tests of sign-in are about."""
    holder: dict[str, Any] = {"roles": ("integration",), "tenant": world.university, "subject": uuid4().hex}

    async def believed(provider: object, token: str) -> Claims:
        return Claims("test", holder["subject"], "", "", "接口账号", "", "", holder["roles"], holder["tenant"])

    monkeypatch.setattr("tenants.machine.machine_claims", believed)
    return holder


async def ask(site: Site, method: str, address: str, content: Any = None) -> httpx.Response:
    headers = {"authorization": "Bearer token", "idempotency-key": uuid4().hex}
    return await site.anonymous().client.request(method, address, json=content, headers=headers)


async def test_the_location_of_a_disclosure_leads_to_it(site: Site, world: World, account: dict[str, Any]) -> None:
    made = await ask(site, "POST", "/api/disclosures", API)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/api/disclosures/{made.json()['id']}"
    read = (await ask(site, "GET", made.headers["location"])).json()
    assert (read["state"], read["state_label"]) == ("submitted", "待核实")
    assert {name: read[name] for name in ("name", "type", "form", "stage", "funding", "evidence")} == {
        name: API[name] for name in ("name", "type", "form", "stage", "funding", "evidence")
    }
    assert [(one["name"], one["share"]) for one in read["completers"]] == [("测试甲", "1/2"), ("测试乙", "1/2")]
    assert read["submitted_at"]
    assert (read["achievement_id"], read["returns"]) == (None, [])


async def test_a_machine_reads_why_it_came_back_and_what_it_became(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    back = await ask(site, "POST", "/api/disclosures", API)
    taken = await ask(site, "POST", "/api/disclosures", {**API, "name": "另一种示例催化剂的制备方法"})
    async with world.acting(world.university, "clerk") as tx:
        await workflow.return_for_correction(tx, back.json()["id"], {"name": "名称请与权利证书一致"})
    async with world.acting(world.university, "clerk") as tx:
        achievement_id = await workflow.register(tx, taken.json()["id"])
    read = (await ask(site, "GET", back.headers["location"])).json()
    assert read["state"] == "returned"
    assert [(one["field"], one["reason"]) for one in read["returns"]] == [("name", "名称请与权利证书一致")]
    read = (await ask(site, "GET", taken.headers["location"])).json()
    assert (read["state"], read["achievement_id"]) == ("registered", str(achievement_id))


async def test_what_is_not_ones_own_is_as_if_it_did_not_exist(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    made = await ask(site, "POST", "/api/disclosures", API)
    unknown = await ask(site, "GET", f"/api/disclosures/{uuid4()}")
    assert unknown.status_code == 404
    for change in ({"tenant": world.institute}, {"subject": "another account of the same institution"}):
        before = dict(account)
        account.update(change)
        theirs = await ask(site, "GET", made.headers["location"])
        assert (theirs.status_code, theirs.content) == (404, unknown.content)
        account.update(before)
    account["roles"] = ()
    assert (await ask(site, "GET", made.headers["location"])).status_code == 403


async def test_wrong_fields_are_named_without_repeating_what_was_sent(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    answer = await ask(site, "POST", "/api/disclosures", {**API, "name": "", "type": "no_such_type"})
    assert answer.status_code == 422
    problem = answer.json()
    assert {"name", "type"} <= set(problem["errors"])
    assert set(problem) == {"type", "title", "status", "errors"}


async def test_the_list_goes_on_where_a_page_ends(site: Site, world: World, account: dict[str, Any]) -> None:
    made = []
    for name in ("甲工艺", "乙工艺", "丙工艺"):
        made.append((await ask(site, "POST", "/api/disclosures", {**API, "name": name})).json()["id"])
    first = (await ask(site, "GET", "/api/disclosures?limit=2")).json()
    assert [one["id"] for one in first["items"]] == made[:0:-1]
    second = (await ask(site, "GET", f"/api/disclosures?limit=2&after={first['next']}")).json()
    assert ([one["name"] for one in second["items"]], second["next"]) == (["甲工艺"], None)
    assert (await ask(site, "GET", "/api/disclosures?status=returned")).json()["items"] == []
    assert (await ask(site, "GET", "/api/disclosures?status=nothing")).status_code == 400
    account["subject"] = "another account of the same institution"
    assert (await ask(site, "GET", "/api/disclosures")).json()["items"] == []


async def test_what_came_back_is_corrected_and_sent_again_under_its_tag(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    made = await ask(site, "POST", "/api/disclosures", API)
    place = made.headers["location"]
    async with world.acting(world.university, "clerk") as tx:
        await workflow.return_for_correction(tx, made.json()["id"], {"technical_field": "请写到二级领域"})
    tag = (await ask(site, "GET", place)).headers["etag"]
    said = {name: value for name, value in API.items() if name not in ("classified", "key_technology")}
    client, headers = site.anonymous().client, {"authorization": "Bearer token"}

    async def put(body: dict[str, Any], **more: str) -> httpx.Response:
        return await client.put(place, json=body, headers={**headers, "idempotency-key": uuid4().hex, **more})

    assert (await put(said)).status_code == 428
    refused = await put({**said, "evidence": []}, **{"if-match": tag})
    assert (refused.status_code, refused.json()["citation"]["article"]) == (422, "第八条")
    done = await put({**said, "technical_field": "新材料（催化）"}, **{"if-match": tag})
    assert done.status_code == 200, done.text
    assert (await put(said, **{"if-match": tag})).status_code == 412
    read = (await ask(site, "GET", place)).json()
    assert (read["state"], read["technical_field"]) == ("submitted", "新材料（催化）")
    account["subject"] = "another account of the same institution"
    assert (await put(said, **{"if-match": tag})).status_code == 404


async def test_a_machine_reads_where_it_stood_and_what_it_said_then(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    made = await ask(site, "POST", "/api/disclosures", API)
    known = real_now().isoformat()
    async with world.acting(world.university, "clerk") as tx:
        await workflow.return_for_correction(tx, made.json()["id"], {"name": "名称请与权利证书一致"})
    place = made.headers["location"]
    tag = (await ask(site, "GET", place)).headers["etag"]
    client, headers = site.anonymous().client, {"authorization": "Bearer token"}
    again = {name: value for name, value in API.items() if name not in ("classified", "key_technology")}
    sent = await client.put(
        place,
        json={**again, "name": "另一种名称"},
        headers={**headers, "if-match": tag, "idempotency-key": uuid4().hex},
    )
    assert sent.status_code == 200, sent.text
    then = await client.get(place, params={"known_at": known}, headers=headers)
    assert (then.json()["state"], then.json()["name"], then.json()["returns"]) == ("submitted", API["name"], [])
    assert [one["share"] for one in then.json()["completers"]] == ["1/2", "1/2"]
    assert "etag" not in then.headers
    listed = await client.get("/api/disclosures", params={"known_at": known}, headers=headers)
    assert [(one["state"], one["name"]) for one in listed.json()["items"]] == [("submitted", API["name"])]
    before = await client.get(place, params={"as_of": "2020-01-01"}, headers=headers)
    assert before.status_code == 404
    assert (await client.get("/api/disclosures", params={"as_of": "2020-01-01"}, headers=headers)).json()["items"] == []


PDF = b"%PDF-1.7 nightingale"


async def send_paper(site: Site, place: str, **options: Any) -> httpx.Response:
    """A paper as a form; ``file``, ``data`` and ``key`` may be given."""
    headers = {"authorization": "Bearer token", "idempotency-key": options.get("key") or uuid4().hex}
    data = options.get("data", {"kind": "project_contract"})
    files = {"file": options.get("file", ("项目合同.pdf", PDF, "application/pdf"))}
    return await site.anonymous().client.post(f"{place}/papers", data=data, files=files, headers=headers)


@pytest.mark.requirement("R059", "R172")
async def test_a_paper_goes_with_a_draft_and_stands_for_its_kind(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    made = await ask(site, "POST", "/api/disclosures", {**API, "evidence": [], "draft": True})
    place = made.headers["location"]
    assert (made.status_code, made.json()["state"]) == (201, "draft")
    key = uuid4().hex
    sent = await send_paper(site, place, key=key, data={"kind": "project_contract", "confidential": "yes"})
    again = await send_paper(site, place, key=key, data={"kind": "project_contract", "confidential": "yes"})
    assert (sent.status_code, again.status_code, again.headers["location"]) == (201, 201, f"{place}/papers"), sent.text
    assert (await send_paper(site, place)).status_code == 409, "the same bytes are not kept twice"
    (paper,) = (await ask(site, "GET", f"{place}/papers")).json()["items"]
    assert (paper["id"], paper["kind"], paper["confidential"]) == (sent.json()["id"], "project_contract", True)
    assert (paper["file_name"], paper["size"]) == ("项目合同.pdf", len(PDF))
    tag = (await ask(site, "GET", place)).headers["etag"]
    said = {name: value for name, value in API.items() if name not in ("classified", "key_technology", "evidence")}
    headers = {"authorization": "Bearer token", "idempotency-key": uuid4().hex, "if-match": tag}
    done = await site.anonymous().client.put(place, json=said, headers=headers)
    assert done.status_code == 200, done.text
    assert (await ask(site, "GET", place)).json()["evidence"] == ["project_contract"]
    assert (await send_paper(site, place, file=("二.pdf", PDF + b"2", "application/pdf"))).status_code == 409
    late = await ask(site, "POST", f"{place}/papers/{paper['id']}/withdraw")
    assert (late.status_code, late.headers["content-type"]) == (409, "application/problem+json")


async def test_a_paper_is_taken_away_from_a_draft_by_whoever_sent_it(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    place = (await ask(site, "POST", "/api/disclosures", {**API, "draft": True})).headers["location"]
    wrong = await send_paper(site, place, data={"kind": "photo"}, file=("秘密★10年.pdf", PDF, "application/pdf"))
    assert (wrong.status_code, set(wrong.json()["errors"])) == (422, {"kind", "file"})
    paper = (await send_paper(site, place)).json()["id"]
    sender, account["subject"] = account["subject"], "another account of the same institution"
    assert (await send_paper(site, place)).status_code == 404
    assert (await ask(site, "GET", f"{place}/papers")).status_code == 404
    assert (await ask(site, "POST", f"{place}/papers/{paper}/withdraw")).status_code == 404
    account["subject"] = sender
    left = await ask(site, "POST", f"{place}/papers/{paper}/withdraw")
    assert (left.status_code, left.json()) == (200, {"items": []})
