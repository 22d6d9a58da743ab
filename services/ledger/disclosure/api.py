"""Disclosure for machines: the gate's answers and the disclosure in one call."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody

from services.ledger.disclosure import forms, queries, rules, workflow
from services.ledger.disclosure.models import DISCLOSURE_STATES
from services.ledger.display import words_of
from services.ledger.forms import members_of
from services.ledger.secrecy.workflow import count_answer
from shared.api_description import answers
from shared.db.transaction import Outcome, Transaction
from shared.errors import FormInvalid, NotFound, Refusal
from shared.forms import read
from tenants.machine import api_refused


class CompleterIn(msgspec.Struct):
    """A completer; ``share`` as ``1/3`` or ``30%``, empty when none is agreed."""

    name: str
    share: str | None = None


class DisclosureIn(msgspec.Struct):
    """A disclosure (成果披露). ``classified`` and ``key_technology`` answer the questions that come before anything else.

    Codes of type, stage, funding and evidence are those of the province's pack; ``more`` holds what only it asks for.
    """

    classified: Literal["no", "yes", "suspected"]
    key_technology: Literal["no", "yes"]
    name: str
    completers: list[CompleterIn] = []
    type: str | None = None
    technical_field: str | None = None
    form: str | None = None
    stage: str | None = None
    market_prospect: str | None = None
    funding: str | None = None
    evidence: list[str] = []
    right_number: str | None = None
    obtained_on: date | None = None
    college: str | None = None
    remark: str | None = None
    more: dict[str, str] = {}


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

    ``returns`` holds the reasons of every return, the newest round first.
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
    right_number: str | None
    obtained_on: date | None
    college: str | None
    remark: str | None
    submitted_at: datetime | None
    verified_at: datetime | None
    achievement_id: UUID | None
    returns: list[ReturnOut]


@post(
    "/disclosures",
    opt={"permission": queries.WRITE},
    status_code=201,
    summary="披露成果",
    responses=answers(201, Disclosed, "已披露并提交"),
)
async def disclose(tx: Transaction, data: JSONBody[DisclosureIn]) -> Response[Any]:
    """Disclose and submit; nothing of a classified achievement is kept, and the answer says what to do instead."""
    gate, governed = await workflow.ask_gate(tx, data.classified, data.key_technology)
    stopped = Refusal.of(gate)
    if stopped is not None:
        await count_answer(tx, data.classified)
        return api_refused(tx, stopped)
    values = msgspec.to_builtins(data)
    values["team"] = "\n".join(f"{one.name} {one.share or ''}".strip() for one in data.completers)
    form, errors = read(
        forms.DisclosureForm, {name: value if value is not None else "" for name, value in values.items()}
    )
    errors |= rules.unknown_codes(values, await words_of(tx))
    kind = await queries.unit_kind_of(tx)
    errors |= rules.unknown_fields(values, rules.fields_of(kind, data.funding, governed.pack, tx.today))
    if form is None or errors:
        raise FormInvalid(errors)
    asked = {**form.model_dump(), "team": form.team}
    decided = rules.may_submit(asked, kind, governed.pack, tx.today)
    for one in decided:
        refusal = Refusal.of(one.answer)
        if refusal is not None:
            return api_refused(tx, refusal)
    answers = {"answer": data.classified, "key_technology": data.key_technology}
    disclosure_id = await workflow.begin(tx, gate, governed, answers)
    refusal = await workflow.submit(tx, disclosure_id, form.columns(), members_of(form.team))
    assert refusal is None, "the same questions were just answered"
    location = f"/api/disclosures/{disclosure_id}"
    tx.outcome = Outcome(201, location)
    return Response(Disclosed(disclosure_id, "submitted"), status_code=201, headers={"location": location})


@get("/disclosures/{disclosure_id:uuid}", opt={"permission": queries.WRITE}, summary="一项成果披露")
async def read_disclosure(tx: Transaction, disclosure_id: UUID) -> DisclosureOut:
    """One disclosure of the token's account: where it stands, why it came back, which achievement it became."""
    row = await queries.readable_disclosure(tx, disclosure_id)
    if row is None:
        raise NotFound
    values = {field: getattr(row, field) for field in DisclosureOut.__struct_fields__ if hasattr(row, field)}
    team = await queries.members_of(tx, disclosure_id)
    shares = [str(one.share) if one.share is not None else None for one in team]
    return DisclosureOut(
        **{**values, "evidence": list(row.evidence or ())},
        state_label=DISCLOSURE_STATES[row.state],
        completers=[
            DisclosedCompleterOut(one.person_id, one.name, share) for one, share in zip(team, shares, strict=True)
        ],
        returns=[
            ReturnOut(one.round, one.field, one.reason, one.at) for one in await queries.returns_of(tx, disclosure_id)
        ],
    )


HANDLERS = (disclose, read_disclosure)
