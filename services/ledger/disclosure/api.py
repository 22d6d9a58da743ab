"""Disclosure for machines: the gate's answers and the disclosure in one call."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post, put
from litestar.params import JSONBody, QueryParameter
from sqlalchemy import Row

from services.ledger.disclosure import forms, queries, rules, then, workflow
from services.ledger.disclosure.models import DISCLOSURE_STATES
from services.ledger.display import words_of
from services.ledger.evidence.queries import kinds_with_paper
from services.ledger.forms import members_of
from services.ledger.points import point_of
from services.ledger.secrecy.workflow import count_answer
from shared.api_description import Matching, answers
from shared.db.transaction import Outcome, Transaction
from shared.errors import FormInvalid, NotFound, Overtaken, Refusal, TagMissing
from shared.forms import read
from shared.policy.pack import Pack
from tenants.machine import api_refused
from tenants.packs import governing
from tenants.people import names_of


class CompleterIn(msgspec.Struct):
    """A completer; ``share`` as ``1/3`` or ``30%``, empty when none is agreed."""

    name: str
    share: str | None = None


class SaidIn(msgspec.Struct, kw_only=True):
    """What a disclosure says. Codes of type, stage, funding and evidence are those of the province's pack; ``more`` holds
    what only it asks for.
    """

    name: str
    completers: list[CompleterIn] = []
    type: str | None = None
    technical_field: str | None = None
    form: str | None = None
    stage: str | None = None
    market_prospect: str | None = None
    funding: str | None = None
    evidence: list[str] = []
    evidence_elsewhere: str | None = None
    right_number: str | None = None
    obtained_on: date | None = None
    college: str | None = None
    remark: str | None = None
    more: dict[str, str] = {}


class DisclosureIn(SaidIn, kw_only=True):
    """A disclosure (成果披露). ``classified`` and ``key_technology`` answer the questions that come before anything else.

    With ``draft`` it is kept and not submitted, so that papers can be sent with it; it is submitted by PUT.
    """

    classified: Literal["no", "yes", "suspected"]
    key_technology: Literal["no", "yes"]
    draft: bool = False


class Disclosed(msgspec.Struct):
    """What became of it; the whole of it is at the answer's ``Location``."""

    id: UUID
    state: str


class ReturnOut(msgspec.Struct):
    """A reason for which it came back; ``field`` is empty where it is about the whole disclosure."""

    round: int
    field: str
    reason: str
    at: datetime


class DisclosedCompleterOut(msgspec.Struct):
    """A completer; ``share`` is an exact fraction as text, null where none is agreed."""

    person_id: UUID
    name: str
    share: str | None


class DisclosureOut(msgspec.Struct, kw_only=True):
    """A disclosure as it stands; once verified, ``achievement_id`` is its row of the ledger.

    ``returns`` holds the reasons of every return, the newest round first. Of a past day, what it said when it was last handed
    in by then; all empty where that is not kept, as of a draft.
    """

    id: UUID
    state: str
    state_label: str
    name: str | None
    completers: list[DisclosedCompleterOut]
    type: str | None
    technical_field: str | None
    form: str | None
    stage: str | None
    market_prospect: str | None
    funding: str | None
    evidence: list[str]
    evidence_elsewhere: str | None
    right_number: str | None
    obtained_on: date | None
    college: str | None
    remark: str | None
    submitted_at: datetime | None
    verified_at: datetime | None
    achievement_id: UUID | None
    returns: list[ReturnOut]


class DisclosureSummary(msgspec.Struct, kw_only=True):
    """One disclosure in the list."""

    id: UUID
    state: str
    state_label: str
    name: str | None
    type: str | None
    submitted_at: datetime | None
    verified_at: datetime | None
    achievement_id: UUID | None


class DisclosurePage(msgspec.Struct):
    """One page, the newest first; ``next`` goes into ``after``, null where there is none."""

    items: list[DisclosureSummary]
    next: UUID | None


