"""A suspended tenant reads and exports, and writes nothing: pages, machines, tasks; the database itself holds it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.audit.tables import audit_entry
from shared.db.records import workflow_event
from shared.db.transaction import Actor, Scope, Transaction, transaction
from shared.ids import new_id
from shared.tasks import broker
from shared.tasks.broker import Task
from tenants import provisioning
from tenants.people import person
from tests.services.administration.test_machines import administrator, ask
from tests.services.administration.test_machines import made as new_credential
from tests.web import Site
from tests.world import World

LEDGER = "/institution/ledger"


async def put(world: World, tenant: UUID, *, active: bool) -> None:
    async with provisioning.operating(world.web, world.province_id, world.operator) as tx:
        await provisioning.set_active(tx, tenant, active)


@asynccontextmanager
async def suspended(world: World, tenant: UUID) -> AsyncIterator[None]:
    await put(world, tenant, active=False)
    yield
    await put(world, tenant, active=True)


@pytest.mark.requirement("R190")
@pytest.mark.parametrize("login", ["web", "tasks"])
async def test_the_database_itself_keeps_a_suspended_tenant_from_writing(world: World, login: str) -> None:
    """Whatever a handler or a task tries, by whatever trick: the transaction stays read-only to its end."""
    engine: AsyncEngine = getattr(world, login)
    role = {"web": "web_institution", "tasks": "worker"}[login]
    scope = Scope(role, world.university, world.province_id, world.university, world.department)
    async with suspended(world, world.university):
        async with transaction(engine, scope, Actor(None, world.university)) as tx:
            await tx.rows(select(person.c.id).where(person.c.tenant_id == world.university))
        for trick in ("select 1", "set local transaction_read_only = off", "set transaction read write"):
            with pytest.raises(DBAPIError) as held:
                await written_after(trick, engine, scope)
            assert "read-only" in str(held.value) or "read-write mode" in str(held.value)
    await written_after("select 1", engine, scope)


async def written_after(trick: str, engine: AsyncEngine, scope: Scope) -> None:
    async with transaction(engine, scope, Actor(None, scope.tenant_id)) as tx:
        await tx.execute(text(trick))
        await tx.execute(insert(person).values(made(tx)))


def made(tx: Transaction) -> dict[str, object]:
    return {"tenant_id": tx.tenant_id, "id": new_id(), "province_id": tx.province_id, "name": "测试", "salt": b"salt"}


@pytest.mark.requirement("R190")
async def test_a_tenant_suspended_in_mid_session_reads_on_and_is_told_at_its_next_write(
    site: Site, world: World
) -> None:
    clerk = await site.signed_in(world, world.university)
    neighbour = await site.signed_in(world, world.institute)
    form = f"{LEDGER}/views"
    key = await clerk.form_key(form)
    async with suspended(world, world.university):
        page = await clerk.get(LEDGER)
        assert page.status_code == 200
        assert "可以查阅和导出，不能办理" in page.text
        answer = await clerk.post(form, {"name": "我的视图"}, key=key)
        assert answer.status_code == 423
        assert "本单位已暂停使用" in answer.text
        assert "不能办理" not in (await neighbour.get(LEDGER)).text
        export = await clerk.post(f"{LEDGER}/exports", {"list": "ledger"}, page=LEDGER)
        assert export.status_code == 303
        assert (await clerk.get(export.headers["location"])).status_code == 200
    # the very form that was refused is still good
    assert (await clerk.post(form, {"name": "我的视图"}, key=key)).status_code == 303
    assert "不能办理" not in (await clerk.get(LEDGER)).text


@pytest.mark.requirement("R191")
async def test_what_a_suspended_tenant_reads_is_still_logged(site: Site, world: World) -> None:
    auditor = await site.signed_in(world, world.university, "discipline")
    table = audit_entry.c
    reads = select(func.count()).where(table.tenant_id == world.university, table.outcome == "read")
    async with suspended(world, world.university):
        async with world.maintenance.connect() as connection:
            before = await connection.scalar(reads)
        assert (await auditor.get("/institution/audit/export")).status_code == 200
        async with world.maintenance.connect() as connection:
            assert await connection.scalar(reads) == (before or 0) + 1


async def test_a_machine_of_a_suspended_tenant_reads_and_is_told_why_it_cannot_write(site: Site, world: World) -> None:
    admin = await administrator(site, world)
    secret = await new_credential(site, admin, "institution:ledger:read", "institution:disclosure:write")
    async with suspended(world, world.university):
        assert (await ask(site, secret)).status_code == 200
        answer = await ask(
            site, secret, "/disclosures", method="POST", json={}, headers={"idempotency-key": str(new_id())}
        )
        assert answer.status_code == 423
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "tenant.suspended"
        assert (
            await admin.post("/institution/machines/new", {"name": "又一个"}, page="/institution/machines")
        ).status_code == 423


async def test_an_authority_goes_on_working_with_a_suspended_institution(site: Site, world: World) -> None:
    """The suspension is the institution's: what others do under its name stands."""
    scope = world.scope(world.department, "department")
    async with (
        suspended(world, world.university),
        transaction(world.web, scope, Actor(None, world.department)) as tx,
    ):
        tx.now = await tx.recorded_now()
        await tx.execute(
            insert(workflow_event).values(
                tenant_id=world.university,
                id=new_id(),
                **scope.within(world.university, world.department).stream_values(),
                case_kind="report",
                case_id=new_id(),
                event="returned",
                at=tx.now,
            )
        )


