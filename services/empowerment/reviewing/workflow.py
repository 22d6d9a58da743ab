"""Screen item by item, record the feasibility review, publish the internal notice."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import insert

from services.empowerment import queries, rules
from services.empowerment.models import State, application_notice, feasibility, screening
from services.empowerment.workflow import (
    NOTICED,
    PUBLISH,
    SIGN,
    STEPS,
    advance,
    current_notice,
    keep_decision,
    load,
    onward,
    refuse_step,
    steps_of,
    stopped,
    tell_holders,
    tell_person,
    withdraw_running_notice,
)
from services.notices.rules import NewNotice
from services.notices.workflow import publish_notice
from shared.db.transaction import Transaction
from shared.errors import Refusal, stale
from shared.ids import new_id
from shared.policy.pack import Pack
from shared.ui.words import share
from tenants.people import add_people, people_named

# Contents of a notice that the application itself answers; whatever else the pack wants is asked at publication.
ANSWERED = ("achievement_name", "achievement_type", "achievement_summary", "grant_type", "ownership", "term")
_MOVE_OF_RESULT = {"passed": "screen", "held": "hold", "excluded": "exclude"}


async def screen(
    tx: Transaction, application_id: UUID, used_version_id: UUID | None, screened: rules.Screened
) -> Refusal | None:
    """Screen an application against the list in force, or screen it again while it is announced (rule 26).

    ``used_version_id`` is the version that the person had before them. An incomplete screening is refused; a complete one is
    kept with its list version and hash, and passes, holds or excludes.
    """
    found, governed = await load(tx, application_id)
    again = found.state == State.NOTICED
    halted = await stopped(tx, found, "rescreen" if again else "screen", governed)
    if halted is not None:
        return halted
    owner = rules.list_owner(governed.pack)
    in_force = used = rules.unit_list(screened.own_list) if owner == "unit" else None
    if owner == "province":
        in_force = await queries.list_in_force(tx, tx.today)
        used = in_force if in_force and in_force.version_id == used_version_id else None
    facts = rules.screening_facts(screened, used, in_force, tx.today)
    answer = rules.screening_result(facts, governed.pack, tx.today)
    decision_id = await keep_decision(tx, answer, facts, application_id, governed, in_force)
    refused = Refusal.of(answer)
    if (owner == "province" and used is None) or not rules.is_complete(answer):
        incomplete = refused or rules.screened_against_another(in_force)
        return await refuse_step(tx, found, incomplete, "screen", governed)
    result = "passed" if answer.allowed else str(answer.values["result"])
    await _keep_screening(tx, application_id, screened, used, result, decision_id)
    name = "rescreen" if again and result != "excluded" else _MOVE_OF_RESULT[result]
    reason = None if refused is None else refused.message
    details = {"list": (used.number or used.title) if used else None, "result": result}
    if name == "screen":
        step = rules.step_doing("screen", steps_of(found, governed.pack, tx.today))
        lost = await onward(tx, found, governed, name, step, details=details)
    else:
        lost = await advance(tx, found, name, reason=reason, details=details)
    if lost is not None:
        return lost
    if result == "excluded":
        await withdraw_running_notice(tx, application_id, "对照现行负面清单不纳入赋权范围")
        await tell_person(tx, found.applicant_id, f"赋权申请未通过排查：{found.achievement_name}", application_id)
    elif result == "held":
        await tell_holders(tx, SIGN, f"赋权排查须由有权人员认定：{found.achievement_name}", application_id)
    return None


async def _keep_screening(
    tx: Transaction,
    application_id: UUID,
    screened: rules.Screened,
    used: rules.ListRef | None,
    result: str,
    decision_id: UUID,
) -> None:
    await tx.execute(
        insert(screening).values(
            tenant_id=tx.tenant_id,
            id=new_id(),
            province_id=tx.province_id,
            application_id=application_id,
            list_version_id=used.version_id if used else None,
            list_number=used.number if used else None,
            list_hash=used.hash if used else None,
            list_title=(used.title or None) if used else None,
            answers={code: dict(one) for code, one in screened.answers.items()},
            item_answers=dict(screened.items),
            result=result,
            note=screened.note or None,
            screened_by=tx.actor.person_id,
            screened_at=tx.now,
            decision_id=decision_id,
        )
    )


async def record_feasibility(
    tx: Transaction, application_id: UUID, dimensions: Mapping[str, str], reviewers: Sequence[str], conclusion: str
) -> Refusal | None:
    """Record the feasibility review by the pack's dimensions; ``reviewers`` are names, kept as people.

    A complete review that concludes ``not_feasible`` ends the application.
    """
    found, governed = await load(tx, application_id)
    halted = await stopped(tx, found, "record_feasibility", governed)
    if halted is not None:
        return halted
    people, new_people = await people_named(tx, reviewers)
    facts = rules.feasibility_facts(dimensions, people, conclusion)
    answer = rules.feasibility_recorded(facts, governed.pack, tx.today)
    decision_id = await keep_decision(tx, answer, facts, application_id, governed)
    refused = Refusal.of(answer)
    infeasible = rules.found_infeasible(answer) or conclusion == "not_feasible"
    if refused is not None and not rules.found_infeasible(answer):
        return await refuse_step(tx, found, refused, "record_feasibility", governed)
    await add_people(tx, new_people)
    await tx.execute(
        insert(feasibility).values(
            tenant_id=tx.tenant_id,
            id=new_id(),
            application_id=application_id,
            dimensions=dict(dimensions),
            reviewers=[str(one) for one in people],
            conclusion=conclusion,
            assessed_by=tx.actor.person_id,
            assessed_at=tx.now,
            decision_id=decision_id,
        )
    )
    step = rules.step_doing("assess", steps_of(found, governed.pack, tx.today))
    if infeasible:
        lost = await advance(tx, found, "find_infeasible")
    else:
        lost = await onward(tx, found, governed, "record_feasibility", step)
    if lost is not None:
        return lost
    if infeasible:
        await tell_person(tx, found.applicant_id, f"赋权申请评估不可行：{found.achievement_name}", application_id)
    else:
        await tell_holders(tx, PUBLISH, f"赋权申请审核通过，待公示：{found.achievement_name}", application_id)
    return None


def notice_kind(found: queries.Application, pack: Pack, today: date) -> str:
    """The kind of notice that the pack wants at the step which announces."""
    step = rules.step_doing("announce", steps_of(found, pack, today))
    return (step.notice if step else None) or rules.PROCEDURE


def announcement(
    found: queries.Application,
    members: Sequence[queries.Member],
    pack: Pack,
    today: date,
    *,
    summary: str | None = None,
    days: int | None = None,
    novelty_at_risk: bool = False,
    more: Mapping[str, str] | None = None,
) -> NewNotice:
    """What the notice of an application would say; the pack decides which of it is shown.

    ``more`` are texts by the pack's content codes that nothing in the application answers, and where it is posted.
    """
    terms = found.terms
    grant = pack.content.grant_types.get(found.grant_type)
    ownership = ""
    if terms.unit_share is not None and terms.team_share is not None:
        ownership = f"单位 {share(terms.unit_share)}，完成人（团队）{share(terms.team_share)}"
    term = ""
    if terms.term_first_day and terms.term_last_day:
        term = f"{terms.term_first_day} 至 {terms.term_last_day}"
    return NewNotice(
        notice_kind(found, pack, today),
        found.achievement_id,
        f"{found.achievement_name}赋权公示",
        {
            "achievement_name": found.achievement_name,
            "achievement_type": pack.label("achievement_type", found.achievement_type),
            "achievement_summary": (found.explanation or "") if summary is None else summary,
            "grant_type": grant.label if grant else found.grant_type,
            "ownership": ownership,
            "term": term,
            **(more or {}),
        },
        {"applicants": [one.person_id for one in members]},
        days,
        novelty_at_risk,
    )


async def publish(
    tx: Transaction,
    application_id: UUID,
    *,
    summary: str | None = None,
    days: int | None = None,
    novelty_at_risk: bool = False,
    more: Mapping[str, str] | None = None,
) -> Refusal | None:
    """Publish the internal notice of an approved application (第八条(二)); again only after a withdrawn one."""
    found, governed = await load(tx, application_id)
    halted = await stopped(tx, found, "publish", governed)
    if halted is not None:
        return halted
    running = await current_notice(tx, application_id)
    if running is not None:
        done = stale("该申请的公示已经发布", *NOTICED, *STEPS, published_at=running.published)
        return await refuse_step(tx, found, done, "publish", governed)
    members = await queries.members_of(tx, application_id)
    new = announcement(
        found, members, governed.pack, tx.today,
        summary=summary, days=days, novelty_at_risk=novelty_at_risk, more=more,
    )  # fmt: skip
    published = await publish_notice(tx, new, under=governed)
    if isinstance(published, Refusal):
        return await refuse_step(tx, found, published, "publish", governed)
    await tx.execute(
        insert(application_notice).values(tenant_id=tx.tenant_id, application_id=application_id, notice_id=published)
    )
    step = rules.step_doing("announce", steps_of(found, governed.pack, tx.today))
    lost = await onward(tx, found, governed, "publish", step, details={"notice": str(published)})
    if lost is None:
        await tell_person(tx, found.applicant_id, f"赋权申请已开始公示：{found.achievement_name}", application_id)
    return lost