_PAGE = 50
Limit = Annotated[int, QueryParameter(ge=1, le=200)]
State = Literal["draft", "submitted", "returned", "registered", "withdrawn"]


@post(
    "/disclosures",
    opt={"permission": queries.WRITE},
    status_code=201,
    summary="披露成果",
    responses=answers(201, Disclosed, "已披露并提交；draft 时为草稿"),
)
async def disclose(tx: Transaction, data: JSONBody[DisclosureIn]) -> Response[Any]:
    """Disclose and submit, or keep a draft; nothing of a classified achievement is kept, and the answer says what to do."""
    gate, governed = await workflow.ask_gate(tx, data.classified, data.key_technology)
    stopped = Refusal.of(gate)
    if stopped is not None:
        await count_answer(tx, data.classified)
        return api_refused(tx, stopped)
    form = await _form(tx, data, governed.pack)
    if isinstance(form, Refusal):
        return api_refused(tx, form)
    answers = {"answer": data.classified, "key_technology": data.key_technology}
    disclosure_id = await workflow.begin(tx, gate, governed, answers)
    keep = workflow.save if data.draft else workflow.submit
    refusal = await keep(tx, disclosure_id, form.columns(), members_of(form.team))
    assert refusal is None, "the same questions were just answered"
    location = f"/api/disclosures/{disclosure_id}"
    tx.outcome = Outcome(201, location)
    state = "draft" if data.draft else "submitted"
    return Response(Disclosed(disclosure_id, state), status_code=201, headers={"location": location})


async def _form(
    tx: Transaction, data: SaidIn, pack: Pack, proved: Collection[str] = ()
) -> forms.DisclosureForm | Refusal:
    """What was sent as the page's form, or the refusal that it amounts to; a draft is not asked whether it is whole.

    ``proved``: kinds of evidence that a paper stands for already.

    :raises FormInvalid: everything that is wrong, by field.
    """
    values = msgspec.to_builtins(data)
    values["evidence"] = sorted({*data.evidence, *proved})
    values["team"] = "\n".join(f"{one.name} {one.share or ''}".strip() for one in data.completers)
    form, errors = read(
        forms.DisclosureForm, {name: value if value is not None else "" for name, value in values.items()}
    )
    errors |= rules.unknown_codes(values, await words_of(tx))
    kind = await queries.unit_kind_of(tx)
    errors |= rules.unknown_fields(values, rules.fields_of(kind, data.funding, pack, tx.today))
    if form is None or errors:
        raise FormInvalid(errors)
    if isinstance(data, DisclosureIn) and data.draft:
        return form
    decided = rules.may_submit({**form.model_dump(), "team": form.team}, kind, pack, tx.today)
    return next((found for one in decided if (found := Refusal.of(one.answer))), form)


@put(
    "/disclosures/{disclosure_id:uuid}",
    opt={"permission": queries.WRITE},
    status_code=200,
    summary="修改并提交草稿或者被退回的披露",
    operation_class=Matching,
    responses=answers(200, Disclosed, "已提交"),
)
async def resubmit(
    request: Request[Any, Any, Any], tx: Transaction, disclosure_id: UUID, data: JSONBody[SaidIn]
) -> Response[Any]:
    """Correct one's own draft, or what came back, and submit it; ``If-Match`` carries the ETag that was read. A kind of
    evidence that a paper was sent for need not be named.
    """
    row = await queries.readable_disclosure(tx, disclosure_id)
    if row is None or row.person_id != tx.actor.person_id:
        raise NotFound
    sent = request.headers.get("if-match")
    if not sent:
        raise TagMissing
    if sent != _tag(row):
        raise Overtaken
    proved = await kinds_with_paper(tx, disclosure_id)
    form = await _form(tx, data, (await governing(tx)).pack, proved)
    refusal = form if isinstance(form, Refusal) else None
    if isinstance(form, forms.DisclosureForm):
        refusal = await workflow.submit(tx, disclosure_id, form.columns(), members_of(form.team))
    if refusal is not None:
        return api_refused(tx, refusal)
    tx.outcome = Outcome(200, f"/api/disclosures/{disclosure_id}")
    return Response(Disclosed(disclosure_id, "submitted"))


