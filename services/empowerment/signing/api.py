"""Agreements for machines."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import JSONBody

from services.empowerment import queries, workflow
from services.empowerment.signing import workflow as verbs
from shared.api_description import answers
from shared.db.transaction import Outcome, Transaction
from tenants.machine import api_refused


class AgreementIn(msgspec.Struct):
    """A signed agreement: text by the pack's clause codes; the terms are those that were applied for."""

    signed_on: date
    effective_on: date
    clauses: dict[str, str]
    opinions_heard: bool | None = None


class Signed(msgspec.Struct):
    """The application that the agreement closed."""

    application_id: UUID
    state: str


@post(
    "/applications/{application_id:uuid}/agreement",
    opt={"permission": workflow.SIGN},
    status_code=201,
    summary="签署赋权协议",
    responses=answers(201, Signed, "已签署"),
)
async def sign(tx: Transaction, application_id: UUID, data: JSONBody[AgreementIn]) -> Response[Any]:
    """Record the agreement (签署赋权协议); 422 with the article while the notice runs or an objection is open."""
    paper = verbs.Agreement(data.signed_on, data.effective_on, data.clauses, None, data.opinions_heard)
    refusal = await verbs.sign_agreement(tx, application_id, paper)
    if refusal is not None:
        return api_refused(tx, refusal)
    location = f"/api/applications/{application_id}"
    tx.outcome = Outcome(201, location)
    found = await queries.find_application(tx, application_id)
    assert found is not None
    return Response(Signed(application_id, found.state), status_code=201, headers={"location": location})


HANDLERS = (sign,)
