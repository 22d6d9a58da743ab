"""Disclosure for machines: the gate's answers and the disclosure in one call."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import JSONBody

from services.ledger.disclosure import forms, queries, rules, workflow
from services.ledger.display import words_of
from services.ledger.forms import members_of
from shared.api_description import answers
from shared.db.transaction import Outcome, Transaction
from shared.errors import FormInvalid, Refusal
from shared.forms import read
from tenants.machine import api_refused


class CompleterIn(msgspec.Struct):
    """A completer; ``share`` as ``1/3`` or ``30%``, empty when none is agreed."""

    name: str
    share: str | None = None


class DisclosureIn(msgspec.Struct):
    """A disclosure (成果披露). ``classified`` and ``key_technology`` answer the questions that come before anything else.

    Codes of type, stage, funding and evidence are those of the province's pack.
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


class DisclosureOut(msgspec.Struct):
    """What became of it."""

    id: UUID
    state: str


@post(
    "/disclosures",
    opt={"permission": queries.WRITE},
    status_code=201,
    summary="披露成果",
    responses=answers(201, DisclosureOut, "已披露并提交"),
)
async def disclose(tx: Transaction, data: JSONBody[DisclosureIn]) -> Response[Any]:
    """Disclose and submit; nothing of a classified achievement is kept, and the answer says what to do instead."""
    gate, governed = await workflow.ask_gate(tx, data.classified, data.key_technology)
    stopped = Refusal.of(gate)
    if stopped is not None:
        return api_refused(tx, stopped)
    values = msgspec.to_builtins(data)
    values["team"] = "\n".join(f"{one.name} {one.share or ''}".strip() for one in data.completers)
    form, errors = read(
        forms.DisclosureForm, {name: value if value is not None else "" for name, value in values.items()}
    )
    errors |= rules.unknown_codes(values, await words_of(tx))
    if form is None or errors:
        raise FormInvalid(errors)
    asked = {**form.model_dump(), "team": form.team}
    decided = rules.may_submit(asked, await queries.unit_kind_of(tx), governed.pack, tx.today)
    for one in decided:
        refusal = Refusal.of(one.answer)
        if refusal is not None:
            return api_refused(tx, refusal)
    answers = {"answer": data.classified, "key_technology": data.key_technology}
    disclosure_id = await workflow.begin(tx, gate, governed, answers)
    refusal = await workflow.submit(tx, disclosure_id, form.columns(), members_of(form.team))
    assert refusal is None, "the same questions were just answered"
    tx.outcome = Outcome(201, f"/api/disclosures/{disclosure_id}")
    return Response(DisclosureOut(disclosure_id, "submitted"), status_code=201)


HANDLERS = (disclose,)
