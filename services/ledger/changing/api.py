"""Changing the ledger by machine: a correction under an ETag, one conversion."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, patch, post
from litestar.params import JSONBody
from msgspec import UNSET, UnsetType

from services.ledger import forms, queries, workflow
from services.ledger.correcting import lines_of, members_meant, standing
from services.ledger.display import words_of
from services.ledger.rules import Vocabulary
from shared.api_description import Matching, answers
from shared.db.transaction import Outcome, Transaction
from shared.errors import FormInvalid, NotFound, Overtaken, Refusal, TagMissing
from shared.forms import read
from tenants.machine import api_refused

_WRITE = {"permission": "institution:ledger:write"}
_CODES = {"type": "type", "status": "status", "mode": "mode", "stage_declared": "stage", "funding": "funding"}


class MemberIn(msgspec.Struct):
    """A completer by name; ``share`` as ``1/3`` or ``30%``."""

    name: str
    share: str | None = None


class CorrectionIn(msgspec.Struct, kw_only=True):
    """A correction (更正): the fields that change, from which day on, and why. What is left out stays as it is.

    ``completers`` and ``right_numbers`` are the whole new list. ``value`` in yuan; null means that none is appraised.
    """

    reason: str
    since: date
    name: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    mode: str | UnsetType | None = UNSET
    value: Decimal | UnsetType | None = UNSET
    stage_declared: str | UnsetType | None = UNSET
    obtained_on: date | UnsetType | None = UNSET
    funding: str | UnsetType | None = UNSET
    technical_field: str | UnsetType | None = UNSET
    college: str | UnsetType | None = UNSET
    agency: str | UnsetType | None = UNSET
    core_technology: bool | UnsetType = UNSET
    remark: str | UnsetType | None = UNSET
    completers: list[MemberIn] | UnsetType = UNSET
    right_numbers: list[str] | UnsetType = UNSET


class Corrected(msgspec.Struct):
    """The achievement's new revision; its ETag is the revision in quotes."""

    id: UUID
    revision: int


class ConversionIn(msgspec.Struct, kw_only=True):
    """One conversion (转化); each licence is one. ``amount`` in yuan, null where none is stated (null is not zero)."""

    mode: str
    counterparty: str | None = None
    contract_number: str | None = None
    signed_on: date | None = None
    amount: Decimal | None = None
    terms: str | None = None
    remark: str | None = None


class Recorded(msgspec.Struct):
    """The conversion's id and the achievement that it counts for."""

    id: UUID
    achievement_id: UUID


@patch(
    "/achievements/{achievement_id:uuid}",
    opt=_WRITE,
    status_code=200,
    summary="更正一项成果",
    operation_class=Matching,
    responses=answers(200, Corrected, "已更正"),
)
async def correct_achievement(
    request: Request[Any, Any, Any], tx: Transaction, achievement_id: UUID, data: JSONBody[CorrectionIn]
) -> Response[Any]:
    """A new version with its reason; nothing is updated away. ``If-Match`` carries the ETag that was read: without it 428,
    with one that is not the present one 412, also where somebody else is quicker while this is asked.
    """
    row = await _present(tx, achievement_id)
    sent = request.headers.get("if-match")
    if not sent:
        raise TagMissing
    if sent != f'"{row.revision}"':
        raise Overtaken
    form = await _form(tx, row, data)
    team, new_people = await members_meant(tx, achievement_id, form)
    present = await queries.rights_of(tx, achievement_id)
    rights = form.rights(present)
    done = await workflow.correct(
        tx,
        achievement_id,
        form.changes(),
        since=form.since,
        reason=form.reason,
        revision=row.revision,
        team=team,
        new_people=new_people,
        rights=rights if rights != present else None,
    )
    if isinstance(done, Refusal):
        await _still(tx, achievement_id, row.revision)
        return api_refused(tx, done)
    tx.outcome = Outcome(200, f"/api/achievements/{achievement_id}")
    return Response(Corrected(achievement_id, done.revision), headers={"etag": f'"{done.revision}"'})


async def _still(tx: Transaction, achievement_id: UUID, revision: int) -> None:
    """:raises Overtaken: somebody was quicker between the look at the tag and the lock: a tag that no longer holds, too."""
    if (await _present(tx, achievement_id)).revision != revision:
        raise Overtaken


async def _present(tx: Transaction, achievement_id: UUID) -> Any:
    """:raises NotFound: there is none that a machine may see."""
    row = await queries.find_achievement(tx, achievement_id)
    if row is None or row.state == "quarantined":
        raise NotFound
    return row


async def _form(tx: Transaction, row: Any, data: CorrectionIn) -> forms.CorrectionForm:
    """What was sent over what stands, as the page's form. :raises FormInvalid: everything that is wrong."""
    given = {name: getattr(data, name) for name in data.__struct_fields__ if getattr(data, name) is not UNSET}
    if "completers" in given:
        given["team"] = lines_of([(one.name, one.share) for one in given.pop("completers")])
    if "right_numbers" in given:
        given["numbers"] = "\n".join(given.pop("right_numbers"))
    given = {name: str(value) if isinstance(value, Decimal) else value for name, value in given.items()}
    form, errors = read(forms.CorrectionForm, await standing(tx, row) | given)
    errors |= _unknown(given, await words_of(tx))
    if form is None or errors:
        raise FormInvalid(errors)
    return form


def _unknown(given: dict[str, Any], words: Vocabulary) -> dict[str, str]:
    """Codes that the province's pack does not have, by field."""
    wrong = {}
    for field, vocabulary in _CODES.items():
        code = given.get(field)
        if code and str(code) not in words.labels[vocabulary]:
            wrong[field] = "不是本省规定的选项，请重新选择"
    return wrong


@post(
    "/achievements/{achievement_id:uuid}/conversions",
    opt=_WRITE,
    status_code=201,
    summary="登记一次转化",
    responses=answers(201, Recorded, "已登记"),
)
async def record_conversion(tx: Transaction, achievement_id: UUID, data: JSONBody[ConversionIn]) -> Response[Any]:
    """Record one conversion: it counts once and its amount adds to the achievement's."""
    await _present(tx, achievement_id)
    values = msgspec.to_builtins(data)
    form, errors = read(forms.ConversionForm, {name: value for name, value in values.items() if value is not None})
    errors |= _unknown({"mode": data.mode}, await words_of(tx))
    if form is None or errors:
        raise FormInvalid(errors)
    done = await workflow.record_conversion(tx, achievement_id, form.deal())
    if isinstance(done, Refusal):
        return api_refused(tx, done)
    address = f"/api/achievements/{achievement_id}"
    tx.outcome = Outcome(201, address)
    return Response(Recorded(done, achievement_id), status_code=201, headers={"location": address})


HANDLERS = (correct_achievement, record_conversion)
