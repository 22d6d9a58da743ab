"""States and moves of an application, what every verb begins with, and the verbs that end or return it.

The order of the steps is the pack's. A state says what the platform waits for (screening, an announcement …), the column ``step``
names the pack's step; a step forward leads to whatever the pack puts next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import update

from services.empowerment import queries, rules
from services.empowerment.models import STATES, State, application
from services.notices import queries as notices
from services.notices import workflow as notice_verbs
from services.notices.models import NoticeState
from shared.audit.writing import write_audit
from shared.db.transaction import Transaction
from shared.errors import Forbidden, NotFound, Refusal, stale
from shared.policy.answer import Answer
from shared.policy.pack import Pack
from shared.workflow import Move, Moves, move, record_decision, record_event, refuse, send
from tenants.packs import Governing, governing

CASE = queries.CASE
APPLY = "institution:empowerment:apply"
REVIEW = "institution:empowerment:review"
SIGN = "institution:empowerment:sign"
PUBLISH = "institution:notice:publish"
# Who acts for the unit as such signs its agreements, and records what it decided; whoever reviews records the rest.
_FOR_THE_UNIT = frozenset({"unit", "leading_group"})


def _from(*states: State) -> frozenset[str]:
    return frozenset(str(state) for state in states)


_ENDED = _from(State.FORMALISED, State.REJECTED, State.WITHDRAWN)
_UNDER_REVIEW = _from(State.SUBMITTED, State.SCREENING, State.FEASIBILITY, State.APPROVED)
_TO_SCREEN = _from(State.SUBMITTED, State.SCREENING)
_NOTICED = _from(State.NOTICED)
_STEP = _from(State.STEP)
# Where the text speaks of the steps, in whatever order it puts them.
STEPS = ("steps.empowerment", "guidelines.empowerment")
NOTICED = ("notices.empowerment.days", "notices.empowerment")
# Wherever a step forward may lead: the pack says where it does.
_ONWARD = _from(
    State.SUBMITTED, State.FEASIBILITY, State.APPROVED, State.STEP, State.NOTICED, State.AGREED, State.FORMALISED
)
_STATE_OF_ACT = {
    "screen": State.SUBMITTED,
    "assess": State.FEASIBILITY,
    "announce": State.APPROVED,
    "sign": State.NOTICED,
    "formalities": State.AGREED,
}
_ACT_OF_STATE = {
    **{str(state): act for act, state in _STATE_OF_ACT.items()},
    State.SCREENING: "screen",
    State.DRAFT: "apply",
    State.RETURNED: "apply",
}
ACT_OF_MOVE = {
    "screen": "screen",
    "record_feasibility": "assess",
    "publish": "announce",
    "record_step": "record",
    "sign_agreement": "sign",
    "record_formality": "formalities",
}

MOVES = Moves(
    CASE,
    application,
    STATES,
    (
        Move("submit", _from(State.DRAFT, State.RETURNED), State.SUBMITTED, "submitted", APPLY, "提交申请", _ONWARD),
        Move("screen", _TO_SCREEN, State.FEASIBILITY, "screened", REVIEW, "负面清单排查", _ONWARD),
        Move("hold", _TO_SCREEN, State.SCREENING, "held", REVIEW, "暂缓"),
        Move("exclude", _TO_SCREEN | _NOTICED, State.REJECTED, "excluded", REVIEW, "不纳入赋权范围"),
        Move("rescreen", _NOTICED, State.NOTICED, "rescreened", REVIEW, "对照现行清单重新排查"),
        Move(
            "record_feasibility",
            _from(State.FEASIBILITY),
            State.APPROVED,
            "assessed",
            REVIEW,
            "登记可行性评估",
            _ONWARD,
        ),
        Move("find_infeasible", _from(State.FEASIBILITY), State.REJECTED, "found_infeasible", REVIEW, "评估不可行"),
        Move("publish", _from(State.APPROVED, State.NOTICED), State.NOTICED, "noticed", PUBLISH, "发布公示", _ONWARD),
        Move(
            "record_step",
            _STEP | _NOTICED | _from(State.AGREED),
            State.STEP,
            "step_recorded",
            REVIEW,
            "登记办理结果",
            _ONWARD,
        ),
        Move("sign_agreement", _NOTICED, State.AGREED, "agreed", SIGN, "签署协议", _ONWARD),
        Move("record_formality", _from(State.AGREED), State.FORMALISED, "formalised", REVIEW, "登记手续办理", _ONWARD),
        Move("return_for_correction", _UNDER_REVIEW | _NOTICED | _STEP, State.RETURNED, "returned", REVIEW, "退回补正"),
        Move("reject", _UNDER_REVIEW | _NOTICED | _STEP, State.REJECTED, "rejected", REVIEW, "审核不通过"),
        Move(
            "withdraw",
            _UNDER_REVIEW | _NOTICED | _STEP | _from(State.DRAFT, State.RETURNED),
            State.WITHDRAWN,
            "withdrawn",
            APPLY,
            "撤回申请",
        ),
    ),
    articles=STEPS,
    nearer={
        "submit": ("application",),
        **dict.fromkeys(("screen", "hold", "exclude", "rescreen"), ("screening",)),
        **dict.fromkeys(("record_feasibility", "find_infeasible"), ("feasibility",)),
        "publish": NOTICED,
        "sign_agreement": ("agreements",),
        "record_formality": ("agreements.ownership.formalities",),
    },
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
    governed = await governing_case(tx, found)
    if governed.id != found.pack_version_id and found.state not in _ENDED:
        await _follow(tx, found, governed)
    return found, governed


async def _follow(tx: Transaction, found: queries.Application, governed: Governing) -> None:
    """A running case that follows the newest version says since when it does: an event of its own."""
    await tx.execute(
        update(application)
        .where(application.c.tenant_id == tx.tenant_id, application.c.id == found.id)
        .values(pack_version_id=governed.id)
    )
    details = {"from": str(found.pack_version_id), "to": str(governed.id)}
    await record_event(tx, CASE, found.id, "rules_followed", details=details)
    await write_audit(tx, f"{CASE}.follow_rules", CASE, found.id, details={"version": details["to"]})


async def governing_case(tx: Transaction, found: queries.Application) -> Governing:
    """The pack version that the case keeps or follows, as the pack says under which it began."""
    newest = await governing(tx)
    if found.pack_version_id == newest.id:
        return newest
    began = await governing(tx, found.pack_version_id)
    version = rules.governing_version(began.id, newest.id, began.pack, tx.today)
    return newest if version == newest.id else began


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
    target: State | None = None,
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
        target=target,
        changes={**(changes or {}), "changed_at": tx.now},
        reason=reason,
        details=details,
    )
    return None if lost is None else await refuse_step(tx, found, lost, name, await governing_case(tx, found))


async def refuse_step(
    tx: Transaction, found: queries.Application, refusal: Refusal, name: str, governed: Governing
) -> Refusal:
    """A refused act on a case, with what the version that governs it says of its own kind of right."""
    own = f"agreements.{found.grant_type}"
    articles = tuple(
        own + one.removeprefix("agreements").removeprefix(".ownership") if one.startswith("agreements") else one
        for one in refusal.articles
    )
    cited = replace(refusal, articles=articles)
    return await refuse(tx, cited, f"{CASE}.{name}", CASE, found.id, version_id=governed.id)


def steps_of(found: queries.Application, pack: Pack, today: date) -> list[rules.Step]:
    """The steps of this case, in the order of the pack that governs it."""
    facts = rules.step_facts(found.grant_type, found.grant_mode, found.achievement_type)
    return rules.steps(facts, pack, today)


def current_step(found: queries.Application, steps: Sequence[rules.Step]) -> rules.Step | None:
    """The step that the case waits for; None once everything is done or it has ended."""
    named = next((one for one in steps if one.code == found.step), None)
    if named is not None and found.state not in (State.DRAFT, State.RETURNED):
        return named
    return rules.step_doing(_ACT_OF_STATE.get(found.state, ""), steps)


def recorded_by(step: rules.Step) -> str:
    """The permission to record a step of the province's own: who acts in it, the pack says."""
    return SIGN if step.by in _FOR_THE_UNIT else REVIEW


