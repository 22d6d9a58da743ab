"""Whom a hand-over reaches: the organisations behind the pack's codes. A code that nobody is registered for is passed over by
no hand-over silently: the sender's page says so, and so does a message to the platform's operator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from services.annual_report.queries import recipients_of
from services.annual_report.rules import Form, Stage
from shared.db.transaction import Transaction
from shared.errors import Refusal
from shared.ids import named_id
from shared.tasks.broker import ask
from shared.ui.words import of_year
from tenants.registry import organisation


@dataclass(frozen=True, slots=True)
class Addressed:
    """The organisations that are reached, and the labels of the recipients that nobody is registered for."""

    reached: Sequence[Row[Any]]
    absent: Sequence[str]


async def addressed(tx: Transaction, stage: Stage, wanted: Sequence[str], department_id: UUID) -> Addressed:
    """Who stands behind ``wanted`` codes of a hand-over; ``department_id`` is the unit's competent department."""
    labels = dict(zip(stage.recipients, stage.recipient_labels, strict=True))
    found = {code: await recipients_of(tx, code, department_id) for code in wanted}
    return Addressed(
        [one for rows in found.values() for one in rows], [labels.get(code, code) for code in wanted if not found[code]]
    )


async def say_who_is_absent(tx: Transaction, form: Form, found: Addressed) -> Refusal | None:
    """Tell the province's operator once a year whom nobody is registered for; the refusal where that is everybody."""
    if not found.absent:
        return None
    labels = "、".join(found.absent)
    news = named_id("absent recipient", str(tx.province_id), form.code, str(form.year), labels)
    operators = await tx.rows(
        select(organisation.c.id).where(
            organisation.c.province_id == tx.province_id,
            organisation.c.kind == "operator",
            organisation.c.state == "active",
        )
    )
    for one in operators:
        await ask(
            tx, "announce", key=named_id("announce", str(news), str(one.id)), tenant=str(one.id), news=str(news),
            title=f"{of_year(form.label, form.year)}的接收单位尚未登记：{labels}",
            text="有单位报送时，该接收单位收不到。请登记该单位。", href="/operator/organisations/new",
            to_permission="operator:registry:write",
        )  # fmt: skip
    if found.reached:
        return None
    message = f"平台上还没有登记接收单位（{labels}），已告知平台运维；登记后再报送。"
    return Refusal(
        "report.no_recipient", message, form.citation, inputs={"year": form.year, "missing": list(found.absent)}
    )
