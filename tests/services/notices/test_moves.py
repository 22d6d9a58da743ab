"""Every state × move × audience of notices and of objections, as the tables in the README say."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.notices.workflow import (
    MOVES,
    OBJECTION_MOVES,
    answer_objection,
    change_notice,
    close_due_notices,
    raise_objection,
    record_interruption,
    withdraw_notice,
)
from shared.db.transaction import Transaction
from tests.driving import Act, Around, Machine, as_role, as_worker, driven
from tests.services.notices.arranging import at, new_notice
from tests.services.notices.test_workflow import published
from tests.world import START

CLERK = as_role("clerk")
ANSWERED = {"answer": "已核实", "answered_at": START}


async def _notice(around: Around, _: str) -> UUID:
    return await published(around.world)


async def _objection(around: Around, state: str) -> UUID:
    notice_id, when = await published(around.world), at("2026-03-20") if state == "late" else START
    async with around.world.acting(around.world.university, "leadership", at=when) as tx:
        done = await raise_objection(tx, notice_id, "权属比例不妥")
    assert isinstance(done, UUID)
    return done


async def _interrupt(tx: Transaction, notice_id: UUID) -> Any:
    return await record_interruption(tx, notice_id, tx.now - timedelta(hours=2), tx.now, "停电")


def _answer(*, upheld: bool) -> Act:
    return Act(
        lambda tx, one: answer_objection(tx, one, "已核实", upheld=upheld, result_published=True),
        as_role("clerk", at=at("2026-03-21")),
    )


NOTICES: Mapping[str, Machine] = {
    "notice": Machine(
        MOVES,
        _notice,
        {
            "publish": Act(lambda tx, one: change_notice(tx, one, "", {}, ""), CLERK, born=True),
            "change": Act(
                lambda tx, one: change_notice(tx, one, "更正", new_notice(one, title="更正").provided, "写错"), CLERK
            ),
            "interrupt": Act(_interrupt, CLERK),
            "withdraw": Act(lambda tx, one: withdraw_notice(tx, one, "撤回申请"), CLERK),
            "close": Act(lambda tx, _: close_due_notices(tx), as_worker(at=at("2026-03-20"))),
        },
        stands={"draft": {"published_at": None}},
    ),
    "objection": Machine(
        OBJECTION_MOVES,
        _objection,
        {"answer": _answer(upheld=False), "uphold": _answer(upheld=True)},
        stands={"answered": ANSWERED, "upheld": ANSWERED},
    ),
}


(
    test_what_a_state_does_not_allow_is_refused_and_changes_nothing,
    test_what_a_state_allows_is_done_and_has_its_event,
    test_every_audience_meets_its_guard_before_any_state,
) = driven(NOTICES)