def state_at(step: rules.Step | None, steps: Sequence[rules.Step]) -> State:
    """The state of a case that waits for a step; one of the pack's own is named by what was done before it."""
    if step is None:
        return State.FORMALISED
    if step.act in _STATE_OF_ACT:
        return _STATE_OF_ACT[step.act]
    acts = {one.act for one in rules.before(step.code, steps)}
    return State.AGREED if "sign" in acts else State.NOTICED if "announce" in acts else State.STEP


async def onward(
    tx: Transaction,
    found: queries.Application,
    governed: Governing,
    name: str,
    done: rules.Step | None,
    *,
    changes: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None,
) -> Refusal | None:
    """Make a move that finishes a step: the case then waits for the one that the pack puts next."""
    steps = steps_of(found, governed.pack, tx.today)
    after = rules.following(done.code, steps) if done else None
    told = {**(details or {}), **({"step": done.code} if done else {})}
    return await advance(
        tx,
        found,
        name,
        target=state_at(after, steps),
        changes={**(changes or {}), "step": after.code if after else None},
        details=told,
    )


async def stopped(tx: Transaction, found: queries.Application, name: str, governed: Governing) -> Refusal | None:
    """The refusal of a step that the state or the pack's order does not allow, before its own rules are asked."""
    refused = MOVES.refusal(name, found.state) or await _out_of_turn(tx, found, name, governed)
    return None if refused is None else await refuse_step(tx, found, refused, name, governed)


