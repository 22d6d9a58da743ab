"""Applications for machines: enter and submit one, read one."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody, QueryParameter

from services.empowerment import queries, rules, workflow
from services.empowerment.applying import workflow as verbs
from services.empowerment.display import steps_shown
from services.empowerment.models import STATES, State
from services.notices import rules as notice_rules
from shared.api_description import answers
from shared.db.transaction import Outcome, Transaction
from shared.errors import FormInvalid, NotFound, QueryInvalid, Refusal
from shared.forms import share_of
from shared.keyset import place_of, place_text
from tenants.machine import api_refused
from tenants.packs import governing

_READ = {"permission": "institution:empowerment:read"}
Words = Annotated[str, msgspec.Meta(max_length=5000)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class MemberIn(msgspec.Struct):
    """A completer of the ledger who has confirmed; ``share`` is exact text such as ``1/3`` or ``30%``."""

    person_id: UUID
    confirmed: bool
    share: str | None = None


class ConditionIn(msgspec.Struct):
    """One condition of the pack, with the codes of its evidence."""

    met: bool
    evidence: list[str] = []
    note: str = ""


class ApplicationIn(msgspec.Struct):
    """An application. Shares are exact text; days are ``2026-03-16``; codes are those of the province's rules."""

    achievement_id: UUID
    grant_type: Code
    representative_id: UUID
    members: list[MemberIn]
    explanation: Words = ""
    team_information: Words = ""
    plan: Words = ""
    materials: dict[str, Words] = {}
    conditions: dict[str, ConditionIn] = {}
    grant_mode: Code | None = None
    unit_share: str | None = None
    team_share: str | None = None
    co_ownership: str | None = None
    term_first_day: date | None = None
    term_last_day: date | None = None
    protection_last_day: date | None = None


class NoticeOut(msgspec.Struct):
    """How the notice counts; ``end`` is null while no calendar says it."""

    id: UUID
    state: str
    published_at: datetime
    end: date | None
    raw_end: date | None
    has_run: bool
    open_objections: int


class StepOut(msgspec.Struct):
    """A step of the province's rules: ``at`` is when it was taken, null before; ``article`` is where it is written."""

    code: str
    label: str
    current: bool
    done: bool
    at: datetime | None
    article: str


class ApplicationRow(msgspec.Struct):
    """An application in the list."""

    id: UUID
    achievement_id: UUID
    achievement_name: str
    grant_type: str
    state: str
    state_label: str
    submitted_at: datetime | None
    changed_at: datetime


class ApplicationPage(msgspec.Struct):
    """One page, the last changed first; ``next`` goes into ``before``, null where there is none."""

    items: list[ApplicationRow]
    next: str | None


class ApplicationOut(msgspec.Struct):
    """An application as it stands; people are ids."""

    id: UUID
    achievement_id: UUID
    grant_type: str
    grant_mode: str | None
    state: str
    state_label: str
    step: str | None
    submitted_at: datetime | None
    members: list[MemberIn]
    unit_share: str | None
    team_share: str | None
    term_first_day: date | None
    term_last_day: date | None
    notice: NoticeOut | None
    signed_on: date | None
    effective_on: date | None
    steps: list[StepOut]


def _submission(sent: ApplicationIn) -> rules.Submission:
    """:raises FormInvalid: every share that cannot be read."""
    shares, errors = {}, {}
    given = {"unit_share": sent.unit_share, "team_share": sent.team_share}
    given |= {f"members[{number}].share": one.share for number, one in enumerate(sent.members)}
    for name, value in given.items():
        try:
            shares[name] = share_of(value)
        except ValueError as wrong:
            errors[name] = str(wrong)
    if errors:
        raise FormInvalid(errors)
    team = tuple(
        rules.TeamMember(one.person_id, one.confirmed, shares[f"members[{number}].share"])
        for number, one in enumerate(sent.members)
    )
    return rules.Submission(
        sent.grant_type,
        sent.representative_id,
        team,
        sent.explanation,
        sent.team_information,
        sent.plan,
        {code: msgspec.to_builtins(one) for code, one in sent.conditions.items()},
        shares["unit_share"],
        shares["team_share"],
        sent.co_ownership,
        sent.term_first_day,
        sent.term_last_day,
        sent.protection_last_day,
        sent.grant_mode,
        {code: words for code, words in sent.materials.items() if code not in rules.COLUMN_OF_MATERIAL},
    )