def _tag(row: Row[Any]) -> str:
    return f'"{row.revision}-{row.state}"'


@get("/disclosures", opt={"permission": queries.WRITE}, summary="成果披露")
async def list_disclosures(
    request: Request[Any, Any, Any],
    tx: Transaction,
    status: State | None = None,
    after: UUID | None = None,
    limit: Limit = _PAGE,
    as_of: date | None = None,
    known_at: datetime | None = None,
    known_on: date | None = None,
) -> DisclosurePage:
    """The account's own disclosures, the newest first; ``status`` keeps those in one state. ``as_of`` and ``known_at`` (an
    instant with its zone; or ``known_on``, the end of a real day): where they stood on a past day, and as it was known then.
    """
    point = point_of(request.query_params, tx.today)
    states = [status] if status else list(DISCLOSURE_STATES)
    rows = await then.listed(tx, states, point, person_id=tx.actor.person_id, behind=after, limit=limit + 1)
    items = [
        DisclosureSummary(
            id=row.id,
            state=row.state,
            state_label=DISCLOSURE_STATES[row.state],
            name=row.name,
            type=row.type,
            submitted_at=row.submitted_at,
            verified_at=row.verified_at,
            achievement_id=row.achievement_id,
        )
        for row in rows[:limit]
    ]
    return DisclosurePage(items, rows[limit - 1].id if len(rows) > limit else None)


@get("/disclosures/{disclosure_id:uuid}", opt={"permission": queries.WRITE}, summary="一项成果披露")
async def read_disclosure(
    request: Request[Any, Any, Any],
    tx: Transaction,
    disclosure_id: UUID,
    as_of: date | None = None,
    known_at: datetime | None = None,
    known_on: date | None = None,
) -> Response[DisclosureOut]:
    """One disclosure of the token's account with its ETag: where it stands, why it came back, which achievement it became;
    at a past point as of the list, without an ETag: 404 where it had not been begun.
    """
    row, point = await queries.readable_disclosure(tx, disclosure_id), point_of(request.query_params, tx.today)
    returns = await queries.returns_of(tx, disclosure_id)
    if row is not None and not point.past:
        said = rules.said(row._asdict(), await queries.shares_of(tx, disclosure_id))
        return Response(await _told(tx, row, said, returns), headers={"etag": _tag(row)})
    past = await then.disclosure_then(tx, disclosure_id, point) if row is not None else None
    if past is None:
        raise NotFound
    returns = await then.returns_then(tx, returns, disclosure_id, point)
    return Response(await _told(tx, past, past.said or {}, returns))


async def _told(tx: Transaction, row: Row[Any], said: Mapping[str, Any], returns: Sequence[Row[Any]]) -> DisclosureOut:
    names = await names_of(tx, rules.people_said(said))
    team = [DisclosedCompleterOut(UUID(one), names.get(UUID(one), ""), share) for one, share in said.get("team", ())]
    obtained = said.get("obtained_on")
    return DisclosureOut(
        id=row.id,
        state=row.state,
        state_label=DISCLOSURE_STATES[row.state],
        completers=team,
        **{name: said.get(name) for name in rules.SAID if name not in ("evidence", "obtained_on")},
        evidence=list(said.get("evidence") or ()),
        obtained_on=date.fromisoformat(obtained) if obtained else None,
        submitted_at=row.submitted_at,
        verified_at=row.verified_at,
        achievement_id=row.achievement_id,
        returns=[ReturnOut(one.round, one.field, one.reason, one.at) for one in returns],
    )


HANDLERS = (disclose, resubmit, list_disclosures, read_disclosure)
