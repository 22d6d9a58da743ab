"""A province whose text is a draft: its words above every page; advice unless the province decides by it (rule 57)."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from services.annual_report.reviewing.queries import progress
from services.pilot.rules import may_select, selection_facts
from shared.ids import new_id
from shared.policy.loader import load_pack
from tenants.provisioning import NewProvince, mode_of, operating, put_province
from tenants.registry import province
from tests.services.annual_report.arranging import under_pack
from tests.web import Site
from tests.world import World

DRAFT = "征求意见稿"


async def mode_in(world: World, province_id: object) -> str:
    async with world.maintenance.connect() as connection:
        return str(await connection.scalar(select(province.c.mode).where(province.c.province_id == province_id)))


async def test_a_new_province_follows_a_draft_as_advice_and_keeps_what_it_decided(world: World) -> None:
    assert mode_of("cn-22") == "advisory"
    assert mode_of("cn-53") == "enforced"
    assert mode_of("cn-00") == "enforced"
    province_id, slug = new_id(), f"d{new_id().hex[-10:]}"
    # the region stands once in an installation: another word for it, and the mode that the draft would give
    async with operating(world.web, province_id, new_id()) as tx:
        new = NewProvince(province_id, slug[:12], slug, f"新省{slug}", "新省", mode_of("cn-22"))
        await put_province(tx, new)
    assert await mode_in(world, province_id) == "advisory"
    async with operating(world.web, province_id, new_id()) as tx:
        await put_province(tx, NewProvince(province_id, slug[:12], slug, f"新省{slug}", "新省", "enforced"))
    async with operating(world.web, province_id, new_id()) as tx:
        await put_province(tx, NewProvince(province_id, slug[:12], slug, f"新省{slug}", "改名"))
    assert await mode_in(world, province_id) == "enforced"


@pytest.mark.parametrize(("mode", "overdue"), [("advisory", False), ("enforced", True)])
async def test_what_is_late_is_overdue_only_where_the_draft_is_enforced(world: World, mode: str, overdue: bool) -> None:
    """Due on 2026-01-31, looked at on 2026-03-16, nothing filed."""
    await under_pack(world, "cn-22")
    async with world.maintenance.begin() as connection:
        await connection.execute(
            text("update app.province set mode = :mode where province_id = :id"),
            {"mode": mode, "id": world.province_id},
        )
    async with world.acting(world.science, "science_officer", "science") as tx:
        rows = await progress(tx, 2025)
    assert rows
    assert {row.overdue for row in rows} == {overdue}


@pytest.mark.parametrize(("mode", "verdict"), [("advisory", "advised"), ("enforced", "refused")])
def test_what_is_refused_where_it_is_enforced_is_advised_by_default(mode: str, verdict: str) -> None:
    pack = load_pack("cn-22", mode=mode)  # type: ignore[arg-type]
    today = datetime(2026, 3, 16, tzinfo=UTC).date()
    answer = may_select(selection_facts("empowerment", "hospital", today, [], central=False), pack, today)
    assert answer.verdict == verdict
    assert DRAFT in answer.banner


async def test_the_drafts_words_stand_on_every_page_and_nowhere_else(site: Site, world: World) -> None:
    clerk = await site.signed_in(world, world.university, "clerk")
    assert DRAFT not in (await clerk.get("/institution/ledger")).text
    await under_pack(world, "cn-22")
    async with world.maintenance.begin() as connection:
        await connection.execute(
            text("select app.put_pack_in_force(:province, date '2025-12-01', :version)"),
            {"province": world.province_id, "version": world.pack_version_id},
        )
    for address in ("/institution/", "/institution/ledger", "/institution/notices"):
        assert DRAFT in (await clerk.get(address)).text, address
    for address in (f"/{world.slug}/pilots", f"/{world.slug}/consultations"):
        assert DRAFT in (await site.anonymous().get(address)).text, address
