"""Begin a draft, save it while typing, submit it; or all at once for machines."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from services.empowerment import queries, rules
from services.empowerment.applying import queries as candidates
from services.empowerment.models import DONE, LIVE, STATES, State, application, member
from services.empowerment.workflow import (
    CASE,
    REVIEW,
    STEPS,
    keep_decision,
    load,
    onward,
    refuse_step,
    steps_of,
    stopped,
    tell_holders,
)
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import Forbidden, FormInvalid, NotFound, Refusal, stale
from shared.ids import new_id
from shared.workflow import record_event, refuse
from tenants.packs import Governing, governing


async def begin(tx: Transaction, achievement_id: UUID, grant_type: str) -> UUID | Refusal:
    """Open a draft; refused where the institution is in no pilot of the guideline (第三条, 第十三条).

    :raises NotFound: the achievement is not a registered one of this tenant.
    :raises Forbidden: the actor is none of its completers.
    :raises FormInvalid: the pack has no such right.
    """
    await _own_candidate(tx, achievement_id)
    governed = await governing(tx)
    if grant_type not in governed.pack.content.grant_types:
        raise FormInvalid({"grant_type": "请选择本省规定的赋权类型"})
    application_id = new_id()
    facts = rules.cover_facts(await queries.unit_of(tx), tx.today)
    answer = rules.is_covered(facts, governed.pack, tx.today)
    await keep_decision(tx, answer, facts, application_id, governed)
    refused = Refusal.of(answer)
    if refused is not None:
        return await refuse(tx, refused, "empowerment.begin", CASE, application_id)
    await _insert(tx, application_id, achievement_id, grant_type, governed)
    return application_id


async def save_draft(tx: Transaction, application_id: UUID, values: Mapping[str, Any]) -> Refusal | None:
    """Keep the form as typed; nothing is checked and nobody is told.

    :raises Forbidden: somebody else's draft.
    """
    found, governed = await load(tx, application_id)
    if tx.actor.person_id != found.applicant_id:
        raise Forbidden("只有申请人可以修改草稿")
    if found.state not in (State.DRAFT, State.RETURNED):
        told = stale("申请已经提交，草稿不再保存", "application", *STEPS, state=STATES[State(found.state)])
        return await refuse_step(tx, found, told, "save_draft", governed)
    await tx.execute(
        update(application)
        .where(application.c.tenant_id == tx.tenant_id, application.c.id == application_id)
        .values(draft=dict(values), changed_at=tx.now)
    )
    await write_audit(tx, "empowerment.save_draft", CASE, application_id)
    return None


async def submit(tx: Transaction, application_id: UUID, submission: rules.Submission) -> Refusal | None:
    """Submit a draft or a returned application; every condition is asked at once (第六条 to 第八条(一)).

    :raises Forbidden: somebody else's draft.
    :raises FormInvalid: the team names somebody who is no completer in the ledger.
    """
    found, governed = await load(tx, application_id)
    if tx.actor.person_id != found.applicant_id:
        raise Forbidden("只有申请人可以提交申请")
    halted = await stopped(tx, found, "submit", governed)
    if halted is not None:
        return halted
    candidate = await candidates.candidate(tx, found.achievement_id)
    if candidate is None:
        gone = stale(
            "该成果已不在台账在册状态，不能申请赋权", "application", *STEPS, achievement=found.achievement_name
        )
        return await refuse_step(tx, found, gone, "submit", governed)
    full = await _with_whole_team(tx, found.achievement_id, replace(submission, grant_type=found.grant_type))
    refused = await _judge(tx, application_id, candidate, full, governed)
    if refused is not None:
        return await refuse_step(tx, found, refused, "submit", governed)
    return await _file(tx, found, full, governed)


async def apply(tx: Transaction, achievement_id: UUID, submission: rules.Submission) -> UUID | Refusal:
    """Enter and submit an application in one act; a refused one leaves nothing but its decision and audit row.

    :raises NotFound: the achievement is not a registered one of this tenant.
    :raises FormInvalid: the team names somebody who is no completer in the ledger.
    """
    candidate = await _own_candidate(tx, achievement_id)
    governed = await governing(tx)
    application_id = new_id()
    full = await _with_whole_team(tx, achievement_id, submission)
    refused = await _judge(tx, application_id, candidate, full, governed)
    if refused is not None:
        return await refuse(tx, refused, "empowerment.apply", CASE, application_id)
    await _insert(tx, application_id, achievement_id, submission.grant_type, governed)
    found, _ = await load(tx, application_id)
    return await _file(tx, found, full, governed) or application_id


async def _own_candidate(tx: Transaction, achievement_id: UUID) -> candidates.Candidate:
    """The achievement, for one of its completers or for whoever handles everybody's applications."""
    found = await candidates.candidate(tx, achievement_id)
    if found is None:
        raise NotFound
    if not found.own and not queries.handles(tx):
        raise Forbidden("只有该成果的完成人可以申请赋权；台账上的完成人就是您本人的，请先在“完成人认领”中认领")
    return found