async def application_out(tx: Transaction, application_id: UUID) -> ApplicationOut:
    """:raises NotFound: there is none of this tenant."""
    found = await queries.find_application(tx, application_id)
    if found is None:
        raise NotFound
    notice = await workflow.current_notice(tx, application_id)
    signed = await queries.agreement_of(tx, application_id)
    shown = None
    if notice is not None:
        count = notice_rules.period(notice, (await governing(tx, notice.pack_version_id)).pack, tx.now).values
        shown = NoticeOut(
            notice.id,
            notice.state,
            notice.published,
            count["end"],
            count["raw_end"],
            bool(count["has_run"]),
            notice.open_objections,
        )
    return ApplicationOut(
        found.id,
        found.achievement_id,
        found.grant_type,
        found.grant_mode,
        found.state,
        STATES[State(found.state)],
        found.step,
        found.submitted_at,
        [MemberIn(one.person_id, one.confirmed, one.share) for one in await queries.members_of(tx, application_id)],
        found.unit_share,
        found.team_share,
        found.term_first_day,
        found.term_last_day,
        shown,
        signed.signed_on if signed else None,
        signed.effective_on if signed else None,
        await _steps(tx, found),
    )


async def _steps(tx: Transaction, found: queries.Application) -> list[StepOut]:
    pack = (await workflow.governing_case(tx, found)).pack
    events = await queries.events_of(tx, found.id)
    shown = steps_shown(found, events, {}, workflow.steps_of(found, pack, tx.today))
    return [
        StepOut(
            one["code"],
            one["label"],
            one["current"],
            one["done"],
            one["at"] if one["done"] else None,
            one["source"].place,
        )
        for one in shown
    ]


@post(
    "/applications",
    opt={"permission": workflow.APPLY},
    status_code=201,
    summary="申请赋权",
    responses=answers(201, ApplicationOut, "已提交"),
)
async def apply(tx: Transaction, data: JSONBody[ApplicationIn]) -> Response[Any]:
    """Enter and submit an application for empowerment (赋权申请); 422 with the article when a condition is not met."""
    outcome = await verbs.apply(tx, data.achievement_id, _submission(data))
    if isinstance(outcome, Refusal):
        return api_refused(tx, outcome)
    address = f"/api/applications/{outcome}"
    tx.outcome = Outcome(201, address)
    return Response(await application_out(tx, outcome), status_code=201, headers={"location": address})


@get("/applications", opt=_READ, summary="赋权申请")
async def list_applications(
    tx: Transaction,
    standing: Annotated[str, QueryParameter(name="state")] = "",
    before: str = "",
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = queries.PAGE,
) -> ApplicationPage:
    """Applications that the token's account may see, of one state or of all; a state that does not exist is answered 400."""
    wrong = {"state": f"可以是：{'、'.join(STATES)}"} if standing and standing not in STATES else {}
    if before and place_of(before) is None:
        wrong["before"] = "请原样使用上一次返回的 next"
    if wrong:
        raise QueryInvalid([{"key": key, "source": "query", "message": words} for key, words in wrong.items()])
    found = await queries.list_applications(
        tx, [standing] if standing else list(STATES), before=place_of(before), limit=limit + 1
    )
    rows = [
        ApplicationRow(
            one.id,
            one.achievement_id,
            one.achievement_name,
            one.grant_type,
            one.state,
            STATES[State(one.state)],
            one.submitted_at,
            one.changed_at,
        )
        for one in found[:limit]
    ]
    return ApplicationPage(rows, place_text(rows[-1].changed_at, rows[-1].id) if len(found) > limit else None)


@get("/applications/{application_id:uuid}", opt=_READ, summary="一项赋权申请")
async def read_application(tx: Transaction, application_id: UUID) -> ApplicationOut:
    """One application with its steps, its notice and its agreement."""
    return await application_out(tx, application_id)


HANDLERS = (apply, list_applications, read_application)