async def _out_of_turn(tx: Transaction, found: queries.Application, name: str, governed: Governing) -> Refusal | None:
    act = ACT_OF_MOVE.get(name)
    steps = steps_of(found, governed.pack, tx.today)
    current = current_step(found, steps)
    wanted = rules.step_doing(act, steps) if act else None
    # A withdrawn notice is published again, whatever came after it.
    again = name == "publish" and found.state == State.NOTICED
    if act is None or again or current is None or current.act == act:
        return None
    instead = stale(f"该申请现在应办理“{current.label}”；请刷新页面查看最新进展", *STEPS, step=act, wanted=current.code)
    if wanted is None:
        return replace(instead, citation=current.citation)
    facts = {
        **rules.step_facts(found.grant_type, found.grant_mode, found.achievement_type),
        "step": wanted.code,
        "done": [one.code for one in rules.before(current.code, steps)],
    }
    answer = rules.may_take(facts, governed.pack, tx.today)
    await keep_decision(tx, answer, facts, found.id, governed)
    return Refusal.of(answer) or replace(instead, citation=current.citation)


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


async def withdrawn_notice(tx: Transaction, application_id: UUID) -> bool:
    """Whether the notice of an application was withdrawn and has to be published again."""
    published = await queries.notice_ids_of(tx, application_id)
    return bool(published) and await current_notice(tx, application_id) is None


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


async def needs_rescreening(tx: Transaction, found: queries.Application, pack: Pack) -> bool:
    """Whether the list in force is another one than that of the last screening, or that one did not pass.

    A list of the institution's own is known by what the last screening named; without a screening step nothing is due.
    """
    if rules.step_doing("screen", steps_of(found, pack, tx.today)) is None:
        return False
    latest = next(iter(await queries.screenings_of(tx, found.id)), None)
    if latest is None or latest.result != "passed":
        return True
    if rules.list_owner(pack) != "province":
        return False
    in_force = await queries.list_in_force(tx, tx.today)
    return in_force is None or bool(latest.list_version_id != in_force.version_id)
