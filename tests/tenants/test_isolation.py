"""A transaction sees its own tenant and nobody else's."""

from sqlalchemy import func, select

from shared.audit.tables import audit_entry
from shared.audit.writing import write_audit
from tests.world import World


async def test_an_audit_row_is_seen_by_its_own_tenant_only(world: World) -> None:
    async with world.acting(world.university) as tx:
        await write_audit(tx, "test.acted", "test", None)
    count = select(func.count()).select_from(audit_entry)
    async with world.acting(world.university) as tx:
        assert await tx.scalar(count) == 1
    async with world.acting(world.institute) as tx:
        assert await tx.scalar(count) == 0


async def test_a_transaction_that_fails_leaves_nothing(world: World) -> None:
    class Stopped(Exception):
        pass

    try:
        async with world.acting(world.university) as tx:
            await write_audit(tx, "test.acted", "test", None)
            raise Stopped
    except Stopped:
        pass
    async with world.acting(world.university) as tx:
        assert await tx.scalar(select(func.count()).select_from(audit_entry)) == 0
