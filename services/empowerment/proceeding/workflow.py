"""Record a step of the province's own: those before it are done, its papers are there, its notice has run."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.empowerment import queries, rules
from services.empowerment.workflow import (
    STEPS,
    current_notice,
    current_step,
    keep_decision,
    load,
    onward,
    recorded_by,
    refuse_step,
    steps_of,
    stopped,
    tell_person,
)
from services.notices.queries import objections_to
from services.notices.rules import facts_of
from shared.db.transaction import Transaction
from shared.errors import Forbidden, Refusal, stale
from shared.policy.pack import Pack


@dataclass(frozen=True, slots=True)
class Taken:
    """How a step was taken: the day, what proves it by the pack's codes, and a note."""

    done_on: date
    papers: Mapping[str, str]
    note: str = ""


async def gather(
    tx: Transaction, found: queries.Application, step: rules.Step, papers: Mapping[str, str], pack: Pack
) -> dict[str, Any]:
    """The facts of ``step.may_take`` as they stand now."""
    facts = {
        **rules.step_facts(found.grant_type, found.grant_mode, found.achievement_type),
        "step": step.code,
        "done": [one.code for one in rules.before(step.code, steps_of(found, pack, tx.today))],
        "provided": dict(papers),
        "now": tx.now,
    }
    if not step.waits_for_notice:
        return facts
    notice = await current_notice(tx, found.id)
    objections = await objections_to(tx, notice.id) if notice else []
    return {**facts, "notice": facts_of(notice) if notice else {}, "objections": [one.facts() for one in objections]}


def must_record(tx: Transaction, step: rules.Step) -> None:
    """Nobody but who acts for the unit records what the unit decided. :raises Forbidden: somebody else."""
    if recorded_by(step) not in tx.actor.permissions:
        raise Forbidden(f"“{step.label}”由{step.actor}办理，应由可以代表单位签署协议的人登记")


async def record_step(tx: Transaction, application_id: UUID, code: str, taken: Taken) -> Refusal | None:
    """Record the step that the case waits for; ``code`` is the one that the person had before them.

    :raises Forbidden: what the unit decided, recorded by somebody who does not act for it.
    """
    found, governed = await load(tx, application_id)
    halted = await stopped(tx, found, "record_step", governed)
    if halted is not None:
        return halted
    step = current_step(found, steps_of(found, governed.pack, tx.today))
    if step is None or step.code != code:
        wanted = step.code if step else None
        other = stale("该步骤刚刚已经办理；请刷新页面查看最新进展", *STEPS, step=code, wanted=wanted)
        return await refuse_step(tx, found, other, "record_step", governed)
    must_record(tx, step)
    facts = await gather(tx, found, step, taken.papers, governed.pack)
    answer = rules.may_take(facts, governed.pack, tx.today)
    await keep_decision(tx, answer, facts, application_id, governed)
    refused = Refusal.of(answer)
    if refused is not None:
        return await refuse_step(tx, found, refused, "record_step", governed)
    details = {
        "label": step.label,
        "done_on": taken.done_on.isoformat(),
        "papers": dict(taken.papers),
        "note": taken.note,
    }
    lost = await onward(tx, found, governed, "record_step", step, details=details)
    if lost is None:
        await tell_person(tx, found.applicant_id, f"赋权申请已办理“{step.label}”：{found.achievement_name}", found.id)
    return lost
