"""A right that the unit lost: three checks, handed to finance, booked by finance alone."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import select

from services.ledger import queries
from services.ledger.losses import queries as losses
from services.ledger.losses import workflow
from services.ledger.losses.models import CAUSES, STATES
from services.ledger.rights import queries as right_queries
from services.ledger.workflow import revoke
from shared.db.records import outbox, workflow_event
from shared.errors import NotFound, Refusal
from shared.ids import new_id
from tests.services.ledger.rights.test_right_pages import NUMBER, recorded
from tests.services.ledger.test_pages import HOME
from tests.web import Site
from tests.world import World

CHECKS = {"performance": "转让款已到账", "change_reason": "合同约定转让", "legal_status": "专利有效，著录项目已变更"}
LOST = date(2026, 3, 12)


@pytest.mark.requirement("R079")
async def test_a_lost_right_is_handed_over_with_three_checks_or_not_at_all(world: World) -> None:
    row_id = await recorded(world)
    async with world.acting(world.university) as tx:
        for name, label in (("performance", "转化履约情况"), ("legal_status", "成果法律状态")):
            done = await workflow.record_loss(tx, row_id, NUMBER, "assigned", LOST, {**CHECKS, name: ""})
            assert isinstance(done, Refusal)
            assert done.code == "duty.not_done"
            assert done.inputs["missing"] == [label]
            assert label in done.message
            assert done.citation is not None
            assert done.citation.article == "第十二条"
        assert await losses.handovers_of(tx, row_id) == []
    async with world.acting(world.university) as tx:
        done = await workflow.record_loss(tx, row_id, NUMBER, "assigned", LOST, CHECKS)
        assert isinstance(done, UUID)
    async with world.acting(world.university) as tx:
        right = (await queries.rights_of(tx, row_id))[0]
        assert (right.status, right.ended_on, right.fee_due_on) == ("transferred", LOST, None)
        assert await right_queries.todos(tx) == []
        before = await queries.achievement_detail(tx, row_id, as_of=date(2026, 3, 11))
        assert before is not None
        assert before.rights[0].status == "granted"
        events = await tx.rows(select(workflow_event.c.event).where(workflow_event.c.case_id == row_id))
        assert "right_lost" in {one.event for one in events}
        again = await workflow.record_loss(tx, row_id, NUMBER, "assigned", LOST, CHECKS)
        assert isinstance(again, Refusal)
        assert again.status == 409
    async with world.working(world.university) as tx:
        told = await tx.rows(select(outbox.c.payload).where(outbox.c.tenant_id == world.university))
        assert losses.RECEIVE in {one.payload.get("to_permission") for one in told}


@pytest.mark.parametrize("cause", CAUSES)
async def test_each_cause_gives_the_right_its_status(world: World, cause: str) -> None:
    row_id = await recorded(world)
    async with world.acting(world.university) as tx:
        await workflow.record_loss(tx, row_id, NUMBER, cause, LOST, CHECKS)
        assert (await queries.rights_of(tx, row_id))[0].status == CAUSES[cause][1]


@pytest.mark.parametrize("state", STATES)
async def test_every_state_of_a_handover_is_booked_or_refused(world: World, state: str) -> None:
    row_id = await recorded(world)
    async with world.acting(world.university) as tx:
        handover = await workflow.record_loss(tx, row_id, NUMBER, "lapsed", LOST, CHECKS)
        assert isinstance(handover, UUID)
    async with world.acting(world.university, "finance") as tx:
        (todo,) = await losses.todos(tx)
        assert todo.permission == losses.RECEIVE
        if state == "received":
            await workflow.receive(tx, row_id, handover, "转销账面价值")
        done = await workflow.receive(tx, row_id, handover, "转销账面价值")
        assert (done is None) == (state == "handed")
        if done is not None:
            assert done.code == "state.stale"
        assert await losses.todos(tx) == []
        with pytest.raises(NotFound):
            await workflow.receive(tx, row_id, new_id(), "x")
    async with world.acting(world.institute, "finance") as tx:
        with pytest.raises(NotFound):
            await workflow.receive(tx, row_id, handover, "x")


async def test_nothing_is_lost_of_what_is_revoked_or_in_days_to_come(world: World) -> None:
    row_id = await recorded(world)
    async with world.acting(world.university) as tx:
        done = await workflow.record_loss(tx, row_id, NUMBER, "lapsed", date(2026, 3, 17), CHECKS)
        assert isinstance(done, Refusal)
        assert done.code == "ledger.in_future"
        await revoke(tx, row_id, "重复")
        done = await workflow.record_loss(tx, row_id, NUMBER, "lapsed", LOST, CHECKS)
        assert isinstance(done, Refusal)
        assert done.code == "state.stale"
        assert await losses.handovers_of(tx, row_id) == []


@pytest.mark.requirement("R079")
async def test_the_department_hands_over_by_form_and_finance_books_by_form(site: Site, world: World) -> None:
    row_id = await recorded(world)
    page = f"{HOME}/{row_id}/losses"
    clerk = await site.signed_in(world, world.university)
    finance = await site.signed_in(world, world.university, "finance")
    empty = await clerk.get(page)
    assert "没有丧失的权利" in empty.text
    assert "第十二条" in empty.text
    assert "另一读法" in empty.text
    form = {"number": NUMBER, "cause": "assigned", "lost_on": "2026-03-12", **CHECKS}
    wrong = await clerk.post(page, {"number": "", "cause": "gone", "lost_on": ""})
    assert wrong.status_code == 422
    for field in ("number", "cause", "lost_on"):
        assert f'href="#f-{field}"' in wrong.text, field
    refused = await clerk.post(page, {**form, "legal_status": ""})
    assert refused.status_code == 422
    assert "尚未完成：成果法律状态" in refused.text
    assert "转让款已到账" in refused.text
    assert (await clerk.post(page, form)).status_code == 303
    assert "账务处理结果" not in (await clerk.get(page)).text, "who hands over does not book"
    async with world.acting(world.university) as tx:
        handover = (await losses.handovers_of(tx, row_id))[0].id
    target = f"{page}/{handover}/receive"
    assert (await clerk.post(target, {"booking": "x"}, key=await clerk.form_key(HOME))).status_code == 403
    assert (await finance.post(page, form, key=await finance.form_key(page))).status_code == 403
    assert (await finance.post(target, {"booking": ""}, page=page)).status_code == 422
    assert (await finance.post(target, {"booking": "转销账面价值"}, page=page)).status_code == 303
    assert "转销账面价值" in (await clerk.get(page)).text
    assert (await site.anonymous().get(page)).headers["location"].startswith("/sign-in")
    assert (await (await site.signed_in(world, world.institute)).get(page)).status_code == 404
