"""What is kept for a time only goes when that time is over, and no other tenant's goes with it."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert, select

from services.worker import jobs
from shared.clock import real_now
from shared.db.records import idempotency_key
from tenants.registry import KINDS
from tenants.upkeep import KEYS_KEPT, forget_keys
from tests.world import World


async def keys_of(world: World, tenant: UUID) -> list[str]:
    async with world.maintenance.connect() as connection:
        found = await connection.execute(
            select(idempotency_key.c.key).where(idempotency_key.c.tenant_id == tenant).order_by(idempotency_key.c.key)
        )
        return list(found.scalars())


async def test_idempotency_keys_are_forgotten_after_seven_days(world: World) -> None:
    moment = timedelta(minutes=1)
    async with world.maintenance.begin() as connection:
        for tenant in (world.university, world.hospital):
            for key, age in (("new", KEYS_KEPT - moment), ("old", KEYS_KEPT + moment)):
                await connection.execute(
                    insert(idempotency_key).values(tenant_id=tenant, actor="a", key=key, at=real_now() - age)
                )
    async with world.working(world.university) as tx:
        await forget_keys.function(tx)
    assert await keys_of(world, world.university) == ["new"]
    assert await keys_of(world, world.hospital) == ["new", "old"]


def test_it_is_done_daily_for_everybody() -> None:
    (job,) = [job for job in jobs() if job.task is forget_keys]
    assert job.kinds == frozenset(KINDS)
