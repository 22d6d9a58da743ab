"""States and moves of an application, what every verb begins with, and the verbs that end or return it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.empowerment import queries, rules
from services.empowerment.models import STATES, State, application
from services.notices import queries as notices
from services.notices import workflow as notice_verbs
from services.notices.models import NoticeState
from shared.db.transaction import Transaction
from shared.errors import Forbidden, NotFound, Refusal
from shared.policy.answer import Answer
from shared.workflow import Move, Moves, move, record_decision, refuse, send
from tenants.packs import Governing, governing

CASE = queries.CASE
APPLY = "institution:empowerment:apply"
REVIEW = "institution:empowerment:review"
SIGN = "institution:empowerment:sign"
PUBLISH = "institution:notice:publish"


def _from(*states: State) -> frozenset[str]:
    return frozenset(str(state) for state in states)


_UNDER_REVIEW = _from(State.SUBMITTED, State.SCREENING, State.FEASIBILITY, State.APPROVED)
_TO_SCREEN = _from(State.SUBMITTED, State.SCREENING)
_NOTICED = _from(State.NOTICED)

MOVES = Moves(
    CASE,
    application,
    STATES,
    (
        Move("submit", _from(State.DRAFT, State.RETURNED), State.SUBMITTED, "submitted", APPLY, "提交申请"),
        Move("screen", _TO_SCREEN, State.FEASIBILITY, "screened", REVIEW, "负面清单排查"),
        Move("hold", _TO_SCREEN, State.SCREENING, "held", REVIEW, "暂缓"),
        Move("exclude", _TO_SCREEN | _NOTICED, State.REJECTED, "excluded", REVIEW, "不纳入赋权范围"),
        Move("rescreen", _NOTICED, State.NOTICED, "rescreened", REVIEW, "对照现行清单重新排查"),
        Move("record_feasibility", _from(State.FEASIBILITY), State.APPROVED, "assessed", REVIEW, "登记可行性评估"),
        Move("find_infeasible", _from(State.FEASIBILITY), State.REJECTED, "found_infeasible", REVIEW, "评估不可行"),
        Move("publish", _from(State.APPROVED, State.NOTICED), State.NOTICED, "noticed", PUBLISH, "发布内部公示"),
        Move("sign_agreement", _NOTICED, State.AGREED, "agreed", SIGN, "签署协议"),
        Move("record_formality", _from(State.AGREED), State.FORMALISED, "formalised", REVIEW, "登记手续办理"),
        Move("return_for_correction", _UNDER_REVIEW | _NOTICED, State.RETURNED, "returned", REVIEW, "退回补正"),
        Move("reject", _UNDER_REVIEW | _NOTICED, State.REJECTED, "rejected", REVIEW, "审核不通过"),
        Move(
            "withdraw",
            _UNDER_REVIEW | _NOTICED | _from(State.DRAFT, State.RETURNED),
            State.WITHDRAWN,
            "withdrawn",
            APPLY,
            "撤回申请",
        ),
    ),
)
# Outcomes of a step, not steps: the page shows one button for the form that leads to them.
OUTCOMES = frozenset({"hold", "exclude", "find_infeasible"})


def href(application_id: UUID) -> str:
    return f"/institution/empowerment/{application_id}"


async def load(tx: Transaction, application_id: UUID) -> tuple[queries.Application, Governing]:
    """The application, locked, and the pack that governs it.

    :raises NotFound: there is none that the actor may see.
    """
    found = await queries.application_for_update(tx, application_id)
    if found is None:
        raise NotFound
    return found, await governing_case(tx, found)


async def governing_case(tx: Transaction, found: queries.Application) -> Governing:
    """The pack version that the case keeps or follows, as the pack itself says."""
    newest = await governing(tx)
    version = rules.governing_version(found.pack_version_id, newest.id, newest.pack, tx.today)
    return newest if version == newest.id else await governing(tx, version)


async def keep_decision(
    tx: Transaction,
    answer: Answer,
    facts: Mapping[str, Any],
    application_id: UUID,
    governed: Governing,
    against: rules.ListRef | None = None,
) -> UUID:
    """Record the answer with its facts, refused or not; returns the decision's id."""
    return await record_decision(
        tx,
        answer,
        facts,
        CASE,
        application_id,
        pack_version_id=governed.id,
        pack_hash=governed.hash,
        list_version_id=against.version_id if against else None,
        list_hash=against.hash if against else None,
    )


