"""Marks for the asset system: the list of a day by keyset pages, each with its ETag."""

from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.params import QueryParameter

from services.ledger.display import words_of
from services.ledger.marking import queries
from services.ledger.marking.models import MARK
from services.ledger.points import Point
from services.ledger.rules import Vocabulary
from shared.db.transaction import Transaction

_LIMIT = 200


class MarkHint(msgspec.Struct):
    """What the text said of the costs when the mark was set."""

    treatment: str
    document: str
    article: str | None


class MarkOut(msgspec.Struct, kw_only=True):
    """A marked achievement with what the ledger said of it on the day. ``booked_value`` in yuan as text, null where finance
    states none (null is not zero)."""

    id: UUID
    mark: str
    achievement_id: UUID
    number: int
    code: str
    name: str
    type: str
    right_numbers: list[str]
    stage: str | None
    status: str
    asset_number: str | None
    booked_value: Decimal | None
    marked_on: date
    unmarked_on: date | None
    hint: MarkHint | None
    ground: str | None


class MarkPage(msgspec.Struct, kw_only=True):
    """One page of the marks that hold on ``as_of``; ``next`` goes into ``after``, null where there is none."""

    as_of: date
    items: list[MarkOut]
    next: int | None


@get("/asset-marks", opt={"permission": queries.SEE}, summary="资产单独标识清单")
async def list_asset_marks(
    request: Request[Any, Any, Any],
    tx: Transaction,
    as_of: date | None = None,
    after: Annotated[int, QueryParameter(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, QueryParameter(ge=1, le=_LIMIT)] = queries.PAGE_SIZE,
) -> Response[MarkPage | None]:
    """The achievements of the token's institution that stand marked in the asset system on a day, today by default and at the
    latest, by their numbers. The answer has an ETag; ``If-None-Match`` with the same one is answered 304.
    """
    day = min(as_of or tx.today, tx.today)
    rows = await queries.marked(tx, Point(day), after=after, limit=limit + 1)
    words = await words_of(tx)
    items = [_out(row, words) for row in rows[:limit]]
    content = MarkPage(as_of=day, items=items, next=items[-1].number if len(rows) > limit else None)
    tag = f'"{sha256(msgspec.json.encode(content)).hexdigest()[:32]}"'
    if request.headers.get("if-none-match") == tag:
        return Response(None, status_code=304, headers={"etag": tag})
    return Response(content, headers={"etag": tag})


def _out(row: Any, words: Vocabulary) -> MarkOut:
    hint = row.hint
    return MarkOut(
        id=row.id,
        mark=MARK,
        achievement_id=row.achievement_id,
        number=row.number,
        code=row.code,
        name=row.name,
        type=words.label("type", row.type),
        right_numbers=[one["number"] for one in row.rights],
        stage=words.label("stage", row.stage_recognised) if row.stage_recognised else None,
        status=words.label("status", row.status),
        asset_number=row.asset_number,
        booked_value=row.booked_value,
        marked_on=row.marked_on,
        unmarked_on=row.unmarked_on,
        hint=MarkHint(hint["treatment"], hint["document"], hint["article"]) if hint else None,
        ground=row.ground,
    )


HANDLERS = (list_asset_marks,)
