"""What the public and letters say to a draft: taken, limited, kept from others, answered."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from services.negative_list.models import list_opinion
from services.negative_list.opinions.workflow import answer_opinion, record_letter, submit_opinion
from services.negative_list.queries import (
    consultation_of,
    consultations,
    opinions,
)
from services.negative_list.workflow import (
    close_consultation,
    open_consultation,
    publish,
)
from shared.db.transaction import Actor, Scope, transaction
from shared.errors import TooMany
from tests.services.negative_list.steps import (
    OPENED,
    determined,
    drafted,
    head,
    officer,
    refusal,
)
from tests.world import START, World


def visitor(world: World, address: str = "192.0.2.1") -> tuple[Scope, Actor]:
    scope = Scope("web_public", world.science, world.province_id, world.science, world.science)
    return scope, Actor(None, world.science, address=address)


@pytest.mark.requirement("R007")
async def test_publishing_with_an_unanswered_opinion_is_refused_until_it_is_answered(world: World) -> None:
    version_id = await drafted(world)
    async with officer(world, at=OPENED) as tx:
        await open_consultation(tx, version_id, 30)
        round_ = await consultation_of(tx, version_id)
        assert round_ is not None
        await record_letter(tx, round_.id, "letter", "建议写明认定部门", "CS-FQ-001")
    async with officer(world, at=OPENED + timedelta(days=31)) as tx:
        assert await close_consultation(tx, version_id) is None
    await determined(world, version_id)
    async with head(world) as tx:
        assert refusal(await publish(tx, version_id, tx.today)).code == "list.no_answers"
    async with officer(world) as tx:
        [opinion] = await opinions(tx, round_.id)
        assert await answer_opinion(tx, opinion.id, "已采纳", "adopted") is None
        assert refusal(await answer_opinion(tx, opinion.id, "再答", "not")).kind == "state"
    async with head(world) as tx:
        assert await publish(tx, version_id, tx.today) is None
        [done] = await consultations(tx)
    assert (done.received, done.answered) == (1, 1)


async def test_a_visitor_gives_an_opinion_and_can_read_none(world: World) -> None:
    version_id = await drafted(world)
    async with officer(world) as tx:
        await open_consultation(tx, version_id, 30)
        round_ = await consultation_of(tx, version_id)
    assert round_ is not None
    scope, actor = visitor(world)
    async with transaction(world.web, scope, actor) as tx:
        tx.now = START
        receipt = await submit_opinion(tx, round_.id, "<script>alert(1)</script>", "CS-FQ-001")
        assert isinstance(receipt, str)
    async with transaction(world.web, scope, actor) as tx:
        with pytest.raises(DBAPIError, match="permission denied"):
            await tx.scalar(select(func.count()).select_from(list_opinion))
        await tx.driver.execute("rollback; begin")
    async with officer(world) as tx:
        [opinion] = await opinions(tx, round_.id)
    assert opinion.body == "<script>alert(1)</script>"
    assert (opinion.receipt, opinion.item_code, opinion.channel) == (receipt, "CS-FQ-001", "online")


async def test_an_opinion_after_the_last_day_is_not_taken(world: World) -> None:
    version_id = await drafted(world)
    async with officer(world) as tx:
        await open_consultation(tx, version_id, 5)
        round_ = await consultation_of(tx, version_id)
    assert round_ is not None
    scope, actor = visitor(world, "192.0.2.9")
    async with transaction(world.web, scope, actor) as tx:
        tx.now = START + timedelta(days=6)
        assert refusal(await submit_opinion(tx, round_.id, "迟到")).code == "list.consultation_over"
    async with officer(world) as tx:
        assert await opinions(tx, round_.id) == []


async def test_too_many_opinions_from_one_address_wait_and_none_is_half_stored(world: World) -> None:
    version_id = await drafted(world)
    async with officer(world) as tx:
        await open_consultation(tx, version_id, 30)
        round_ = await consultation_of(tx, version_id)
    assert round_ is not None
    scope, actor = visitor(world, "192.0.2.77")
    waits = []
    for number in range(200):
        try:
            async with transaction(world.web, scope, actor) as tx:
                tx.now = START
                await submit_opinion(tx, round_.id, f"意见 {number}")
        except TooMany as told:
            waits.append(told.details["retry_after"])
    async with officer(world) as tx:
        stored = await opinions(tx, round_.id)
    assert 10 <= len(stored) <= 12
    assert len(stored) + len(waits) == 200
    assert all(1 <= wait <= 30 for wait in waits)
