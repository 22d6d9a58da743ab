"""A world under the pack of a province that does not exist: what differs there stands in its files alone."""

from datetime import date
from pathlib import Path

from sqlalchemy import text

from shared.policy.commands import sources_of
from tenants.packs import store_pack
from tests.world import World

PACK = Path(__file__).parent / "journeys" / "packs" / "cn-90"


async def work_under_another_pack(world: World) -> World:
    """The same world, governed by that pack from 2026 on."""
    sources, regions = sources_of(PACK)
    async with world.acting(world.operator, "operator", "operator") as tx:
        world.pack_version_id = await store_pack(tx, regions[0], sources)
        await tx.execute(
            text("select app.put_pack_in_force(:province, :day, :version)"),
            {"province": world.province_id, "day": date(2026, 1, 1), "version": world.pack_version_id},
        )
    return world