async def _judge(
    tx: Transaction,
    application_id: UUID,
    candidate: candidates.Candidate,
    submission: rules.Submission,
    governed: Governing,
) -> Refusal | None:
    await queries.lock_achievement(tx, candidate.id)
    others = await queries.other_applications(tx, candidate.id, application_id)
    facts = rules.application_facts(
        await queries.unit_of(tx),
        submission,
        {"type": candidate.type, "status": candidate.status},
        [{"scope": "achievement", "ended": False, "converted": False} for state in others if state in DONE],
        tx.today,
    )
    answer = rules.may_apply(facts, governed.pack, tx.today)
    await keep_decision(tx, answer, facts, application_id, governed)
    if any(state in (*LIVE, State.AGREED) for state in others):
        return stale("该成果已有在办的赋权申请，不能重复申请", "application", *STEPS, achievement=candidate.name)
    return Refusal.of(answer)


async def _with_whole_team(tx: Transaction, achievement_id: UUID, submission: rules.Submission) -> rules.Submission:
    """The team is the ledger's completers, all of them: whoever is not named has not confirmed."""
    completers = await queries.completers_of(tx, achievement_id)
    given = {one.person_id: one for one in submission.members}
    if set(given) - set(completers):
        raise FormInvalid({"members": "团队成员应为台账登记的完成人；有出入的，请先更正台账"})
    team = tuple(given.get(person) or rules.TeamMember(person, confirmed=False) for person in completers)
    return replace(submission, members=team)


async def _insert(
    tx: Transaction, application_id: UUID, achievement_id: UUID, grant_type: str, governed: Governing
) -> None:
    assert tx.actor.person_id is not None
    await tx.execute(
        insert(application).values(
            tenant_id=tx.tenant_id,
            id=application_id,
            province_id=tx.province_id,
            achievement_id=achievement_id,
            grant_type=grant_type,
            state=State.DRAFT,
            applicant_id=tx.actor.person_id,
            pack_version_id=governed.id,
            created_at=tx.now,
            changed_at=tx.now,
        )
    )
    await record_event(tx, CASE, application_id, "begun", to_state=State.DRAFT)
    await write_audit(tx, "empowerment.begin", CASE, application_id, details={"achievement": str(achievement_id)})


def _text(share: object) -> str | None:
    return None if share is None else str(share)


def _columns(submission: rules.Submission) -> dict[str, Any]:
    return {
        "representative_id": submission.representative_id,
        "grant_mode": submission.grant_mode,
        "materials": dict(submission.others) or None,
        "explanation": submission.explanation,
        "team_information": submission.team_information,
        "plan": submission.plan,
        "conditions": {code: dict(one) for code, one in submission.conditions.items()},
        "unit_share": _text(submission.unit_share),
        "team_share": _text(submission.team_share),
        "co_ownership": submission.co_ownership,
        "term_first_day": submission.term_first_day,
        "term_last_day": submission.term_last_day,
        "protection_last_day": submission.protection_last_day,
    }


async def _file(
    tx: Transaction, found: queries.Application, submission: rules.Submission, governed: Governing
) -> Refusal | None:
    columns = _columns(submission)
    before = await queries.members_of(tx, found.id)
    again = found.submitted_at is not None
    changed = [name for name, value in columns.items() if again and getattr(found, name) != value]
    if again and [(one.person_id, one.share, one.confirmed) for one in before] != [
        (one.person_id, _text(one.share), one.confirmed) for one in submission.members
    ]:
        changed.append("members")
    asked = replace(found, grant_mode=submission.grant_mode)
    lost = await onward(
        tx,
        asked,
        governed,
        "submit",
        rules.step_doing("apply", steps_of(asked, governed.pack, tx.today)),
        changes={**columns, "draft": None, "submitted_at": tx.now, "return_field": None, "return_reason": None},
        details={"changed": changed} if again else None,
    )
    if lost is not None:
        return lost
    await tx.execute(delete(member).where(member.c.tenant_id == tx.tenant_id, member.c.application_id == found.id))
    await tx.execute(
        insert(member),
        [
            {
                "tenant_id": tx.tenant_id,
                "application_id": found.id,
                "person_id": one.person_id,
                "position": position,
                "share": _text(one.share),
                "confirmed": one.confirmed,
                "confirmed_at": tx.now if one.confirmed else None,
            }
            for position, one in enumerate(submission.members, 1)
        ],
    )
    await tell_holders(tx, REVIEW, f"新的赋权申请待办理：{found.achievement_name}", found.id)
    return None


async def hand_on(tx: Transaction, leaver_id: UUID, successor_id: UUID) -> int:
    """Have a successor go on with the applications that somebody who leaves has entered and that are not over; how many there
    were. The team stays: who completed an achievement does not change.
    """
    mine = (application.c.tenant_id == tx.tenant_id, application.c.applicant_id == leaver_id)
    rows = await tx.rows(
        select(application.c.id).where(*mine, application.c.state.in_((State.DRAFT, *LIVE))).with_for_update()
    )
    for row in rows:
        await tx.execute(
            update(application)
            .where(application.c.tenant_id == tx.tenant_id, application.c.id == row.id)
            .values(applicant_id=successor_id)
        )
        await record_event(tx, CASE, row.id, "handed_on", details={"from": str(leaver_id), "to": str(successor_id)})
    return len(rows)
