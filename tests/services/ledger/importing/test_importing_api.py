"""Imports by the API: sent, followed, confirmed; looked at without keeping anything."""

from typing import Any
from uuid import UUID

import pytest

from services.ledger.importing import workflow
from shared.storage.objects import ObjectStore
from tests.services.ledger.importing.arranging import SAMPLE, counted, ledger, read_through, send
from tests.web import Site
from tests.world import World

pytestmark = pytest.mark.usefixtures("account")


async def test_a_ledger_is_sent_followed_and_confirmed(world: World, site: Site, objects: ObjectStore) -> None:
    answer = await send(
        site, "POST", "/api/imports", params={"filename": "台账.xlsx"}, content=SAMPLE.read_bytes(),
        headers={"content-type": "application/octet-stream"},
    )  # fmt: skip
    assert answer.status_code == 202
    location = answer.headers["location"]
    assert answer.json()["location"] == location
    assert (await send(site, "GET", location)).json()["state"] == "uploaded"
    import_id = UUID(answer.json()["id"])
    await read_through(world, world.university, objects, import_id)
    found = (await send(site, "GET", location)).json()
    assert (found["state"], found["valid"], found["questions"], found["refused"]) == ("checked", 353, 60, 6)
    assert found["as_of_proposed"] == "2025-12-31"
    assert {"duplicate", "classified"} <= {group["code"] for group in found["issues"]}
    assert len(found["held"]) == 50
    rest = (await send(site, "GET", location, params={"after": found["next"]})).json()
    assert len(rest["held"]) == 10
    assert rest["next"] is None

    confirmed = await send(site, "POST", f"{location}/confirm", json={"as_of": "2025-12-31"})
    assert confirmed.status_code == 202
    async with world.working(world.university) as tx:
        await workflow.apply(tx, import_id)
    done = (await send(site, "GET", location)).json()
    assert (done["state"], done["first_number"], done["last_number"]) == ("applied", 1, 353)


@pytest.mark.requirement("R172")
async def test_a_dry_run_answers_at_once_and_keeps_nothing(world: World, site: Site) -> None:
    answer = await send(
        site, "POST", "/api/imports", params={"dry_run": True}, files={"file": ("a.xlsx", SAMPLE.read_bytes())}
    )
    assert answer.status_code == 200
    assert answer.json()["rows_valid"] == 353
    assert await counted(world, "select count(*) from app.ledger_import where tenant_id = :t", t=world.university) == 0


async def test_a_csv_is_taken_when_it_is_said_to_be_one(world: World, site: Site) -> None:
    content = "成果名称,完成人,转化状态\r\n第9号工艺,甘棠,未转化\r\n".encode()
    mute = await send(site, "POST", "/api/imports", content=content)
    assert (mute.status_code, mute.json()["code"]) == (422, "workbook_unknown_format")
    assert "纯文本" in mute.json()["title"]
    said: tuple[dict[str, Any], ...] = (
        {"params": {"dry_run": True}, "headers": {"content-type": "text/csv"}},
        {"params": {"dry_run": True, "filename": "台账.csv"}},
    )
    for options in said:
        answer = await send(site, "POST", "/api/imports", content=content, **options)
        assert (answer.status_code, answer.json()["rows_total"]) == (200, 1)


@pytest.mark.requirement("R172")
async def test_the_same_key_twice_is_one_import_and_the_same_file_is_a_conflict(world: World, site: Site) -> None:
    content = ledger(2).content
    first = await send(site, "POST", "/api/imports", key="k1", content=content)
    again = await send(site, "POST", "/api/imports", key="k1", content=content)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["location"] == first.headers["location"]
    other = await send(site, "POST", "/api/imports", content=content)
    assert other.status_code == 409
    assert other.headers["content-type"] == "application/problem+json"
    assert other.json()["inputs"]["import_id"] == first.json()["id"]


async def test_faults_are_problem_documents(world: World, site: Site, account: dict[str, Any]) -> None:
    bad = await send(site, "POST", "/api/imports", content=b"no workbook\0\1")
    assert (bad.status_code, bad.json()["code"]) == (422, "workbook_unknown_format")
    bad = await send(site, "POST", "/api/imports", params={"dry_run": True}, content=b"no workbook\0\1")
    assert (bad.status_code, bad.json()["code"]) == (422, "workbook_unknown_format")
    sent = await send(site, "POST", "/api/imports", params={"as_of": "2031-01-01"}, content=ledger(1).content)
    early = await send(site, "POST", f"{sent.headers['location']}/confirm", json={"as_of": "2025-12-31"})
    assert early.status_code == 409
    account["tenant"] = world.institute
    assert (await send(site, "GET", sent.headers["location"])).status_code == 404
    theirs = await send(site, "POST", f"{sent.headers['location']}/confirm", json={"as_of": "2025-12-31"})
    assert theirs.status_code == 404
    account["roles"] = ("completer",)
    assert (await send(site, "POST", "/api/imports", content=b"x")).status_code == 403
