"""The tasks of the notices as the worker runs them."""

from sqlalchemy import func, select

from services.notices.models import notice, notice_check
from services.notices.tasks import check_notices, close_notices
from services.worker import jobs
from shared.settings import Settings
from tests.services.notices.arranging import at
from tests.services.notices.test_workflow import published
from tests.world import World


async def test_every_running_notice_is_proved_in_every_hour(world: World, configuration: Settings) -> None:
    await published(world)
    for hour in (9, 9, 10):
        async with world.working(world.university, at=at("2026-03-03", hour, 10)) as tx:
            await check_notices.function(tx)
    async with world.acting(world.university) as tx:
        kept = await tx.scalar(
            select(func.count()).select_from(notice_check).where(notice_check.c.tenant_id == tx.tenant_id)
        )
    assert kept == 2


async def test_the_daily_task_closes(world: World) -> None:
    await published(world)
    async with world.working(world.university, at=at("2026-03-18", 0, 5)) as tx:
        await close_notices.function(tx)
        assert await tx.scalar(select(notice.c.state).where(notice.c.tenant_id == tx.tenant_id)) == "ended"


def test_the_tasks_are_scheduled_for_institutions() -> None:
    listed = [(job.name, job.at.hour) for job in jobs() if job.kinds == {"institution", "training"}]
    assert ("notices.close", 0) in listed
    assert [hour for name, hour in listed if name == "notices.check"] == list(range(24))
