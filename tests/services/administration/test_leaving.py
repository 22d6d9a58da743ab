"""停用与交接: what a leaver held is listed, handed on in one act, and the account is closed at once; and the way back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from services.administration.accounts import workflow
from services.administration.accounts.models import departure
from services.administration.delegating import workflow as delegations
from services.administration.delegating.forms import DelegationForm
from services.administration.machines import workflow as machines
from services.administration.machines.models import machine_client
from services.empowerment.models import application
from services.home.delivering.workflow import _holders
from services.ledger.disclosure.models import disclosure
from services.ledger.views.models import ledger_view
from shared.errors import FormInvalid, NotFound
from shared.ids import new_id
from tenants.standing import person_standing
from tests.services.administration.people import SECURITY, SYSTEM, signing_in
from tests.services.empowerment.arranging import applied, prepare
from tests.services.negative_list.steps import clock_at
from tests.services.notices.arranging import at
from tests.web import Site
from tests.world import World

HOME = "/institution/accounts"
NOW = at("2026-03-10")


@pytest.fixture(autouse=True)
async def _legal_clock(world: World) -> AsyncIterator[None]:
    async with clock_at(world, NOW):
        yield


async def stored(world: World, table: Any, column: Any, id_: UUID) -> Any:
    async with world.maintenance.connect() as connection:
        return await connection.scalar(select(column).where(table.c.id == id_))


async def holding(world: World) -> dict[str, UUID]:
    """A leaver with one of everything that is handed on or ended, and a successor."""
    unit = world.university
    leaver = await signing_in(world, unit, "leaver", "nobody")
    successor = await signing_in(world, unit, "successor", "clerk")
    await signing_in(world, unit, SECURITY)
    await signing_in(world, unit, SYSTEM)
    ready = await prepare(world)
    application_id, disclosure_id, view_id = await applied(world, ready), new_id(), new_id()
    async with world.acting(unit, SECURITY, at=NOW) as tx:
        await workflow.assign_roles(tx, leaver, ["clerk"], "任职文件")
    async with world.acting(unit, "leaver", at=NOW) as tx:
        form = {
            "delegate": successor, "permissions": ["institution:ledger:export"], "first_day": NOW.date(),
            "last_day": NOW.date() + timedelta(days=9), "reason": "出差",
        }  # fmt: skip
        with pytest.raises(FormInvalid):  # a clerk has it already: nothing is lent for nothing
            await delegations.lend(tx, DelegationForm.model_validate(form))
        finance = await signing_in(world, unit, "finance")
        delegation_id = await delegations.lend(tx, DelegationForm.model_validate({**form, "delegate": finance}))
        client_id, _ = await machines.register(tx, "科研管理系统", ["institution:ledger:read"])
    async with world.maintenance.begin() as connection:
        own: dict[str, Any] = {"tenant_id": unit, "province_id": world.province_id}
        await connection.execute(
            insert(disclosure).values(**own, id=disclosure_id, person_id=leaver, state="draft", name="未完成的披露")
        )
        for person, one in ((leaver, view_id), (successor, new_id())):
            values = {"tenant_id": unit, "id": one, "person_id": person, "name": "在册", "query": {}}
            await connection.execute(insert(ledger_view).values(values))
        await connection.execute(
            update(application).where(application.c.id == application_id).values(applicant_id=leaver)
        )
    return {
        "leaver": leaver, "successor": successor, "finance": finance, "application": application_id,
        "disclosure": disclosure_id, "view": view_id, "client": client_id, "delegation": delegation_id,
    }  # fmt: skip


@pytest.mark.requirement("R189")
async def test_everything_held_is_listed_and_handed_on_at_once(site: Site, world: World) -> None:
    held = await holding(world)
    leaving = await site.signed_in(world, world.university, "leaver")
    lent_to = await site.signed_in(world, world.university, "finance")
    assert (await leaving.get("/institution/ledger")).status_code == 200
    assert "代 测试leaver" in (await lent_to.get("/institution/settings/permissions")).text
    admin = await site.signed_in(world, world.university, SYSTEM)
    address = f"{HOME}/{held['leaver']}/leave"
    listed = (await admin.get(address)).text
    for words in ("未办结的成果披露", "未办结的赋权申请", "台账视图", "科研管理系统", "委托与受托", "责任部门经办人"):
        assert words in listed, words
    assert "未完成的披露" not in listed  # the system administrator sees no business
    alone = await admin.post(address, {"last_day": "2026-03-10", "reason": "调动"})
    assert alone.status_code == 422
    assert "请选择交接给谁" in alone.text
    form = {"successor": str(held["successor"]), "last_day": "2026-03-10", "reason": "调动"}
    done = await admin.post(address, form)
    assert done.status_code == 303
    assert (await leaving.get("/institution/ledger")).headers["location"].startswith("/sign-in")
    assert "代 测试leaver" not in (await lent_to.get("/institution/settings/permissions")).text
    assert await stored(world, disclosure, disclosure.c.person_id, held["disclosure"]) == held["successor"]
    assert await stored(world, application, application.c.applicant_id, held["application"]) == held["successor"]
    assert await stored(world, machine_client, machine_client.c.responsible_id, held["client"]) == held["successor"]
    assert await stored(world, ledger_view, ledger_view.c.person_id, held["view"]) == held["successor"]
    assert await stored(world, ledger_view, ledger_view.c.name, held["view"]) == "在册（2）"
    shown = (await admin.get(f"{HOME}/{held['leaver']}")).text
    assert "已停用" in shown
    assert "交接给 测试successor" in shown
    assert "已停用" in (await admin.get(HOME)).text
    log = (await (await site.signed_in(world, world.university, "clerk")).get("/institution/audit")).text
    assert "人员账号：停用与交接" in log


async def test_a_closed_account_opens_again_without_its_former_roles(site: Site, world: World) -> None:
    held = await holding(world)
    admin = await site.signed_in(world, world.university, SYSTEM)
    async with world.acting(world.university, SYSTEM, at=NOW) as tx:
        await workflow.leave(tx, held["leaver"], held["successor"], NOW.date(), "调动")
    back = await admin.post(f"{HOME}/{held['leaver']}/return", page=f"{HOME}/{held['leaver']}")
    assert back.status_code == 303
    visitor = await site.signed_in(world, world.university, "leaver")
    assert (await visitor.get("/institution/settings/permissions")).status_code == 200
    assert (await visitor.get("/institution/ledger")).status_code == 403
    async with world.acting(world.university, SYSTEM, at=NOW) as tx:
        with pytest.raises(NotFound):
            await workflow.come_back(tx, held["leaver"])


async def test_nothing_is_handed_on_when_the_act_is_refused(world: World) -> None:
    held = await holding(world)
    stranger = await signing_in(world, world.institute, "clerk")
    system = world.people[world.university, SYSTEM]
    cases = [
        (held["leaver"], stranger, NOW.date(), "调动", "successor"),
        (held["leaver"], held["leaver"], NOW.date(), "调动", "successor"),
        (held["leaver"], None, NOW.date(), "调动", "successor"),
        (held["leaver"], held["successor"], NOW.date() + timedelta(days=1), "调动", "last_day"),
        (held["leaver"], held["successor"], NOW.date(), "测试leaver调动", "reason"),
        (system, None, NOW.date(), "调动", ""),
    ]
    for person, successor, day, reason, field in cases:
        async with world.acting(world.university, SYSTEM, at=NOW) as tx:
            with pytest.raises(FormInvalid) as refused:
                await workflow.leave(tx, person, successor, day, reason)
        assert field in refused.value.errors, field
    assert await stored(world, disclosure, disclosure.c.person_id, held["disclosure"]) == held["leaver"]
    async with world.acting(world.university, SYSTEM, at=NOW) as tx:
        with pytest.raises(NotFound):
            await workflow.leave(tx, stranger, None, NOW.date(), "调动")


async def test_somebody_leaves_once_and_is_no_successor_afterwards(world: World) -> None:
    held = await holding(world)
    async with world.acting(world.university, SYSTEM, at=NOW) as tx:
        await workflow.leave(tx, held["leaver"], held["successor"], NOW.date(), "调动")
    async with world.acting(world.university, SYSTEM, at=NOW) as tx:
        with pytest.raises(FormInvalid) as twice:
            await workflow.leave(tx, held["leaver"], held["successor"], NOW.date(), "调动")
    assert "已经停用" in twice.value.errors[""]
    async with world.acting(world.university, SYSTEM, at=NOW) as tx:
        with pytest.raises(FormInvalid) as gone:
            await workflow.leave(tx, held["finance"], held["leaver"], NOW.date(), "退休")
    assert "successor" in gone.value.errors
    async with world.acting(world.university, SECURITY, at=NOW) as tx:
        with pytest.raises(FormInvalid) as closed:
            await workflow.assign_roles(tx, held["leaver"], ["finance"], "任职文件")
    assert "已停用" in closed.value.errors["roles"]
    async with world.maintenance.connect() as connection:
        rows = await connection.execute(select(departure.c.handed).where(departure.c.person_id == held["leaver"]))
        (row,) = rows.all()
    assert row.handed == {
        "disclosures": 1, "applications": 1, "views": 1, "machines": 1, "roles": 1, "delegations": 1
    }  # fmt: skip


async def test_what_only_the_leaver_could_do_is_named(site: Site, world: World) -> None:
    person = await signing_in(world, world.university, "asset")
    await signing_in(world, world.university, SYSTEM)
    admin = await site.signed_in(world, world.university, SYSTEM)
    page = (await admin.get(f"{HOME}/{person}/leave")).text
    assert "停用后无人可以办理" in page
    assert "资产管理部门" in page


async def test_who_has_left_gets_no_message_and_who_was_granted_a_role_does(world: World) -> None:
    held = await holding(world)
    async with world.working(world.university, at=NOW) as tx:
        before = await _holders(tx, "institution:ledger:import")
    async with world.acting(world.university, SYSTEM, at=NOW) as tx:
        await workflow.leave(tx, held["leaver"], held["successor"], NOW.date(), "调动")
    async with world.working(world.university, at=NOW) as tx:
        after = await _holders(tx, "institution:ledger:import")
    assert held["leaver"] in before
    assert held["leaver"] not in after
    assert held["successor"] in after


async def test_a_delegation_made_meanwhile_does_not_open_a_closed_account_again(site: Site, world: World) -> None:
    held = await holding(world)
    leaving = await site.signed_in(world, world.university, "leaver")
    form = {
        "delegate": held["leaver"], "permissions": ["institution:dossier:export"], "first_day": NOW.date(),
        "last_day": NOW.date(), "reason": "出差",
    }  # fmt: skip
    await signing_in(world, world.university, "department_head")
    at_work = asyncio.Event()

    async def leave() -> None:
        async with world.acting(world.university, SYSTEM, at=NOW) as tx:
            await workflow.leave(tx, held["leaver"], held["successor"], NOW.date(), "调动")
            at_work.set()
            await asyncio.sleep(0.2)

    async def lend() -> None:
        await at_work.wait()
        async with world.acting(world.university, "department_head", at=NOW) as tx:
            await delegations.lend(tx, DelegationForm.model_validate(form))

    await asyncio.gather(leave(), lend(), return_exceptions=True)
    assert (await leaving.get("/institution/settings/permissions")).status_code == 303
    async with world.maintenance.connect() as connection:
        closed = await connection.scalar(
            select(person_standing.c.closed).where(person_standing.c.person_id == held["leaver"])
        )
    assert closed is True
