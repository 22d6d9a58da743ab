"""Every state and every move: done or refused, by whom; the same table stands in the README."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError

from services.ledger import workflow
from services.ledger.entry import Deal
from services.ledger.models import ACHIEVEMENT_STATES, achievement
from services.ledger.ownership import workflow as ownership
from services.ledger.stages import workflow as stages
from services.ledger.workflow import MOVES
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.workflow import Move
from tenants.permissions import ROLES
from tests.services.ledger.test_workflow import registered
from tests.world import START, World

README = Path(__file__).resolve().parents[3] / "services" / "ledger" / "README.md"
AUDIENCES = ("public", "console", "operator")


def table() -> list[str]:
    """State × move × audience: the target, or why not."""
    lines = [
        "| 状态 | 办理 | 单位持有权限的人 | 单位其他人员 | 公众、主管部门、运维 |",
        "|---|---|---|---|---|",
    ]
    for state, label in ACHIEVEMENT_STATES.items():
        for move in MOVES.moves:
            done = f"→ {ACHIEVEMENT_STATES[move.target]}" if state in move.sources else "拒绝 `state.stale`"
            lines.append(f"| {label} | {move.label} | `{move.permission}` {done} | 403 | 404，数据库无授权 |")
    return lines


def test_the_readme_has_the_table_of_moves() -> None:
    assert "\n".join(table()) in README.read_text("utf-8")


def test_only_the_clerk_and_the_institutions_own_machine_hold_the_permission_to_write() -> None:
    holders = [code for code, role in ROLES.items() if "institution:ledger:write" in role.permissions]
    assert holders == ["clerk", "integration"]


async def brought_to(tx: Transaction, state: str) -> UUID:
    row_id = await registered(tx)
    if state == "quarantined":
        await workflow.quarantine(tx, row_id, "疑似")
    if state == "revoked":
        await workflow.revoke(tx, row_id, "重复")
    return row_id


@pytest.mark.parametrize("move", MOVES.moves, ids=lambda move: move.name)
@pytest.mark.parametrize("state", ACHIEVEMENT_STATES)
async def test_every_state_and_move_is_done_or_refused(world: World, state: str, move: Move) -> None:
    async with world.acting(world.university) as tx:
        row_id = await brought_to(tx, state)
        match move.name:
            case "correct":
                done = await workflow.correct(tx, row_id, {"remark": "x"}, since=START.date(), reason="更正")
            case "record_conversion":
                done = await workflow.record_conversion(tx, row_id, Deal(mode="licence", amount=1))  # type: ignore[assignment, arg-type]
            case "record_stage":
                done = await stages.record_criteria(tx, row_id, {}, reason="核对")
            case "record_ownership":
                day = START.date()
                done = await ownership.record_ownership(tx, row_id, [], since=day, reason="核对")
            case name:
                done = await getattr(workflow, name)(tx, row_id, "理由")
        now = await tx.scalar(select(achievement.c.state).where(achievement.c.id == row_id))
        if state in move.sources:
            assert not isinstance(done, Refusal)
            assert now == move.target
        else:
            assert isinstance(done, Refusal)
            assert (done.code, done.status) == ("state.stale", 409)
            assert now == state


@pytest.mark.parametrize(
    ("kind", "organisation"), [("science", "science"), ("department", "department"), ("finance", "finance")]
)
async def test_no_authority_reaches_a_row_of_a_ledger(world: World, kind: str, organisation: str) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx)
    tenant = getattr(world, organisation)
    for statement in (select(achievement.c.id), update(achievement).values(remark="x")):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with world.acting(tenant, kind, kind) as tx:
                await tx.execute(statement)


async def test_versions_cannot_be_rewritten_by_those_who_serve(world: World) -> None:
    async with world.acting(world.university) as tx:
        await registered(tx)
    for statement in (
        "update app.achievement_version set name = 'x'",
        "delete from app.achievement_version",
        "delete from app.achievement",
        "delete from app.ledger_number",
        "update app.ledger_number set number = 9",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with world.acting(world.university) as tx:
                await tx.execute(text(statement))
