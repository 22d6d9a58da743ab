"""A second version of the pack in force, for tests of activation: the notice of an empowerment runs 20 days, not 15."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import text

from shared.policy.loader import PACKS
from shared.policy.sources import Sources
from tenants.packs import store_pack
from tests.world import REGION, World

TWENTY_DAYS = {
    f"{REGION}/pack.toml": ('version = "2025.1"', 'version = "2026.1"'),
    f"{REGION}/empowerment/review.toml": ("days = 15", "days = 20"),
}


def changed(changes: Mapping[str, tuple[str, str]] = TWENTY_DAYS) -> Sources:
    """The platform's packs with some words of some files replaced."""
    texts = dict(Sources.of_folder(PACKS).texts)
    for name, (before, after) in changes.items():
        assert before in texts[name], name
        texts[name] = texts[name].replace(before, after, 1)
    return Sources(texts)


@asynccontextmanager
async def standing_for(world: World, region: str = REGION) -> AsyncIterator[None]:
    """The world's province as that of a region, whose packs may be loaded there; its own afterwards, for other tests'."""
    change = text("update app.province set region = :region where province_id = :province")
    async with world.maintenance.begin() as connection:
        before = await connection.scalar(
            text("select region from app.province where province_id = :province"), {"province": world.province_id}
        )
        await connection.execute(change, {"region": region, "province": world.province_id})
    try:
        yield
    finally:
        async with world.maintenance.begin() as connection:
            await connection.execute(change, {"region": before, "province": world.province_id})


async def store_second(world: World, changes: Mapping[str, tuple[str, str]] = TWENTY_DAYS) -> UUID:
    """Store it without its own test cases, which expect the first version's days."""
    async with world.acting(world.operator, "operator", "operator") as tx:
        return await store_pack(tx, REGION, changed(changes))
