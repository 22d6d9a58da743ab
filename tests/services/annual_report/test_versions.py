"""A second pack version comes into force while a report is in preparation: it keeps its own, or follows, as the pack says."""

from uuid import UUID

from services.annual_report import queries, workflow
from services.annual_report.standing import standing
from shared.policy.loader import PACKS
from shared.policy.sources import Sources
from tenants.packs import store_pack
from tests.services.annual_report.arranging import REPORT, TEXTS, YEAR, frozen, handed_over, small_ledger, written
from tests.world import REGION, World

FOLLOWS = (f"{REGION}/ledger/scope.toml", 'governed_by = "pinned"', 'governed_by = "newest"')
SECOND = (f"{REGION}/pack.toml", 'version = "2025.1"', 'version = "2026.1"')


async def put(world: World, *changes: tuple[str, str, str]) -> UUID:
    texts = dict(Sources.of_folder(PACKS).texts)
    for name, before, after in changes:
        assert before in texts[name]
        texts[name] = texts[name].replace(before, after, 1)
    async with world.acting(world.operator, "operator", "operator") as tx:
        world.pack_version_id = await store_pack(tx, REGION, Sources(texts))
    return world.pack_version_id


async def governs(world: World) -> UUID:
    async with world.acting(world.university) as tx:
        return (await standing(tx, REPORT, YEAR)).governed.id


async def events(world: World, report_id: UUID) -> list[str]:
    async with world.acting(world.university) as tx:
        return [one.event for one in await queries.events_of(tx, report_id)]


async def test_a_report_keeps_the_version_it_was_begun_under(world: World) -> None:
    await small_ledger(world)
    first = world.pack_version_id
    report_id = await frozen(world)
    await put(world, SECOND)
    assert await governs(world) == first
    await written(world)
    assert "rules_followed" not in await events(world, report_id)


async def test_a_report_that_follows_the_newest_version_says_so_once_and_keeps_it_when_handed_over(
    world: World,
) -> None:
    await put(world, FOLLOWS)
    await small_ledger(world)
    report_id = await frozen(world)
    second = await put(world, FOLLOWS, SECOND)
    assert await governs(world) == second
    await written(world)
    async with world.acting(world.university) as tx:
        assert await workflow.save_narrative(tx, REPORT, YEAR, TEXTS) is None
    assert (await events(world, report_id)).count("rules_followed") == 1
    await handed_over(world)
    await put(world, FOLLOWS, (SECOND[0], SECOND[1], 'version = "2026.2"'))
    assert await governs(world) == second
