"""The ledger for machines: the list with filters and keyset pages, one achievement with its ETag."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.params import QueryParameter

from services.ledger import asking, listing, queries
from services.ledger.display import words_of
from services.ledger.listing import Filters
from services.ledger.models import ACHIEVEMENT_STATES
from services.ledger.points import point_of
from services.ledger.rules import Vocabulary
from services.ledger.then import record_at
from shared.db.transaction import Transaction
from shared.errors import NotFound

_READ = {"permission": "institution:ledger:read"}
_LIMIT = 200


class Coded(msgspec.Struct):
    """A code of the province's pack with its Chinese label."""

    code: str
    label: str


class AchievementOut(msgspec.Struct, kw_only=True):
    """One row of the ledger. ``value`` is in yuan as text, null where not appraised (null is not zero)."""

    id: UUID
    number: int
    code: str
    name: str
    completers: list[str]
    right_numbers: list[str]
    type: Coded
    stage_recognised: Coded | None
    stage_declared: Coded | None
    status: Coded
    mode: Coded | None
    value: Decimal | None
    value_kind: str | None
    conversions: int
    obtained_on: date | None
    obtained_precision: str | None
    college: str | None
    revision: int


class AchievementPage(msgspec.Struct, kw_only=True):
    """One page; ``next`` and ``previous`` go into ``after`` and ``before``, null where there is none.

    ``total`` counts the whole ledger of today without filters, null for a past day.
    """

    items: list[AchievementOut]
    next: str | None
    previous: str | None
    total: int | None


class CompleterOut(msgspec.Struct):
    """A completer; ``share`` is an exact fraction as text, null where none is agreed."""

    person_id: UUID
    name: str
    role: str | None
    share: str | None


class RightOut(msgspec.Struct):
    """A right by its canonical number."""

    number: str
    kind: str
    category: str | None
    status: str
    granted_on: date | None
    expires_on: date | None


class ConversionOut(msgspec.Struct):
    """One conversion; ``amount`` in yuan as text, null where none is stated."""

    id: UUID
    mode: str | None
    counterparty: str | None
    signed_on: date | None
    amount: Decimal | None


class AchievementDetail(msgspec.Struct, kw_only=True):
    """One achievement as it stands, or stood on ``as_of``; ``since`` is the day from which this content holds."""

    id: UUID
    number: int
    code: str
    state: Coded
    name: str
    since: date
    revision: int
    completers: list[CompleterOut]
    rights: list[RightOut]
    conversions: list[ConversionOut]
    type: Coded
    stage_recognised: Coded | None
    stage_declared: Coded | None
    status: Coded
    mode: Coded | None
    value: Decimal | None
    value_kind: str | None
    obtained_on: date | None
    funding: str | None
    technical_field: str | None
    college: str | None
    core_technology: bool
    remark: str | None


@get("/achievements", opt=_READ, summary="单列管理台账")
async def list_achievements(
    request: Request[Any, Any, Any],
    tx: Transaction,
    q: str = "",
    type: str = "",  # the address says type
    status: str = "",
    stage: str = "",
    mode: str = "",
    college: str = "",
    year: Annotated[int | None, QueryParameter(ge=1900, le=2999)] = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
    known_on: date | None = None,
    sort: str = "-number",
    after: str = "",
    before: str = "",
    limit: Annotated[int, QueryParameter(ge=1, le=_LIMIT)] = listing.PAGE_SIZE,
) -> AchievementPage:
    """Achievements of the token's institution: ``q`` finds names (one character or more), people and numbers by their
    beginning; ``sort`` is number, name, value or obtained, ``-`` before it for descending; ``as_of`` and ``known_at`` (an
    instant with its zone; or ``known_on``, the end of a real day) show the ledger of a past day and as it was known then.
    A parameter, code, order or cursor that does not exist is answered 400 with what is allowed.
    """
    words = await words_of(tx)
    asking.require(request.query_params, words, tx.today)
    point = point_of(request.query_params, tx.today)
    filters = Filters(q, type, status, stage, mode, college, year, as_of=point.as_of, known_at=point.known_at)
    found = await listing.ledger_page(tx, filters, sort, after=after, before=before, limit=limit, wide=True)
    items = [_row(row, words) for row in found.rows]
    return AchievementPage(items=items, next=found.next, previous=found.previous, total=found.total)


@get(
    "/achievements/{achievement_id:uuid}",
    opt=_READ,
    summary="一项成果",
)
async def read_achievement(
    request: Request[Any, Any, Any],
    tx: Transaction,
    achievement_id: UUID,
    as_of: date | None = None,
    known_at: datetime | None = None,
    known_on: date | None = None,
) -> Response[AchievementDetail | None]:
    """One achievement with an ETag; ``If-None-Match`` with the same one is answered 304. ``as_of``, and ``known_at`` or
    ``known_on``, as of the list: 404 where the ledger did not have it then.
    """
    then = await record_at(tx, achievement_id, point_of(request.query_params, tx.today))
    if (detail := then.detail) is None:
        raise NotFound
    tag = f'"{"-".join([str(detail.row.revision), *then.point.as_query().values()])}"'
    if request.headers.get("if-none-match") == tag:
        return Response(None, status_code=304, headers={"etag": tag})
    return Response(_detail(detail, await words_of(tx)), headers={"etag": tag})


def _coded(words: Vocabulary, name: str, code: str | None) -> Coded | None:
    return Coded(code, words.label(name, code)) if code else None


def _row(row: Any, words: Vocabulary) -> AchievementOut:
    return AchievementOut(
        id=row["id"],
        number=row["number"],
        code=row["code"],
        name=row["name"],
        completers=list(row["people"]),
        right_numbers=list(row["numbers"]),
        type=Coded(row["type"], words.label("type", row["type"])),
        stage_recognised=_coded(words, "stage", row["stage_recognised"]),
        stage_declared=_coded(words, "stage", row["stage_declared"]),
        status=Coded(row["status"], words.label("status", row["status"])),
        mode=_coded(words, "mode", row["mode"]),
        value=row["value"],
        value_kind=row["value_kind"],
        conversions=row["conversions"],
        obtained_on=row["obtained_on"],
        obtained_precision=row["obtained_precision"],
        college=row["college"],
        revision=row["revision"],
    )


def _detail(detail: queries.Detail, words: Vocabulary) -> AchievementDetail:
    row = detail.row
    return AchievementDetail(
        id=row.id,
        number=row.number,
        code=row.code,
        state=Coded(row.state, ACHIEVEMENT_STATES.get(row.state, row.state)),
        name=row.name,
        since=detail.since,
        revision=row.revision,
        completers=[
            CompleterOut(one.person_id, one.name, one.role, str(one.share) if one.share is not None else None)
            for one in detail.team
        ],
        rights=[
            RightOut(one.number, one.kind, one.category, one.status, one.granted_on, one.expires_on)
            for one in detail.rights
        ],
        conversions=[
            ConversionOut(one.id, one.mode, one.counterparty, one.signed_on, one.amount) for one in detail.conversions
        ],
        type=Coded(row.type, words.label("type", row.type)),
        stage_recognised=_coded(words, "stage", row.stage_recognised),
        stage_declared=_coded(words, "stage", row.stage_declared),
        status=Coded(row.status, words.label("status", row.status)),
        mode=_coded(words, "mode", row.mode),
        value=row.value,
        value_kind=row.value_kind,
        obtained_on=row.obtained_on,
        funding=row.funding,
        technical_field=row.technical_field,
        college=row.college,
        core_technology=row.core_technology,
        remark=row.remark,
    )


HANDLERS = (list_achievements, read_achievement)