async def test_a_suspended_authority_reads_only_too(site: Site, world: World) -> None:
    officer = await site.signed_in(world, world.science, "science_officer", kind="science")
    page, form = "/console/pilots/new", "/console/pilots/new"
    key = await officer.form_key(page)
    async with suspended(world, world.science):
        assert (await officer.get("/console/pilots")).status_code == 200
        assert (await officer.post(form, {}, key=key)).status_code == 423


async def test_a_suspended_tenants_tasks_wait_in_the_queue_and_upkeep_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async def work(tx: Transaction, word: str) -> None:
        done.append(word)

    async def keep(tx: Transaction) -> None:
        done.append("kept")

    monkeypatch.setattr(broker, "TASKS", {})
    monkeypatch.setattr(broker, "worker_engine", lambda: world.tasks)
    task, upkeep = Task(work, "default"), Task(keep, "default", upkeep=True)
    message = {
        "role": "web_institution",
        "tenant": str(world.university),
        "province": str(world.province_id),
        "organisation": str(world.university),
    }
    sent = {"actor": str(new_id()), "department": str(world.department), "word": "once"}
    async with suspended(world, world.university):
        await broker._runner(task)(message, **sent)
        await broker._runner(upkeep)(message, tenant=str(world.university))
        assert done == ["kept"]
    waiting = text(
        "select message -> 'kwargs' from app.task_queue where message ->> 'actor_name' = 'work' "
        "and message -> 'kwargs' -> 'scope' ->> 'tenant' = :tenant"
    )
    async with world.maintenance.connect() as connection:
        (again,) = (await connection.execute(waiting, {"tenant": str(world.university)})).scalars()
    assert {name: again[name] for name in sent} == sent
    await broker._runner(task)(**again)
    assert done == ["kept", "once"]


async def test_every_page_of_a_suspended_tenant_still_opens(site: Site, world: World) -> None:
    """No page writes as it is read: the database would refuse it. Pages of one case are walked by their own tests."""
    addresses = {
        route.path
        for route in site.app.routes
        if route.path.startswith("/institution/") and "GET" in getattr(route, "methods", ()) and "{" not in route.path
    }
    assert len(addresses) > 40
    everybody = [
        await site.signed_in(world, world.university, role) for role in ("clerk", "department_head", "secrecy")
    ]
    async with suspended(world, world.university):
        answers = {(await visitor.get(address)).status_code for visitor in everybody for address in sorted(addresses)}
    assert answers <= {200, 303, 400, 403, 404}
    assert 200 in answers
