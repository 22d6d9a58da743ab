"""Disclosures at a point: where they stood on a day and what they said, on the page, in the list, by machine, in the export."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from deploy.embedded.postgres import EmbeddedPostgres
from services.home.erasing import workflow as erasing
from services.ledger.disclosure import forms, then, workflow
from services.ledger.disclosure.models import DISCLOSURE_STATES
from services.ledger.forms import members_of
from services.ledger.listing import Filters
from services.ledger.points import Point
from services.ledger.sheets import SHEETS, portions
from shared.clock import real_now
from shared.db.migrating import migrate
from shared.errors import Refusal
from shared.forms import read
from tests.services.ledger.disclosure.test_pages import FORM
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import World

LIST = "/institution/disclosures"
NAME = "disclosed_before"


async def said(world: World, disclosure_id: UUID, when: datetime, **changed: str) -> None:
    form, errors = read(forms.DisclosureForm, {**FORM, **changed})
    assert form is not None, errors
    async with world.acting(world.university, "completer", at=when) as tx:
        assert await workflow.submit(tx, disclosure_id, form.columns(), members_of(form.team)) is None


async def begun(world: World, when: datetime) -> UUID:
    async with world.acting(world.university, "completer", at=when) as tx:
        gate, governed = await workflow.ask_gate(tx, "no", "no")
        return await workflow.begin(tx, gate, governed, {})


async def lived(world: World) -> tuple[UUID, datetime]:
    """Begun on the 9th, submitted on the 10th, returned on the 11th, submitted under another name on the 12th and registered
    on the 13th; and the real instant before it came back.
    """
    disclosure_id = await begun(world, at("2026-03-09"))
    await said(world, disclosure_id, at("2026-03-10"), name="旧的名称", team="测试甲 1/2\n测试乙 1/2")
    known = real_now()
    async with world.acting(world.university, at=at("2026-03-11")) as tx:
        assert await workflow.return_for_correction(tx, disclosure_id, {"name": "名称过于笼统"}) is None
    await said(world, disclosure_id, at("2026-03-12"), name="新的名称", team="测试丙")
    async with world.acting(world.university, at=at("2026-03-13")) as tx:
        assert isinstance(await workflow.register(tx, disclosure_id), UUID)
    return disclosure_id, known


@pytest.mark.requirement("R205")
async def test_the_page_tells_where_it_stood_and_what_it_said_on_the_day(site: Site, world: World) -> None:
    disclosure_id, known = await lived(world)
    clerk = await site.signed_in(world, world.university)

    async def shown(**query: str) -> str:
        answer = await clerk.get(f"{LIST}/{disclosure_id}", **query)
        assert answer.status_code == 200
        return answer.text.split("<main")[-1]

    assert "该时点还没有这项披露" in await shown(as_of="2026-03-08")
    draft = await shown(as_of="2026-03-09")
    assert "草稿的内容不按日留存" in draft
    assert "名称" not in draft.split("披露内容")[1].split("草稿的内容")[0]
    first = await shown(as_of="2026-03-10")
    for words in ("待核实", "旧的名称", "测试甲", "50%", "回到今天", "第 1 次留存"):
        assert words in first, words
    for words in ("新的名称", "测试丙", "名称过于笼统", "查看台账", "核实并登记"):
        assert words not in first, words
    returned = await shown(as_of="2026-03-11")
    assert "已退回" in returned
    assert "名称过于笼统" in returned
    assert "旧的名称" in returned
    assert "新的名称" in await shown(as_of="2026-03-12")
    assert "查看台账" in await shown(as_of="2026-03-13")
    then_known = await shown(known_at=known.isoformat())
    assert "旧的名称" in then_known
    assert "新的名称" not in then_known
    assert "待核实" in then_known


@pytest.mark.requirement("R205")
async def test_lists_machines_and_the_export_tell_the_day(site: Site, world: World) -> None:
    disclosure_id, known = await lived(world)
    clerk = await site.signed_in(world, world.university)
    waiting = (await clerk.get(LIST, tab="waiting", as_of="2026-03-10")).text
    assert "旧的名称" in waiting
    assert f'href="{LIST}/{disclosure_id}?as_of=2026-03-10"' in waiting
    assert f'href="{LIST}?as_of=2026-03-10&amp;tab=done"' in waiting
    assert "旧的名称" not in (await clerk.get(LIST, tab="waiting", as_of="2026-03-11")).text
    assert "旧的名称" in (await clerk.get(LIST, tab="done", as_of="2026-03-11")).text
    assert "旧的名称" in (await clerk.get(LIST, tab="waiting", known_at=known.isoformat())).text
    async with world.acting(world.university) as tx:
        for day, expected in (("2026-03-10", ("旧的名称", "submitted")), ("2026-03-12", ("新的名称", "submitted"))):
            filters = Filters(as_of=datetime.fromisoformat(day).date())
            rows = [row async for rows in portions(tx, SHEETS["disclosures"], filters) for row in rows]
            assert [(row["name"], row["state"]) for row in rows] == [expected]
        today = [row async for rows in portions(tx, SHEETS["disclosures"], Filters()) for row in rows]
        assert [(row["name"], row["state"]) for row in today] == [("新的名称", "registered")]


async def test_nobody_else_sees_it_at_any_point(site: Site, world: World) -> None:
    disclosure_id, _ = await lived(world)
    stranger = await site.signed_in(world, world.institute)
    assert (await stranger.get(f"{LIST}/{disclosure_id}", as_of="2026-03-10")).status_code == 404
    async with world.acting(world.university, "clerk") as tx:
        assert await then.disclosure_then(tx, disclosure_id, Point(at("2026-03-10").date())) is not None
    async with world.acting(world.university, "finance") as tx:
        assert await then.disclosure_then(tx, disclosure_id, Point(at("2026-03-10").date())) is None


async def test_nothing_is_told_of_what_was_wiped(site: Site, world: World) -> None:
    disclosure_id = await begun(world, at("2026-03-09"))
    await said(world, disclosure_id, at("2026-03-10"), name="涉密的名称")
    async with world.acting(world.university, at=at("2026-03-11")) as tx:
        assert await workflow.return_for_correction(tx, disclosure_id, {"": "请核对"}) is None
    async with world.acting(world.university, "completer", at=at("2026-03-12")) as tx:
        assert not isinstance(await erasing.wipe_draft(tx, disclosure_id), Refusal)
    visitor = await site.signed_in(world, world.university, "completer")
    for address in (f"{LIST}/{disclosure_id}", LIST):
        shown = (await visitor.get(address, as_of="2026-03-10")).text
        assert "涉密的名称" not in shown
    assert "内容已经清除" in (await visitor.get(f"{LIST}/{disclosure_id}", as_of="2026-03-10")).text


@pytest.fixture
def earlier(server: EmbeddedPostgres) -> Iterator[str]:
    server.drop_database(NAME)
    server.create_database(NAME)
    migrate(server.dsn("postgres", NAME), "0027")
    yield server.dsn("postgres", NAME)
    server.drop_database(NAME)


def test_what_is_known_of_disclosures_made_before_is_kept_as_versions(earlier: str) -> None:
    tenant, person, back, done, gone, wiped = (uuid4() for _ in range(6))
    first = {"name": "旧", "more": {}, "team": [[str(person), "1/2"]]}
    told: dict[UUID, tuple[str, str | None, Any, list[str]]] = {
        back: ("returned", "改了一半", first, ["begun", "submitted", "returned"]),
        done: ("registered", "新", first, ["begun", "submitted", "returned", "submitted", "registered"]),
        gone: ("withdrawn", "撤回的", None, ["begun", "withdrawn"]),
        wiped: ("withdrawn", None, None, ["begun", "submitted", "returned", "withdrawn"]),
    }
    with psycopg.connect(earlier) as connection:
        connection.execute("set session_replication_role = replica")
        for row, (state, name, returned_as, events) in told.items():
            connection.execute(
                "insert into app.disclosure (tenant_id, id, province_id, person_id, state, name, obtained_on, returned_as) "
                "values (%s, %s, %s, %s, %s, %s, '2025-03-09', %s)",
                [tenant, row, tenant, person, state, name, json.dumps(returned_as) if returned_as else None],
            )
            connection.execute(
                "insert into app.disclosure_completer (tenant_id, disclosure_id, position, person_id, share_numerator, "
                "share_denominator) values (%s, %s, 1, %s, 1, 3)",
                [tenant, row, person],
            )
            for place, event in enumerate(events, 1):
                connection.execute(
                    "insert into app.workflow_event (tenant_id, id, province_id, department_id, recipient_id, "
                    "actor_organisation_id, case_kind, case_id, event, at, recorded_at) "
                    "values (%s, gen_random_uuid(), %s, %s, %s, %s, 'disclosure', %s, %s, %s, %s)",
                    [
                        tenant,
                        tenant,
                        tenant,
                        tenant,
                        tenant,
                        row,
                        event,
                        f"2026-03-0{place} 10:00+8",
                        f"2026-03-0{place} 11:00+8",
                    ],
                )
    migrate(earlier)
    with psycopg.connect(earlier) as connection:
        kept = connection.execute(
            "select disclosure_id, number, said, extract(day from at at time zone 'Asia/Shanghai')::int "
            "from app.disclosure_statement order by 1, 2"
        ).fetchall()
        forced = connection.execute(
            "select bool_and(relforcerowsecurity) from pg_class where relname like 'disclosure%' and relkind = 'r' "
            "or relname = 'workflow_event'"
        ).fetchone()
    found = {(row, number): (said["name"], day) for row, number, said, day in kept}
    assert found == {(back, 1): ("旧", 2), (done, 1): ("旧", 2), (done, 2): ("新", 4), (gone, 1): ("撤回的", 2)}
    last = next(said for row, number, said, _ in kept if (row, number) == (done, 2))
    assert (last["team"], last["obtained_on"], last["more"]) == ([[str(person), "1/3"]], "2025-03-09", {})
    assert forced == (True,)


async def test_every_state_of_a_disclosure_is_listed_at_a_point(world: World) -> None:
    """A state that is added is not lost from the lists of past days."""
    disclosure_id, _ = await lived(world)
    async with world.acting(world.university) as tx:
        for day, state in (("09", "draft"), ("10", "submitted"), ("11", "returned"), ("13", "registered")):
            point = Point(at(f"2026-03-{day}").date())
            rows = await then.listed(tx, list(DISCLOSURE_STATES), point, person_id=None)
            assert [(row.id, row.state) for row in rows] == [(disclosure_id, state)]