async def advance(
    tx: Transaction,
    found: queries.Application,
    name: str,
    *,
    changes: Mapping[str, Any] | None = None,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Refusal | None:
    """Make one move; a move that is not legal any more is a refusal with its audit row."""
    lost = await move(
        tx,
        MOVES,
        found.id,
        name,
        found.state,
        changes={**(changes or {}), "changed_at": tx.now},
        reason=reason,
        details=details,
    )
    return None if lost is None else await refuse(tx, lost, f"{CASE}.{name}", CASE, found.id)


async def stopped(tx: Transaction, found: queries.Application, name: str) -> Refusal | None:
    """The refusal of a step that the state does not allow, before anything is asked of the rules."""
    refused = MOVES.refusal(name, found.state)
    return None if refused is None else await refuse(tx, refused, f"{CASE}.{name}", CASE, found.id)


async def tell_person(tx: Transaction, person_id: UUID, title: str, application_id: UUID) -> None:
    await send(tx, "message", {"to_person": str(person_id), "title": title, "href": href(application_id)})


async def tell_holders(tx: Transaction, permission: str, title: str, application_id: UUID) -> None:
    await send(tx, "message", {"to_permission": permission, "title": title, "href": href(application_id)})


async def current_notice(tx: Transaction, application_id: UUID) -> notices.Notice | None:
    """The notice that counts for an application: the newest that was not withdrawn."""
    for notice_id in await queries.notice_ids_of(tx, application_id):
        found = await notices.find_notice(tx, notice_id)
        if found is not None and found.state != NoticeState.WITHDRAWN:
            return found
    return None


async def withdraw_running_notice(tx: Transaction, application_id: UUID, reason: str) -> None:
    """A case that leaves the notice takes its running notice along."""
    found = await current_notice(tx, application_id)
    if found is not None and found.state == NoticeState.RUNNING:
        await notice_verbs.withdraw_notice(tx, found.id, reason)


async def return_for_correction(tx: Transaction, application_id: UUID, field: str, reason: str) -> Refusal | None:
    """Send an application back with a reason tied to a field; a running notice is withdrawn."""
    found, _ = await load(tx, application_id)
    lost = await advance(
        tx,
        found,
        "return_for_correction",
        changes={"return_field": field or None, "return_reason": reason},
        reason=reason,
        details={"field": field},
    )
    if lost is None:
        await withdraw_running_notice(tx, application_id, "申请已退回补正")
        await tell_person(tx, found.applicant_id, f"赋权申请退回补正：{found.achievement_name}", application_id)
    return lost


async def reject(tx: Transaction, application_id: UUID, reason: str) -> Refusal | None:
    """End an application against its team's wish, with a reason; a running notice is withdrawn."""
    found, _ = await load(tx, application_id)
    lost = await advance(tx, found, "reject", reason=reason)
    if lost is None:
        await withdraw_running_notice(tx, application_id, "申请审核不通过")
        await tell_person(tx, found.applicant_id, f"赋权申请审核不通过：{found.achievement_name}", application_id)
    return lost


async def withdraw(tx: Transaction, application_id: UUID, reason: str) -> Refusal | None:
    """Take an application back: its applicant or representative alone may.

    :raises Forbidden: somebody else's application.
    """
    found, _ = await load(tx, application_id)
    if tx.actor.person_id not in (found.applicant_id, found.representative_id):
        raise Forbidden("只有申请人或者代表可以撤回申请")
    lost = await advance(tx, found, "withdraw", reason=reason)
    if lost is None:
        await withdraw_running_notice(tx, application_id, "申请已撤回")
        if found.state != State.DRAFT:
            await tell_holders(tx, REVIEW, f"赋权申请已撤回：{found.achievement_name}", application_id)
    return lost


async def needs_rescreening(tx: Transaction, application_id: UUID) -> bool:
    """Whether the list in force is another one than that of the last screening, or that one did not pass."""
    in_force = await queries.list_in_force(tx, tx.today)
    latest = next(iter(await queries.screenings_of(tx, application_id)), None)
    if latest is None or in_force is None:
        return True
    return bool(latest.result != "passed" or latest.list_version_id != in_force.version_id)
