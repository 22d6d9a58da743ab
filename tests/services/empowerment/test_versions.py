"""A second pack version comes into force in mid-case: the case keeps its own (pinned), or follows (newest), as the pack says."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text

from services.empowerment import queries, workflow
from services.empowerment.reviewing.workflow import publish
from shared.policy.loader import PACKS
from shared.policy.sources import Sources
from tenants.packs import store_pack
from tests.services.empowerment.arranging import Prepared, approved, is_refused, prepare, sign, state_of
from tests.services.notices.arranging import at
from tests.tenants.second_version import TWENTY_DAYS
from tests.world import REGION, World

FOLLOWS = {
    f"{REGION}/empowerment/scope.toml": ('governed_by = "pinned"', 'governed_by = "newest"'),
}


async def first_version(world: World, *, newest: bool) -> None:
    """The world's own pack, or the same with cases that follow the newest version."""
    if newest:
        await activate(world, FOLLOWS, date(2025, 11, 10))


async def activate(world: World, changes: dict[str, tuple[str, str]], day: date) -> UUID:
    texts = dict(Sources.of_folder(PACKS).texts)
    for name, (before, after) in changes.items():
        texts[name] = texts[name].replace(before, after, 1)
    async with world.acting(world.operator, "operator", "operator") as tx:
        version = await store_pack(tx, REGION, Sources(texts))
        await tx.execute(
            text("select app.put_pack_in_force(:province, :day, :version)"),
            {"province": world.province_id, "day": day, "version": version},
        )
    world.pack_version_id = version
    return version


async def loaded(world: World, application_id: UUID, day: str) -> tuple[UUID, UUID, list[str]]:
    """(the version that governs, the version on the case, its events) as a verb finds them."""
    async with world.acting(world.university, "clerk", at=at(day)) as tx:
        _, governed = await workflow.load(tx, application_id)
    async with world.acting(world.university, "clerk", at=at(day)) as tx:
        found = await queries.find_application(tx, application_id)
        assert found is not None
        rows = await tx.rows(
            text("select event from app.workflow_event where tenant_id = :t and case_id = :c order by recorded_at"),
            {"t": tx.tenant_id, "c": application_id},
        )
    return governed.id, found.pack_version_id, [row.event for row in rows]


@pytest.fixture
async def ready(world: World) -> Prepared:
    return await prepare(world)


async def test_a_pinned_case_goes_on_under_its_own_version(world: World, ready: Prepared) -> None:
    first = world.pack_version_id
    application_id = await approved(world, ready)
    second = await activate(world, TWENTY_DAYS, date(2026, 2, 28))
    governs, kept, events = await loaded(world, application_id, "2026-03-02")
    assert (governs, kept) == (first, first) != (second, second)
    assert "rules_followed" not in events
    async with world.acting(world.university, "clerk", at=at("2026-03-02")) as tx:
        assert await publish(tx, application_id) is None
    # fifteen days, as when it was accepted; under the second version it would be twenty
    assert await sign(world, world.university, application_id, "2026-03-18") is None
    assert await state_of(world, world.university, application_id) == "agreed"


@pytest.mark.requirement("R168")
async def test_a_case_that_follows_the_newest_version_says_since_when(world: World, ready: Prepared) -> None:
    await first_version(world, newest=True)
    application_id = await approved(world, ready)
    second = await activate(world, TWENTY_DAYS | FOLLOWS, date(2026, 2, 28))
    governs, kept, events = await loaded(world, application_id, "2026-03-02")
    assert (governs, kept) == (second, second)
    assert events.count("rules_followed") == 1
    assert (await loaded(world, application_id, "2026-03-02"))[2].count("rules_followed") == 1
    async with world.acting(world.university, "clerk", at=at("2026-03-02")) as tx:
        assert await publish(tx, application_id) is None
    is_refused(await sign(world, world.university, application_id, "2026-03-18"), "notice.running")
    assert await sign(world, world.university, application_id, "2026-03-24") is None


async def test_what_is_refused_under_the_new_version_cites_it(world: World, ready: Prepared) -> None:
    await first_version(world, newest=True)
    application_id = await approved(world, ready)
    await activate(world, TWENTY_DAYS | FOLLOWS, date(2026, 2, 28))
    async with world.acting(world.university, "clerk", at=at("2026-03-02")) as tx:
        assert await publish(tx, application_id) is None
    refused = is_refused(await sign(world, world.university, application_id, "2026-03-18"), "notice.running")
    assert refused.citation is not None
    assert refused.citation.pack_version == "2026.1"
