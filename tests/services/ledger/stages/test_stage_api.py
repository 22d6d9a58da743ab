"""The stage by machine: criteria with their own days and papers, written under the tag that was read."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.ledger.papers.workflow import Paper
from services.ledger.stages import workflow
from shared.documents.uploads import Upload
from tests.services.ledger.changing.test_changing_api import account
from tests.services.ledger.stages.test_stage_workflow import DAYS, REPORT, SAID, Kept
from tests.services.ledger.test_workflow import registered
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import World

__all__ = ["account"]
PLAN = Upload("转化意向合同.pdf", b"%PDF-1.7 contract")


async def ask(
    site: Site, method: str, row_id: UUID, body: Any = None, query: str = "", **headers: str
) -> httpx.Response:
    given = {"authorization": "Bearer token", "idempotency-key": uuid4().hex, **headers}
    address = f"/api/achievements/{row_id}/stage{query}"
    return await site.anonymous().client.request(method, address, json=body, headers=given)


async def entered(world: World) -> UUID:
    async with world.acting(world.university) as tx:
        return await registered(tx, stage_declared="development")


@pytest.mark.requirement("R067", "R068", "R069")
async def test_each_criterion_has_its_own_day_and_its_own_papers(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    row_id = await entered(world)
    read = await ask(site, "GET", row_id)
    assert read.json()["recognised"] == "research"
    assert [one["met_on"] for one in read.json()["criteria"]] == [None] * 5
    days = {code: str(day) for code, day in DAYS.items()}
    wanted = {"reason": "学术委员会认定", "criteria": days}
    done = await ask(site, "PUT", row_id, wanted, **{"if-match": read.headers["etag"]})
    assert done.status_code == 200, done.text
    assert (done.json()["recognised"], done.json()["missing"]) == ("research", []), "five days without a paper"
    assert any("没有明确证据" in (one["quote"] or "") for one in done.json()["reasons"])
    async with world.acting(world.university) as tx:
        await workflow.add_proof(tx, Kept(), row_id, REPORT, SAID)
        await workflow.add_proof(tx, Kept(), row_id, PLAN, Paper("stage", "intent_contract", ("benefit",)))
    read = await ask(site, "GET", row_id)
    told = read.json()
    assert (told["recognised"], told["development_from"]) == ("development", "2026-03-10"), "the latest of the five"
    papers = {one["code"]: [paper["kind"] for paper in one["papers"]] for one in told["criteria"]}
    assert papers == {
        "feasible": ["assessment_report"], "intended_use": [], "benefit": ["assessment_report", "intent_contract"],
        "resources": [], "measurable": [],
    }  # fmt: skip
    four = {code: day for code, day in days.items() if code != "resources"}
    less = await ask(
        site, "PUT", row_id, {"reason": "资源条件未满足", "criteria": four}, **{"if-match": read.headers["etag"]}
    )
    assert (less.json()["recognised"], less.json()["missing"]) == ("research", ["resources"])


@pytest.mark.requirement("R205")
async def test_the_stage_is_told_as_of_a_day(site: Site, world: World, account: dict[str, Any]) -> None:
    async with world.acting(world.university, at=at("2026-03-02")) as tx:
        row_id = await registered(tx, stage_declared="development")
    async with world.acting(world.university) as tx:
        await workflow.add_proof(tx, Kept(), row_id, REPORT, SAID)
        await workflow.record_criteria(tx, row_id, DAYS, reason="学术委员会认定")
    today = await ask(site, "GET", row_id)
    before = await ask(site, "GET", row_id, query="?as_of=2026-03-09")
    earlier = await ask(site, "GET", row_id, query="?as_of=2026-03-01")
    assert (today.json()["recognised"], today.json()["development_from"]) == ("development", "2026-03-10")
    assert before.json()["recognised"] == "research"
    assert [one["papers"] for one in before.json()["criteria"]] == [[]] * 5, "the paper came later"
    assert before.headers["etag"] != today.headers["etag"]
    assert earlier.status_code == 404, "the ledger did not have it yet"


async def test_the_tag_decides_and_wrong_days_and_codes_are_named(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    row_id = await entered(world)
    tag = (await ask(site, "GET", row_id)).headers["etag"]
    body = {"reason": "认定", "criteria": {"feasible": "2026-03-03"}}
    assert (await ask(site, "PUT", row_id, body)).status_code == 428
    wrong = await ask(site, "PUT", row_id, {"reason": "", "criteria": {"feasible": "2099-01-01"}}, **{"if-match": tag})
    assert wrong.status_code == 422
    assert set(wrong.json()["errors"]) == {"reason", "criteria.feasible"}
    unknown = await ask(site, "PUT", row_id, {"reason": "x", "criteria": {"luck": "2026-03-03"}}, **{"if-match": tag})
    assert unknown.status_code == 422
    assert unknown.json()["citation"]["article"] == "第九条(四)2"
    assert (await ask(site, "PUT", row_id, body, **{"if-match": tag})).status_code == 200
    assert (await ask(site, "PUT", row_id, body, **{"if-match": tag})).status_code == 412
    account["tenant"] = world.institute
    theirs, none = await ask(site, "GET", row_id), await ask(site, "GET", uuid4())
    assert (theirs.status_code, theirs.content) == (404, none.content)


@pytest.mark.requirement("R069", "R172")
async def test_a_paper_sent_by_machine_makes_the_stage_and_taken_back_unmakes_it(
    site: Site, world: World, account: dict[str, Any]
) -> None:
    row_id = await entered(world)
    tag = (await ask(site, "GET", row_id)).headers["etag"]
    days = {code: str(day) for code, day in DAYS.items()}
    await ask(site, "PUT", row_id, {"reason": "认定", "criteria": days}, **{"if-match": tag})
    client, place = site.anonymous().client, f"/api/achievements/{row_id}/stage/papers"

    async def send(**form: str) -> httpx.Response:
        headers = {"authorization": "Bearer token", "idempotency-key": uuid4().hex}
        files = {"file": ("报告.pdf", b"%PDF-1.7 report", "application/pdf")}
        return await client.post(place, data={"kind": "assessment_report", **form}, files=files, headers=headers)

    unknown = await send(subjects="feasible, luck")
    assert (unknown.status_code, unknown.json()["citation"]["article"]) == (422, "第九条(四)2")
    assert set((await send(kind="", dated_on="昨天")).json()["errors"]) == {"kind", "dated_on"}
    sent = await send(subjects="feasible, benefit", reference="评字〔2026〕3号", dated_on="2026-03-09")
    assert sent.status_code == 201, sent.text
    told = sent.json()
    assert (told["recognised"], told["development_from"]) == ("development", "2026-03-10")
    papers = {one["code"]: one["papers"] for one in told["criteria"] if one["papers"]}
    assert {code: one[0]["reference"] for code, one in papers.items()} == dict.fromkeys(
        ("feasible", "benefit"), "评字〔2026〕3号"
    )
    assert sent.headers["etag"] == (await ask(site, "GET", row_id)).headers["etag"]
    assert (await send()).status_code == 409
    back = f"{place}/{papers['feasible'][0]['id']}/withdraw"
    headers = {"authorization": "Bearer token"}
    assert (
        await client.post(back, json={"reason": ""}, headers={**headers, "idempotency-key": uuid4().hex})
    ).status_code == 422
    gone = await client.post(back, json={"reason": "报告作废"}, headers={**headers, "idempotency-key": uuid4().hex})
    assert (gone.status_code, gone.json()["recognised"]) == (200, "research")
    account["tenant"] = world.institute
    assert (await send()).status_code == 404
