"""The demo clock: on every page of a demo, forwards only, and nowhere else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text

from services.app import create_app
from services.notices.models import notice, notice_check
from services.worker import Scheduler
from shared.audit.tables import audit_entry
from shared.audit.writing import write_audit
from shared.settings import Settings
from tenants import isolation
from tests.services.notices.test_workflow import published
from tests.web import Site, Visitor, running_site
from tests.world import START, World

FORM = {"return_to": "/signed-out"}


@pytest.fixture
async def demo(configuration: Settings, site: Site, world: World) -> AsyncIterator[Site]:
    """The application in demo mode, with a clock that stands at 2026-03-16 09:00; taken away again afterwards.

    Other tests' tenants are set aside, so that a move runs the jobs of this world alone.
    """
    async with world.maintenance.begin() as connection:
        await connection.execute(text("select app.start_clock(:at)"), {"at": START})
        aside = await connection.scalars(
            text("update app.tenant_directory set active = false where active and province_id <> :own returning id"),
            {"own": world.province_id},
        )
        others = list(aside)
    isolation._provinces = (0.0, {})
    try:
        async with running_site(create_app(configuration.model_copy(update={"mode": "demo"}))) as running:
            yield running
            site.visits.extend(running.visits)
    finally:
        async with world.maintenance.begin() as connection:
            await connection.execute(text("delete from app.legal_clock"))
            await connection.execute(
                text("update app.tenant_directory set active = true where id = any(:others)"), {"others": others}
            )


async def stands_at(world: World) -> datetime:
    async with world.maintenance.connect() as connection:
        found = await connection.scalar(text("select at from app.legal_clock"))
    assert isinstance(found, datetime)
    return found


async def move(visitor: Visitor, world: World, **form: str) -> int:
    answer = await visitor.post("/clock", {**FORM, **form}, page="/institution/messages")
    return answer.status_code


async def test_a_step_forward_shows_its_progress_and_comes_back(demo: Site, world: World) -> None:
    clerk = await demo.signed_in(world, world.university)
    answer = await clerk.post("/clock", {**FORM, "step": "day"}, page="/institution/messages")
    assert answer.status_code == 303
    progress = await clerk.get(answer.headers["location"])
    assert "<progress" in progress.text
    assert "2026-03-17" in progress.text
    await Scheduler(world.tasks).tick()
    assert await stands_at(world) == START + timedelta(days=1)
    arrived = await clerk.get(answer.headers["location"])
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/signed-out?done=moved")
    piece = await clerk.get("/clock/progress", return_to="/signed-out")
    assert piece.headers["hx-redirect"] == "/signed-out?done=moved"


async def test_a_day_and_time_may_be_chosen(demo: Site, world: World) -> None:
    clerk = await demo.signed_in(world, world.university)
    assert await move(clerk, world, step="to", to="2026-04-01T16:30") == 303
    await Scheduler(world.tasks).tick()
    assert await stands_at(world) == datetime(2026, 4, 1, 8, 30, tzinfo=UTC)


async def test_a_move_proves_a_notice_in_every_hour_ends_it_in_time_and_asks_nobody_else(
    demo: Site, world: World
) -> None:
    """Posted on 2 March, over on the 17th: from the 16th at nine, 39 hours are left of it."""
    await published(world)
    clerk = await demo.signed_in(world, world.university)
    assert await move(clerk, world, step="to", to="2026-03-22T09:00") == 303
    await Scheduler(world.tasks).tick()
    async with world.maintenance.connect() as connection:
        own = notice_check.c.tenant_id == world.university
        hours = (await connection.scalars(select(notice_check.c.hour).where(own))).all()
        state = await connection.scalar(select(notice.c.state).where(notice.c.tenant_id == world.university))
        asked = select(func.count()).select_from(text("app.job_run")).where(text("job = 'notices.check'"))
        others = await connection.scalar(
            asked.where(text("tenant_id in (:a, :b)")), {"a": world.institute, "b": world.hospital}
        )
    assert sorted(hours) == [datetime(2026, 3, 16, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(39)]
    assert state == "ended"
    assert others == 0


@pytest.mark.parametrize(
    ("chosen", "status"),
    [("2026-03-16T09:00", 422), ("2026-03-15T09:00", 422), ("2036-03-16T09:00", 422), ("gestern", 422), ("", 422)],
)
async def test_never_backwards_nor_to_nowhere(demo: Site, world: World, chosen: str, status: int) -> None:
    clerk = await demo.signed_in(world, world.university)
    assert await move(clerk, world, step="to", to=chosen) == status
    assert await stands_at(world) == START


async def test_one_move_at_a_time(demo: Site, world: World) -> None:
    clerk = await demo.signed_in(world, world.university)
    assert await move(clerk, world, step="day") == 303
    assert await move(clerk, world, step="day") == 409


async def test_the_same_form_twice_moves_once(demo: Site, world: World) -> None:
    clerk = await demo.signed_in(world, world.university)
    key = await clerk.form_key("/institution/messages")
    for _ in range(2):
        answer = await clerk.post("/clock", {**FORM, "step": "hour"}, key=key)
        assert answer.status_code == 303
        await Scheduler(world.tasks).tick()
    assert await stands_at(world) == START + timedelta(hours=1)


async def test_a_visitor_moves_it_too_and_the_act_is_on_record(demo: Site, world: World) -> None:
    visitor = demo.anonymous()
    key = isolation.new_form_key(demo.app.state.keyring.form_key, "")
    answer = await visitor.post("/clock", {**FORM, "step": "hour"}, key=key)
    assert answer.status_code == 303
    async with world.maintenance.connect() as connection:
        found = (
            await connection.execute(
                select(audit_entry).where(audit_entry.c.action == "clock.move").order_by(audit_entry.c.position.desc())
            )
        ).first()
    assert found is not None
    assert found.outcome == "done"
    assert found.actor_id is None
    assert (await visitor.get("/clock", return_to="/signed-out")).text.count("http-equiv") == 1


async def test_a_forged_form_moves_nothing(demo: Site, world: World) -> None:
    for visitor in (demo.anonymous(), await demo.signed_in(world, world.university)):
        answer = await visitor.post("/clock", {**FORM, "step": "hour"}, key="1.forged")
        assert answer.status_code == 403
    assert await stands_at(world) == START


async def test_it_never_leads_to_another_site(demo: Site, world: World) -> None:
    clerk = await demo.signed_in(world, world.university)
    for foreign in (
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "/\t/elsewhere.example",
    ):
        answer = await clerk.get("/clock", return_to=foreign)
        assert answer.headers["location"] == "/?done=moved"


async def test_outside_a_demo_there_is_no_clock(site: Site, world: World) -> None:
    visitor = await site.signed_in(world, world.university)
    assert (await visitor.get("/clock")).status_code == 404
    key = isolation.new_form_key(site.app.state.keyring.form_key, "")
    assert (await site.anonymous().post("/clock", {"step": "hour"}, key=key)).status_code == 404


async def test_logs_keep_the_real_time_and_say_so_in_a_demo(demo: Site, site: Site, world: World) -> None:
    """An entry of the log has no legal instant; beside a demo's clock its time would look wrong without a word."""
    for tenant, role, kind in (
        (world.science, "science_officer", "science"),
        (world.university, "clerk", "institution"),
    ):
        async with world.acting(tenant, role, kind) as tx:
            await write_audit(tx, "session.end", "session", None)
    for address, tenant, role, kind in (
        ("/console/trail", world.science, "science_officer", "science"),
        ("/institution/audit", world.university, "clerk", "institution"),
    ):
        shown = (await (await demo.signed_in(world, tenant, role, kind=kind)).get(address)).text
        assert "实际时间，不随演示时钟" in shown
        assert '<th scope="col">实际时间</th>' in shown
        usual = (await (await site.signed_in(world, tenant, role, kind=kind)).get(address)).text
        assert '<th scope="col">时间</th>' in usual
        assert "实际时间" not in usual
